"""A learning rate above 1e-4 for weights that were trained before.

Weights of a pretrained network are close to where they should be. A step of Adam is about as long as its learning
rate, however small the gradient is: at 1e-3 some hundred steps move every weight by more than it is large, and what
the network knew is gone before the new data have taught anything (catastrophic forgetting). So the backbone learns at
1e-4 or below, the new layers behind it at a rate of their own: `rates { backbone = 1e-5 }`. `SGD` and `Adagrad` take
steps in proportion to the gradient, and are told of above 1e-3.

Reference: Howard and Ruder (2018), Universal language model fine-tuning for text classification, section 3.2,
arXiv:1801.06146; Keras guide, Transfer learning and fine-tuning.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.pretrained import learnt, pretrained
from dslc.lint.rule import Finding, rule
from dslc.lint.training import Stretch, lower_rate, section_of, shown, stretches
from dslc.plan.tuning import Group
from dslc.spec import ir
from dslc.syntax import tree
from dslc.vocab.experiment import Optimizer
from dslc.vocab.optimizers import SGD, Adadelta, Adagrad

LIMIT = 1e-4
BY_GRADIENT = 1e-3  # of optimisers whose steps are as long as the gradient
SLOWER = 10  # times, in the phase that a strategy makes

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

        train { loss = cross_entropy  metrics = [accuracy] }
"""


@rule(
    "L203",
    fix="unsafe",
    wrong=f"""{PHOTOS}
        finetune backbone {{
          phase head {{ freeze = all  epochs = 5  optimizer = Adam(lr=1e-3) }}
          phase tune {{ unfreeze = from(conv4)  epochs = 15  optimizer = Adam(lr=1e-3) }}
        }}
    """,
    right=f"""{PHOTOS}
        finetune backbone {{
          phase head {{ freeze = all  epochs = 5  optimizer = Adam(lr=1e-3) }}
          phase tune {{ unfreeze = from(conv4)  epochs = 15  optimizer = Adam(lr=1e-5) }}
        }}
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    if facts.main is None or facts.training is None:
        return
    graph, tuning = facts.main.graph, facts.training.tuning
    if tuning is not None and not learnt(graph, tuning.label):
        return
    if tuning is None and not any(pretrained(graph)):
        return
    name = tuning.label if tuning is not None else next(pretrained(graph)).name
    for stretch in stretches(facts):
        trains = stretch.plan.trains
        limit = _limit(stretch.plan.optimizer)
        if limit is None:
            continue
        if trains is None:
            rates = {stretch.plan.optimizer.rate}
        else:
            rates = {group.rate for group in trains.groups if _of_backbone(group)}
        fast = max(rates, default=0.0)
        if fast > limit * (1 + 1e-9):
            yield _finding(facts, stretch, name, fast, limit)


def _limit(optimizer: Optimizer) -> float | None:
    """From which learning rate on its steps are long for weights that are nearly right."""
    if isinstance(optimizer, Adadelta):
        return None  # its rate is a factor of steps that it measures itself
    return BY_GRADIENT if isinstance(optimizer, (SGD, Adagrad)) else LIMIT


def _of_backbone(group: Group) -> bool:
    return group.whole or bool(group.segments) or any(group.units.values())


def _finding(facts: Facts, stretch: Stretch, name: str, fast: float, limit: float) -> Finding:
    place, edits = _slower(facts, stretch, name, limit)
    during = f" in the phase `{stretch.plan.name}`" if stretch.plan.name else ""
    message = (
        f"`{name}` is pretrained and learns at {shown(fast)}{during}: it forgets what it knows"
    )
    fix = Fix(f"let it learn at {shown(limit)} or below", edits)
    return Finding(place.span, message, f"{fast / limit:.3g} times {shown(limit)}", fixes=(fix,))


def _slower(facts: Facts, stretch: Stretch, name: str, limit: float) -> tuple[ir.Setting, Edits]:
    """The place that says the rate, and the edits that make it a smaller one."""
    phase, edit = stretch.phase, facts.edit
    if phase is None:
        made = facts.training is not None and facts.training.tuning is not None
        rate = shown(limit * SLOWER if made else limit)
        return stretch.optimizer, lower_rate(facts, stretch.optimizer, rate)
    part = phase.parts.get("rates")
    given = part.settings if part is not None else {}
    high = [s for key, s in given.items() if key != "head" and _number(s) > limit]
    if high:
        return high[0], tuple(e for s in high for e in edit.replace(s.span, shown(limit)))
    if part is not None:
        return stretch.optimizer, edit.add_setting(section_of(facts, part), name, shown(limit))
    entry = f"rates {{ {name} = {shown(limit)} }}"
    section = section_of(facts, phase)
    lets = [e for e in section.entries if isinstance(e, tree.Let)] if section is not None else []
    return stretch.optimizer, edit.add_entry(section, entry, after=lets[-1] if lets else None)


def _number(setting: ir.Setting) -> float:
    return float(setting.value) if isinstance(setting.value, (int, float)) else 0.0
