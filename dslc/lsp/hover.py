"""Hover: what a word means and takes, and what it does here."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from lsprotocol import types

from dslc import reference
from dslc.lint.registry import all_rules
from dslc.lsp.diagnostics import explanation
from dslc.lsp.document import Document
from dslc.lsp.hints import details
from dslc.lsp.names import Place
from dslc.lsp.navigation import home
from dslc.lsp.project import Project
from dslc.lsp.steps import scalars_of, shown, values_of
from dslc.lsp.words import Setting, setting_of, word_at
from dslc.source import Span
from dslc.syntax import tree
from dslc.syntax.directives import DIRECTIVE
from dslc.vocab.sections import Section
from dslc.vocab.word import Word


def hover(document: Document, position: types.Position, project: Project) -> types.Hover | None:
    """What is under the cursor; None where nothing has a meaning."""
    at = document.offset(position)
    found = next(_texts(document, at, project), None)
    if found is None:
        return None
    text, span = found
    content = types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.Hover(content, document.range(span))


def _texts(document: Document, at: int, project: Project) -> Iterator[tuple[str, Span]]:
    if document.file is None:
        return
    for comment in document.file.comments:
        if comment.span.start <= at <= comment.span.end:
            found = _suppressed(comment, at)
            if found is not None:
                yield found
            return
    place = document.index.at(at)
    if place is not None:
        yield _named(place, document, project), place.span
    name = _name_at(document.names, at)
    if name is None:
        return
    above = document.above
    setting = setting_of(name, above)
    if setting is not None:
        yield setting_text(setting), name.span
    word = word_at(name, above)
    if word is not None:
        yield word_text(word) + _here(document, name, above), name.span


def _suppressed(comment: tree.Comment, at: int) -> tuple[str, Span] | None:
    """A code in a comment for rules: its page."""
    match = DIRECTIVE.search(comment.text)
    if match is None or match["codes"] is None:
        return None
    by_name = {rule.name: rule.code for rule in all_rules().values()}
    start = comment.span.start + match.start("codes")
    for item in match["codes"].split(","):
        text = item.strip()
        first = start + len(item) - len(item.lstrip())
        if first <= at <= first + len(text):
            page = explanation(by_name.get(text, text.upper()))
            span = comment.span.source.span(first, first + len(text))
            return (page, span) if page else None
        start += len(item) + 1
    return None


def _name_at(names: list[tree.Name], at: int) -> tree.Name | None:
    i = bisect.bisect_right(names, at, key=lambda n: n.span.start)
    near = (n for n in reversed(names[max(0, i - 2) : i]) if at <= n.span.end)
    return next(near, None)


# ------------------------------------------------------------------------------------ words
def word_text(word: type[Word]) -> str:
    """The page of a word: signature, meaning, parameters."""
    parts = [f"```dl\n{reference.signature(word)}\n```", *reference.doc(word)]
    if formula := reference.formula(word):
        parts.append("```python\n" + "\n".join(formula) + "\n```")
    rows = reference.table(word)
    if rows:
        lines = ["| parameter | default | |", "|---|---|---|"]
        for row in rows:
            default = f"`{row.default}`" if row.default else "required"
            lines.append(f"| `{row.name}` | {default} | {row.about}; {row.takes} |")
        parts.append("\n".join(lines))
    if word.reference:
        parts.append(f"Source: {word.reference}")
    return "\n\n".join(parts)


def setting_text(setting: Setting) -> str:
    """What a setting of a section, or a parameter of a word, means."""
    row = next(r for r in reference.table(setting.owner) if r.name == setting.name)
    default = f"Default: `{row.default}`." if row.default else "It must be given."
    owner = setting.owner.word
    where = (
        f"setting of `{owner}`" if issubclass(setting.owner, Section) else f"parameter of `{owner}`"
    )
    return f"**{row.name}**, {where}\n\n{row.about}\n\nIt takes {row.takes}. {default}"


def _here(document: Document, name: tree.Name, above: dict[tree.Node, tree.Node]) -> str:
    """What flows through the word where it is used."""
    node: tree.Node = name
    parent = above.get(name)
    if isinstance(parent, tree.Call) and parent.name is name:
        node = parent
    use = document.uses.get((node.span.start, node.span.end))
    return f"\n\n---\n**Here**\n\n{details(use)}" if use is not None else ""


# ------------------------------------------------------------------------------------ names
def _named(place: Place, document: Document, project: Project) -> str:
    """A name of the user's: what it is, what it holds, where it is from."""
    symbol, analysis = place.symbol, document.analysis
    if not symbol.scope:
        return _definition(place, document, project)
    sort = document.index.scopes.get(symbol.scope, {}).get(symbol.name)
    if sort is None:
        return f"`{symbol.name}` of `{symbol.scope}`"
    lines = [f"**{symbol.name}**, {sort} of `{symbol.scope}`"]
    if analysis is not None:
        shapes = values_of(analysis, symbol.scope, symbol.name)
        held = [] if shapes else scalars_of(analysis, symbol.scope, symbol.name)
        if shapes:
            lines.append(f"shape: {shown(shapes)}")
        if held:
            lines.append(f"value: {shown(held)}")
    if sort == "layer":
        lines += [_let(document, symbol.scope, symbol.name)]
    return "\n\n".join(line for line in lines if line)


def _let(document: Document, scope: str, name: str) -> str:
    """What flows through a layer that has a name."""
    node = document.index.definitions.get(scope)
    for part in node.body if node is not None else ():
        if isinstance(part, tree.Let) and part.name.text == name:
            use = document.uses.get((part.value.span.start, part.value.span.end))
            return details(use) if use is not None else ""
    return ""


def _definition(place: Place, document: Document, project: Project) -> str:
    """A block or model: its head, the comment above it, what goes in and out here."""
    symbol = place.symbol
    node = document.index.definitions.get(symbol.name)
    if node is None and symbol.path is not None:
        other = project.file(symbol.path, document.root)
        node = other.index.definitions.get(symbol.name) if other is not None else None
    if node is None:
        return f"`{symbol.name}` cannot be found"
    parameters = ", ".join(p.span.text for p in node.parameters)
    inputs = [s.span.text for s in node.body if isinstance(s, tree.Input)]
    head = f"{node.kind} {node.name.text}" + (f"({parameters})" if parameters else "")
    parts = ["```dl\n" + "\n".join([head, *(f"  {line}" for line in inputs)]) + "\n```"]
    parts.append(_comment_above(node))
    if symbol.path != document.path and home(symbol, document, project) is not None:
        parts.append(f"from `{symbol.path.name if symbol.path else ''}`")
    start = place.span.start
    use = next((u for (a, _), u in document.uses.items() if a == start), None)
    if use is not None:
        parts.append(f"---\n**Here**\n\n{details(use)}")
    return "\n\n".join(part for part in parts if part)


def _comment_above(node: tree.Definition) -> str:
    """The comment on the lines right above a definition."""
    source, lines = node.span.source, []
    number = node.span.line - 1
    while number >= 1 and source.line(number).lstrip().startswith("#"):
        lines.append(source.line(number).lstrip().lstrip("#").strip())
        number -= 1
    return " ".join(reversed(lines))
