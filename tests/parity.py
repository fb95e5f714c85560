"""The numbers of both scripts of a spec, held against each other.

`compare(text)` is the whole test of a spec: outputs in prediction and training, gradients of the inputs and of
every weight, running values, numbers of weights. Dropout and noise are turned off. Keras and torch run in one
process, in float64 unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from paired import Arrays, Pair, both, find, first, tf, torch, torch_inputs
from sections import model_text

from dslc.vocab.dims import product
from dslc_torch.words.layouts import modules, moves

__all__ = ["Pair", "both", "close", "compare", "model_text", "predict"]


# --------------------------------------------------------------------------- running them


def _outputs(found: Any, pair: Pair) -> list[Any]:
    if isinstance(found, dict):
        return [found[name] for name in pair.graph.outputs]
    return list(found) if isinstance(found, (list, tuple)) else [found]


def _last(pair: Pair, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """torch's outputs with their channels last."""
    return [
        np.moveaxis(array, 1, -1) if name in pair.channels_first else array
        for name, array in zip(pair.graph.outputs, arrays, strict=True)
    ]


class Apart(AssertionError):
    """Two arrays differ by more than is allowed: by `gap`."""

    def __init__(self, what: str, gap: float) -> None:
        super().__init__(f"{what}: {gap:.3g} apart")
        self.gap = gap


def close(mine: np.ndarray, other: np.ndarray, tolerance: float, what: str) -> None:
    """Equal within `tolerance`, relative to the largest value where that is above 1."""
    assert mine.shape == other.shape, f"{what}: Keras {mine.shape}, torch {other.shape}"
    if not mine.size:
        return
    assert np.isfinite(mine).all() and np.isfinite(other).all(), f"{what}: not finite"
    gap = float(np.abs(mine - other).max())
    allowed = tolerance * max(1.0, float(np.abs(mine).max()))
    if gap > allowed:
        raise Apart(what, gap)


def predict(pair: Pair, inputs: Arrays | None = None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The outputs of (Keras, torch) in prediction, channels last."""
    given = pair.inputs if inputs is None else inputs
    mine = [np.asarray(y) for y in _outputs(_call_keras(pair, given, training=False), pair)]
    with torch.no_grad():
        found = pair.torch.eval()(*torch_inputs(pair, given))
    return mine, _last(pair, [y.numpy() for y in _outputs(found, pair)])


def _call_keras(pair: Pair, inputs: Any, *, training: bool) -> Any:
    given = list(inputs.values())
    return pair.keras(given[0] if len(given) == 1 else given, training=training)


@dataclass
class Learned:
    """One step in training mode: outputs, gradients of sum(y·R) by input and by weight, in torch's layout."""

    outputs: list[np.ndarray]
    gradients: Arrays


def train_keras(pair: Pair, factors: list[np.ndarray]) -> Learned:
    inputs = {name: tf.constant(array) for name, array in pair.inputs.items()}
    floats = {n: t for n, t in inputs.items() if t.dtype.is_floating}
    with tf.GradientTape() as tape:
        tape.watch(list(floats.values()))
        outputs = _outputs(_call_keras(pair, inputs, training=True), pair)
        total = tf.add_n([tf.reduce_sum(y * r) for y, r in zip(outputs, factors, strict=True)])
    variables = [v for layer in pair.keras_layers for v in layer.weights]
    found = tape.gradient(total, [*floats.values(), *(v.value for v in variables)])
    dense = [None if g is None else np.asarray(tf.convert_to_tensor(g)) for g in found]
    gradients: Arrays = {}
    for name, gradient in zip(floats, dense, strict=False):
        if gradient is not None:
            turned = name in pair.channels_first
            gradients[f"input {name}"] = first(gradient) if turned else gradient
    rest = iter(dense[len(floats) :])
    for number, (node, arrays) in enumerate(pair.arrays):
        assert node.word is not None
        own = {n: (next(rest), a.shape) for n, a in arrays.items()}
        for move in moves(node.word, list(arrays)):
            gradient, shape = own[move.array]
            if gradient is not None:
                key = f"{number} {node.word.word} {move.module}.{move.parameter}"
                gradients[key] = move.there(gradient.reshape(shape))
    return Learned([np.asarray(y) for y in outputs], gradients)


def train_torch(pair: Pair, factors: list[np.ndarray]) -> Learned:
    pair.torch.zero_grad(set_to_none=True)
    inputs = torch_inputs(pair, pair.inputs, grad=True)
    outputs = _outputs(pair.torch.train()(*inputs), pair)
    turned = [
        first(r) if n in pair.channels_first else r
        for n, r in zip(pair.graph.outputs, factors, strict=True)
    ]
    total = sum((y * torch.tensor(r)).sum() for y, r in zip(outputs, turned, strict=True))
    if total.requires_grad:
        total.backward()
    gradients: Arrays = {}
    for name, tensor in zip(pair.inputs, inputs, strict=True):
        if tensor.grad is not None:
            gradients[f"input {name}"] = tensor.grad.numpy()
    at = 0
    for number, (node, arrays) in enumerate(pair.arrays):
        assert node.word is not None
        units = pair.torch_modules[at : at + modules(node.word)]
        at += len(units)
        for move in moves(node.word, list(arrays)):
            gradient = find(units[move.module], move.parameter).grad
            if gradient is not None:
                key = f"{number} {node.word.word} {move.module}.{move.parameter}"
                gradients[key] = gradient.numpy()
    return Learned(_last(pair, [y.detach().numpy() for y in outputs]), gradients)


def buffers(pair: Pair, tolerance: float) -> None:
    """What training changed besides gradients, such as running means. Those of a layer that is used several times
    are left out: Keras orders its uses by their distance from the outputs, torch as the spec does."""
    several = {node.shares for node in pair.graph.nodes()}
    at, variables = 0, iter([v for layer in pair.keras_layers for v in layer.weights])
    for node, arrays in pair.arrays:
        assert node.word is not None
        units = pair.torch_modules[at : at + modules(node.word)]
        at += len(units)
        values = {name: np.asarray(next(variables)).reshape(arrays[name].shape) for name in arrays}
        kept = pair.graph.weights(node)
        for move in moves(node.word, list(arrays)):
            if node.index in several and not kept[move.array].trainable:
                continue
            tensor = find(units[move.module], move.parameter)
            mine = move.there(values[move.array])
            close(mine, tensor.detach().numpy(), tolerance, f"{node.word.word} {move.parameter}")


def _moved(array: np.ndarray) -> np.ndarray:
    """Other numbers; ids stay."""
    return array if array.dtype.kind == "i" else array * 1.5 + 0.25


# --------------------------------------------------------------------------- the test


def counts(pair: Pair) -> None:
    """Numbers of weights: both frameworks' are those of the graph."""
    weights = [w for node in pair.graph.nodes() for w in pair.graph.weights(node).values()]
    every = sum(int(str(product(w.shape))) for w in weights)
    trained = sum(int(str(product(w.shape))) for w in weights if w.trainable)
    assert pair.keras.count_params() == every
    assert sum(int(np.prod(v.shape)) for v in pair.keras.trainable_variables) == trained
    parameters = [p for p in pair.torch.parameters() if p.requires_grad]
    assert sum(p.numel() for p in parameters) == trained


def compare(
    text: str,
    *,
    sizes: Mapping[str, int] | None = None,
    tolerance: float = 1e-10,
    gradient_tolerance: float | None = None,
    dtype: str = "float64",
    ids: int = 5,
) -> Pair:
    """Hold both models of a spec against each other; AssertionErrors carry the text of both."""
    pair = both(text, sizes=sizes, ids=ids, dtype=dtype)
    loose = 10 * tolerance if gradient_tolerance is None else gradient_tolerance
    try:
        hold(pair, tolerance, loose)
    except Exception as problem:
        problem.add_note(f"{text}\n{pair.keras_text}\n\n{pair.torch_text}")
        raise
    return pair


def hold(pair: Pair, tolerance: float, gradient_tolerance: float) -> list[np.ndarray]:
    """Hold both models against each other: weights, prediction, a step of training, running values.

    Returns:
        What Keras predicts.
    """
    counts(pair)
    predicted = predict(pair)
    for mine, other in zip(*predicted, strict=True):
        close(mine, other, tolerance, "prediction")
    random = np.random.default_rng(11)
    factors = [random.normal(size=y.shape).astype(y.dtype) for y in predicted[0]]
    keras_step, torch_step = train_keras(pair, factors), train_torch(pair, factors)
    for mine, other in zip(keras_step.outputs, torch_step.outputs, strict=True):
        close(mine, other, tolerance, "training")
    names = sorted(keras_step.gradients)
    assert names == sorted(torch_step.gradients)
    for name in names:
        mine, other = keras_step.gradients[name], torch_step.gradients[name]
        close(mine, other, gradient_tolerance, f"gradient of {name}")
    if any(not w.trainable for n in pair.graph.nodes() for w in pair.graph.weights(n).values()):
        for _ in range(2):
            pair.inputs = {n: _moved(a) for n, a in pair.inputs.items()}
            _call_keras(pair, pair.inputs, training=True)
            pair.torch.train()(*torch_inputs(pair, pair.inputs))
    buffers(pair, tolerance)
    return predicted[0]
