"""A frozen backbone whose BatchNorm layers go on as in training.

A BatchNorm layer holds two kinds of numbers: gains and offsets, which are trained, and the running mean and variance of
what came through. Freezing stops the first kind only. With `bn = train` frozen layers are still fed with the mean and
the variance of each batch, and their running ones move with every step, so that layers which "stay as they are" do
not: what they give differs from batch to batch, and the statistics of ImageNet are soon those of a few small batches.
`bn = frozen`, the default, uses the statistics that came with the weights.

Nothing is said where every part with a BatchNorm layer trains in every phase, nor of a backbone without pretrained
weights, whose statistics have yet to be measured.

Reference: Keras guide, Transfer learning and fine-tuning, "Important notes about BatchNormalization layer".
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.tuning import phases
from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.pretrained import learnt
from dslc.lint.rule import Finding, rule

PHOTOS = """
        model Photos(classes = 5) {
          input photo: 224x224x3
          photo -> ResNet50(weights=imagenet) as backbone
          -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }

        data {
          source = images("photos/")
          split  = stratified(70, 15, 15)
          scale  = backbone
          batch  = 16
        }

        train { loss = cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 20 }
"""


@rule(
    "L205",
    fix="unsafe",
    wrong=f"""{PHOTOS}
        finetune backbone {{
          strategy = partial(from=conv4)
          bn       = train
        }}
    """,
    right=f"""{PHOTOS}
        finetune backbone {{
          strategy = partial(from=conv4)
          bn       = frozen
        }}
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    setting, plan = facts.setting("finetune", "bn"), facts.training
    if setting is None or facts.main is None or plan is None or plan.tuning is None:
        return
    label = plan.tuning.label
    if plan.tuning.norms != "train" or not learnt(facts.main.graph, label):
        return
    models, made = phases(facts.spec, facts.main.graph)
    for phase in made:
        model = models[0]
        norms = {number for number, part in enumerate(model.parts) if part.has_norm}
        frozen = norms - phase.trains[model.library]
        if not frozen:
            continue
        whole = "all" if len(frozen) == len(norms) else f"{len(frozen)} of {len(norms)}"
        message = f"BatchNorm layers of `{label}` move while they are frozen"
        told = f"{whole} of its parts with BatchNorm stay as they are in the phase `{phase.name}`"
        there = (Label(phase.span, "freezes some of them"),) if phase.span is not None else ()
        fix = Fix("write bn = frozen", facts.edit.replace(setting.span, "frozen"))
        notes = (told,)
        yield Finding(setting.span, message, "statistics of each batch", there, notes, (fix,))
        return
