"""Weights of classes: the loss that is trained and logged is sum(w l) / N on both backends; others are not weighted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import BACKENDS, Lab

pytestmark = pytest.mark.framework
ON = pytest.mark.parametrize("backend", BACKENDS)

ROWS = """model Net {
  input row: 4
  input more: 2
  h = concat(row, more) -> Dense(6) -> tanh
  output kind: h -> Dense(3) -> softmax
  output flag: h -> Dense(1) -> sigmoid
  output size: h -> Dense(2)
}"""
PAIRS = """model Net {
  input row: 4
  input more: 2
  output kind: concat(row, more) -> Dense(3) -> softmax
}"""
PLACES = "model Net { input series: 5x4\n  series -> Dense(3) -> softmax }"
MASKS = "model Net { input picture: 4x4x2\n  picture -> Conv2D(1, 1x1) -> sigmoid }"
IRIS = "model Net { input row: 4\n  row -> Dense(3) -> softmax }"
CANCER = "model Net { input row: 30\n  row -> Dense(1) -> sigmoid }"
# Of each case: the model, the source, the loss, the weights, and for each output with a loss of classes the
# number of classes, the smoothing and the weights.
CASES: dict[str, tuple[str, str, str, str, dict[str, tuple[int, float, Any]]]] = {
    "smoothed": (
        IRIS,
        "iris",
        "= cross_entropy(label_smoothing=0.2)",
        "= [1, 2.5, 0]",
        {"": (3, 0.2, [1, 2.5, 0])},
    ),
    "balanced": (IRIS, "iris", "= cross_entropy", "= balanced", {"": (3, 0, "balanced")}),
    "two classes": (
        CANCER,
        "breast_cancer",
        "= binary_cross_entropy(label_smoothing=0.1)",
        "= balanced",
        {"": (2, 0.1, "balanced")},
    ),
    "several outputs": (
        ROWS,
        "npz",
        "{ kind = cross_entropy  flag = binary_cross_entropy  size = mse }",
        "{ kind = balanced  flag = [1, 3] }",
        {"kind": (3, 0, "balanced"), "flag": (2, 0, [1, 3]), "size": (0, 0, None)},
    ),
    "several inputs": (PAIRS, "npz", "= cross_entropy", "= balanced", {"kind": (3, 0, "balanced")}),
    "places": (PLACES, "npz", "= cross_entropy(label_smoothing=0.1)", "= balanced", {"": (3, 0.1, "balanced")}),
    "masks": (MASKS, "npz", "= binary_cross_entropy", "= [1, 4]", {"": (2, 0, [1, 4])}),
}  # fmt: skip

# The targets and probabilities: of the training part before the only step, of the others after it.
PROBABILITIES = """
import numpy as np
from pathlib import Path
parts = spec.load_data(*PATH, 0)
parts = parts[0] if isinstance(parts[0][0], tuple) else parts
if hasattr(spec, "torch"):
    spec.torch.manual_seed(0)
    def batches(part):
        return spec.DataLoader(spec.Batches(part, 1000), batch_size=None)
    def load(model):
        model.load_state_dict(spec.torch.load(Path(OUT) / "final.pt"))
else:
    spec.keras.utils.set_random_seed(0)
    def batches(part):
        return spec.Batches(part, 1000)
    def load(model):
        model.load_weights(Path(OUT) / "final.keras")
def listed(value):
    if isinstance(value, dict):
        return {name: listed(array) for name, array in value.items()}
    return np.asarray(value, float).tolist()
model = spec.build_model()
found = []
for number, part in enumerate(parts[:3]):
    found.append([listed(part[1]), listed(spec.predict(model, batches(part)))])
    load(model)
"""


def losses(y: Any, p: Any, classes: int, smoothing: float) -> Any:
    """The loss of every target, as the reference of the words says."""
    import numpy as np

    if classes == 0:
        return ((y - p) ** 2).mean(-1)
    if classes == 2:
        target = y * (1 - smoothing) + smoothing / 2
        return -(target * np.log(p) + (1 - target) * np.log(1 - p))
    target = np.eye(classes)[y.astype(int)] * (1 - smoothing) + smoothing / classes
    return -(target * np.log(p)).sum(-1)


@ON
@pytest.mark.parametrize("case", CASES)
def test_the_training_loss_is_weighted_and_no_other(
    backend: str, case: str, tmp_path: Path
) -> None:
    import numpy as np

    model, source, loss, weights, outputs = CASES[case]
    here = Lab(tmp_path, backend)
    if source == "npz":
        rng = np.random.default_rng(0)
        np.savez(
            tmp_path / "rows.npz",
            **{
                "several outputs": {
                    "row": rng.normal(size=(60, 4)), "more": rng.normal(size=(60, 2)),
                    "kind": rng.choice(3, 60, p=[0.6, 0.3, 0.1]), "size": rng.normal(size=(60, 2)),
                    "flag": rng.integers(0, 2, (60, 1)),
                },
                "several inputs": {
                    "row": rng.normal(size=(60, 4)), "more": rng.normal(size=(60, 2)),
                    "kind": rng.choice(3, 60, p=[0.6, 0.3, 0.1]),
                },
                "places": {
                    "x": rng.normal(size=(60, 5, 4)),
                    "y": rng.choice(3, (60, 5), p=[0.7, 0.2, 0.1]),
                },
                "masks": {
                    "x": rng.normal(size=(60, 4, 4, 2)),
                    "y": rng.integers(0, 2, (60, 4, 4, 1)),
                },
            }[case],
        )  # fmt: skip
    named = 'npz("rows.npz")' if source == "npz" else source
    here.compile(
        f"{model}\ndata {{ source = {named}  split = random(60, 20, 20)  scale = zscore"
        f"  batch = 1000 }}\ntrain {{ loss {loss}  class_weight {weights}\n"
        "  optimizer = SGD(lr=0.1)  epochs = 1 }\n"
    )
    here.run()
    path = '(spec.Path("rows.npz"),)' if source == "npz" else "()"
    setup = PROBABILITIES.replace("PATH", path).replace("OUT", repr(str(here.out)))
    history, metrics = here.read("history.json"), here.read("metrics.json")
    for part, (ys, ps) in zip(("", "val_", "test_"), here.evaluate("found", setup), strict=True):
        total = 0.0
        for name, (classes, smoothing, given) in outputs.items():
            y, p = (np.asarray(v[name] if isinstance(v, dict) else v) for v in (ys, ps))
            found = losses(y, p, classes, smoothing)
            if part == "" and given is not None:
                counts = np.bincount(y.astype(int).ravel(), minlength=classes)
                w = y.size / (classes * counts) if given == "balanced" else np.asarray(given)
                found = w[y.astype(int)] * found
            total += found.mean()
            if len(outputs) > 1:
                logged = metrics if part == "test_" else history
                value = logged[f"{part}{name}_loss"]
                value = value if part == "test_" else value[0]
                assert value == pytest.approx(found.mean(), rel=1e-4), (part, name)
        logged = metrics["test_loss"] if part == "test_" else history[f"{part}loss"][0]
        assert logged == pytest.approx(total, rel=1e-4), part


@ON
def test_a_class_without_examples_is_named(backend: str, tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    np.savez(tmp_path / "rows.npz", x=rng.normal(size=(40, 4)), y=rng.integers(0, 2, 40))
    here = Lab(tmp_path, backend)
    here.compile(
        'model Net { input row: 4\n  row -> Dense(3) -> softmax }\ndata { source = npz("rows.npz")\n'
        "  split = random(60, 20, 20) }\ntrain { loss = cross_entropy  class_weight = balanced\n"
        "  optimizer = SGD(lr=0.1)  epochs = 1 }\n"
    )
    refusal = here.refusal()
    assert "class_weight = balanced: the training part lacks class 2" in refusal


def test_weights_are_those_of_scikit_learn(tmp_path: Path) -> None:
    here = Lab(tmp_path, "torch")
    here.compile(
        f"{IRIS}\ndata {{ source = iris  split = random(60, 20, 20) }}\n"
        "train { loss = cross_entropy  class_weight = balanced  optimizer = SGD(lr=0.1)  epochs = 1 }"
    )
    setup = (
        "import numpy as np\nfrom sklearn.utils.class_weight import compute_class_weight\n"
        "y = np.array([0, 2, 1, 2, 2, 0, 2, 1, 2])\n"
        "mine, other = spec.balanced(y, 3), compute_class_weight('balanced', classes=np.arange(3), y=y)"
    )
    assert here.evaluate("[mine, other.tolist()]", setup)[0] == pytest.approx([1.5, 1.5, 0.6])
    mine, other = here.evaluate("[mine, other.tolist()]", setup)
    assert mine == pytest.approx(other)
