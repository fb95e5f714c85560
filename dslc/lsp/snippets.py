"""Pieces of a spec to fill in, made from the vocabulary."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dslc import reference
from dslc.lsp.candidates import SPELLED, Candidate, Kinds
from dslc.vocab.sections import SECTIONS, Section

MODEL = "model ${1:Name}(${2:classes = 10}) {\n  input ${3:image}: ${4:28x28x1}\n\n  $3\n  -> $0\n}"
BLOCK = "block ${1:Name}(${2:filters}) {\n  input ${3:x}\n\n  $3\n  -> $0\n}"


def declarations(written: Collection[str]) -> Iterator[Candidate]:
    """What stands on its own in a file; a section only once."""
    yield _spelled("model", MODEL, "a model")
    yield _spelled("block", BLOCK, "a part that models use")
    yield _spelled("import", 'import "$1" ($0)', "blocks of another file")
    for section in SECTIONS.values():
        if section.word not in written:
            yield section_snippet(section)


def section_snippet(section: type[Section]) -> Candidate:
    """A section with places for what it must say."""
    label = f"{section.word} ${{1:name}}" if section.label else section.word
    rows = [row.name for row in reference.table(section) if not row.default]
    first = 2 if section.label else 1
    wide = max(map(len, rows), default=0)
    lines = [f"  {name.ljust(wide)} = ${{{first + i}}}" for i, name in enumerate(rows)]
    text = "\n".join([f"{label} {{", *lines, "  $0", "}"])
    detail = reference.first_sentence(section)
    word = ("section", section.word)
    return Candidate(section.word, Kinds.Module, text, detail, SPELLED, word)


def statements() -> Iterator[Candidate]:
    """What begins a statement of a body."""
    yield _spelled("input", "input ${1:x}: ${2:28x28x1}", "what goes in")
    yield _spelled("output", "output ${1:name}: $0", "one of several results")
    yield _spelled("assert", "assert ${1:params < 1M}", "what must be true")


def steps() -> Iterator[Candidate]:
    """What stands behind an arrow besides words."""
    yield _spelled(
        "repeat", "repeat ${1:2} { $0 }", "steps several times, each with weights of its own"
    )
    yield _spelled("match", "match { ${1:condition}: $2  else: $0 }", "which steps, by a condition")


def values() -> Iterator[Candidate]:
    yield _spelled("match", "match { ${1:condition}: $2  else: $0 }", "which value, by a condition")


def inner(section: type[Section]) -> Iterator[Candidate]:
    """The sections that stand in one."""
    yield from (section_snippet(s) for s in section.inner)


def _spelled(word: str, text: str, detail: str) -> Candidate:
    return Candidate(word, Kinds.Keyword, text, detail, SPELLED)
