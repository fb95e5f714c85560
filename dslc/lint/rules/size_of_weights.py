"""Pictures much smaller than those that the pretrained network knows.

A network takes any size, but what it has learnt is bound to one: a filter of ImageNet knows how large an eye is in
224x224 pixels. And it halves the picture five times. Of 224x224 it leaves 7x7 places, of 64x64 only 2x2, of 32x32 a
single one, so that its last stages look at padding for the most part. Pictures that are enlarged to the size of the
weights give better features, though nothing is added to them.

Spoken of are pictures of less than half that size, and only with weights of ImageNet. Keras has weights of
`MobileNetV2` for 96x96 as well, and takes those.

Reference: Touvron et al. (2019), Fixing the train-test resolution discrepancy, arXiv:1906.06423; Kornblith et al.
(2019), Do better ImageNet models transfer better?, arXiv:1805.08974, where CIFAR is enlarged to 224x224.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.backbone import backbones
from dslc.diagnostics import Fix
from dslc.graph import Node
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.syntax import tree
from dslc.vocab.data import Images
from dslc.vocab.layers.backbones import Backbone, MobileNetV2

KNOWN: dict[type[Backbone], tuple[int, int]] = {MobileNetV2: (96, 96)}  # other sizes of weights

PHOTOS = """
        model Photos(classes = 5) {{
          input photo: {}
          photo -> ResNet50(weights=imagenet) as backbone
          -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }}

        data {{
          source = images("photos/")
          split  = stratified(70, 15, 15)
          scale  = backbone
          batch  = 16
        }}

        train {{ loss = cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 20 }}

        finetune backbone {{ strategy = classifier }}
"""


@rule("L302", fix="unsafe", wrong=PHOTOS.format("64x64x3"), right=PHOTOS.format("224x224x3"))
def check(facts: Facts) -> Iterator[Finding]:
    if facts.main is None or facts.training is None:
        return
    graph = facts.main.graph
    for node, word in backbones(graph):
        tensors = graph.input_tensors(node)
        if word.weights != "imagenet" or not tensors:
            continue
        height, width = tensors[0].shape[:2]
        if not isinstance(height, int) or not isinstance(width, int):
            continue
        if 2 * min(height, width) >= word.pixels or (height, width) == KNOWN.get(type(word)):
            continue
        usual = f"{word.pixels}x{word.pixels}"
        left = node.output.shape if node.output is not None else ()
        label = f"leaves {left[0]}x{left[1]} places" if len(left) == 3 else "too small"
        message = f"`{word.word}` knows pictures of {usual}, and gets {height}x{width}"
        edits = _edits(facts, node, usual)
        fix = Fix(f"let the model take {usual}x3: `images` resizes what it reads", edits)
        if not edits:
            half = -(-word.pixels // 2)
            fix = Fix(f"enlarge the pictures to {usual}, or at least to {half}x{half}")
        yield Finding(node.span, message, label, fixes=(fix,))


def _edits(facts: Facts, node: Node, usual: str) -> Edits:
    """Another input, where the source makes pictures of any size and nothing else decides it."""
    assert facts.main is not None and facts.training is not None
    graph, source = facts.main.graph, facts.training.source
    inputs = graph.root.definition.inputs
    if not isinstance(source, Images) or source.size is not None or len(inputs) != 1:
        return ()
    if (
        any(word.crops for word in facts.training.augment)
        or node.inputs[0] not in graph.inputs.values()
    ):
        return ()
    shape = inputs[0].shape
    return facts.edit.replace(shape.span, f"{usual}x3") if isinstance(shape, tree.Size) else ()
