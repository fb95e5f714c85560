"""Both scripts of a spec as models, given the same weights.

Words with weights are met in the order of the graph, Keras' layers in the order in which the script calls them,
torch's modules in the order in which they run: so each array of the spec finds its place in both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
import torch
from sections import graph_of, section
from torch import nn
from torch.nn import functional as F

from dslc.codegen.page import ModelSection, Target, _helper
from dslc.graph import Graph, Node
from dslc.vocab.dims import evaluate, product
from dslc.vocab.tensor import Weight
from dslc_keras.model import write_model as write_keras
from dslc_keras.training import TARGET as KERAS
from dslc_torch.model import write_model as write_torch
from dslc_torch.training import TARGET as TORCH
from dslc_torch.words.layouts import modules, moves

torch.set_num_threads(1)
BATCH = 3
Arrays = dict[str, np.ndarray]


def run_section(found: ModelSection, target: Target, names: Mapping[str, Any]) -> dict[str, Any]:
    """What the section defines; `build_model` among it."""
    namespace = dict(names)
    parts = [*(_helper(target, name) for name in found.helpers), found.text]
    exec(compile("\n\n\n".join(parts), "<model>", "exec"), namespace)
    return namespace


@dataclass
class Pair:
    """A spec as both models. `keras_text` and `torch_text` are the sections they were made from."""

    graph: Graph
    keras_text: str
    torch_text: str
    keras: Any
    torch: Any
    keras_layers: list[Any]
    torch_modules: list[Any]
    channels_first: frozenset[str]
    inputs: Arrays
    arrays: list[tuple[Node, Arrays]]
    torch_names: dict[str, Any]  # what the torch section defines


@dataclass(frozen=True)
class Code:
    """What makes a backend's model: `run` gives what the code defines, `build_model` among it."""

    text: str
    run: Callable[[], Mapping[str, Any]]
    channels_first: frozenset[str] = frozenset()


def both(
    text: str,
    *,
    sizes: Mapping[str, int] | None = None,
    ids: int = 5,
    dtype: str = "float64",
    fill: bool = True,
) -> Pair:
    """The two models of a spec with the same random weights, and an input of BATCH samples. Without `fill` both
    keep the weights that their scripts draw."""
    spec, graph = graph_of(text)
    for_keras, for_torch = (section(spec, graph, w) for w in (write_keras, write_torch))
    names = {"keras": keras, "layers": keras.layers, "tf": tf, "np": np}
    of_torch = {"torch": torch, "nn": nn, "F": F, "np": np, "math": __import__("math")}
    return pair_of(
        graph,
        Code(for_keras.text, lambda: run_section(for_keras, KERAS, names)),
        Code(
            for_torch.text,
            lambda: run_section(for_torch, TORCH, of_torch),
            for_torch.channels_first,
        ),
        sizes=sizes,
        ids=ids,
        dtype=dtype,
        fill=fill,
    )


def pair_of(
    graph: Graph,
    for_keras: Code,
    for_torch: Code,
    *,
    sizes: Mapping[str, int] | None = None,
    ids: int = 5,
    dtype: str = "float64",
    fill: bool = True,
    torch_keys: Sequence[str] = (),
) -> Pair:
    """`both` for a graph whose models are made by the code of either backend. `torch_keys` are those of torch's state
    dict, in the order of the graph, where its modules do not run in that order."""
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    torch.set_default_dtype(getattr(torch, dtype))
    random = np.random.default_rng(7)
    inputs = draw_inputs(graph, random, sizes or {}, ids, dtype)
    try:
        keras_model, keras_layers = _keras_model(for_keras)
        defined = dict(for_torch.run())
        torch_model = defined["build_model"]()
        _silence(keras_layers, torch_model)
        pair = Pair(
            graph, for_keras.text, for_torch.text, keras_model, torch_model, keras_layers, [],
            for_torch.channels_first, inputs, [], defined,
        )  # fmt: skip
        pair.torch_modules = _modules_in_order(pair)
        if torch_keys:
            pair.torch_modules = _modules_named(pair, torch_keys)
        if fill:
            _fill(pair, random, dtype)
    except Exception as problem:
        problem.add_note(f"{for_keras.text}\n\n{for_torch.text}")
        raise
    return pair


def draw_inputs(
    graph: Graph, random: np.random.Generator, sizes: Mapping[str, int], ids: int, dtype: str
) -> Arrays:
    """Random values for the inputs of a model: BATCH samples, ids below `ids`."""
    inputs: Arrays = {}
    for name, index in graph.inputs.items():
        tensor = graph.node(index).output
        assert tensor is not None
        shape = (BATCH, *(evaluate(d, sizes) for d in tensor.shape))
        is_ids = tensor.dtype == "int"
        inputs[name] = (
            random.integers(0, ids, shape).astype("int32")
            if is_ids
            else random.normal(size=shape).astype(dtype)
        )
    return inputs


def _keras_model(code: Code) -> tuple[Any, list[Any]]:
    """The model, and its layers in the order in which its code calls them first."""
    order: list[Any] = []
    depth = [0]
    original = keras.layers.Layer.__call__

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if depth[0] == 0 and isinstance(layer, keras.Model):
            inner = [one for one in order if one in _leaves(layer)]
            order[:] = [one for one in order if one not in inner] + inner
        elif depth[0] == 0 and layer not in order:
            order.append(layer)
        depth[0] += 1
        try:
            return original(layer, *args, **kwargs)
        finally:
            depth[0] -= 1

    keras.layers.Layer.__call__ = call
    try:
        model = code.run()["build_model"]()
    finally:
        keras.layers.Layer.__call__ = original
    return model, order


def _leaves(model: Any) -> list[Any]:
    found: list[Any] = []
    todo = [model]
    while todo:
        layer = todo.pop()
        if isinstance(layer, keras.Model):
            todo += layer.layers
        else:
            found.append(layer)
    return found


def _silence(keras_layers: list[Any], torch_model: Any) -> None:
    """Turn off what is random in training."""
    todo = list(keras_layers)
    while todo:
        layer = todo.pop()
        todo += layer._flatten_layers(include_self=False, recursive=True)
        for name in ("rate", "stddev", "dropout", "_dropout"):
            own = not isinstance(getattr(type(layer), name, None), property)
            if own and _is_number(getattr(layer, name, None)):
                setattr(layer, name, 0.0)
    for module in torch_model.modules():
        for name in ("p", "dropout", "std", "rate"):
            if _is_number(getattr(module, name, None)):
                setattr(module, name, 0.0)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _units(model: Any) -> list[Any]:
    """The outermost modules that hold parameters or buffers themselves."""
    found: list[Any] = []
    todo = [model]
    while todo:
        module = todo.pop()
        if any(p is not None for p in (*module._parameters.values(), *module._buffers.values())):
            found.append(module)
        else:
            todo += reversed(list(module.children()))
    return list(dict.fromkeys(found))


def _modules_in_order(pair: Pair) -> list[Any]:
    """The modules that hold weights, in the order in which they run first."""
    order: list[Any] = []

    def note(module: Any, _: Any) -> None:
        if module not in order:
            order.append(module)

    hooks = [unit.register_forward_pre_hook(note) for unit in _units(pair.torch)]
    with torch.no_grad():
        pair.torch.eval()(*torch_inputs(pair, pair.inputs))
    for hook in hooks:
        hook.remove()
    return order


def _modules_named(pair: Pair, keys: Sequence[str]) -> list[Any]:
    """The modules that hold weights, in the order of the keys of these."""
    names = {name: module for name, module in pair.torch.named_modules() if name}
    units = {name: module for name, module in names.items() if module in pair.torch_modules}
    found = [
        next(module for name, module in units.items() if f"{key}.".startswith(f"{name}."))
        for key in keys
    ]
    return list(dict.fromkeys(found))


def first(array: np.ndarray) -> np.ndarray:
    """`array` with its channels behind the batch."""
    return np.ascontiguousarray(np.moveaxis(array, -1, 1))


def torch_inputs(pair: Pair, inputs: Arrays, *, grad: bool = False) -> list[Any]:
    """The inputs as torch wants them."""
    found = []
    for name, array in inputs.items():
        if array.dtype.kind == "i":
            found.append(torch.tensor(array.astype("int64")))
        else:
            value = first(array) if name in pair.channels_first else array
            found.append(torch.tensor(value, requires_grad=grad))
    return found


# --------------------------------------------------------------------------- weights


def _draw(name: str, weight: Weight, random: np.random.Generator) -> np.ndarray:
    shape = tuple(int(str(d)) for d in weight.shape)
    values = random.normal(size=shape) * 0.4
    if "variance" in name:
        return np.abs(values) + 0.5
    return values + 1.0 if name == "gamma" else values


def _fill(pair: Pair, random: np.random.Generator, dtype: str) -> None:
    """Random arrays for all words with weights, in the order of the graph, into both models."""
    at_torch = 0
    variables = [v for layer in pair.keras_layers for v in layer.weights]
    at_keras = 0
    for node in pair.graph.nodes():
        weights = pair.graph.weights(node)
        if not weights:
            continue
        word = node.word
        assert word is not None
        arrays = {n: _draw(n, w, random).astype(dtype) for n, w in weights.items()}
        pair.arrays.append((node, arrays))
        mine = variables[at_keras : at_keras + len(arrays)]
        assert len(mine) == len(arrays), f"{word.word}: Keras has too few arrays"
        at_keras += len(arrays)
        for variable, (name, array) in zip(mine, arrays.items(), strict=True):
            assert product(variable.shape) == array.size, (word.word, name, variable.path)
            variable.assign(array.reshape(variable.shape))
        count = modules(word)
        units = pair.torch_modules[at_torch : at_torch + count]
        assert len(units) == count, f"{word.word}: torch has too few modules with weights"
        at_torch += count
        with torch.no_grad():
            for move in moves(word, list(arrays)):
                tensor = find(units[move.module], move.parameter)
                value = torch.tensor(move.there(arrays[move.array]))
                assert tensor.shape == value.shape, (word.word, move.parameter, tensor.shape)
                tensor.copy_(value)
    assert at_keras == len(variables), [v.path for v in variables[at_keras:]]
    assert at_torch == len(pair.torch_modules), pair.torch_modules[at_torch:]


def find(module: Any, path: str) -> Any:
    """The parameter or buffer at `path` below a module."""
    for part in path.split("."):
        module = getattr(module, part)
    return module
