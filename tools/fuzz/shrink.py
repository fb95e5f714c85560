"""A failing spec made small: what can be left out while the failure stays is left out.

Works on the tree that dslc reads, so it takes any spec: declarations, statements, steps, arms, arguments and labels
are dropped or put in each other's place, numbers made smaller. `judge` says what is wrong with a text.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from dslc.driver import analyse_source
from dslc.source import Source, Span
from dslc.syntax import parse, tree
from fuzz.fault import Fault

Judge = Callable[[str], Fault | None]
Edit = tuple[int, int, str]
UNUSED = ("E0202", "E0206", "E0207")


def shrink(text: str, found: Fault, judge: Judge, *, seconds: float = 120.0) -> str:
    """The smallest text with the same fault that is found in `seconds`."""
    end = time.monotonic() + seconds
    valid = not found.kind.startswith(("crash in check", "refused by check"))
    seen = {text}
    smaller = True
    while smaller:
        smaller = False
        for candidate in candidates(text):
            if time.monotonic() > end:
                return text
            candidate = tidy(candidate) if valid else candidate
            if candidate in seen or _weight(candidate) >= _weight(text):
                continue
            seen.add(candidate)
            if valid and not _ok(candidate):
                continue
            if found.same(judge(candidate)):
                candidate = re.sub(r"\n\s*\n(?=\s)", "\n", candidate)
                text, smaller = candidate, True
                break
    return text


def _weight(text: str) -> tuple[int, int]:
    """How large a text is: its words and signs, then its numbers."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    return len(tokens), sum(int(t) for t in re.findall(r"\d+", text) if len(t) < 9)


def _ok(text: str) -> bool:
    try:
        found = analyse_source(Source("spec.dl", text))
    except Exception:
        return False
    return found.ok and bool(found.models)


def tidy(text: str) -> str:
    """The text without what nothing uses."""
    for _ in range(8):
        try:
            found = analyse_source(Source("spec.dl", text))
        except Exception:
            return text
        unused = [d.primary.span for d in found.diagnostics if d.code in UNUSED and d.primary]
        if not unused or found.file is None:
            return text
        edits = []
        for node in nodes(found.file):
            if isinstance(node, tree.Let | tree.Input | tree.Parameter) and any(
                _inside(span, node.name.span) for span in unused
            ):
                edits.append(without(text, node.span))
            elif isinstance(node, tree.Step) and node.label is not None:
                label = node.label.span
                if any(_inside(span, label) for span in unused):
                    start = text.rindex("as", 0, label.start)
                    edits.append((start, label.end, ""))
        if not edits:
            return text
        text = apply(text, edits)
    return text


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def apply(text: str, edits: list[Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def without(text: str, span: Span) -> Edit:
    """The span left out, with the comma behind it or in front of it, or its line."""
    behind = re.compile(r"\s*,\s*").match(text, span.end)
    if behind:
        return span.start, behind.end(), ""
    before = re.search(r",\s*$", text[: span.start])
    if before:
        return before.start(), span.end, ""
    return span.start, span.end, ""


def nodes(root: Any) -> Iterator[Any]:
    """Every node below `root`, outer ones first."""
    todo = [root]
    while todo:
        node = todo.pop(0)
        if isinstance(node, tuple):
            todo += node
        elif dataclasses.is_dataclass(node) and not isinstance(node, Span | Source):
            yield node
            todo += [getattr(node, f.name) for f in dataclasses.fields(node)]


# --------------------------------------------------------------------------- what could be left out


def candidates(text: str) -> Iterator[str]:
    """Smaller texts, the boldest first."""
    file, _ = parse(Source("spec.dl", text))
    if file is None:
        return
    every = list(nodes(file))
    for make in (_declarations, _statements, _flows, _values, _arguments, _parameters, _numbers):
        for node in every:
            for edits in make(text, node):
                yield apply(text, edits)


def _declarations(text: str, node: Any) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Definition | tree.Section | tree.Import):
        yield [(node.span.start, node.span.end, "")]


def _statements(text: str, node: Any) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Input | tree.Output | tree.Assert | tree.Bare | tree.Let):
        gone = (node.span.start, node.span.end, "")
        if isinstance(node, tree.Let):
            for stand_in in _sources(node.value):
                yield [gone, *_renamed(text, node.name.text, stand_in, gone)]
        yield [gone]


def _sources(value: Any) -> list[str]:
    """Names that may stand for a value: what flows into it."""
    names = [n.text for n in nodes(value) if isinstance(n, tree.Name)]
    return [n for n in dict.fromkeys(names) if re.fullmatch(r"[a-z]+\d+|[a-z]", n)][:3]


def _renamed(text: str, name: str, new: str, gone: Edit) -> list[Edit]:
    found = re.finditer(rf"\b{re.escape(name)}\b", text)
    return [(m.start(), m.end(), new) for m in found if not gone[0] <= m.start() < gone[1]]


def _flows(text: str, node: Any) -> Iterator[list[Edit]]:
    """Steps left out: all behind one, then one by one; labels and repeats taken off."""
    if isinstance(node, tree.Flow | tree.Chain):
        ends = [s.span.end for s in node.steps]
        first = node.source.span.end if isinstance(node, tree.Flow) else node.span.start
        starts = [first, *ends[:-1]]
        for at in range(len(node.steps)):
            if at or isinstance(node, tree.Flow):
                yield [(starts[at], ends[-1], "")]
        for at in range(len(node.steps)):
            if isinstance(node, tree.Chain) and at == 0:
                if len(node.steps) > 1:
                    yield [(node.steps[0].span.start, node.steps[1].target.span.start, "")]
            else:
                yield [(starts[at], ends[at], "")]
    if isinstance(node, tree.Step):
        inside = node.target.span
        if isinstance(node.target, tree.Chain):
            steps = node.target.steps
            yield [
                (_behind_arrow(node), node.span.end, text[steps[0].span.start : steps[-1].span.end])
            ]
        elif node.times is not None or node.label is not None:
            yield [(inside.start, node.span.end, inside.text)]
        yield [(_behind_arrow(node), node.span.end, "identity")]


def _behind_arrow(step: tree.Step) -> int:
    text = step.span.text
    return step.span.start + (len(text) - len(text[2:].lstrip()) if text.startswith("->") else 0)


def _values(text: str, node: Any) -> Iterator[list[Edit]]:
    """A match, a merge or several tensors replaced by one of their parts."""
    parts: list[Any] = []
    if isinstance(node, tree.Match):
        parts = [arm.value for arm in node.arms]
    elif isinstance(node, tree.Call):
        parts = [a.value for a in node.arguments if a.name is None]
    elif isinstance(node, tree.Tuple):
        parts = list(node.items)
    elif isinstance(node, tree.Binary):
        parts = [node.left, node.right]
    for part in parts:
        yield [(node.span.start, node.span.end, part.span.text)]


def _arguments(text: str, node: Any) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Argument):
        yield [without(text, node.span)]
    if isinstance(node, tree.Call):
        yield [(node.name.span.end, node.span.end, "")]
    if isinstance(node, tree.Tuple):
        for item in node.items:
            yield [without(text, item.span)]
    if isinstance(node, tree.Input) and node.where is not None and node.shape is not None:
        yield [(node.shape.span.end, node.span.end, "")]


def _parameters(text: str, node: Any) -> Iterator[list[Edit]]:
    """A parameter of a block replaced by its default."""
    if not isinstance(node, tree.Definition):
        return
    for p in node.parameters:
        if p.default is not None:
            start, end, _ = gone = without(text, p.span)
            inside = [
                (m.start(), m.end(), p.default.span.text)
                for m in re.finditer(rf"\b{p.name.text}\b", text)
                if node.span.start <= m.start() < node.span.end and not start <= m.start() < end
            ]
            yield [gone, *inside]


def _numbers(text: str, node: Any) -> Iterator[list[Edit]]:
    if isinstance(node, tree.Number):
        for new in _smaller(node.value):
            yield [(node.span.start, node.span.end, new)]
    if isinstance(node, tree.Size):
        for at, size in enumerate(node.values):
            for new in _smaller(size):
                sizes = [*map(str, node.values)]
                sizes[at] = new
                yield [(node.span.start, node.span.end, "x".join(sizes))]


def _smaller(value: float) -> list[str]:
    if isinstance(value, float) and not value.is_integer():
        return ["0", "1"]
    whole = int(value)
    return [str(n) for n in dict.fromkeys((1, 2, whole // 2, whole - 1)) if 0 < n < whole]
