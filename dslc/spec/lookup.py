"""Names that mean nothing where they stand: what is said about them, before anything is computed.

`unknown_name` explains one; `undefined` finds all of an expression, with the kind of value wanted at each place,
so that blocks that are never used and arms that are never taken are held to the same standard.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from dslc.diagnostics import Diagnostic, Edit, Fix, did_you_mean, error
from dslc.spec.elsewhere import CHOICE_ALIASES, KIND_HINTS, WORD_HINTS
from dslc.spec.habits import alias_fix
from dslc.syntax import tree
from dslc.vocab.kinds import Kind, OrNone, Text
from dslc.vocab.tensor import AXES
from dslc.vocab.word import aliases, all_words, kind_of, parameters, words

LITERAL_NAMES: dict[str, Any] = {"true": True, "false": False, "none": None}
SIZES = frozenset(name for names in AXES.values() for name in names) | {"rank"}
AN = {"activation", "initializer", "optimizer"}


class HeldKind(Kind):
    """What a block's parameter and a `name = value` may hold: numbers, sizes, flags, and any bare name or word
    that some layer takes."""

    describe = "a number, a size, a name such as `same` or a word such as `relu`"
    word_kinds = ("activation", "initializer", "regularizer", "constraint")

    @cached_property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        found = {
            choice: None
            for word in words("flow").values()
            for info in parameters(word).values()
            for choice in kind_of(info).choices
        }
        return tuple(c for c in found if not any(c in words(k) for k in self.word_kinds))

    def parse(self, value: Any) -> Any:
        return value


HELD = HeldKind()


def word_for(kind: Kind | None, text: str) -> Any:
    """The word called `text` that a place of this kind takes, if any."""
    for word_kind in kind.word_kinds if kind is not None else ():
        found = words(word_kind).get(text)
        if found is not None:
            return found
    return None


def takes_any_name(kind: Kind | None) -> bool:
    named = getattr(kind, "describe", "") == "a name" or getattr(kind, "any_name", False)
    return kind is not None and named


def other_kind(text: str) -> str:
    """What `text` is elsewhere in the language: `an activation`."""
    for kind, found in all_words().items():
        if text in found:
            return f"{'an' if kind in AN else 'a'} {kind}"
    return ""


def unknown_name(
    node: tree.Name,
    known: Collection[str],
    kind: Kind | None,
    owner: str = "",
    call: tree.Call | None = None,
) -> Diagnostic:
    """The name means nothing here; the closest one that would is offered. `owner` is what the value is for."""
    text = node.text
    for word_kind in kind.word_kinds if kind is not None else ():
        alias = aliases(word_kind).get(text)
        if alias:
            message = f"`{text}` is called `{alias}` here"
            return error("E0212", message, node.span, fixes=[alias_fix(call or node, alias)])
    if _holds_text(kind):
        fix = Fix("put it in quotes", (Edit(node.span, f'"{text}"'),))
        return error("E0217", f"{owner} is text in quotes", node.span, fixes=[fix])
    names = [*known]
    message = f"nothing is called `{text}` here"
    notes: list[str] = []
    if kind is not None and (kind.choices or kind.word_kinds):
        wanted = [*kind.choices, *(w for k in kind.word_kinds for w in words(k))]
        names = [*wanted, *names]
        message = f"`{text}` is not {kind.describe}"
        if owner:
            message = f"{owner} must be {kind.describe}, not `{text}`"
        elsewhere = other_kind(text)
        if elsewhere:
            notes.append(f"`{text}` is {elsewhere}")
        notes.append(f"known here: {_listed(wanted if len(wanted) > 1 else names)}")
    elif names:
        notes.append(f"known here: {_listed(names)}")
    if text.lower() in LITERAL_NAMES:
        names.append(text.lower())
    close = did_you_mean(text, names)
    other = CHOICE_ALIASES.get(text)
    kinds = kind.word_kinds if kind is not None else ()
    hint = next((WORD_HINTS[k][text] for k in kinds if text in WORD_HINTS.get(k, {})), None)
    general = next((KIND_HINTS[k] for k in kinds if k in KIND_HINTS), None)
    if hint is not None:
        notes = [note for note in notes if not note.startswith("known")]
        fixes = [Fix(hint)]
    elif kind is not None and other in kind.choices:
        fixes = [Fix(f"write `{other}`", (Edit(node.span, str(other)),))]
    elif close:
        fixes = [Fix(f"did you mean `{close}`?", (Edit(node.span, close),))]
        notes = [note for note in notes if not note.startswith("known")]
    elif kind is not None and (kind.choices or kind.word_kinds):
        fixes = [Fix(general or "write one of those that are known here")]
    else:
        fixes = [Fix(f"name it first, `{text} = …`, or make it a parameter")]
    return error("E0217", message, node.span, notes=notes, fixes=fixes)


def _holds_text(kind: Kind | None) -> bool:
    while isinstance(kind, OrNone):
        kind = kind.item
    return isinstance(kind, Text)


def _listed(names: Collection[str]) -> str:
    shown = [*dict.fromkeys(names)]
    return ", ".join(shown[:12]) + (", …" if len(shown) > 12 else "")


def names_in(expr: tree.Expr) -> Iterator[str]:
    """Every name that an expression asks for."""
    todo: list[tree.Node] = [expr]
    while todo:
        node = todo.pop()
        match node:
            case tree.Name():
                yield node.text
            case tree.Tuple():
                todo += node.items
            case tree.Range():
                todo += [node.low, node.high]
            case tree.Unary():
                todo.append(node.operand)
            case tree.Binary():
                todo += [node.left, node.right]
            case tree.Attribute():
                todo.append(node.value)
            case tree.Call():
                todo += [a.value for a in node.arguments]
            case tree.Match():
                todo += [arm.condition for arm in node.arms if arm.condition is not None]
                todo += [arm.value for arm in node.arms]
            case tree.Flow():
                todo.append(node.source)
                todo += [s.target for s in node.steps]
            case tree.Chain():
                todo += [s.target for s in node.steps]


def undefined(
    expr: tree.Expr, known: Collection[str], kind: Kind | None = None, owner: str = ""
) -> list[Diagnostic]:
    """Everything in `expr` that has no meaning whatever the values are. Recursion is bounded by the parser."""
    match expr:
        case tree.Name():
            return _name(expr, known, kind, owner)
        case tree.Tuple():
            item_kind = getattr(kind, "item", kind)
            return [d for item in expr.items for d in undefined(item, known, item_kind, owner)]
        case tree.Range():
            return undefined(expr.low, known) + undefined(expr.high, known)
        case tree.Call():
            return _call(expr, known, kind, owner)
        case tree.Attribute():
            return _attribute(expr, known)
        case tree.Unary():
            return undefined(expr.operand, known, kind if expr.op == "-" else None, owner)
        case tree.Binary():
            inner = HELD if expr.op in ("==", "!=") else None
            return undefined(expr.left, known, inner) + undefined(expr.right, known, inner)
        case tree.Match():
            found = []
            for arm in expr.arms:
                if arm.condition is not None:
                    found += undefined(arm.condition, known)
                found += undefined(arm.value, known, kind, owner)
            return found
    return []


def _name(
    node: tree.Name, known: Collection[str], kind: Kind | None, owner: str
) -> list[Diagnostic]:
    text = node.text
    if text in known or text in LITERAL_NAMES or takes_any_name(kind):
        return []
    if kind is not None and (text in kind.choices or word_for(kind, text) is not None):
        return []
    return [unknown_name(node, known, kind, owner)]


def _call(
    node: tree.Call, known: Collection[str], kind: Kind | None, owner: str
) -> list[Diagnostic]:
    from dslc.spec.bind import match_arguments

    word = word_for(kind, node.name.text)
    if word is None:
        return [misplaced_call(node, kind, owner)]
    arguments, found = match_arguments(word, node)
    fields = parameters(word)
    for name, value in arguments.items():
        found += undefined(value, known, kind_of(fields[name]), f"`{name}` of `{word.word}`")
    return found


def misplaced_call(node: tree.Call, kind: Kind | None, owner: str = "") -> Diagnostic:
    """`Dense(3)` where a number is wanted."""
    if kind is not None and kind.word_kinds:
        return unknown_name(node.name, (), kind, owner, node)
    wanted = kind.describe if kind is not None else "a number, a size or a name"
    message = f"`{node.name.text}(…)` cannot stand here: this must be {wanted}"
    elsewhere = other_kind(node.name.text)
    notes = [f"`{node.name.text}` is {elsewhere}"] if elsewhere else []
    fixes = [Fix(f"write {wanted}")]
    return error("E0215", message, node.span, notes=notes, fixes=fixes)


def _attribute(node: tree.Attribute, known: Collection[str]) -> list[Diagnostic]:
    found = undefined(node.value, known)
    if found or node.name.text in SIZES:
        return found
    close = did_you_mean(node.name.text, SIZES)
    message = f"tensors have no `.{node.name.text}`"
    notes = [
        "an image has .height, .width, .channels; a sequence .length, .channels; all have .rank"
    ]
    fixes = [Fix("write one of these")]
    if close:
        fixes = [Fix(f"did you mean `{close}`?", (Edit(node.name.span, close),))]
    return [error("E0219", message, node.name.span, notes=notes, fixes=fixes)]
