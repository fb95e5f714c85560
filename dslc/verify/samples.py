"""Made-up batches: inputs and targets of the right shapes, whole numbers where they are ids or classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dslc.graph import Graph
from dslc.plan.training import OutputPlan, TrainingPlan
from dslc.vocab.dims import evaluate, symbols
from dslc.vocab.layers.sequence import Embedding
from dslc.vocab.tensor import Tensor

Array = npt.NDArray[Any]
IDS = 5  # where nothing looks them up
FREE = {1: 8, 2: 8, 3: 32, 4: 8}  # what an axis without a size is, by the number of axes


def free_sizes(graph: Graph) -> dict[str, int]:
    """A number for every size that the spec leaves to the data."""
    found: dict[str, int] = {}
    for index in graph.inputs.values():
        tensor = graph.node(index).output
        assert tensor is not None
        for dim in tensor.shape:
            for symbol in symbols(dim) if not isinstance(dim, int) else ():
                found.setdefault(symbol.name, FREE[tensor.rank])
    return found


def shape_of(tensor: Tensor, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(evaluate(dim, sizes) for dim in tensor.shape)


def make(
    graph: Graph,
    plan: TrainingPlan | None,
    sizes: Mapping[str, int],
    seed: int,
    batch: int,
    count: int,
) -> dict[str, Array]:
    """`count` batches of inputs and targets, and factors that make a loss of one batch of outputs."""
    random = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    many = batch * count
    for name, index in graph.inputs.items():
        tensor = graph.node(index).output
        assert tensor is not None
        shape = (many, *shape_of(tensor, sizes))
        if tensor.dtype == "int":
            found[f"x/{name}"] = random.integers(0, _known(graph, index), shape).astype("int32")
        else:
            found[f"x/{name}"] = random.standard_normal(shape)
    for name, node in graph.outputs.items():
        tensor = graph.tensor(node)
        assert tensor is not None
        shape = shape_of(tensor, sizes)
        found[f"factor/{name}"] = random.standard_normal((batch, *shape))
    for output in plan.outputs if plan is not None else ():
        shape = found[f"factor/{output.name}"].shape[1:]
        found[f"y/{output.name}"] = _targets(
            output, (many, *shape), random, bool(plan and plan.mixes)
        )
    return found


def _known(graph: Graph, index: int) -> int:
    """How many ids the smallest table knows that looks up an input."""
    tables = (node.word for node in graph.nodes() if index in node.inputs)
    sizes = [word.vocabulary for word in tables if isinstance(word, Embedding)]
    return min((size for size in sizes if isinstance(size, int)), default=IDS)


def _targets(
    output: OutputPlan, shape: tuple[int, ...], random: np.random.Generator, shares: bool
) -> Array:
    """`shares` of two classes each, as mixed pictures have them."""
    if output.task == "classes" and shares:
        classes = np.eye(shape[-1])
        mine, other = (classes[random.integers(0, shape[-1], shape[:-1])] for _ in range(2))
        part = random.random((*shape[:-1], 1))
        mixed: Array = part * mine + (1 - part) * other
        return mixed
    if output.task == "classes":
        places = random.permutation(int(np.prod(shape[:-1]))).reshape(shape[:-1])
        return (places % shape[-1]).astype("int64")
    if output.task == "binary":
        return random.integers(0, 2, shape).astype("float64")
    return random.standard_normal(shape)
