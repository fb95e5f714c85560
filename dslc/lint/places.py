"""Questions that several rules ask about layers: is it so at every use of a place, what lies between two kernels,
do its first weights come from a file.

Whoever asks about chains stops at the first answer, so that a rule stays linear in the size of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dslc.graph import Frame, Graph
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.trees import walk
from dslc.syntax import tree
from dslc.vocab.activations import Activation, Identity, LeakyReLU, PReLU, ReLU, ReLU6
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.layers.conv import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    DepthwiseConv2D,
    SeparableConv2D,
)
from dslc.vocab.layers.core import Dense
from dslc.vocab.layers.noise import AlphaDropout, Dropout, GaussianDropout, SpatialDropout
from dslc.vocab.layers.norm import BatchNorm, GroupNorm, LayerNorm, RMSNorm

CONVOLUTIONS = (Conv1D, Conv2D, Conv3D, DepthwiseConv2D, SeparableConv2D, Conv2DTranspose)
FEEDFORWARD = (Dense, *CONVOLUTIONS)  # a kernel and a bias, and nothing else
DROPOUTS = (Dropout, SpatialDropout, GaussianDropout, AlphaDropout)
NORMS = (BatchNorm, LayerNorm, GroupNorm, RMSNorm)
RECTIFIERS = (ReLU, ReLU6, LeakyReLU, PReLU)  # what He's law is made for

Holds = Callable[[Layer], object]


def everywhere(layer: Layer, holds: Holds) -> bool:
    """Whether `layer` is the first of its place, and `holds` says yes to all of them: a word in a block is met with
    other neighbours at each use, and advice about it must be good for every one."""
    return layer.twins[0] is layer and all(map(holds, layer.twins))


def is_activation(layer: Layer | None) -> bool:
    """Whether it bends what passes: an activation other than `identity`."""
    return (
        layer is not None
        and isinstance(layer.word, Activation)
        and not isinstance(layer.word, Identity)
    )


def multiplies(layer: Layer) -> bool:
    """Whether it has a matrix, a filter or a whole network of them."""
    return layer.has_kernel or isinstance(layer.word, Backbone)


def line(layers: Iterable[Layer]) -> Iterator[Layer]:
    """Of `layer.after()`, those in front of the first merge."""
    for layer in layers:
        if len(layer.inputs) != 1:
            return
        yield layer


def dense_behind(layer: Layer) -> Layer | None:
    """The dense layer that a layer feeds, with nothing between that has a kernel."""
    for follower in line(layer.after()):
        if isinstance(follower.word, Dense):
            return follower
        if follower.has_kernel:
            return None
    return None


def stem(layers: Iterable[Layer]) -> set[Layer]:
    """The layers of a model that no kernel stands in front of: what comes in, padded, scaled or pooled at most."""
    found: set[Layer] = set()
    for layer in layers:
        if not multiplies(layer) and found.issuperset(layer.inputs):
            found.add(layer)
    return found


def loaded(graph: Graph) -> set[Frame]:
    """The uses of blocks whose first weights come from a file: their initialisers say nothing."""
    found = {
        frame
        for outer in graph.frames
        for use, frames in outer.called.items()
        if use.weights is not None
        for frame in frames
    }
    for frame in graph.frames:  # outer ones come first
        if frame.parent in found:
            found.add(frame)
    return found


def repeated(facts: Facts, layer: Layer) -> bool:
    """Whether the layer itself is repeated: `-> Dense(8) * 3`."""
    step = facts.edit.step(layer)
    return step is not None and step.times is not None


def same_flow(facts: Facts, one: Layer, other: Layer) -> bool:
    """Whether two layers are steps of one flow, as it is written."""
    steps = [facts.edit.step(layer) for layer in (one, other)]
    flows = {facts.edit.parents[step] for step in steps if step is not None}
    return None not in steps and len(flows) == 1


def mentioned(definition: tree.Definition) -> set[str]:
    """Every name that the body of a block or model mentions, whatever it stands for there."""
    return {node.text for node in walk(*definition.body) if isinstance(node, tree.Name)}


def steps(facts: Facts) -> set[str]:
    """What the definitions of the file mention, each but itself: a model among them is a step of another one."""
    found: set[str] = set()
    for node in facts.file.declarations:
        if isinstance(node, tree.Definition):
            found |= mentioned(node) - {node.name.text}
    return found


def is_true(value: tree.Expr | None) -> bool:
    """Whether an argument is left out or says `true`, and not the name of a parameter."""
    return value is None or (isinstance(value, tree.Name) and value.text == "true")
