"""What the grammar lets pass because newlines mean nothing: `lr 1e-3` reads as two statements.

Walks the finished tree, reports pairs of statements that were meant as one, and puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dslc.source import Span
from dslc.syntax import tree
from dslc.syntax.habits import HABITS
from dslc.syntax.report import Report, insert, swap

LITERALS = (tree.Number, tree.String, tree.Size, tree.Range)


def check(declarations: Iterable[Any], report: Report) -> tuple[Any, ...]:
    """The declarations with their statements mended."""
    out: list[Any] = []
    for item in declarations:
        if isinstance(item, tree.Definition):
            item = replace(item, body=_join(item.body, report, in_body=True))
        elif isinstance(item, tree.Section):
            item = _section(item, report)
        out.append(item)
    return tuple(out)


def _section(section: tree.Section, report: Report) -> tree.Section:
    entries = [_section(e, report) if isinstance(e, tree.Section) else e for e in section.entries]
    return replace(section, entries=_join(entries, report, in_body=False))


def _join(statements: Iterable[Any], report: Report, *, in_body: bool) -> tuple[Any, ...]:
    statements = list(statements)
    last = len(statements) - 1
    keyed = any(isinstance(s, tree.Let) for s in statements)
    out: list[Any] = []
    for i, item in enumerate(statements):
        before = out[-1] if out else None
        if in_body and _called(before, item):
            _arrow_for_call(before, item, report)
            continue
        if not isinstance(item, tree.Bare):
            out.append(item)
            continue
        following = statements[i + 1] if i + 1 < len(statements) else None
        alone = following is None or not _same_line(item, following)
        if isinstance(before, tree.Bare) and _same_line(before, item):
            first = len(out) < 2 or not _same_line(out[-2], before)
            merged = _pair(before, item, report, in_body, keyed and alone and first)
            if merged is not None:
                out[-1] = merged
                continue
        elif not in_body and _swallowed(before, item):
            out += _parted(out.pop(), item, report)
            continue
        elif before is not None and in_body and i < last and _cut_flow(before, item):
            _missing_arrow(before, item, report)
            continue
        if _fits(item, report):
            out.append(item)
    return tuple(out)


def _same_line(first: tree.Node, second: tree.Node) -> bool:
    gap = second.span.source.text[first.span.end : second.span.start]
    return "\n" not in gap and "\r" not in gap


def _pair(
    first: tree.Bare, second: tree.Bare, report: Report, in_body: bool, lone_pair: bool
) -> Any:
    """What `first second` on one line was meant to be, after the report; None when both may stand."""
    name, value = first.value, second.value
    whole = first.span.to(second.span)
    if isinstance(name, tree.Name) and name.text in HABITS:
        if not _known(whole, report):
            message = f"`{name.text}` is not a word of a spec"
            report.add("E0120", message, first.span, HABITS[name.text])
        return second
    if isinstance(name, tree.Name):
        literal = isinstance(value, LITERALS)
        worded = isinstance(value, (tree.Call, tree.Flow, tree.Tuple)) or (
            isinstance(value, tree.Name) and value.text[:1].isupper()
        )
        if literal or in_body or (name.text[:1].islower() and (worded or lone_pair)):
            if not _known(whole, report):
                _missing_equal(name, second, report)
            return tree.Let(whole, name, value)
    elif in_body and isinstance(name, (tree.Call, tree.Flow)):
        _missing_arrow(first, second, report)
        return first
    return None


def _swallowed(before: Any, item: tree.Bare) -> bool:
    """`scale =` above `batch 32`: the next key was taken for the value."""
    return (
        isinstance(before, tree.Let)
        and isinstance(before.value, tree.Name)
        and isinstance(item.value, LITERALS)
        and _same_line(before.value, item)
        and not _same_line(before.name, before.value)
    )


def _parted(before: tree.Let, item: tree.Bare, report: Report) -> list[tree.Let]:
    """The two settings that such a pair was meant to be, after the reports."""
    key = before.value
    assert isinstance(key, tree.Name)
    message = f"the value of `{before.name.text}` is missing"
    report.add("E0111", message, before.name.span, "a value belongs behind its `=`")
    _missing_equal(key, item, report)
    return [tree.Let(key.span.to(item.span), key, item.value)]


def _missing_equal(name: tree.Name, item: tree.Bare, report: Report) -> None:
    report.add(
        "E0111",
        f"`=` is missing between `{name.text}` and `{_short(item.value)}`",
        item.span,
        f"the value of `{name.text}`?",
        fixes=[insert("insert `=`", name.span.after(), " =")],
    )


def _cut_flow(before: Any, item: tree.Bare) -> bool:
    """`y = x -> Dense(8) relu`."""
    return (
        isinstance(before, tree.Let)
        and isinstance(before.value, tree.Flow)
        and isinstance(item.value, (tree.Name, tree.Call))
        and _same_line(before, item)
    )


def _called(before: Any, item: Any) -> bool:
    """`Dense(3)(a)`: a call, and right behind it parentheses."""
    return (
        isinstance(before, (tree.Bare, tree.Let))
        and isinstance(before.value, tree.Call)
        and isinstance(item, tree.Bare)
        and item.span.start == before.span.end
        and item.span.text.startswith("(")
    )


def _arrow_for_call(before: Any, item: tree.Bare, report: Report) -> None:
    call, whole = before.value, before.value.span.to(item.span)
    if _known(before.span.to(item.span), report):
        return
    given = item.span.text
    if not isinstance(item.value, tree.Tuple):
        given = item.value.span.text.removeprefix("(").removesuffix(")").strip()
    text = f"{given} -> {call.span.text}"
    report.add(
        "E0115",
        f"a tensor flows into `{call.name.text}` by an arrow",
        item.span,
        "not by a second pair of parentheses",
        fixes=[swap(f"write {' '.join(text.split())}", whole, text)],
    )


def _missing_arrow(first: tree.Node, second: tree.Bare, report: Report) -> None:
    source, start = second.span.source, second.span.start
    line = source.line(second.span.line)  # of a flow of several lines only this one counts
    begin = start - source.line_column(start)[1] + 1
    if report.explains(begin, begin + len(line)):
        return
    report.add(
        "E0115",
        f"`->` is missing in front of `{_short(second.value)}`",
        second.span,
        "a flow joins its steps by `->`",
        fixes=[insert("insert `->`", first.span.after(), " ->")],
    )


def _known(span: Span, report: Report) -> bool:
    """Is a fault of this line reported already?"""
    source = span.source
    begin = source.line_starts[source.line_column(span.start)[0] - 1]
    return report.explains(begin, span.end)


def _fits(item: tree.Bare, report: Report) -> bool:
    """Can this value be a statement? Reports it when not."""
    value, span = item.value, item.span
    if isinstance(value, tree.Binary) and value.op == "==" and isinstance(value.left, tree.Name):
        if not _known(span, report):
            text = span.source.text
            at = text.index("==", value.left.span.end)
            sign = span.source.span(at, at + 2)
            report.add(
                "E0112",
                f"`==` compares; `{value.left.text}` gets its value with `=`",
                sign,
                "a comparison on its own does nothing",
                fixes=[swap("write `=`", sign, "=")],
            )
        return False
    if isinstance(value, LITERALS):
        if not _known(span, report):
            report.add(
                "E0123",
                f"`{_short(value)}` on its own says nothing",
                span,
                "a statement names, or lets something flow",
                notes=["entries read `key = value`; flows read `x -> Dense(8)`"],
                fixes=[swap("remove it, or put a name and `=` in front", span, "", safe=False)],
            )
        return False
    return True


def _short(node: tree.Node) -> str:
    text = " ".join(node.span.text.split())
    return text if len(text) <= 40 else text[:37] + "…"
