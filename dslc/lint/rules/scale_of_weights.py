"""Pictures that are not scaled as the pretrained network knows them.

The first layer of a pretrained network looks for edges in numbers of a certain size: ResNet50 of Keras in blue, green
and red minus their means over ImageNet, some -120 to 150; that of torchvision in units of their deviations, some -2 to
2.6; EfficientNetB0 of Keras in 0 to 255, which it scales itself. Fed with 0 to 1 such a network sees an almost black
picture. Nothing fails: the features are just poor, and fine-tuning spends its epochs on repairing them. `scale =
backbone` does what each library did when the weights were trained.

Nothing is said of weights from a file of one's own, where something stands between input and network, and of archives
that do not tell the range of their numbers.

Reference: `preprocess_input` of keras.applications; `ResNet50_Weights.IMAGENET1K_V1.transforms` of torchvision.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.backbone import backbones
from dslc.diagnostics import Fix, Label
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.vocab.data import AsBackbone
from dslc.vocab.kinds import Bounds
from dslc.vocab.layers.backbones import SCALINGS, Backbone, Scaling
from dslc.vocab.libraries import TITLES, Library

LIBRARIES: tuple[Library, ...] = ("keras", "torch")

PHOTOS = """
        model Photos(classes = 5) {{
          input photo: 224x224x3
          photo -> ResNet50(weights=imagenet) as backbone
          -> GlobalAvgPool2D -> Dense(classes, init=glorot_uniform) -> softmax
        }}

        data {{
          source = images("photos/")
          split  = stratified(70, 15, 15)
          scale  = {}
          batch  = 16
        }}

        train {{ loss = cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 20 }}

        finetune backbone {{ strategy = classifier }}
"""


@rule("L301", fix="unsafe", wrong=PHOTOS.format("0..1"), right=PHOTOS.format("backbone"))
def check(facts: Facts) -> Iterator[Finding]:
    plan = facts.training
    if facts.main is None or plan is None or isinstance(plan.scale, AsBackbone):
        return
    graph = facts.main.graph
    given: Bounds | None = plan.scale if isinstance(plan.scale, Bounds) else None
    if plan.scale is None and plan.source.value_range is None:
        return
    raw = plan.scale is None
    found = [*backbones(graph)]
    for node, word in found:
        if word.weights != "imagenet" or not set(node.inputs) <= set(graph.inputs.values()):
            continue
        wanted = _wanted(word)
        misfits = [title for title, rule in wanted.items() if not _fits(rule, given, raw=raw)]
        if not misfits:
            continue
        setting = facts.setting("data", "scale")
        place = node.span if setting is None else setting.span
        there = () if setting is None else (Label(node.span, "has the weights of ImageNet"),)
        which = "" if len(misfits) == len(wanted) else f" in {misfits[0]}"
        says = "no `scale`" if setting is None else f"`scale = {setting.span.text}`"
        message = f"{says} does not fit the weights of `{word.word}`{which}"
        notes = tuple(f"{title} wants {SCALINGS[rule]}" for title, rule in wanted.items())
        same = all(_wanted(other) == wanted for _, other in found)
        clear = all(set(other.inputs) <= set(graph.inputs.values()) for other, _ in found)
        fix = Fix("use networks that agree, with scale = backbone")
        if same and clear:
            fix = Fix("write scale = backbone", _edits(facts))
        yield Finding(place, message, "not what its weights know", there, notes, (fix,))
        return


def _wanted(word: Backbone) -> dict[str, Scaling]:
    """How each library that has the network scales for it."""
    return {
        TITLES[name]: word.scaling(name) for name in LIBRARIES if word.network(name) is not None
    }


def _fits(rule: Scaling, given: Bounds | None, *, raw: bool) -> bool:
    if rule == "tf":
        return given is not None and (given.low, given.high) == (-1, 1)
    return rule == "none" and (raw or given is not None and (given.low, given.high) == (0, 255))


def _edits(facts: Facts) -> Edits:
    setting = facts.setting("data", "scale")
    if setting is not None:
        return facts.edit.replace(setting.span, AsBackbone.word)
    return facts.edit.add_setting(facts.edit.section("data"), "scale", AsBackbone.word)
