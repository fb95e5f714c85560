"""The names that a spec gives itself, where they may be written."""

from __future__ import annotations

from collections.abc import Iterator

from dslc.check.callbacks import logged_values
from dslc.check.parts import tuned
from dslc.driver import Analysis
from dslc.lsp import paths
from dslc.lsp.candidates import FITTING, NEAR, Candidate, Kinds, value_candidates
from dslc.lsp.cursor import Cursor
from dslc.lsp.document import Document
from dslc.lsp.names import Index, Sort, index_of
from dslc.lsp.project import Project
from dslc.spec.lookup import HELD, takes_any_name
from dslc.spec.names import PROMISES
from dslc.syntax import tree
from dslc.vocab.experiment import Monitoring
from dslc.vocab.tensor import Tensor
from dslc.vocab.word import Word, parameters

TENSORS: tuple[Sort, ...] = ("input", "value", "label", "output")
LAYERS: tuple[Sort, ...] = ("layer", "parameter")


def known(document: Document) -> Index:
    """The names of the text, or those of its last version that could be read."""
    if document.index.definitions or document.earlier is None or document.earlier.file is None:
        return document.index
    return index_of(document.earlier.file, document.path, document.root)


def _given(document: Document, cursor: Cursor) -> dict[str, Sort]:
    """The names of the body around that stand in front of the cursor."""
    scope = cursor.body.name if cursor.body is not None else ""
    index = known(document)
    names = index.scopes.get(scope, {})
    if index is not document.index:
        return dict(names)
    before = {
        p.symbol.name
        for p in index.places
        if p.sort is not None and p.symbol.scope == scope and p.span.end < cursor.start
    }
    return {name: sort for name, sort in names.items() if name in before}


def values(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    """Inputs, values, labels, parameters."""
    for name, sort in _given(document, cursor).items():
        if sort != "layer":
            yield Candidate(name, Kinds.Variable, detail=sort, order=NEAR)


def layers(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    """Layers with a name, and parameters that may hold an activation."""
    for name, sort in _given(document, cursor).items():
        if sort in LAYERS:
            yield Candidate(name, Kinds.Variable, detail=sort, order=NEAR)


def definitions(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    """Blocks and models that may be used here."""
    index = known(document)
    here = cursor.body.name if cursor.body is not None else ""
    for name, node in index.definitions.items():
        if name != here:
            required = [p.name.text for p in node.parameters if p.default is None]
            inner = ", ".join(f"${{{i + 1}:{n}}}" for i, n in enumerate(required))
            insert = f"{name}({inner})$0" if required else ""
            yield Candidate(name, Kinds.Struct, insert, node.kind, NEAR)
    for name in index.imports:
        yield Candidate(name, Kinds.Struct, detail="imported block", order=NEAR)


def definition(document: Document, name: str, project: Project) -> tree.Definition | None:
    """The block of this name, of this file or imported."""
    index = known(document)
    found = index.definitions.get(name)
    path = index.imports.get(name)
    if found is None and path is not None:
        other = project.file(path, document.root)
        found = other.index.definitions.get(name) if other is not None else None
    return found


def block_arguments(
    document: Document, cursor: Cursor, block: tree.Definition
) -> Iterator[Candidate]:
    """Parameters of a block that are not given yet, or values for them."""
    if not cursor.key:
        given = cursor.inner.given
        for p in block.parameters:
            if p.name.text not in given:
                default = p.default.span.text if p.default is not None else ""
                insert = f"{p.name.text}=${{1:{default}}}" if default else f"{p.name.text}=$1"
                detail = f"default {default}" if default else "required"
                yield Candidate(p.name.text, Kinds.Property, insert, detail, NEAR)
    yield from values(document, cursor)
    yield from value_candidates(HELD)


def promises(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    """What `assert` may ask about besides names."""
    scope = cursor.body.name if cursor.body is not None else ""
    node = known(document).definitions.get(scope)
    if node is not None and node.kind == "model":
        yield from (Candidate(name, Kinds.Constant, order=FITTING) for name in PROMISES)


# ------------------------------------------------------------------------------------ shapes
def flowing(document: Document, cursor: Cursor) -> Tensor | None:
    """The tensor in front of the arrow at the cursor, where it is known."""
    tokens = cursor.inner.tokens
    if len(tokens) < 2:
        return None
    end = tokens[-2].end
    for (_, stop), use in document.uses.items():
        if stop == end:
            return next((once.output for once in use.all if once.output is not None), None)
    return _value(document, tokens[-2].text)


def _value(document: Document, name: str) -> Tensor | None:
    for analysis in (document.analysis, document.earlier):
        for model in analysis.models if analysis is not None else ():
            for frame in model.graph.frames:
                found = frame.values.get(name) or frame.inputs.get(name)
                if found is not None:
                    return found
    return None


def rank_of(document: Document, name: str) -> int | None:
    found = _value(document, name)
    return found.rank if found is not None else None


# ------------------------------------------------------------------------------------ sections
def outputs(document: Document) -> list[str]:
    """The results of the main model that have names."""
    index = known(document)
    return [n for n, sort in index.scopes.get(index.main(), {}).items() if sort == "output"]


def labels(document: Document) -> list[str]:
    """The labels of the main model: what `finetune` may be about."""
    index = known(document)
    return [n for n, sort in index.scopes.get(index.main(), {}).items() if sort == "label"]


def _checked(document: Document) -> Analysis | None:
    """The newest analysis with a model."""
    both = (document.analysis, document.earlier)
    return next((a for a in both if a is not None and a.models and a.spec is not None), None)


def parts(document: Document) -> list[str]:
    """Stages or labels in the backbone that `finetune` is about."""
    analysis = _checked(document)
    if analysis is None or analysis.spec is None:
        return []
    section, graph = analysis.spec.sections.get("finetune"), analysis.models[-1].graph
    if section is None or section.label is None or not graph.complete:
        return []
    found: dict[str, None] = {}
    for model in tuned(graph, section.label.text):
        names = model.stages or [name for part in model.parts for name in part.names]
        found |= dict.fromkeys(names)
    return list(found)


def monitors(document: Document) -> list[str]:
    """What a callback may watch."""
    analysis = _checked(document)
    train = analysis.spec.sections.get("train") if analysis and analysis.spec else None
    if analysis is None or train is None:
        return []
    return logged_values(train, analysis.models[-1].graph) or []


def named(
    document: Document, cursor: Cursor, owner: type[Word], key: str, project: Project
) -> Iterator[Candidate]:
    """The names that a value may be: logged values, parts of the backbone, columns of a table."""
    if not key and cursor.inner.shape == "call":
        key = next(iter(list(parameters(owner))[cursor.inner.position :]), "")
    info = parameters(owner).get(key)
    kind = next((k for k in info.metadata), None) if info is not None else None
    if not takes_any_name(kind):
        return
    if issubclass(owner, Monitoring):
        found = monitors(document)
    elif owner.kind == "source":
        found = paths.columns(document, cursor)
    else:
        found = parts(document)
    yield from (Candidate(name, Kinds.Variable, order=NEAR) for name in found)
