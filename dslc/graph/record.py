"""What a run leaves behind: nodes, frames, diagnostics. It also watches that the run stays short: specs come from
strangers, and a few lines can ask for more layers than there are atoms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from dslc.diagnostics import Diagnostic, Fix, Label, error
from dslc.graph.explain import call_notes, mismatch
from dslc.graph.model import Frame, Graph, Node
from dslc.graph.recall import facts
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.arithmetic import too_large
from dslc.vocab.dims import Dim
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor

MAX_NODES = 20_000
MAX_WORK = 100_000  # statements and steps
MAX_DEPTH = 32  # of blocks in blocks
MAX_LEVELS = 120  # of flows, groups and blocks in each other
MAX_AXIS = 10**12


class Record:
    """The graph of one model while it grows."""

    def __init__(self, root: Frame) -> None:
        self.found: list[Diagnostic] = []
        self.full = False
        self.work = 0
        self.levels = 0
        self.graph = Graph(root, [root], {}, {})
        self.taken: list[tuple[dict[Any, Tensor | None], Any, int | None]] = []

    # ----------------------------------------------------------------- diagnostics

    def say(self, diagnostic: Diagnostic, frame: Frame) -> None:
        """Report a mistake, with the uses of blocks that led to it. Unknown names were reported when the body was
        read, or hidden by what could not be read."""
        if diagnostic.code == "E0217":
            return
        notes = tuple(note for note in call_notes(frame) if note not in diagnostic.notes)
        self.found.append(replace(diagnostic, notes=(*diagnostic.notes, *notes)))

    def unique(self) -> list[Diagnostic]:
        """Each mistake once, however many uses of a block show it."""
        seen: dict[tuple[str, Span | None], list[Diagnostic]] = {}
        for d in self.found:
            seen.setdefault((d.code, d.primary.span if d.primary else None), []).append(d)
        return [_counted(same) for same in seen.values()]

    # ----------------------------------------------------------------- limits

    def tick(self, span: Span) -> bool:
        """Count one piece of work; False when there was too much of it."""
        self.work += 1
        if self.work > MAX_WORK:
            self.stop("the model takes too many steps to lay out", span)
        return not self.full

    def stop(self, message: str, span: Span, advice: str = "repeat less") -> None:
        """Give up on the model: it is too large."""
        if not self.full:
            self.full = True
            limit = f"a model has at most {MAX_NODES:,} layers"
            self.found.append(error("E0404", message, span, notes=[limit], fixes=[Fix(advice)]))

    def deeper(self, span: Span) -> bool:
        """Enter one more level; False when that is too deep. `self.levels` is the caller's to restore."""
        self.levels += 1
        if self.levels > MAX_LEVELS:
            self.stop("flows and blocks are nested too deeply", span, "give parts a name")
        return not self.full

    # ----------------------------------------------------------------- values

    def take(self, place: dict[Any, Tensor | None], key: Any, index: int | None) -> None:
        """Note in `place` what flows at `index`. Whether an input holds ids is known only later: see `finish`."""
        place[key] = self.graph.tensor(index)
        self.taken.append((place, key, index))

    def finish(self) -> None:
        for place, key, index in self.taken:
            place[key] = self.graph.tensor(index)

    def add(
        self,
        word: FlowWord | None,
        inputs: tuple[int, ...],
        output: Tensor | None,
        span: Span,
        frame: Frame,
        path: tuple[str, ...],
    ) -> Node:
        index = len(self.graph.order)
        if index >= MAX_NODES:
            self.stop(f"the model has more than {MAX_NODES:,} layers", span)
        node = Node(index, word, inputs, output, span, frame, path)
        self.graph.order.append(node)
        return node

    # ----------------------------------------------------------------- layers

    def apply(
        self,
        word: FlowWord,
        inputs: tuple[int | None, ...],
        span: Span,
        frame: Frame,
        path: tuple[str, ...],
    ) -> Node | None:
        """One application; None where the layer refuses or something is unknown."""
        known = tuple(i for i in inputs if i is not None)
        if len(known) < len(inputs):
            return None
        low, high = word.inputs
        if len(known) < low or (high is not None and len(known) > high):
            self.say(_wrong_count(word, len(known), span), frame)
            return None
        for index in known:
            self._decide(index, word, span)
        tensors = [t for t in map(self.graph.tensor, known) if t is not None]
        if len(tensors) < len(known):
            return None
        found = facts(word, tuple(tensors))
        result = found.result
        if isinstance(result, Mismatch):
            self.say(mismatch(self.graph, span, result, known), frame)
            return None
        for size in result.shape:
            if too_large(size) or (isinstance(size, int) and size > MAX_AXIS):
                message = f"`{word.word}` makes an axis that is too large to compute with"
                self.say(error("E0404", message, span, fixes=[Fix("make it smaller")]), frame)
                return None
        node = self.add(word, known, result, span, frame, path)
        node.known = found
        return node

    def _decide(self, index: int, word: FlowWord, span: Span) -> None:
        """An input of the model holds token ids when the first layer that reads it takes ids."""
        node = self.graph.node(index)
        if node.word is not None or node.reader is not None or node.output is None:
            return
        node.reader = span
        if word.takes_ids:
            node.output = Tensor(node.output.shape, "int")

    def fits(
        self,
        use: ir.SharedUse,
        first: Sequence[int | None],
        mine: Sequence[int | None],
        nodes: list[int],
        frame: Frame,
        *,
        whole: bool,
    ) -> bool:
        """Whether what is shared, the `nodes` of its first use, can take the inputs `mine` too: as many axes as
        `first`, and in a block (`whole`) the same sizes, but for those that vary."""
        old = tuple(t for t in map(self.graph.tensor, first) if t is not None)
        new = tuple(t for t in map(self.graph.tensor, mine) if t is not None)
        if all(
            a.rank == b.rank
            and not (whole and any(isinstance(m, int) and m != n for m, n in _axes(a, b)))
            for a, b in zip(old, new, strict=False)
        ):
            return True
        what = "sizes" if whole else "number of axes"
        message = f"`{use.name}` is one layer, so all its inputs must have the same {what}"
        span = self.graph.node(nodes[0]).span if nodes else None
        self._unfit(use, message, old, new, span, frame)
        return False

    def share(self, use: ir.SharedUse, first: list[int], mine: list[int], frame: Frame) -> None:
        """Let the nodes `mine` use the weights of `first`; the shapes must fit."""
        pairs = [
            (self.graph.node(a), self.graph.node(b)) for a, b in zip(first, mine, strict=False)
        ]
        for old, new in pairs:
            was, now = self.graph.used_weights(old), self.graph.used_weights(new)
            same = type(old.word) is type(new.word) and len(first) == len(mine)
            if same and [w.shape for w in was.values()] == [w.shape for w in now.values()]:
                new.shares = old.shares if old.shares is not None else old.index
                continue
            old_x, new_x = self.graph.input_tensors(old), self.graph.input_tensors(new)
            message = (
                f"`{use.name}` has one set of weights, so all its inputs must have the same sizes"
            )
            self._unfit(use, message, old_x, new_x, old.span, frame)
            return

    def _unfit(
        self,
        use: ir.SharedUse,
        message: str,
        old: tuple[Tensor, ...] | None,
        new: tuple[Tensor, ...] | None,
        span: Span | None,
        frame: Frame,
    ) -> None:
        there = [] if span is None else [Label(span, f"first used on {_shapes(old)}")]
        label = f"here it gets {_shapes(new)}"
        fix = Fix("give each use a layer of its own, or make the shapes equal")
        self.say(error("E0306", message, use.node.span, label, secondary=there, fixes=[fix]), frame)


def _axes(a: Tensor, b: Tensor) -> Iterator[tuple[Dim, Dim]]:
    return zip(a.shape, b.shape, strict=True)


def _shapes(tensors: tuple[Tensor, ...] | None) -> str:
    return " and ".join(map(str, tensors or ()))


def _counted(same: list[Diagnostic]) -> Diagnostic:
    """The first of several equal mistakes, with a note on how many uses show it."""
    more = len({d.notes for d in same}) - 1
    if not more:
        return same[0]
    note = f"the same in {more} more use{'s' if more > 1 else ''} with other values"
    return replace(same[0], notes=(*same[0].notes, note))


def _wrong_count(word: FlowWord, count: int, span: Span) -> Diagnostic:
    low, high = word.inputs
    if high is None:
        wanted = f"at least {low} inputs"
    elif low == high:
        wanted = "one input" if low == 1 else f"{low} inputs"
    else:
        wanted = f"{low} to {high} inputs"
    if low == 1:
        advice = f"merge them first: (a, b) -> concat -> {word.word}"
    elif word.kind == "merge":
        advice = f"write {word.word}(a, b), or a -> {word.word}(b)"
    else:
        advice = f"write (a, b) -> {word.word}"
    message = f"`{word.word}` takes {wanted}, got {count}"
    return error("E0403", message, span, fixes=[Fix(advice)])
