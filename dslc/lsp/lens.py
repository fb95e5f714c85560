"""Code lenses: over every model and block what it costs, over models what can be done with them."""

from __future__ import annotations

from lsprotocol import types

from dslc.lsp.document import Document
from dslc.lsp.steps import Once, model_named, shown
from dslc.syntax import tree
from dslc.vocab.libraries import counted

OPEN_SCRIPT = "dslc.openScript"
# What the editor runs in a terminal: the server executes nothing.
TERMINAL = {"compile": "dslc.compile", "verify": "dslc.verify", "run": "dslc.run"}


def lenses(document: Document) -> list[types.CodeLens]:
    found: list[types.CodeLens] = []
    analysis = document.analysis
    if document.file is None or analysis is None:
        return found
    for node in document.file.declarations:
        if not isinstance(node, tree.Definition):
            continue
        where = document.range(node.name.span)
        text = costs(document, node)
        if text:
            found.append(types.CodeLens(where, types.Command(text, "")))
        if node.kind == "model" and analysis.ok:
            found += [
                types.CodeLens(
                    where, types.Command(title, command, arguments=[document.uri, node.name.text])
                )
                for title, command in {**TERMINAL, "open script": OPEN_SCRIPT}.items()
            ]
    return found


def costs(document: Document, node: tree.Definition) -> str:
    """`29,162 parameters · 1,208,320 multiply-adds`; of a block those of each use where they differ."""
    assert document.analysis is not None
    model = model_named(document.analysis, node.name.text) if node.kind == "model" else None
    if model is not None and model.summary is not None:
        s = model.summary
        parts = [f"{counted(s.trainable)} parameters"]
        if s.weights != s.trainable:
            parts.append(f"{counted(s.weights - s.trainable)} not trained")
        return " · ".join([*parts, f"{counted(s.multiply_adds)} multiply-adds"])
    uses = _uses(document, node)
    if not uses:
        return ""
    numbers = list(dict.fromkeys(counted(once.trainable) for once in uses))
    times = f"{len(uses)} uses" if len(uses) > 1 else "1 use"
    return f"{shown(numbers)} parameters · {times}"


def _uses(document: Document, node: tree.Definition) -> list[Once]:
    """Every time that a block of this text is used, in this text."""
    found = []
    for (start, end), use in document.uses.items():
        text = document.source.text[start:end]
        if text == node.name.text or text.startswith(f"{node.name.text}("):
            found += [once for once in use.all if once.word is None]
    return found
