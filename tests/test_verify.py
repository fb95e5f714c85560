"""`dslc verify` without a framework: marks in scripts, other sizes, made-up batches, laws of first weights, verdicts,
and what the command says when it cannot run."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import BAD, DIGITS, ROOT, SIAMESE, Dslc, command_line  # noqa: F401
from compiled import BACKENDS

from dslc.codegen.backend import load_backend
from dslc.codegen.page import Script, render_script
from dslc.driver import analyse, analyse_source, choose_model, model_section
from dslc.source import Source
from dslc.verify import laws, samples, tolerances, trace
from dslc.verify.gaps import example, gap_of
from dslc.verify.instrument import with_marks
from dslc.verify.result import Check, Figures
from dslc.verify.values import Both
from dslc.verify.variant import analysed
from dslc.vocab import initializers
from dslc.vocab.layers.recurrent import ForgetBias
from dslc.vocab.tensor import Weight
from dslc.weights.draw import draw_array
from dslc.weights.problem import Problem

SPECS = ROOT / "specs"
MANY = ("digits_cnn", "text_lstm", "tiny_transformer", "siamese", "digits_transfer", "kfold_iris")


# --------------------------------------------------------------------------- marks


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*MANY, "zoo/resnet50", "zoo/inception_v3"])
def test_a_script_with_marks_is_the_script(name: str, backend: str) -> None:
    """`with_marks` itself refuses to give another program."""
    target = load_backend(backend)
    assert target is not None
    analysis = analyse(SPECS / f"{name}.dl")
    chosen, _ = choose_model(analysis, None)
    assert chosen is not None
    _, section, training = model_section(analysis, chosen, target)
    text = render_script(Script("spec", "M", "spec.dl"), section, target.target, training)
    marked, marks = with_marks(text, section)
    calls = [
        node.args[0].value
        for node in ast.walk(ast.parse(marked))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("dslc_made", "dslc_seen")
        and isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(calls) == list(range(len(marks.places)))
    words = {node.word.word for node in chosen.graph.nodes() if node.word is not None}
    assert len(marks.places) >= len(words) - 2  # the last activation is the loss's


def test_marks_note_what_was_made_and_seen() -> None:
    recorder = trace.start()
    seen: list[Any] = []
    recorder.listen = lambda mark, value, frame: seen.append((mark, value))

    def block() -> list[str]:
        return [trace.dslc_made(2, str, 5)]

    made = trace.dslc_made(1, block)
    assert made == ["5"] and trace.dslc_seen(3, made) is made
    assert recorder.trails == {id(made[0]): (1, 2), id(made): (1,)}
    assert seen == [(3, made)] and recorder.open == []


def test_a_failing_layer_leaves_no_open_mark() -> None:
    recorder = trace.start()
    with pytest.raises(ValueError, match="invalid literal"):
        trace.dslc_made(1, int, "x")
    assert recorder.open == []


# --------------------------------------------------------------------------- other sizes

TWO = """
model Two(width = 8, rate = 0.5) {
  input photo: 32x32x3
  input row: 5
  a = photo -> Conv2D(width, 3x3) -> GlobalAvgPool2D
  concat(a, row) -> Dropout(rate) -> Dense(2) -> softmax
  assert params == 252
}
"""


@pytest.fixture(name="two")
def two_inputs(tmp_path: Path) -> Path:
    path = tmp_path / "two.dl"
    path.write_text(TWO, encoding="utf-8")
    return path


def test_a_size_for_an_axis_that_varies(tmp_path: Path) -> None:
    path = tmp_path / "steps.dl"
    path.write_text("model M { input x: (T, 3)  x -> LSTM(2) }", encoding="utf-8")
    graph = analysed(path, None, ["7"]).models[-1].graph
    assert [str(graph.node(i).output) for i in graph.inputs.values()] == ["7x3"]


def test_sizes_in_place_of_those_of_the_spec(two: Path) -> None:
    found = analysed(two, None, ["photo=16x24", "row=7"], ["width=4"])
    assert found.ok, found.diagnostics
    graph = found.models[-1].graph
    shapes = [str(graph.node(i).output) for i in graph.inputs.values()]
    assert shapes == ["16x24x3", "7"]
    assert found.models[-1].summary is not None
    assert analysed(two, None).ok  # the promise holds without them


@pytest.mark.parametrize(
    ("inputs", "sets", "message", "help"),
    [
        (["16x16"], [], "which input is to be 16x16?", "write --input photo=16x16"),
        (["foto=16x16"], [], "the model has no input `foto`", "did you mean `photo`?"),
        (["photo=16y16"], [], "`16y16` is not a size", "write it as in a spec: 64x64 or 64x64x3"),
        (["photo=16"], [], "`16` has another number of axes than 32x32x3", ""),
        ([], ["widht=4"], "the model has no parameter `widht`", "did you mean `width`?"),
        ([], ["width"], "`width` sets nothing", "write --set name=value"),
        ([], ["width=4)"], "`4)` is not a value", "write a number or a name"),
    ],
)
def test_sizes_that_the_spec_has_not(
    two: Path, inputs: list[str], sets: list[str], message: str, help: str
) -> None:
    with pytest.raises(Problem) as problem:
        analysed(two, None, inputs, sets)
    assert (problem.value.message, problem.value.help) == (message, help)


# --------------------------------------------------------------------------- made-up batches


def data_of(text: str) -> dict[str, np.ndarray]:
    from dslc.plan.experiment import plan_training

    found = analyse_source(Source("m.dl", text))
    assert found.ok and found.spec is not None, found.diagnostics
    graph = found.models[-1].graph
    plan = plan_training(found.spec, graph)
    return samples.make(graph, plan, samples.free_sizes(graph), 0, 4, 3)


TRAINED = """
model M {{ input x: {input}  x -> {flow} }}
data {{ source = npz("a.npz")  split = random(60, 20, 20) }}
train {{ loss = {loss}  optimizer = SGD(lr=0.1)  epochs = 1 }}
"""


@pytest.mark.parametrize(
    ("input", "flow", "loss", "x", "y", "values"),
    [
        ("6", "Dense(3) -> softmax", "cross_entropy", (12, 6), (12,), {0, 1, 2}),
        ("6", "Dense(1) -> sigmoid", "binary_cross_entropy", (12, 6), (12, 1), {0.0, 1.0}),
        ("6", "Dense(2)", "mse", (12, 6), (12, 2), None),
        ("5", "Embedding(9, 4) -> GlobalAvgPool1D -> Dense(2)", "mae", (12, 5), (12, 2), None),
        ("(T, 4)", "Conv1D(3, 3) -> GlobalAvgPool1D -> Dense(2)", "mse", (12, 8, 4), (12, 2), None),
    ],
)
def test_batches_fit_the_spec(
    input: str, flow: str, loss: str, x: Any, y: Any, values: Any
) -> None:
    found = data_of(TRAINED.format(input=input, flow=flow, loss=loss))
    assert found["x/x"].shape == x and found["y/output"].shape == y
    assert values is None or set(np.unique(found["y/output"]).tolist()) == values
    if "Embedding" in flow:
        assert found["x/x"].dtype.kind == "i" and found["x/x"].max() < 9
    again = data_of(TRAINED.format(input=input, flow=flow, loss=loss))
    assert all(np.array_equal(found[key], again[key]) for key in found)


# --------------------------------------------------------------------------- laws

WORDS = [
    initializers.GlorotUniform(),
    initializers.GlorotNormal(),
    initializers.HeUniform(),
    initializers.HeNormal(),
    initializers.LecunNormal(),
    initializers.Orthogonal(),
    initializers.Normal(std=0.2),
    initializers.TruncatedNormal(std=0.1),
    initializers.Uniform(low=-0.05, high=0.05),
    initializers.Zeros(),
    initializers.Ones(),
]
SHAPE = (48, 96)


def judged(wanted: Any, drawn: Any, shape: tuple[int, ...] = SHAPE) -> laws.Drawn:
    draws = [draw_array("a/kernel", seed, Weight(shape, drawn), shape) for seed in range(3)]
    found = laws.judge("a/kernel", Weight(shape, wanted), shape, draws)
    assert found is not None
    return found


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.word)
def test_draws_follow_their_law(word: Any) -> None:
    assert judged(word, word).wrong == ""


@pytest.mark.parametrize("drawn", WORDS, ids=lambda word: word.word)
@pytest.mark.parametrize("wanted", WORDS, ids=lambda word: word.word)
def test_draws_of_another_law_are_told(wanted: Any, drawn: Any) -> None:
    if wanted is drawn:
        return
    assert judged(wanted, drawn).wrong


@pytest.mark.parametrize("word", [initializers.GlorotUniform(), initializers.HeUniform()])
def test_laws_that_are_half_a_percent_apart_are_told_by_their_limit(word: Any) -> None:
    """With few outputs he and glorot are all but equal."""
    other = {"glorot_uniform": initializers.HeUniform()}.get(
        word.word, initializers.GlorotUniform()
    )
    assert judged(word, word, (1024, 10)).wrong == ""
    assert judged(word, other, (1024, 10)).wrong


def test_the_ones_where_an_lstm_forgets() -> None:
    word = ForgetBias(others=initializers.Zeros())
    assert judged(word, word, (32,)).wrong == ""
    assert "is not" in judged(word, initializers.Zeros(), (32,)).wrong


# --------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("mine", "other", "gap"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([1.0, np.inf], [1.0, np.inf], 0.0),
        ([1.0, np.nan], [1.0, 2.0], np.inf),
        ([1.0, 2.0, 3.0], [1.0, 2.0], np.inf),
        ([], [], 0.0),
    ],
)
def test_how_far_arrays_are_apart(mine: list[float], other: list[float], gap: float) -> None:
    assert gap_of(Both(np.array(mine), np.array(other))).gap == gap


def test_an_example_of_a_difference() -> None:
    mine, other = np.zeros((2, 3)), np.zeros((2, 3))
    other[1, 2] = 0.25
    assert example(Both(mine, other)) == "sample 1 at 2: Keras gives 0, PyTorch 0.25"
    shapes = "Keras gives 2x3, PyTorch 3x2, samples first"
    assert example(Both(mine, other.T)) == shapes


def test_a_check_is_well_when_all_its_figures_are() -> None:
    fine, wrong = Figures(1e-12, 1e-12, 1e-10), Figures(float("nan"), 0.0, 1e-10)
    assert Check("a", {"float64": fine}).ok
    assert not Check("a", {"float64": fine, "float32": wrong}).ok


def test_tolerances_grow_behind_what_tensorflow_computes_in_float32() -> None:
    text = "model M { input x: 6  x -> Dense(3) -> gelu -> Dense(2) -> gelu }"
    found = analyse_source(Source("m.dl", text))
    graph = found.models[-1].graph
    allowed = list(tolerances.forward(graph).values())
    assert allowed[1] == tolerances.EXACT
    assert allowed[2] == allowed[3] == pytest.approx(1e-7, rel=0.01)
    assert allowed[4] == pytest.approx(2e-7, rel=0.01)


# --------------------------------------------------------------------------- the command


def test_mistakes_of_the_spec_come_first(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    no_probes(monkeypatch)
    Path("bad.dl").write_text(BAD, encoding="utf-8")
    code, out, err = dslc("verify", "bad.dl")
    assert (code, out) == (1, "") and "error[E0201]" in err


def no_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    from dslc.verify import runner

    monkeypatch.setattr(runner.Probe, "start", lambda self: None)


@pytest.mark.parametrize("missing", ["torch", "tensorflow", "keras"])
def test_a_framework_that_is_not_there(
    dslc: Dslc, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    from dslc.cli import verify

    no_probes(monkeypatch)
    real = importlib.util.find_spec
    monkeypatch.setattr(verify, "find_spec", lambda name: None if name == missing else real(name))
    code, out, err = dslc("verify", DIGITS)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {missing} is not installed: `dslc verify` runs both scripts")
    assert "pip install" in err


def test_a_network_of_a_library_is_not_compared(
    dslc: Dslc, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_probes(monkeypatch)
    Path("net.dl").write_text(
        "model M { input x: 64x64x3  x -> ResNet50(weights=none, top=false) -> GlobalAvgPool2D -> Dense(2) }",
        encoding="utf-8",
    )
    code, _, err = dslc("verify", "net.dl")
    assert code == 2 and "the network of a library" in err, err


def test_a_wrong_size_is_said_in_a_line(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    no_probes(monkeypatch)
    code, _, err = dslc("verify", SIAMESE, "--input", "4x4")
    assert (code, err.splitlines()[0]) == (2, "error: which input is to be 4x4?")


def test_what_is_kept_is_of_one_spec(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    no_probes(monkeypatch)
    code, _, err = dslc("verify", DIGITS, SIAMESE, "--keep", "there")
    assert code == 2 and "--keep is for one spec" in err


@pytest.mark.parametrize(("code", "why"), [(-9, "ended by signal 9"), (1, "ended with code 1")])
def test_a_probe_that_dies_is_said(
    dslc: Dslc, monkeypatch: pytest.MonkeyPatch, code: int, why: str
) -> None:
    from dslc.verify import runner

    ends = "os.kill(os.getpid(), 9)" if code < 0 else "os._exit(1)"
    command = [sys.executable, "-c", f"import os; {ends}"]
    monkeypatch.setattr(runner.Probe, "command", lambda self: command)
    found, out, err = dslc("verify", SPECS / "perceptron.dl")
    assert (found, out) == (2, "")
    assert err.startswith("error: the Keras 3 script did not run") and why in err
    assert "Traceback" not in err


def test_a_stop_by_the_user_ends_the_probes(dslc: Dslc, monkeypatch: pytest.MonkeyPatch) -> None:
    from dslc.verify import runner

    closed: list[str] = []
    close = runner.Probe.close
    no_probes(monkeypatch)

    def noted(self: Any) -> None:
        closed.append(self.name)
        close(self)

    monkeypatch.setattr(runner.Probe, "close", noted)

    def stopped(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", stopped)
    code, out, _ = dslc("verify", SPECS / "perceptron.dl")
    assert (code, out, sorted(closed)) == (130, "", ["keras", "torch"])


def test_a_terminal_sees_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dslc.cli import verify

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with verify._progress() as progress:
        progress("torch", "layers in float64")
    assert "keras: starting  torch: layers in float64" in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with verify._progress() as progress:
        progress("torch", "layers in float64")
    assert capsys.readouterr().err == ""


def test_json_has_no_numbers_that_json_has_not() -> None:
    from dslc.cli.verify import _plain

    found = _plain(Figures(float("inf"), float("nan"), 1e-10))
    assert json.dumps(found, allow_nan=False) == '{"gap": null, "share": null, "allowed": 1e-10}'
