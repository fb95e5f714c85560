"""The words of the language as editors sort them: by the place where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dslc.reference import vocabulary
from dslc.syntax.table import load
from dslc.syntax.tokens import KEYWORDS
from dslc.vocab.sections import ROLES, SECTIONS, Section
from dslc.vocab.word import FLOW_KINDS, Word, kind_of, parameters

DEFINITIONS = ("model", "block")
NAMING = ("input", "output")  # keywords with a name behind them
LOGIC = ("and", "or", "not")
FLAGS = ("true", "false", "none")
# What parameters of layers take by name: `init=he_normal`.
IN_CALLS = ("initializer", "regularizer", "constraint")


def terminal(name: str) -> str:
    """The regular expression of a terminal of the grammar."""
    return dict(load().patterns)[name]


def keywords() -> list[str]:
    """Every reserved word, as it is spelled."""
    return sorted(text for text, token in load().literals.items() if token in KEYWORDS)


def sections() -> list[str]:
    """The sections that stand beside models."""
    return list(SECTIONS)


def inner_sections() -> list[str]:
    """The sections that stand in others: `phase`, `rates`, `hidden` and so on."""
    found: dict[str, None] = dict.fromkeys(ROLES)
    todo: list[type[Section]] = list(SECTIONS.values())
    while todo:
        for section in todo.pop().inner:
            found[section.word] = None
            todo.append(section)
    return [word for word in found if word not in SECTIONS]


def settings() -> list[str]:
    """Everything that a section may set: `source`, `loss`, `epochs` and so on."""
    found: dict[str, None] = {}
    todo: list[type[Section]] = [*SECTIONS.values(), *ROLES.values()]
    while todo:
        section = todo.pop(0)
        found.update(dict.fromkeys(parameters(section)))
        todo += section.inner
    return list(found)


def flow_words() -> dict[str, list[str]]:
    """Layers, activations and merges: what stands behind an arrow."""
    return {kind: list(words) for kind, words in vocabulary().items() if kind in FLOW_KINDS}


def call_words() -> dict[str, list[str]]:
    """What a parameter of a layer may hold."""
    return {kind: list(words) for kind, words in vocabulary().items() if kind in IN_CALLS}


def section_words() -> dict[str, list[str]]:
    """What stands in sections, each word under the first kind that has it."""
    found: dict[str, list[str]] = {}
    taken: set[str] = set(FLAGS)
    for kind, words in vocabulary().items():
        if kind != "section" and kind not in FLOW_KINDS:
            found[kind] = [word for word in words if word not in taken]
            taken.update(words)
    return found


def flow_choices() -> list[str]:
    """The bare names that parameters of layers and of what they hold take: `padding=same`."""
    return _choices(vocabulary(), (*FLOW_KINDS, *IN_CALLS))


def section_choices() -> list[str]:
    """The bare names that settings and the words of sections take: `precision = mixed`."""
    known = {word for words in section_words().values() for word in words}
    kinds = [kind for kind in vocabulary() if kind not in FLOW_KINDS]
    return [name for name in _choices(vocabulary(), kinds) if name not in known]


def _choices(words: dict[str, dict[str, type[Word]]], kinds: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for kind in kinds:
        for word in _with_inner(words[kind].values()):
            for field in parameters(word).values():
                found.update(dict.fromkeys(kind_of(field).choices))
    return [name for name in found if name not in FLAGS]


def _with_inner(words: Iterable[type[Word]]) -> Iterator[type[Word]]:
    todo = list(words)
    while todo:
        word = todo.pop(0)
        yield word
        if issubclass(word, Section):
            todo += word.inner
