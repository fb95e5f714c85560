"""Completion: what fits where the cursor is, in texts that are being written."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from dslc.lsp import local, paths, snippets
from dslc.lsp.candidates import (
    FITTING,
    NEAR,
    SPELLED,
    Candidate,
    Kinds,
    flow_candidates,
    kind_of_parameter,
    parameter_candidates,
    value_candidates,
    word_candidate,
    word_candidates,
)
from dslc.lsp.cursor import Cursor, Frame, cursor_at
from dslc.lsp.document import Document
from dslc.lsp.project import Project
from dslc.lsp.words import find, inner_section
from dslc.spec.lookup import HELD, SIZES
from dslc.syntax.tokens import OPERATORS
from dslc.vocab.sections import ROLES, SECTIONS, Section
from dslc.vocab.tensor import AXES
from dslc.vocab.word import Word, parameters, words

AWAITING = ("ARROW", "COMMA", "EQUAL")
TRIGGERS = [">", " ", "(", "=", ",", ".", '"', "/", "[", "{"]


def complete(
    document: Document,
    position: types.Position,
    project: Project,
    *,
    snippet: bool = True,
    typed: str | None = None,
) -> types.CompletionList:
    """Everything that may be written at the cursor, what fits best first. `typed` is the sign that made the client ask
    by itself: a blank is no reason to interrupt but behind an arrow, a comma or `=`."""
    cursor = cursor_at(document.source, document.offset(position))
    found: dict[str, Candidate] = {}
    last = cursor.last.type if cursor.last is not None else ""
    quiet = (typed == " " and last not in AWAITING) or (typed == ">" and last != "ARROW")
    if not cursor.comment and not quiet:
        for candidate in _candidates(document, cursor, project):
            found.setdefault(candidate.label, candidate)
    start = cursor.start if cursor.quoted is None else paths.start(cursor)
    range = document.positions.range(start, cursor.offset)
    items = [c.item(range, snippet) for c in found.values()]
    return types.CompletionList(False, sorted(items, key=lambda item: item.sort_text or ""))


def _candidates(document: Document, cursor: Cursor, project: Project) -> Iterator[Candidate]:
    if cursor.quoted is not None:
        yield from paths.candidates(document, cursor, project)
        return
    frame = cursor.inner
    if len(cursor.frames) == 1:
        yield from _top(document, cursor)
    elif frame.shape == "import":
        yield from paths.imported(document, frame.name, project)
    elif frame.shape == "call":
        yield from _call(document, cursor, project)
    elif frame.shape in ("list", "group") and cursor.sections and cursor.body is None:
        yield from _listed(document, cursor)
    elif frame.shape == "section":
        yield from _section(document, cursor, project)
    elif frame.shape == "parameters":
        if cursor.key:
            yield from value_candidates(HELD)
    elif cursor.body is not None:
        yield from _body(document, cursor, project)


# ------------------------------------------------------------------------------------ the file
def _top(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    last = cursor.last
    if last is not None and last.type == "NAME" and last.text in SECTIONS and last.text:
        if SECTIONS[last.text].label:
            yield from (Candidate(n, Kinds.Variable, order=NEAR) for n in local.labels(document))
        return
    if last is not None and last.type in ("MODEL", "BLOCK", "IMPORT"):
        return
    written = {t.text for t in cursor.inner.tokens if t.type in ("SECTION", "NAME")}
    yield from snippets.declarations(written)


# ------------------------------------------------------------------------------------ flows
def _body(document: Document, cursor: Cursor, project: Project) -> Iterator[Candidate]:
    last, frame = cursor.last, cursor.inner
    kind = last.type if last is not None else ""
    if kind in ("AS", "INPUT", "OUTPUT") or (kind == "COLON" and _shape_of_input(frame)):
        return
    if kind == "ARROW" or (frame.shape == "steps" and kind in ("", "LBRACE")):
        yield from _steps(document, cursor)
    elif kind == "DOT":
        yield from _sizes(document, frame)
    elif kind in OPERATORS or kind in ("ASSERT", "WHERE", "NOT"):
        asserts = any(t.type == "ASSERT" for t in frame.tokens[-12:])
        yield from local.values(document, cursor)
        yield from local.promises(document, cursor) if asserts else ()
    elif kind in ("EQUAL", "COLON", "LPAR", "COMMA", "") or frame.shape == "group":
        yield from _sources(document, cursor)
        if kind == "EQUAL":
            yield from value_candidates(HELD)
        if frame.shape == "body":
            yield from snippets.statements()
    else:
        yield from _sources(document, cursor)
        yield from snippets.statements() if frame.shape == "body" else ()
        yield from _continued(kind)


def _continued(kind: str) -> Iterator[Candidate]:
    """What may follow a step."""
    if kind in ("NAME", "CALLNAME", "RPAR"):
        yield Candidate("as", Kinds.Keyword, "as ${1:name}", "give the value here a label", SPELLED)


def _shape_of_input(frame: Frame) -> bool:
    return len(frame.tokens) > 2 and frame.tokens[-3].type == "INPUT"


def _steps(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    """Whatever may stand behind an arrow."""
    tensor = local.flowing(document, cursor)
    yield from local.layers(document, cursor)
    yield from local.definitions(document, cursor)
    rank, dtype = (tensor.rank, tensor.dtype) if tensor is not None else (None, "")
    yield from flow_candidates(rank, dtype)
    yield from snippets.steps()


def _sources(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    """What a flow may begin with, or a value be."""
    yield from local.values(document, cursor)
    yield from local.definitions(document, cursor)
    yield from word_candidates(("merge",), FITTING)
    yield from snippets.values()


def _sizes(document: Document, frame: Frame) -> Iterator[Candidate]:
    """`x.channels`: the named sizes of a tensor of its rank."""
    rank = None
    if len(frame.tokens) > 1:
        rank = local.rank_of(document, frame.tokens[-2].text)
    names = [*AXES[rank], "rank"] if rank in AXES else sorted(SIZES)
    yield from (Candidate(name, Kinds.Field, order=NEAR) for name in names)


# ------------------------------------------------------------------------------------ calls
def _call(document: Document, cursor: Cursor, project: Project) -> Iterator[Candidate]:
    frame = cursor.inner
    in_body = cursor.body is not None
    block = local.definition(document, frame.name, project) if in_body else None
    if block is not None:
        yield from local.block_arguments(document, cursor, block)
        return
    word = called(cursor)
    if word is None:
        if in_body:
            yield from local.values(document, cursor)
        return
    kind = None
    if cursor.key:
        kind = kind_of_parameter(word, cursor.key)
    elif not frame.argument:
        yield from parameter_candidates(word, frame.given)
        if word.kind == "merge":
            yield from _sources(document, cursor)
        names = list(parameters(word))
        if frame.position < min(len(names), word.positional):
            kind = kind_of_parameter(word, names[frame.position])
    elif frame.argument[-1].type in ("ARROW",):
        yield from _steps(document, cursor)
        return
    if kind is not None:
        yield from local.named(document, cursor, word, cursor.key, project)
        yield from value_candidates(kind)
    if in_body:
        yield from local.values(document, cursor)


def called(cursor: Cursor) -> type[Word] | None:
    """The word in whose parentheses the cursor is: of the kind that is wanted there."""
    kinds: tuple[str, ...] = ()
    if cursor.body is None:
        frames = cursor.frames
        outer = Cursor(cursor.offset, "", cursor.start, frames[:-1])
        kind = wanted(outer) if len(frames) > 1 else None
        kinds = kind if kind is not None else ()
    else:
        kinds = ("flow",)
    return find(cursor.inner.name, kinds)


def wanted(cursor: Cursor) -> tuple[str, ...]:
    """The kinds of words that may stand where the cursor is, in a section."""
    frame = cursor.inner
    if frame.shape == "call":
        word = called(cursor)
        name = (
            cursor.key or next(iter(list(parameters(word))[frame.position :]), "") if word else ""
        )
        kind = kind_of_parameter(word, name) if word is not None else None
        return kind.word_kinds if kind is not None else ()
    if frame.shape in ("list", "group") and len(cursor.frames) > 1:
        return wanted(Cursor(cursor.offset, "", cursor.start, cursor.frames[:-1]))
    owner, key = setting(cursor)
    if owner is None:
        return ()
    kind = kind_of_parameter(owner, key) if key else None
    return kind.word_kinds if kind is not None else tuple(getattr(owner, "entries", ()))


# ------------------------------------------------------------------------------------ sections
def setting(cursor: Cursor) -> tuple[type[Word] | None, str]:
    """The section around and the key whose value is written; of a part the key that the part is of."""
    section: type[Section] | None = None
    owner: type[Word] | None = None
    for i, frame in enumerate(cursor.sections):
        if i == 0:
            section = SECTIONS.get(frame.name)
            owner = section
        elif section is not None and frame.name in section.per_output:
            return section, frame.name
        else:
            outer, section = section, inner_section(section, frame.name)
            owner = section or (words("flow").get(frame.name) if outer and outer.rules else None)
    own = Cursor(cursor.offset, "", cursor.start, cursor.sections or cursor.frames)
    return owner, own.key


def _section(document: Document, cursor: Cursor, project: Project) -> Iterator[Candidate]:
    owner, key = setting(cursor)
    if owner is None:
        return
    frame = cursor.inner
    if frame.name in getattr(owner, "per_output", ()):
        own = Cursor(cursor.offset, "", cursor.start, [frame])
        if own.key:
            yield from _values(document, cursor, owner, frame.name, project)
        else:
            names = [*local.outputs(document), *local.labels(document)]
            found = [n for n in names if n not in frame.given]
            yield from (Candidate(n, Kinds.Variable, f"{n} = $1", order=NEAR) for n in found)
        return
    last = cursor.last
    if key and last is not None and last.type == "EQUAL":
        yield from _values(document, cursor, owner, key, project)
        return
    yield from parameter_candidates(owner, frame.given)
    for kind in getattr(owner, "entries", ()):
        yield from word_candidates((kind,))
    if isinstance(owner, type) and issubclass(owner, Section):
        yield from snippets.inner(owner)
        if owner.rules:
            yield from (Candidate(n, Kinds.Module, f"{n} {{ $0 }}") for n in ROLES)
            for word in words("flow").values():
                if parameters(word):
                    found_word = word_candidate(word)
                    yield Candidate(
                        word.word, found_word.kind, f"{word.word} {{ $0 }}", found_word.detail
                    )


def _values(
    document: Document, cursor: Cursor, owner: type[Word], key: str, project: Project
) -> Iterator[Candidate]:
    kind = kind_of_parameter(owner, key)
    if kind is not None:
        yield from local.named(document, cursor, owner, key, project)
        yield from value_candidates(kind)


def _listed(document: Document, cursor: Cursor) -> Iterator[Candidate]:
    """An item of a list in a section: `metrics = [accuracy, …]`."""
    taken = {t.text for t in cursor.inner.tokens}
    for candidate in word_candidates(wanted(cursor), FITTING):
        if candidate.label not in taken:
            yield candidate
    if "selector" in wanted(cursor):
        yield from (Candidate(n, Kinds.Variable, order=NEAR) for n in local.parts(document))
