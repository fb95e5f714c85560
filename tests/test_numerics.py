"""`numerics = stock`: scripts hold the frameworks' own classes, and say each place where those differ."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from command_line import Dslc, command_line
from compiled import BACKENDS, ROOT, analysed, compiled, complaints, main_model, wanted

from dslc.driver import analyse_source, deviations_of, limits_of
from dslc.numerics import Deviation, grouped, measured
from dslc.numerics.limits import RULES
from dslc.numerics.measured import table
from dslc.source import Source

__all__ = ["command_line"]

DIGITS = "data { source = digits  split = stratified(70, 15, 15)  scale = 0..1 }"
ROWS = 'data { source = npz("rows.npz")  split = random(60, 20, 20) }'
PLAIN = "model M { input x: 8x8x1  x -> Flatten -> Dense(16) -> relu -> Dense(10) -> softmax }"
NORMS = """block Stage(n) { input x  x -> Conv2D(n, 3x3, stride=2, padding=same) -> BatchNorm -> relu }
model M {
  input x: 8x8x1
  x -> Stage(8) -> Stage(12) -> Flatten -> Dense(16, init=he_normal, constraint=max_norm(2))
  -> BatchNorm -> relu -> Dense(10, init=lecun_normal) -> softmax
}"""
LONELY = "model M { input x: 8x8x1  x -> Flatten -> Dense(16) -> BatchNorm -> relu -> Dense(10) -> softmax }"
STATES = "model M { input x: 8x8x1  x -> Reshape(8x8) -> LSTM(8) -> Dense(10) -> softmax }"
WAYS = "model M { input x: 8x8x1  x -> Reshape(8x8) -> Bidirectional(SimpleRNN(8)) -> Dense(10) -> softmax }"
TOKENS = "model M { input x: 12  x -> Embedding(30, 8) -> GRU(8) -> Dense(3) -> softmax }"
TWO = "model M { input x: 6  output a: x -> Dense(1)  output b: x -> Dense(1) }"
PHASES = """block Features { input x  x -> Conv2D(8, 3x3) -> BatchNorm -> relu -> Flatten }
model M { input x: 8x8x1  x -> Features as body -> Dense(10) -> softmax }"""
TUNE = """
finetune body {
  phase head { freeze = all  epochs = 1  optimizer = SGD(lr=0.1, momentum=0.9) }
  phase more { freeze = all  epochs = 1  optimizer = SGD(lr=0.01, momentum=0.9)  optimizer_state = keep }
  phase tune { unfreeze = all  epochs = 1  optimizer = AdamW(lr=1e-3, weight_decay=0.1) }
}"""
LOSS = "loss = cross_entropy"

# Model, data, what `train` says, and the deviations by backend: the keys of their measurements.
SPECS: dict[str, tuple[str, str, str, dict[str, set[str]]]] = {
    "plain": (PLAIN, DIGITS, f"{LOSS}  optimizer = SGD(lr=0.1)", {}),
    "decay": (PLAIN, DIGITS, f"{LOSS}  optimizer = SGD(lr=cosine(0.1), weight_decay=1e-3)", {}),
    "norms": (
        NORMS, DIGITS, f"{LOSS}  optimizer = Adam(lr=1e-3)  clip = global_norm(1.0)",
        {"torch": {"running_variance", "uncut_normal", "max_norm", "adam_epsilon", "clip_norm"}},
    ),
    "alone": (
        LONELY, DIGITS.replace("scale", "batch = 8  scale"), f"{LOSS}  optimizer = SGD",
        {"torch": {"running_variance", "one_value"}},
    ),
    "states": (
        STATES, DIGITS, f"{LOSS}  optimizer = SGD(lr=cosine(0.1), momentum=0.9, weight_decay=1e-3)",
        {"torch": {"two_biases", "velocity", "coupled_decay"}},
    ),
    "ways": (
        WAYS, DIGITS, f"{LOSS}  optimizer = Adagrad(weight_decay=1e-3)",
        {"torch": {"two_biases", "scaled_decay"}},
    ),
    "root": (
        PLAIN, DIGITS, f"{LOSS}  optimizer = RMSprop(rho=0.99, epsilon=1e-8, momentum=0.9, centered=true)",
        {"torch": {"rmsprop_epsilon"}},
    ),
    "tokens": (
        TOKENS, ROWS, f"{LOSS}  optimizer = SGD(lr=0.1)  clip = norm(0.5)  ema = 0.9  accumulate = 2",
        {"torch": {"clip_norm", "clip_biases"}, "keras": {"sparse_gradient", "ema_batches"}},
    ),
    "two": (TWO, ROWS, "loss { a = mse  b = mse }  optimizer = Nadam", {"keras": {"output_losses"}}),
    "phases": (
        PHASES, DIGITS, LOSS, {"torch": {"running_variance", "velocity", "adam_epsilon"}},
    ),
}  # fmt: skip
# What stands in scripts for equality alone, and must not stand in those of `stock`.
HELPERS = re.compile(
    r"class (?:BatchNorm\dd|RMSprop|MeanLoss|SGD)\b|def (?:adam_epsilon|keep_velocity|decay_weights|clip_gradients"
    r"|max_norm_|\w+_normal_|exact_result)\b|L2\(0\.0\)|register_step_pre_hook|requires_grad_\(False\)  # one bias"
)


def text(name: str, numerics: str) -> str:
    model, data, train, _ = SPECS[name]
    epochs = "" if name == "phases" else "  epochs = 2"
    more = TUNE if name == "phases" else ""
    return f"{model}\ndefaults {{ numerics = {numerics} }}\n{data}\ntrain {{ {train}{epochs} }}{more}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stock and the exact scripts of all specs, in a folder each."""
    made = tmp_path_factory.mktemp("numerics")
    for numerics in ("stock", "exact"):
        (made / numerics).mkdir()
        for name in SPECS:
            spec = made / numerics / f"{name}.dl"
            spec.write_text(text(name, numerics), encoding="utf-8")
            for backend in BACKENDS:
                script = compiled(spec, backend)
                (made / numerics / f"{name}_{backend}.py").write_text(script, encoding="utf-8")
    return made


def found(folder: Path, name: str, backend: str, numerics: str = "stock") -> list[Deviation]:
    path = folder / numerics / f"{name}.dl"
    return deviations_of(analysed(path), main_model(path), wanted(backend))


def docstring(folder: Path, name: str, backend: str, numerics: str = "stock") -> str:
    script = (folder / numerics / f"{name}_{backend}.py").read_text(encoding="utf-8")
    return script.split('"""')[1]


def one_line(text: str) -> str:
    return " ".join(text.split())


# ------------------------------------------------------------------------------------------ scripts


def test_stock_scripts_are_as_ruff_and_black_want_them(folder: Path) -> None:
    assert complaints(folder / "stock") == ""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SPECS)
def test_stock_scripts_hold_nothing_that_is_there_for_equality(
    folder: Path, name: str, backend: str
) -> None:
    stock, exact = (
        (folder / numerics / f"{name}_{backend}.py").read_text(encoding="utf-8")
        for numerics in ("stock", "exact")
    )
    assert not HELPERS.search(stock)
    if SPECS[name][3].get(backend):
        assert HELPERS.search(exact)
    elif (name, backend) != ("decay", "torch"):  # a hook does what torch's `weight_decay` does
        assert stock == exact


@pytest.mark.parametrize(
    ("name", "backend", "lines"),
    [
        ("norms", "torch", ["nn.BatchNorm2d(n)", "nn.BatchNorm1d(16)", "eps=1e-7"]),
        ("norms", "torch", ["nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)"]),
        ("norms", "torch", ['kaiming_normal_(module.weight, nonlinearity="relu")', "w.renorm_(2, 0, 2.0)"]),
        ("states", "torch", ["torch.optim.SGD(", "weight_decay=1e-3", "nn.init.zeros_(module.bias_hh_l0)"]),
        ("ways", "torch", ["torch.optim.Adagrad(", "weight_decay=1e-3", "zeros_(module.bias_hh_l0_reverse)"]),
        ("root", "torch", ["torch.optim.RMSprop(", "alpha=0.99", "eps=1e-8", "momentum=0.9", "centered=True"]),
        ("tokens", "torch", ["for weight in self.model.parameters():", "clip_grad_norm_(weight, 0.5)"]),
        ("tokens", "keras", ["layers.Embedding(30, 8)(x)", "keras.optimizers.SGD("]),
        ("two", "keras", ['"a": keras.losses.MeanSquaredError(),']),
    ],
)  # fmt: skip
def test_stock_scripts_call_what_the_frameworks_have(
    folder: Path, name: str, backend: str, lines: list[str]
) -> None:
    script = (folder / "stock" / f"{name}_{backend}.py").read_text(encoding="utf-8")
    assert [line for line in lines if line not in script] == []


# ------------------------------------------------------------------------------------------ what is said


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SPECS)
def test_every_deviation_is_known_and_no_other(folder: Path, name: str, backend: str) -> None:
    assert {d.key for d in found(folder, name, backend)} == SPECS[name][3].get(backend, set())
    assert found(folder, name, backend, "exact") == []


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SPECS)
def test_the_docstring_names_each_deviation_with_its_size(
    folder: Path, name: str, backend: str
) -> None:
    said = one_line(docstring(folder, name, backend))
    uses = grouped(found(folder, name, backend))
    assert ("numerics = stock" in said) == bool(uses)
    for use in uses:
        assert one_line(f"{use.place}: {use.first.what}: {use.size}") in said
    assert "numerics" not in docstring(folder, name, backend, "exact")


def test_check_names_each_deviation_with_its_size(folder: Path, dslc: Dslc) -> None:
    for name in SPECS:
        code, out, err = dslc("check", folder / "stock" / f"{name}.dl")
        assert (code, err) == (0, "")
        uses = [use for b in BACKENDS for use in grouped(found(folder, name, b))]
        assert ("numerics = stock" in out) == bool(uses)
        for use in uses:
            assert one_line(f"{use.place}: {use.text} ({use.first.setup})") in one_line(out)


def test_check_says_nothing_of_exact_scripts(folder: Path, dslc: Dslc) -> None:
    _, out, _ = dslc("check", folder / "exact" / "norms.dl")
    assert "numerics = stock" not in out
    _, out, _ = dslc("check", "-q", folder / "stock" / "norms.dl")
    assert "numerics = stock" not in out


def test_a_deviation_tells_its_place(folder: Path) -> None:
    by_key = {d.key: d for d in found(folder, "norms", "torch")}
    assert by_key["adam_epsilon"].span.text == "Adam(lr=1e-3)"
    assert by_key["clip_norm"].span.text == "global_norm(1.0)"
    assert by_key["max_norm"].word == "max_norm"
    assert by_key["adam_epsilon"].updates and not by_key["running_variance"].updates
    uses = {
        (use.first.key, use.first.word): use for use in grouped(found(folder, "norms", "torch"))
    }
    assert uses["running_variance", "BatchNorm"].place == "BatchNorm (lines 1, 5)"
    assert uses["uncut_normal", "he_normal"].place == "he_normal (line 4)"
    assert uses["uncut_normal", "lecun_normal"].place == "lecun_normal (line 5)"


def test_phases_have_deviations_of_their_own(folder: Path) -> None:
    spans = {d.key: d.span.text for d in found(folder, "phases", "torch")}
    assert spans["velocity"] == "SGD(lr=0.01, momentum=0.9)"
    assert spans["adam_epsilon"] == "AdamW(lr=1e-3, weight_decay=0.1)"


def test_an_imported_block_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "stage.dl").write_text(NORMS.split("\nmodel")[0])
    spec = tmp_path / "net.dl"
    spec.write_text(
        'import "stage.dl" (Stage)\nmodel N { input x: 8x8x1  x -> Stage(4) }\ndefaults { numerics = stock }'
    )
    (use,) = grouped(deviations_of(analysed(spec), main_model(spec), wanted("torch")))
    assert use.place == "BatchNorm (stage.dl:1)"


def test_many_places_are_counted(tmp_path: Path) -> None:
    spec = tmp_path / "deep.dl"
    spec.write_text(
        "model N { input x: 8\nx" + "\n-> BatchNorm" * 1000 + "}\ndefaults { numerics = stock }"
    )
    (use, *_) = grouped(deviations_of(analysed(spec), main_model(spec), wanted("torch")))
    assert use.place == "BatchNorm (lines 3, 4, 5, 6, 7, 8, 9, 10, and 992 more)"


def test_a_model_without_training_can_be_stock(tmp_path: Path) -> None:
    spec = tmp_path / "table.dl"
    spec.write_text(
        "model T { input x: 5  x -> Embedding(9, 4, init=he_normal) }\ndefaults { numerics = stock }"
    )
    keys = {
        backend: {d.key for d in deviations_of(analysed(spec), main_model(spec), wanted(backend))}
        for backend in BACKENDS
    }
    assert keys == {"torch": {"uncut_normal"}, "keras": {"sparse_gradient"}}
    assert "kaiming_normal_" in compiled(spec, "torch")
    assert "Embedding (line 1)" in compiled(spec, "keras")


def test_a_backend_that_refuses_the_model_says_nothing(tmp_path: Path) -> None:
    spec = tmp_path / "small.dl"
    spec.write_text(
        "model R { input x: 64x64x3  x -> ResNet18(weights=none) -> BatchNorm }\ndefaults { numerics = stock }"
    )
    assert deviations_of(analysed(spec), main_model(spec), wanted("keras")) == []
    assert [d.key for d in deviations_of(analysed(spec), main_model(spec), wanted("torch"))] == [
        "running_variance"
    ]


# ------------------------------------------------------------------------------------------ sizes, limits


def test_everything_that_is_said_was_measured_and_nothing_else() -> None:
    departures = [each.key for name in BACKENDS for each in wanted(name).departures]
    assert len(departures) == len(set(departures))
    rules = {rule.key for rule in RULES}
    assert set(table()["measured"]) == {*departures, *rules}
    assert {key for _, _, _, keys in SPECS.values() for k in keys.values() for key in k} == {
        *departures
    }


def test_the_tool_measures_everything_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    tool, limits = map(importlib.import_module, ("measure_numerics", "numeric_limits"))
    assert [*tool.DEPARTURES, *tool.WORDS, *limits.LIMITS] == [*table()["measured"]]
    for own in tool.DEPARTURES.values():
        for numerics in ("exact", "stock"):
            found = analyse_source(Source("spec.dl", own.spec(numerics)))
            assert found.ok, own
    assert tool.rounded(0.012345) == 0.012


def test_sizes_are_numbers_above_zero_or_words() -> None:
    for key in table()["measured"]:
        found = measured(key)
        assert found.of and found.setup
        assert found.size is None or 0 < found.size < 1e9, key
    assert measured("running_variance").text.endswith(" of the variance")
    with pytest.raises(KeyError):
        measured("nothing")


def test_the_size_of_a_running_variance_is_that_of_the_spec(folder: Path) -> None:
    sizes = {
        d.setup: d.size for d in found(folder, "norms", "torch") if d.key == "running_variance"
    }
    assert sizes == {"n = 128": pytest.approx(1 / 127), "n = 32": pytest.approx(1 / 31)}
    (use,) = (
        u for u in grouped(found(folder, "norms", "torch")) if u.first.key == "running_variance"
    )
    assert use.size == "0.032 of the variance"
    # The law is what was measured, in batches of 419.
    assert measured("running_variance").size == pytest.approx(1 / 418, rel=0.02)


LIMITED = """model M {
  input x: 8x8x2
  a = x -> Conv2D(4, 3x3, regularizer=l2(1e-4)) -> BatchNorm -> selu
  b = x -> Conv2D(4, 3x3, bias=false) -> BatchNorm -> leaky_relu(0.1) -> Dropout(0.2)
  maximum(a, b) -> Upsample(2, method=bilinear) -> gelu -> Flatten -> Dense(3) -> softmax
}
"""


def limited(train: str) -> list[tuple[str, str, int]]:
    analysis = analyse_source(Source("spec.dl", f"{LIMITED}{train}"))
    assert analysis.ok, [d.message for d in analysis.diagnostics]
    limits = limits_of(analysis, analysis.models[-1])
    return [(x.key, x.word, x.span.source.line_column(x.span.start)[0]) for x in limits]


def test_what_cannot_be_equal_is_named_where_it_is_used() -> None:
    model = [
        ("penalty", "Conv2D", 3), ("selu_at_zero", "selu", 3), ("leaky_relu", "leaky_relu", 4),
        ("random_masks", "Dropout", 4), ("maximum_ties", "maximum", 5), ("bilinear", "Upsample", 5),
        ("gelu", "gelu", 5),
    ]  # fmt: skip
    assert limited("") == model
    train = (
        f"{ROWS}\ntrain {{ loss = cross_entropy  epochs = 1  optimizer = Adam  precision = mixed }}"
    )
    assert limited(train) == [
        model[0], ("lost_bias", "BatchNorm", 3), *model[1:],
        ("hyperparameters", "Adam", 8), ("mixed", "mixed", 8),
    ]  # fmt: skip
    plain = f"{ROWS}\ntrain {{ loss = cross_entropy  epochs = 1  optimizer = SGD }}"
    assert limited(plain) == [*model, ("hyperparameters", "SGD", 8)]


def test_pretrained_networks_and_attention_have_limits() -> None:
    text = "model M { input x: 64x64x3  x -> ResNet50(weights=none) }"
    analysis = analyse_source(Source("spec.dl", text))
    assert [x.key for x in limits_of(analysis, analysis.models[-1])] == ["networks"]
    for dropout, keys in (("", []), (", dropout=0.1", ["random_masks"])):
        text = f"model M {{ input x: 9x8  x -> MultiHeadAttention(2{dropout}) }}"
        analysis = analyse_source(Source("spec.dl", text))
        found = [x.key for x in limits_of(analysis, analysis.models[-1])]
        assert found == ["attention_scale", *keys]
