"""Why a token does not fit, and what was most likely meant.

`explain` reports at most one fault for a statement. It returns True when it has mended the input so that the
parser can go on at once, and False when the statement has to be given up. The checks stand in the order of
their certainty; each looks only at the tokens around the fault and at what the parser would accept instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dslc.diagnostics import Label
from dslc.syntax import foreign, missing, mixed
from dslc.syntax.place import Place, shown
from dslc.syntax.table import END
from dslc.syntax.tokens import CLOSERS, SPELLED

if TYPE_CHECKING:
    from dslc.syntax.parser import Parser


def explain(parser: Parser) -> bool:
    """Report the token that does not fit; True when the parser can go on."""
    place = Place(parser)
    for check in CHECKS:
        mended = check(place)
        if mended is not None:
            return mended
    _plain(place)
    return False


def known_already(place: Place) -> bool | None:
    """Everything but a missing comma is reported once for a statement."""
    return False if place.known else None


CHECKS: tuple[Callable[[Place], bool | None], ...] = (
    missing.comma,
    missing.dangling_arrow,
    known_already,
    foreign.habit,
    missing.value,
    missing.operand,
    mixed.reserved,
    mixed.equal_for_equality,
    mixed.typed,
    mixed.colon_or_equal,
    missing.equal,
    missing.source,
    foreign.module_prefix,
    foreign.method_call,
    mixed.odd_comma,
    mixed.chained,
    mixed.arithmetic_on_flow,
    foreign.section_name,
    foreign.mapping,
    foreign.braces,
    foreign.misplaced,
)


def _plain(place: Place) -> None:
    wanted = _expected(place)
    found = "the end of the file" if place.token.type == END else f"`{shown(place.token)}`"
    if place.token.virtual:
        found = "the end of the line"
    message = f"expected {wanted}, found {found}" if wanted else f"{found} does not fit here"
    before = place.near(-1)
    secondary: tuple[Label, ...] = ()
    if before.type and before.end < place.token.start and place.token.first:
        secondary = (Label(place.span(before), "behind this"),)
    place.report("E0101", message, place.span(), "does not fit here", secondary=secondary)


def _expected(place: Place) -> str:
    accepts = place.parser.accepts
    found: list[str] = []
    skipped: set[str] = set()
    if accepts("NUMBER") and not place.complete:
        found.append("a value")
        skipped = {"LPAR"}
    elif accepts("NAME") and not place.complete:
        found.append("a name")
    elif accepts("STRING") and not place.complete:
        found.append('a path in quotes, such as `"blocks.dl"`')
    for kind, text in SPELLED.items():
        if kind not in skipped and accepts(kind) and not (kind in CLOSERS and place.complete):
            found.append(f"`{text}`")
    if not found:
        return {
            "section": "an entry such as `key = value`",
            "match": "an arm `condition: value`",
        }.get(
            place.context,
            "a statement" if place.context == "body" else "`model`, `block` or a section",
        )
    found = found[:4]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}"
