"""Some statements of a spec in canonical layout, the others as they are."""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Edit
from dslc.fmt.layout import Layout


def edits(layout: Layout, start: int, end: int) -> tuple[Edit, ...]:
    """The edits for the statements with a character from `start` to `end`, each from where the one above it ends."""
    source = layout.file.source
    found: list[Edit] = []
    old = new = 0
    for a, b in _stops(layout):
        given = source.text[old:a]
        begins = a - len(given.lstrip())
        if begins <= end and start <= a and given != layout.text[new:b]:
            found.append(Edit(source.span(old, a), layout.text[new:b]))
        old, new = a, b
    return tuple(found)


def _stops(layout: Layout) -> Iterator[tuple[int, int]]:
    """Where statements end, and the lines that open what holds them: in the source, in the text."""
    places = iter(sorted(layout.places))
    place = next(places, None)
    furthest = 0  # a comment behind code may have moved to the end of its line
    for stop in sorted(layout.stops):
        while place is not None and place[0] <= stop:
            furthest = max(furthest, place[1])
            place = next(places, None)
        yield stop, furthest
    yield len(layout.file.source.text), len(layout.text)
