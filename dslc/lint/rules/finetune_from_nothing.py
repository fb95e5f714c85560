"""A `finetune` of a backbone that has learnt nothing.

Fine-tuning keeps what a network knows: parts of it stay as they are, others move slowly. With `weights=none`, or a
block without `weights`, there is nothing to keep. What is frozen then is random, with BatchNorm layers that never saw a
picture, and the layers behind it learn from noise. (Random features do work a little, which hides the mistake: the
loss falls, and ends far too high.)

Reference: Yosinski et al. (2014), How transferable are features in deep neural networks?, arXiv:1411.1792, where random
lower layers are the baseline.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.parts import labels
from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.pretrained import inside, learnt, place
from dslc.lint.rule import Finding, rule
from dslc.vocab.layers.backbones import Backbone

MODEL = """
        model Photos(classes = 5) {{
          input photo: 224x224x3
          photo -> ResNet50(weights={}) as backbone
          -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }}

        data {{
          source = images("photos/")
          split  = stratified(70, 15, 15)
          scale  = backbone
          batch  = 16
        }}

        train {{ loss = cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 20 }}

        finetune backbone {{ strategy = partial(from=conv4) }}
"""


@rule("L206", fix="unsafe", wrong=MODEL.format("none"), right=MODEL.format("imagenet"))
def check(facts: Facts) -> Iterator[Finding]:
    section = facts.section("finetune")
    if section is None or section.label is None or facts.main is None:
        return
    label = section.label.text
    if learnt(facts.main.graph, label):
        return
    step = labels(facts.main.graph)[label]
    message = f"`{label}` has learnt nothing that could be fine-tuned: its weights are random"
    networks = [
        layer
        for layer in facts.main.layers
        if isinstance(layer.word, Backbone)
        and inside(place(layer.span, layer.block), step.node.span)
    ]
    span = networks[0].span if networks else step.target.node.span
    fix = Fix(
        f'give it weights that were trained before: weights="runs/…", or remove `{section.name}`'
    )
    if networks:
        edits = facts.edit.set_argument(networks[0], "weights", "imagenet")
        fix = Fix("write weights=imagenet", edits)
    there = (Label(section.label.span, "is to be trained further"),)
    yield Finding(span, message, "begins with random numbers", there, fixes=(fix,))
