"""Pretrained layers that learn before the new ones have.

The layers behind a backbone begin with random numbers. In the first epochs their errors are large and mean nothing,
and they go back through every layer that learns: features that were good are bent to suit a head that is random. So
the head is trained alone at first, with the backbone frozen, until it makes sense; then the backbone may follow, at a
tenth of the rate or less. It is better on data unlike the training part, too.

Nothing is said where the learning rate warms up, which spares the backbone as well, where the model has no new
weights, and of a strategy, whose first phase is the head's.

Reference: Kumar et al. (2022), Fine-tuning can distort pretrained features and underperform out-of-distribution,
arXiv:2202.10054.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.parts import labels
from dslc.diagnostics import Edit, Fix
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.pretrained import Pretrained, inside, learnt, new_weights, pretrained
from dslc.lint.rule import Finding, rule
from dslc.lint.training import Stretch, section_of, shown, stretches
from dslc.lint.trees import walk
from dslc.syntax import tree
from dslc.vocab.callbacks import EarlyStopping, ModelCheckpoint
from dslc.vocab.experiment import Optimizer
from dslc.vocab.schedules import OneCycle

SHARE = 4  # of the epochs of the phase, for the head alone
NAME = "backbone"

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
    "L204",
    fix="unsafe",
    wrong=f"""{PHOTOS}
        finetune backbone {{
          phase tune {{ unfreeze = from(conv4)  epochs = 20  optimizer = Adam(lr=1e-5) }}
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
    first = next(stretches(facts))
    if _rises(first.plan.optimizer):
        return
    if tuning is None:
        known = [*pretrained(graph)]
        if known and new_weights(graph, [one.span for one in known]):
            yield _untuned(facts, known)
        return
    step = labels(graph).get(tuning.label)
    trains = first.plan.trains
    if first.phase is None or first.phase.label is None or step is None or trains is None:
        return
    everything = trains.everything
    moves = everything.whole or everything.segments or any(everything.units.values())
    if moves and learnt(graph, tuning.label) and new_weights(graph, [step.node.span]):
        message = f"`{tuning.label}` is pretrained and learns in the first phase, beside layers that know nothing"
        fix = Fix("train the head alone first, with the backbone frozen", _phase(facts, first))
        yield Finding(first.phase.label.span, message, "the first phase", fixes=(fix,))


def _rises(optimizer: Optimizer) -> bool:
    schedule = optimizer.schedule
    return isinstance(schedule, OneCycle) or bool(getattr(schedule, "warmup", 0))


def _untuned(facts: Facts, known: list[Pretrained]) -> Finding:
    """A training without `finetune`, in which everything learns from the first step on."""
    one = known[0]
    message = f"`{one.name}` is pretrained and learns from the first step on, beside layers that know nothing"
    edits = _section(facts, one) if len({found.span for found in known}) == 1 else ()
    fix = Fix("add finetune, whose strategies train the head alone first", edits)
    return Finding(one.span, message, "all of it is trained at once", fixes=(fix,))


def _section(facts: Facts, one: Pretrained) -> Edits:
    """`finetune backbone { strategy = full }` at the end of the file."""
    assert facts.main is not None
    epochs = facts.value("train", "epochs")
    step = next(
        (
            node
            for node in facts.nodes()
            if isinstance(node, tree.Step) and node.target.span == one.span
        ),
        None,
    )
    many = facts.value("train", "accumulate") != 1  # the first phase may have too few batches
    if step is None or many or not isinstance(epochs, int) or epochs < 2:
        return ()
    known = labels(facts.main.graph)
    label = next((name for name, s in known.items() if inside(one.span, s.node.span)), None)
    edits: Edits = ()
    if label is None:
        body = walk(facts.main.definition.node)
        if any(isinstance(node, tree.Name) and node.text == NAME for node in body):
            return ()
        edits, label = (Edit(step.span.after(), f" as {NAME}"),), NAME
    line, source = facts.edit.newline, facts.source
    gap = line if source.text.endswith("\n") else line * 2
    end = source.span(len(source.text), len(source.text))
    return (*edits, Edit(end, f"{gap}finetune {label} {{ strategy = full }}{line}"))


def _phase(facts: Facts, first: Stretch) -> Edits:
    """A phase for the head in front of the first one."""
    assert first.phase is not None
    section, finetune = section_of(facts, first.phase), facts.section("finetune")
    names = {p.label.text for p in finetune.inner if p.label} if finetune is not None else set()
    if section is None or "head" in names or facts.value("train", "accumulate") != 1:
        return ()
    said = [f"freeze = all  epochs = {max(_needed(facts), first.plan.epochs // SHARE)}"]
    given = facts.value("train", "optimizer")
    if not isinstance(given, Optimizer) or given.schedule is not None:
        word = type(first.plan.optimizer)
        said.append(f"optimizer = {word.word}(lr={shown(word().rate)})")
    column = facts.source.line_column(section.span.start)[1] - 1
    before = facts.source.line(section.span.line)[:column]
    gap = f"{facts.edit.newline}{before}" if not before.strip() else "  "
    return (Edit(section.span.before(), f"phase head {{ {'  '.join(said)} }}{gap}"),)


def _needed(facts: Facts) -> int:
    """How many epochs a phase has at least, so that the callbacks of `train` have something to do in it."""
    train, needed = facts.section("train"), 1
    for bound in train.words if train is not None else ():
        match bound.word:
            case EarlyStopping() as word:
                needed = max(needed, word.start_from_epoch + word.patience + 1)
            case ModelCheckpoint() as word:
                needed = max(needed, word.every)
    return needed
