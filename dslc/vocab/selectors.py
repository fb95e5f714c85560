"""Which layers of a backbone a phase of `finetune` is about, and the strategies that choose the phases.

A backbone is a row of parts, from its input on. In a network such as `ResNet50` these are its layers with weights, and
its stages have the names that the field uses. In a backbone of one's own they are the steps of its block: a layer, or a
block or repeated group, which is never cut in two; its names are the labels, blocks and named values of that block. A
label behind a step without weights, such as `-> relu as edges`, names the layers in front of it, up to the label
before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from dslc.vocab.kinds import Choice, FreeName, Kind, Real, Whole
from dslc.vocab.word import Word, arg


class Selector(Word):
    """A choice among the parts of a backbone."""

    abstract: ClassVar[bool] = True
    kind = "selector"


class All(Selector):
    """Every part of the backbone."""

    word = "all"
    examples: ClassVar[tuple[str, ...]] = ("phase head { freeze = all }",)


class Nothing(Selector):
    """No part of the backbone."""

    word = "none"
    examples: ClassVar[tuple[str, ...]] = ("phase tune { freeze = none }",)


class From(Selector):
    """A stage or part, and everything after it."""

    word = "from"
    examples: ClassVar[tuple[str, ...]] = ("phase tune { unfreeze = from(conv4) }",)

    name: Annotated[str, FreeName()] = arg("a stage, a name or a pattern")


class Until(Selector):
    """Everything before a stage or part, and it too."""

    word = "until"
    examples: ClassVar[tuple[str, ...]] = ("phase tune { freeze = until(conv3) }",)

    name: Annotated[str, FreeName()] = arg("a stage, a name or a pattern")


@dataclass(frozen=True)
class Amount(Kind):
    """A share of all parts, or how many of them."""

    describe = "a share below 1, such as 0.3, or a whole number of layers"

    def parse(self, value: Any) -> float | int:
        try:
            return Whole(1).parse(value)
        except (ValueError, TypeError):
            return Real(0, 1, "()").parse(value)


class Last(Selector):
    """The last layers with weights: `last(30)` that many of them, `last(0.3)` the last 30 % (rounded to whole
    layers, at least one)."""

    word = "last"
    examples: ClassVar[tuple[str, ...]] = ("phase tune { unfreeze = last(0.3) }",)

    amount: Annotated[float, Amount()] = arg("how many, or which share")


@dataclass(frozen=True)
class Selection(Kind):
    """Selectors, and names or patterns in quotes: one of them, or several in a list."""

    word_kinds = ("selector",)
    any_name = True
    describe = 'layers of the backbone: all, none, from(conv4), until(conv3), last(0.3) or "conv4*"'

    def parse(self, value: Any) -> tuple[Selector | str, ...]:
        items = value if isinstance(value, tuple) else (value,)
        if not items:
            raise ValueError
        return tuple(self._item(item) for item in items)

    @staticmethod
    def _item(item: Any) -> Selector | str:
        if item is None:  # the literal `none`
            return Nothing()
        if isinstance(item, Selector):
            return item
        if isinstance(item, str) and item:
            return str(item)
        raise ValueError


# --------------------------------------------------------------------------- strategies


class Strategy(Word):
    """How much of a backbone is trained."""

    abstract: ClassVar[bool] = True
    kind = "strategy"


class Classifier(Strategy):
    """The backbone stays as it is; only the head is trained."""

    word = "classifier"
    examples: ClassVar[tuple[str, ...]] = ("finetune backbone { strategy = classifier }",)


class Full(Strategy):
    """In the end everything is trained."""

    word = "full"
    examples: ClassVar[tuple[str, ...]] = ("finetune backbone { strategy = full }",)


class Partial(Strategy):
    """In the end a later part of the backbone is trained; what comes before it, which knows edges and textures,
    stays."""

    word = "partial"
    examples: ClassVar[tuple[str, ...]] = ("finetune backbone { strategy = partial(from=conv4) }",)

    # A parameter may be called `from`, a field of a class may not be written so.
    __annotations__["from"] = Annotated[tuple[Any, ...], Selection()]
    locals()["from"] = arg("the stage from which on it trains, or layers such as last(0.3)")

    @property
    def start(self) -> tuple[Selector | str, ...]:
        """What trains in the end."""
        given: tuple[Selector | str, ...] = getattr(self, "from")
        return tuple(From(name=item) if isinstance(item, str) else item for item in given)


HighLow = Annotated[Literal["high", "low"], Choice(("high", "low"))]
SmallLarge = Annotated[Literal["small", "large"], Choice(("small", "large"))]


class Auto(Strategy):
    """The rule of four quadrants. `similarity` says how alike the new data and those of the backbone are, `data`
    how many the new ones are for its size. Similar and few make it `classifier`, for a small set would spoil
    weights that already fit; similar and many `partial(from=last(0.3))`: the end of the backbone learns the new
    classes; different and few `partial(from=last(0.5))`: the first half stays, the rest must learn anew; different
    and many `full`."""

    word = "auto"
    positional = 0
    examples: ClassVar[tuple[str, ...]] = (
        "finetune backbone { strategy = auto(similarity=high, data=small) }",
    )
    reference = "Yosinski et al., How transferable are features in deep neural networks?, 2014"

    similarity: HighLow = arg("how alike the new data and those of the backbone are")
    data: SmallLarge = arg("how many the new data are")

    def choice(self) -> Strategy:
        return QUADRANTS[self.similarity, self.data]

    @property
    def reason(self) -> str:
        return REASONS[self.similarity, self.data]


QUADRANTS: dict[tuple[str, str], Strategy] = {
    ("high", "small"): Classifier(),
    ("high", "large"): Partial(**{"from": Last(amount=0.3)}),
    ("low", "small"): Partial(**{"from": Last(amount=0.5)}),
    ("low", "large"): Full(),
}
REASONS: dict[tuple[str, str], str] = {
    ("high", "small"): "few data would spoil features that already fit: only the head is trained",
    ("high", "large"): "the features fit, and there are data to refine the last of them",
    ("low", "small"): "the last features do not fit, and few data can teach only a part anew",
    ("low", "large"): "the features do not fit, and there are data to train them all",
}


def shown(items: tuple[Selector | str, ...]) -> str:
    """Selectors as a spec writes them."""
    texts = [_shown(item) for item in items]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _shown(item: Selector | str) -> str:
    if isinstance(item, str):
        return item if item.isidentifier() else f'"{item}"'
    values: Iterator[Any] = (value for _, value in item)
    return item.word + "".join(
        f"({value:g})" if not isinstance(value, str) else f"({_shown(value)})" for value in values
    )
