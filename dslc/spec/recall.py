"""What a call says wherever it stands, read once: specs repeat themselves, and editors ask again and again.

A `Reading` is remembered by the word and by what its arguments say, never by their place. Only what has no mistake
in it is remembered: a diagnostic is about a place.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dslc.spec.arithmetic import SpelledFloat
from dslc.spec.bind import activation_argument, match_arguments
from dslc.spec.habits import misread_arguments
from dslc.spec.lookup import names_in, undefined
from dslc.syntax import tree
from dslc.vocab.kinds import BareName
from dslc.vocab.tensor import FlowWord
from dslc.vocab.word import kind_of, parameters

MOST = 10_000  # calls that are remembered
MOST_VALUES = 200  # of the names in a call, for which its word is remembered
PLAIN = frozenset({int, bool, str, BareName, type(None)})  # values that are what they are anywhere
ABSENT = ("absent",)  # stands for the value of a name that the scope does not give

Values = tuple[Hashable, ...]


@dataclass(slots=True, eq=False)
class Reading:
    """A word with arguments that fit. `places` pairs its parameters with the arguments by their number. Of the `names`
    in the arguments, the body must give those that are `free`. `bound` holds words by the values of the names."""

    places: tuple[tuple[str, int], ...]
    names: tuple[str, ...]
    free: tuple[str, ...]
    bound: dict[Values, FlowWord] = field(default_factory=dict)

    def arguments(self, node: tree.Name | tree.Call) -> dict[str, tree.Expr]:
        """The arguments of a call that says the same, by parameter."""
        given = node.arguments if isinstance(node, tree.Call) else ()
        return {name: given[at].value for name, at in self.places}

    def values(self, scope: Mapping[str, Any]) -> Values | None:
        """What the names stand for in `scope`; None where that cannot be remembered."""
        found: list[Hashable] = []
        for name in self.names:
            value = scope.get(name, ABSENT)
            if type(value) in PLAIN:
                found.append((type(value), value))
            elif type(value) is SpelledFloat:
                found.append((SpelledFloat, value.text))
            elif value is ABSENT:
                found.append(ABSENT)
            elif type(value) is tuple and all(type(item) is int for item in value):
                found.append(value)
            else:
                return None
        return tuple(found)

    @staticmethod
    def keep(known: dict[Values, FlowWord], values: Values, word: FlowWord) -> None:
        """Remember the word for these values, in place of all others when there are many."""
        if len(known) >= MOST_VALUES:
            known.clear()
        known[values] = word


_READINGS: dict[Hashable, Reading | None] = {}


def read(word: type[FlowWord], node: tree.Name | tree.Call) -> Reading | None:
    """What `node` says of `word`; None where there is more to say about it, such as a mistake."""
    said: list[Hashable] = [word]
    for argument in node.arguments if isinstance(node, tree.Call) else ():
        said.append(argument.name.text if argument.name is not None else None)
        spelled = _spelled(argument.value)
        if spelled is None:
            return None
        said.append(spelled)
    key = tuple(said)
    try:
        return _READINGS[key]
    except KeyError:
        if len(_READINGS) >= MOST:
            _READINGS.clear()
        found = _READINGS[key] = _read(word, node)
        return found


def _read(word: type[FlowWord], node: tree.Name | tree.Call) -> Reading | None:
    given = node.arguments if isinstance(node, tree.Call) else ()
    if activation_argument(word, node) or misread_arguments(word, node):
        return None
    arguments, found = match_arguments(word, node)
    if found:
        return None
    names = {name: None for argument in given for name in names_in(argument.value)}
    fields = parameters(word)
    free: dict[str, None] = {}
    for known in ((), names):  # first as if nothing had a name, then as if everything had one
        for name, value in arguments.items():
            problems = undefined(value, known, kind_of(fields[name]))
            if known is names and problems:
                return None
            for d in problems:
                assert d.primary is not None
                if d.primary.span.text not in names:
                    return None
                free[d.primary.span.text] = None
    places = {id(argument.value): at for at, argument in enumerate(given)}
    paired = tuple((name, places[id(value)]) for name, value in arguments.items())
    return Reading(paired, tuple(names), tuple(free))


def _spelled(expr: tree.Expr) -> Hashable | None:
    """What an expression says, whatever its place; None for one that holds flows or arms. The first item of a tuple
    tells its kind."""
    kind = type(expr)
    if kind is tree.Number or kind is tree.Name:
        return expr.text  # type: ignore[union-attr]
    if kind is tree.Size:
        return expr.values  # type: ignore[union-attr]
    parts: list[Hashable | None]
    match expr:
        case tree.String():
            return ("text", expr.value)
        case tree.Tuple():
            parts = [expr.bracket, *map(_spelled, expr.items)]
        case tree.Range():
            parts = ["..", _spelled(expr.low), _spelled(expr.high)]
        case tree.Unary():
            parts = ["unary", expr.op, _spelled(expr.operand)]
        case tree.Binary():
            parts = ["binary", expr.op, _spelled(expr.left), _spelled(expr.right)]
        case tree.Attribute():
            parts = ["attribute", _spelled(expr.value), expr.name.text]
        case tree.Call():
            parts = ["call", expr.name.text]
            for argument in expr.arguments:
                name = argument.name
                parts += [name.text if name is not None else "", _spelled(argument.value)]
        case _:
            return None
    return None if None in parts else tuple(parts)
