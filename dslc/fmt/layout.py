"""One text through all stages: parsed, laid out, and compared with what it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.fmt.builder import Builder, Drift
from dslc.fmt.printer import Printer
from dslc.fmt.same import same
from dslc.fmt.settle import settle, whole
from dslc.fmt.statements import expand, file
from dslc.fmt.tables import align
from dslc.fmt.trivia import pieces_of
from dslc.source import Source
from dslc.syntax import parse, tree
from dslc.syntax.report import Report
from dslc.syntax.scan import scan

EMPTY = "E0106"
TURNS = 5  # comments in odd places may need a second turn until nothing moves any more


@dataclass(frozen=True, slots=True)
class Layout:
    """A formatted text and the tree that it was made of. `places` says where words and comments end, in the source and
    in the text; `stops` where statements do, in the source."""

    text: str
    file: tree.File
    places: Sequence[tuple[int, int]]
    stops: Collection[int]


def lay_out(source: Source) -> tuple[Layout | None, tuple[Diagnostic, ...]]:
    """The canonical layout of `source`, or why there is none."""
    parsed, found = _parse(source)
    if parsed is None:
        return None, found
    try:
        laid = _lay_out(parsed)
        for _ in range(TURNS):
            again, _ = _parse(Source(source.name, laid.text))
            if again is None or not same(parsed, again):
                break
            settled = _lay_out(again)
            if settled.text == laid.text:
                return laid, ()
            laid = _joined(laid, settled)
    except Drift:
        pass
    return None, (_gave_up(source),)


def _joined(first: Layout, second: Layout) -> Layout:
    """Two layouts, one after the other, as one."""
    moved = dict(second.places)
    places = [(a, moved[b]) for a, b in first.places if b in moved]
    return Layout(second.text, first.file, places, first.stops)


def _parse(source: Source) -> tuple[tree.File | None, tuple[Diagnostic, ...]]:
    """The tree of a text without faults. A text that says nothing is no fault here."""
    parsed, found = parse(source)
    if not found:
        return parsed, ()
    if [d.code for d in found] == [EMPTY]:
        return tree.File(source, (), scan(source, Report(source))[1]), ()
    return None, found


def _lay_out(parsed: tree.File) -> Layout:
    tokens, comments = scan(parsed.source, Report(parsed.source))
    builder = Builder(pieces_of(parsed, tokens or [], comments), expand)
    commands = builder.run(file(builder, parsed.declarations))
    broken = settle(commands)
    align(builder.tables, commands, broken)
    printer = Printer(commands, broken, whole(commands))
    return Layout(printer.run(), parsed, printer.places, builder.stops)


def _gave_up(source: Source) -> Diagnostic:
    return error(
        "E0140",
        "the formatter would change more than the layout of this file: it is left as it is",
        source.span(0, 0),
        fixes=[Fix("this is a bug in dslc: please report it together with the file")],
    )
