"""`dslc verify` with both frameworks: specs pass, and every seeded defect is caught with its line.

Both probes are started once: a framework takes seconds to import.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import ROOT, Dslc, command_line  # noqa: F401

from dslc.codegen.nodes import call, method
from dslc.vocab import optimizers
from dslc.vocab.initializers import GlorotUniform
from dslc.vocab.layers import core, norm, pool, shape
from dslc_keras import optimizers as keras_optimizers
from dslc_keras.words import table as keras_table
from dslc_torch.words import conv as torch_conv
from dslc_torch.words import table as torch_table

pytestmark = pytest.mark.framework
SPECS = ROOT / "specs"


@pytest.fixture(scope="module", name="shared")
def started_once() -> Iterator[Any]:
    from dslc.verify import runner

    with runner.probes() as found:
        yield found


@pytest.fixture(autouse=True)
def not_started_anew(shared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dslc.verify import runner

    @contextmanager
    def probes() -> Iterator[Any]:
        yield shared

    monkeypatch.setattr(runner, "probes", probes)


def verify(dslc: Dslc, text: str, *options: str) -> tuple[int, str]:
    Path("spec.dl").write_text(text, encoding="utf-8")
    code, out, err = dslc("verify", "spec.dl", *options)
    assert "internal error" not in err, err
    return code, out + err


# --------------------------------------------------------------------------- specs that are one model


@pytest.mark.parametrize("name", ["text_lstm", "tiny_transformer", "siamese", "multi_output"])
def test_a_spec_is_one_model(dslc: Dslc, name: str) -> None:
    code, out, err = dslc("verify", SPECS / f"{name}.dl", "--steps", 3, "--precision", "float64")
    assert (code, err) == (0, ""), out + err
    assert "the same model in both scripts" in out
    assert "DIFFERS" not in out


def test_both_precisions_and_json(dslc: Dslc) -> None:
    code, out, _ = dslc("verify", SPECS / "digits_transfer.dl", "--json")
    found = json.loads(out)
    assert code == 0 and found["same"] and found["first_difference"] is None
    whats = [check["what"] for check in found["checks"]]
    assert "phase tune: weights after 5 steps" in whats
    assert all({"float64", "float32"} <= set(c) for c in found["checks"][1:])
    assert {row["where"] for row in found["layers"]} >= {"line 9 Flatten"}
    assert any("weights=" in note for note in found["notes"])
    (kernel,) = (row for row in found["arrays"] if row["array"] == "Dense/kernel")
    assert {"gradient float64", "phase head: after 1 step float32"} <= set(kernel)


def test_a_model_without_training_at_another_size(dslc: Dslc) -> None:
    code, out, err = dslc(
        "verify", SPECS / "zoo" / "resnet18.dl", "--input", "32x32", "--set", "classes=10",
        "--precision", "float64", "--batch", 2,
    )  # fmt: skip
    assert (code, err) == (0, ""), out + err
    assert "with 32x32, classes=10" in out and "no `train` in the spec" in out


UPDATES = """
model Net {
  input x: 6
  x -> Dense(5, regularizer=l1_l2(l1=1e-3, l2=1e-2), constraint=max_norm(1)) -> tanh
  -> Dense(3, bias_init=ones) -> softmax
}
data { source = npz("rows.npz")  split = random(60, 20, 20)  batch = 4 }
train {
  loss       = cross_entropy(label_smoothing=0.1)
  optimizer  = %s
  epochs     = 3
  clip       = global_norm(0.5)
  accumulate = 2
  ema        = 0.9
  class_weight = [1, 2, 3]
}
"""


@pytest.mark.parametrize(
    "optimizer", ["AdamW(lr=cosine(lr=0.1), weight_decay=0.01)", "RMSprop(lr=0.01, momentum=0.5)"]
)
def test_all_that_takes_part_in_an_update(dslc: Dslc, optimizer: str) -> None:
    code, said = verify(dslc, UPDATES % optimizer, "--precision", "float64")
    assert code == 0, said
    assert "penalties of the weights" in said and "weights after 5 steps" in said


WEIGHTED = """
model Net {
  input row: 5
  input photo: 6x6x3
  z = concat(row, photo -> Conv2D(3, 3x3) -> Flatten) -> Dense(4) -> tanh
  output kind: z -> Dense(3) -> softmax
  output mask: photo -> Conv2D(2, 1x1)
}
data { source = npz("rows.npz")  split = random(60, 20, 20)  batch = 4 }
train {
  loss { kind = cross_entropy  mask = mae }
  class_weight { kind = [1, 2, 3] }
  optimizer = Adagrad(lr=0.01)
  epochs = 2
}
"""


def test_class_weights_of_one_output_beside_a_picture(dslc: Dslc) -> None:
    """Keras weighs every place of the picture; the script once gave it one weight for each example."""
    code, said = verify(dslc, WEIGHTED, "--precision", "float64", "--steps", "2")
    assert code == 0, said


STOCK = """
model Net { input x: (T, 3)  x -> LSTM(4) -> Dense(2) }
defaults { numerics = stock }
data { source = npz("rows.npz")  split = random(60, 20, 20)  batch = 4 }
train { loss = mse  optimizer = SGD(lr=0.1)  epochs = 2 }
"""


def test_a_second_bias_is_a_difference_that_stock_numerics_bring(dslc: Dslc) -> None:
    code, said = verify(dslc, STOCK, "--precision", "float64", "--steps", "2")
    assert code == 0, said
    assert "they differ from line 2 LSTM on, as `numerics = stock` says" in said


def test_stock_numerics_differ_as_they_say(dslc: Dslc) -> None:
    text = (SPECS / "digits_cnn.dl").read_text(encoding="utf-8")
    stock = text.replace("train {", "defaults { numerics = stock }\ntrain {", 1)
    code, said = verify(dslc, stock, "--precision", "float64", "--steps", "2")
    assert code == 0, said
    assert "as `numerics = stock` says" in said and "numerics = stock, PyTorch: BatchNorm" in said


# --------------------------------------------------------------------------- seeded defects

SMALL = """
model Small(classes = 4) {
  input image: 8x8x2
  image
  -> Conv2D(6, 3x3, stride=2, padding=same, bias=false, init=he_uniform)
  -> BatchNorm
  -> relu
  -> AvgPool2D(3x3, stride=1, padding=same)
  -> Flatten
  -> Dense(16, init=he_uniform, regularizer=l2(1e-2))
  -> relu
  -> Dense(classes) -> softmax
}
data { source = npz("pictures.npz")  split = random(60, 20, 20)  batch = 8 }
train {
  loss      = cross_entropy
  optimizer = Adam(lr=1e-3)
  epochs    = 2
}
"""
Patch = Callable[[pytest.MonkeyPatch], None]


def with_other(table: Any, word: type[Any], **values: Any) -> Patch:
    """The row of a word with other values than the spec's."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        row = table.TABLE.rows[word]

        def other(word: Any, context: Any) -> Any:
            return row(word.model_copy(update=values), context)

        monkeypatch.setitem(table.TABLE.rows, word, other)

    return patch


def same_at_the_other_side(monkeypatch: pytest.MonkeyPatch) -> None:
    right = torch_conv.same_sides

    def wrong(*sizes: Any) -> Any:
        found = right(*sizes)
        return None if found is None else found[::-1]

    monkeypatch.setattr(torch_conv, "same_sides", wrong)


def averages_count_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch_table.TABLE.rows
    made = call("nn.AvgPool2d", 3, stride=1, padding=1)
    right = rows[pool.AvgPool2D]

    def wrong(word: Any, context: Any) -> Any:
        from dataclasses import replace

        return replace(right(word, context), make=made)

    monkeypatch.setitem(rows, pool.AvgPool2D, wrong)


def flattens_channels_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    rows = torch_table.TABLE.rows
    right = rows[shape.Flatten]

    def wrong(word: Any, context: Any) -> Any:
        return replace(right(word, context), first=lambda x: method(x, "flatten", 1))

    monkeypatch.setitem(rows, shape.Flatten, wrong)


def another_epsilon_of_adam(monkeypatch: pytest.MonkeyPatch) -> None:
    right = keras_optimizers.OPTIMIZERS[optimizers.Adam]

    def wrong(word: Any) -> Any:
        return right(word.model_copy(update={"epsilon": 1e-8}))

    monkeypatch.setitem(keras_optimizers.OPTIMIZERS, optimizers.Adam, wrong)


def unbiased_running_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    rows = torch_table.TABLE.rows
    right = rows[norm.BatchNorm]

    def wrong(word: Any, context: Any) -> Any:
        return replace(right(word, context), make=call("nn.BatchNorm2d", 6))

    monkeypatch.setitem(rows, norm.BatchNorm, wrong)


def half_the_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = keras_table.TABLE.rows
    right = rows[core.Dense]

    def wrong(word: Any, context: Any) -> Any:
        if word.regularizer is not None:
            half = word.regularizer.model_copy(update={"strength": word.regularizer.strength / 2})
            word = word.model_copy(update={"regularizer": half})
        return right(word, context)

    monkeypatch.setitem(rows, core.Dense, wrong)


DEFECTS: dict[str, tuple[Patch, str, str]] = {
    "BatchNorm epsilon": (
        with_other(torch_table, norm.BatchNorm, epsilon=1e-3),
        "line 6 BatchNorm",
        "outputs of",
    ),
    "same padded on the wrong side": (same_at_the_other_side, "line 5 Conv2D", "outputs of"),
    "averages count padding": (averages_count_padding, "line 8 AvgPool2D", "outputs of"),
    "glorot for he": (
        with_other(torch_table, core.Dense, init=GlorotUniform()),
        "line 10 Dense",
        "laws of the first weights",
    ),
    "channels first when flattened": (flattens_channels_first, "line 9 Flatten", "outputs of"),
    "Adam epsilon": (another_epsilon_of_adam, "line 17 Adam(lr=1e-3)", "weights after 1 step"),
    "l2 halved": (half_the_penalty, "line 10 Dense", "penalties of the weights"),
    "unbiased running variance": (
        unbiased_running_variance,
        "line 6 BatchNorm",
        "running statistics",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_caught(dslc: Dslc, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patch, where, check = DEFECTS[name]
    patch(monkeypatch)
    code, said = verify(dslc, SMALL, "--precision", "float64", "--steps", "2", "--json")
    assert code == 1, said
    found = json.loads(said)
    assert found["first_difference"]["where"] == where, found["first_difference"]
    wrong = next(c["what"] for c in found["checks"] if not c["ok"])
    assert wrong.startswith(check)


def test_a_difference_is_shown_where_it_stands(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    DEFECTS["BatchNorm epsilon"][0](monkeypatch)
    code, said = verify(dslc, SMALL, "--precision", "float64", "--steps", "1")
    assert code == 1
    assert "error[E0470]: the scripts are not the same model: line 6 BatchNorm" in said
    assert "6 |   -> BatchNorm" in said
    assert "Keras and PyTorch give other values, in inference" in said
    assert re.search(r"= note: sample \d at \d, \d, \d: Keras gives \S+, PyTorch \S+\n", said)


def test_a_script_that_fails_is_said_in_a_line(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch_table.TABLE.rows
    from dataclasses import replace

    right = rows[core.Dense]
    broken = call("nn.Linear", 3, 4)
    monkeypatch.setitem(
        rows, core.Dense, lambda word, context: replace(right(word, context), make=broken)
    )
    code, said = verify(dslc, SMALL, "--precision", "float64", "--steps", "1")
    assert code == 2
    assert said.startswith("error: the PyTorch script failed: RuntimeError: ")
    assert "Traceback" not in said


# --------------------------------------------------------------------------- what the README shows

NUMBER = re.compile(r"(?<![\w.])\d+(\.\d+)?(e-\d+)?(?![\w.])")
SHOWN = re.compile(r"<!-- verify: (?P<spec>\S+) -->\n```text\n(?P<said>.*?)```\n<!-- end -->", re.S)


def test_the_table_of_the_readme_is_so(
    dslc: Dslc, update: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the differences themselves, which are those of one machine."""
    page = ROOT / "README.md"
    text = page.read_text(encoding="utf-8")
    shown = SHOWN.search(text)
    assert shown is not None
    monkeypatch.chdir(ROOT)
    code, said, err = dslc("verify", shown["spec"])
    assert (code, err) == (0, "")
    if update:
        page.write_text(text.replace(shown["said"], said), encoding="utf-8")
        return
    assert shape_of(shown["said"]) == shape_of(said), (
        "run pytest --update -m framework, and read the diff"
    )


def shape_of(said: str) -> list[str]:
    """The words of each line, numbers apart."""
    return [" ".join(NUMBER.sub("N", line.strip("-")).split()) for line in said.splitlines()]
