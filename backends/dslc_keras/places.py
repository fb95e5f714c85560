"""Where a Keras script keeps the arrays of the spec: the groups of the weights file of its model.

The functions of the script are followed with the numbers of the model, as far as they call layers. Arrays stand in a
weights file as in the canonical layout, in the order of `Word.arrays`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dslc.codegen.backend import Entry, Extra
from dslc.codegen.nodes import Assign, Call, Def, For, If, Ref, Return, Statement, With
from dslc.codegen.origins import (
    UNKNOWN,
    Follower,
    Holder,
    Origin,
    Shapes,
    Trail,
    constructor,
    origin_of,
)
from dslc.vocab.activations import PReLU
from dslc.vocab.layers import recurrent, sequence
from dslc.vocab.tensor import Tensor
from dslc.vocab.word import Word
from dslc_keras.network import Layer, Network, Node

# How many operations a helper puts behind each other; every other function of Keras is one.
STEPS: Mapping[str, int] = {"inner_mean": 5}
ATTENTION = ("query", "key", "value", "output")
WITHOUT_ARRAYS = ("ZeroPadding", "Cropping")  # stand beside the layer that holds a word's arrays


class Functions(Follower):
    """Runs `build_model` and the functions of the blocks."""

    def __init__(
        self, program: Sequence[Statement], shapes: Mapping[Trail, Sequence[Shapes]]
    ) -> None:
        super().__init__()
        self.functions = {s.name: s for s in program if isinstance(s, Def)}
        self.shapes = shapes
        self.uses: dict[Trail, int] = {}
        self.trail: Trail = ()
        self.made: list[Layer] = []

    def model(self) -> Network:
        found = self._run(self.functions["build_model"], {})
        assert isinstance(found, Layer) and found.inner is not None
        return found.inner

    # ----------------------------------------------------------------- statements

    def _run(self, function: Def, given: Mapping[str, Any]) -> Any:
        outer, self.names = self.names, {}
        for param in function.params:
            self.names[param.name] = (
                given[param.name] if param.name in given else self.value(param.default)
            )
        result = self._body(function.body)
        self.names = outer
        return result

    def _body(self, body: Sequence[Statement]) -> Any:
        for statement in body:
            match statement:
                case Assign():
                    value = self.value(statement.value)
                    for target in statement.targets:
                        if isinstance(target, Ref):
                            self.names[target.name] = value
                case Return():
                    return self.value(statement.value)
                case If():
                    taken = statement.body if self.value(statement.test) else statement.orelse
                    found = self._body(taken)
                    if found is not None:
                        return found
                case With():
                    found = self._body(statement.body)
                    if found is not None:
                        return found
                case For():
                    assert isinstance(statement.target, Ref)
                    for turn in self.value(statement.iterable):
                        self.names[statement.target.name] = turn
                        self._body(statement.body)
        return None

    # ----------------------------------------------------------------- expressions

    def call(self, node: Call) -> Any:
        origin, name = origin_of(node), constructor(node)
        if name in self.functions:
            return self._use(node, self.functions[name], origin)
        if origin is not None:
            holder = Holder((*self.trail, origin.use.span), origin.part, "", name)
            return self._layer(name.rpartition(".")[2], holder)
        if name == "keras.Input":
            (shape,) = self.items(node.args[:1])
            free = tuple(size if isinstance(size, int) else None for size in shape)
            return Node(self._layer("InputLayer", None), (), (None, *free))
        if name == "keras.Model":
            return self._model(node)
        layer = self.value(node.func)
        given = self.items(node.args)
        if not isinstance(layer, Layer):
            wrapped = next((item for item in given if isinstance(item, Layer)), None)
            if wrapped is not None:  # a helper that gives back the layer it gets
                return wrapped
        inputs = _tensors(given)
        if not inputs:
            return UNKNOWN
        if isinstance(layer, Layer):
            return Node(layer, inputs)
        for _ in range(STEPS.get(name, 1)):
            inputs = (Node(Layer(), inputs),)
        return inputs[0]

    def binary(self, op: str, left: Any, right: Any) -> Any:
        inputs = _tensors((left, right))
        return Node(Layer(), inputs) if inputs else super().binary(op, left, right)

    def attribute(self, value: Any, name: str) -> Any:
        if isinstance(value, Node) and name == "shape":
            return value.shape or UNKNOWN
        return UNKNOWN

    def index(self, value: Any, items: tuple[Any, ...]) -> Any:
        if isinstance(value, Node):
            return Node(Layer(), (value,))
        return super().index(value, items)

    def _layer(self, name: str, holder: Holder | None) -> Layer:
        layer = Layer(name, holder)
        self.made.append(layer)
        return layer

    def _model(self, node: Call) -> Layer:
        inputs, outputs = node.args[:2]
        found = self._outputs(outputs)
        layer = self._layer("Functional", None)
        layer.inner = Network(_tensors([self.value(inputs)]), found)
        return layer

    def _outputs(self, node: Any) -> tuple[Node, ...]:
        """A dict is read in the order of its keys."""
        if not hasattr(node, "pairs"):
            return _tensors([self.value(node)])
        pairs = {self.value(pair.key): self.value(pair.value) for pair in node.pairs}
        return _tensors([pairs[key] for key in sorted(pairs)])

    def _use(self, node: Call, function: Def, origin: Origin | None) -> Any:
        """What a block returns; the shapes of its inputs are those of its next use."""
        assert origin is not None
        names = [p.name for p in function.params]
        given = dict(zip(names, self.items(node.args), strict=False)) | self.keywords(node)
        outer = self.trail
        self.trail = (*outer, origin.use.span)
        turn = self.uses[self.trail] = self.uses.get(self.trail, -1) + 1
        shapes = self.shapes[self.trail][turn]
        for tensor, shape in zip(_tensors(given.values()), shapes, strict=False):
            tensor.shape = (None, *shape)
        result = self._run(function, given)
        self.trail = outer
        return result


def _tensors(values: Any) -> tuple[Node, ...]:
    """The tensors among values, lists of them too."""
    found: list[Node] = []
    for value in values:
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += _tensors(value)
    return tuple(found)


def holders(program: Sequence[Statement], shapes: Mapping[Trail, Sequence[Shapes]]) -> list[Holder]:
    """Every layer of a program that may hold arrays, in the order in which they are made."""
    functions = Functions(program, shapes)
    places = dict(functions.model().places())
    return [
        Holder(layer.holder.trail, layer.holder.part, places[layer], layer.made_by)
        for layer in functions.made
        if layer.holder is not None
        and layer in places
        and not layer.made_by.startswith(WITHOUT_ARRAYS)
    ]


def entries(
    word: Word, inputs: tuple[Tensor, ...], names: Sequence[str], held: Sequence[Holder]
) -> tuple[list[Entry], list[Extra]]:
    """The datasets of a word's arrays in a weights file."""
    group = held[-1].place
    found: list[Entry] = []
    counts: dict[str, int] = {}
    lead = inputs[0].rank - 1 if isinstance(word, PReLU) else 0
    for name in names:
        folder = f"{group}{_folder(word, name)}/vars"
        number = counts[folder] = counts.get(folder, -1) + 1
        found.append(
            Entry(
                name,
                f"{folder}/{number}",
                partial(_with_axes, lead),
                lambda array, shape: array.reshape(shape),
            )
        )
    return found, []


def _with_axes(count: int, array: Any) -> Any:
    """`array` with `count` axes of one in front."""
    return array.reshape((1,) * count + array.shape)


def _folder(word: Word, array: str) -> str:
    """Where below the group of its layer an array lies."""
    if isinstance(word, recurrent.Bidirectional):
        return f"/{array.partition('_')[0]}_layer/cell"
    if isinstance(word, recurrent.Recurrent):
        return "/cell"
    if isinstance(word, sequence.MultiHeadAttention):
        part = array.rpartition("_")[0]
        assert part in ATTENTION, array
        return f"/{part}_dense"
    return ""
