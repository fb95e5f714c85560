"""What is true of a spec: both scripts are written, run, and are the model that `check` describes.

`judge(text)` gives None, or the first thing that is wrong. Both frameworks stay loaded: a process judges many specs.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from paired import BATCH, Code, Pair, draw_inputs, keras, np, pair_of, torch
from parity import Apart, close, hold, predict, train_torch

from dslc.codegen.backend import Backend, load_backend
from dslc.codegen.page import ModelSection, Script, render_script
from dslc.driver import Analysis, ModelAnalysis, analyse_source, model_section, unsupported
from dslc.graph import Graph
from dslc.source import Source
from dslc.vocab.dims import evaluate, symbols
from dslc.vocab.tensor import Tensor
from dslc.weights.places import kept_by
from dslc.weights.problem import Problem
from fuzz.fault import Fault, fault

SIZES = (3, 4, 5, 7, 9, 12, 17)  # of what varies, times what it is a multiple of
# What a framework computes in float32 whatever it is told (TensorFlow's gelu, leaky_relu and resizing, the scale of
# attention in Keras), and what has no kernel for float64 on a CPU.
LOOSE = (
    "gelu",
    "leaky_relu",
    "prelu",
    "hard_sigmoid",
    "hard_swish",
    "Upsample",
    "MultiHeadAttention",
)
SINGLE = ("AvgPool3D",)
# Numbers that are further apart than allowed are rounding where a change of the last bits moves them as far.
ROUNDING, MARGIN = "rounding", 100.0


class Refused(Exception):
    """dslc says no, as it may."""


def judge(text: str) -> Fault | None:
    """The first thing that is wrong with a spec that is meant to be valid."""
    try:
        analysis = analyse_source(Source("spec.dl", text))
    except Exception as problem:
        return fault("crash in check", problem)
    if not analysis.ok:
        first = next(d for d in analysis.diagnostics if d.severity == "error")
        return fault("refused by check", f"{first.code} {first.message}")
    if not analysis.models:
        return fault("refused by check", "there is no model")
    try:
        return judge_sound(analysis)
    finally:
        keras.backend.clear_session(free_memory=False)


def judge_sound(analysis: Analysis) -> Fault | None:
    """What is wrong with a spec that `check` takes."""
    chosen = analysis.models[-1]
    codes: list[Code] = []
    for name in ("keras", "torch"):
        backend = load_backend(name)
        assert backend is not None
        try:
            codes.append(code_of(analysis, chosen, backend))
        except Refused as refusal:
            return fault(f"refused by {name}", str(refusal))
        except Exception as problem:
            return fault(f"crash in compile for {name}", problem)
    graph = chosen.graph
    words = [n.word.word for n in graph.nodes() if n.word is not None]
    single = any(word in SINGLE for word in words)
    tolerance = 1e-4 if single else 1e-6 if any(word in LOOSE for word in words) else 1e-9
    dtype = "float32" if single else "float64"
    try:
        sizes = varying(graph, SIZES[1])
    except AssertionError as problem:
        return fault("sizes that vary", problem)
    except Refused:
        return None  # sizes that only some numbers fit: the scripts are written, that is all
    compared = partial(_compared, graph, codes, sizes, tolerance, dtype)
    found = compared()
    if found is None or found.kind == ROUNDING:
        return found
    # The pieces of an expression may run in another order than the spec has them: torch's arrays are told by name.
    keys = _torch_keys(analysis, chosen)
    return compared(keys) if keys else found


def _torch_keys(analysis: Analysis, chosen: ModelAnalysis) -> list[str]:
    """The names of torch's arrays in the order of the graph; none where the spec does not know them one by one."""
    backend = load_backend("torch")
    assert backend is not None
    try:
        kept = kept_by(analysis, chosen, backend)
    except Problem:
        return []
    return [entry.key for each in kept for entry in each.entries]


def _compared(
    graph: Graph,
    codes: list[Code],
    sizes: Mapping[str, int],
    tolerance: float,
    dtype: str,
    torch_keys: Sequence[str] = (),
) -> Fault | None:
    """What is wrong with the models that the scripts build."""
    try:
        pair = pair_of(
            graph, *codes, sizes=sizes, ids=ids_of(graph), dtype=dtype, torch_keys=torch_keys
        )
    except Exception as problem:
        return fault(_where(problem), problem)
    try:
        if sizes:  # before training moves what is kept besides weights
            _other_sizes(pair, tolerance, dtype)
        _shapes(pair, sizes, hold(pair, tolerance, 10 * tolerance))
    except Apart as problem:
        noise = sensitivity(pair, float(np.finfo("float32" if tolerance > 1e-9 else dtype).eps))
        if noise * MARGIN >= problem.gap:
            return fault(ROUNDING, f"{problem}; {noise:.3g} by a change of the last bit")
        return fault(_where(problem), problem)
    except Exception as problem:
        return fault(_where(problem), problem)
    return None


def sensitivity(pair: Pair, bit: float) -> float:
    """How far torch's own numbers move when its inputs, weights and the results of its layers change by their last
    bits."""
    random = np.random.default_rng(17)

    def shaken(array: Any) -> Any:
        return (array * (1 + random.choice((-bit, bit), array.shape))).astype(array.dtype)

    factors = [np.ones(y.shape, y.dtype) for y in predict(pair)[0]]

    def tensors() -> list[Any]:  # those of now: a step of training may put others in their place
        return [t for t in pair.torch.state_dict().values() if t.is_floating_point()]

    def hook(module: Any, given: Any, result: Any) -> Any:
        if not changed or not torch.is_tensor(result):
            return result
        ones = np.ones(result.shape, str(result.dtype).removeprefix("torch."))
        return result * torch.tensor(shaken(ones))

    for module in pair.torch.modules():
        if not list(module.children()):
            module.register_forward_hook(hook)
    kept, inputs = [t.clone() for t in tensors()], pair.inputs

    def numbers() -> list[Any]:
        with torch.no_grad():
            for tensor, value in zip(tensors(), kept, strict=True):
                tensor.copy_(torch.tensor(shaken(value.numpy())) if changed else value)
        found = predict(pair)[1]
        step = train_torch(pair, factors)
        return [*found, *step.outputs, *step.gradients.values()]

    changed = False
    before = numbers()
    changed, most = True, 0.0
    for _ in range(8):
        pair.inputs = {n: a if a.dtype.kind == "i" else shaken(a) for n, a in inputs.items()}
        pairs = zip(before, numbers(), strict=True)
        most = max(most, *(float(np.abs(a - b).max()) for a, b in pairs if a.size))
    return most


def _where(problem: Exception) -> str:
    """The part of the comparison that a problem came up in."""
    if isinstance(problem, AssertionError):
        text = str(problem)
        for part in ("prediction", "training", "gradient", "shape"):
            if text.startswith(part):
                return f"numbers: {part}"
        return "counts or places"
    names = [frame.name for frame in traceback.extract_tb(problem.__traceback__)]
    for part, kind in (
        ("_keras_model", "building in Keras"),
        ("train_keras", "training in Keras"),
        ("_call_keras", "running in Keras"),
        ("train_torch", "training in torch"),
        ("_modules_in_order", "running in torch"),
        ("predict", "running in torch"),
    ):
        if part in names:
            return kind
    return "building in torch"


def code_of(analysis: Analysis, chosen: ModelAnalysis, backend: Backend) -> Code:
    """The whole script of a backend, as the code that makes its model.

    Raises:
        Refused: the backend cannot express the spec.
    """
    refused = unsupported(chosen.graph, backend)
    if refused:
        raise Refused(refused[0].message)
    plan, section, training = model_section(analysis, chosen, backend)
    script = Script("spec", plan.model.name, "spec.dl")
    text = render_script(script, section, backend.target, training)
    return Code(section.text, _runner(text), _first(section))


def _first(section: ModelSection) -> frozenset[str]:
    return section.channels_first


def _runner(text: str) -> Callable[[], Mapping[str, Any]]:
    def run() -> Mapping[str, Any]:
        namespace: dict[str, Any] = {"__name__": "spec", "__file__": "spec.py"}
        exec(compile(text, "<script>", "exec"), namespace)
        return namespace

    return run


def varying(graph: Graph, least: int) -> dict[str, int]:
    """A number for every size that varies, such that no tensor is empty: `least` times its multiple, or more."""
    names = {
        s.name: s.multiple
        for node in graph.nodes()
        if node.output is not None
        for d in node.output.shape
        for s in symbols(d)
    }
    for factor in (n for n in SIZES if n >= least):
        sizes = {name: factor * multiple for name, multiple in names.items()}
        if not names or _all_there(graph, sizes):
            return sizes
    raise Refused("no size fits every layer")


def _all_there(graph: Graph, sizes: Mapping[str, int]) -> bool:
    """Whether every layer takes tensors of these sizes, and makes of them what it makes of names."""
    for node in graph.nodes():
        inputs = graph.input_tensors(node)
        if node.word is None or inputs is None or node.output is None:
            continue
        try:
            given = [_sized(x, sizes) for x in inputs]
        except AssertionError:  # a size that only some numbers make whole
            return False
        y = node.word.infer(*given)
        if not isinstance(y, Tensor) or min(y.shape) < 1:
            return False
        assert y == _sized(node.output, sizes), (
            f"shape of {node.word.word}: {node.output} with {dict(sizes)}, but {y} of {given}"
        )
    return True


def _sized(x: Tensor, sizes: Mapping[str, int]) -> Tensor:
    return Tensor(tuple(evaluate(d, sizes) for d in x.shape), x.dtype)


def ids_of(graph: Graph) -> int:
    """How many different ids every word that takes ids knows."""
    rows = [
        int(str(next(iter(graph.used_weights(node).values())).shape[0]))
        for node in graph.nodes()
        if node.word is not None and node.word.takes_ids
    ]
    return min(rows, default=5)


def _shapes(pair: Any, sizes: Mapping[str, int], outputs: list[Any]) -> None:
    """The outputs have the shapes that `check` says."""
    for (name, index), mine in zip(pair.graph.outputs.items(), outputs, strict=True):
        tensor = pair.graph.tensor(index)
        told = (BATCH, *(evaluate(d, sizes) for d in tensor.shape))
        assert mine.shape == told, f"shape of {name}: check says {told}, Keras {mine.shape}"


def _other_sizes(pair: Any, tolerance: float, dtype: str) -> None:
    """The same models take inputs of other sizes."""
    try:
        sizes = varying(pair.graph, SIZES[3])
    except Refused:
        return
    random = np.random.default_rng(13)
    inputs = draw_inputs(pair.graph, random, sizes, ids_of(pair.graph), dtype)
    for mine, other in zip(*predict(pair, inputs), strict=True):
        close(mine, other, tolerance, "prediction")
