"""What may be written: words, names and values as completion items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lsprotocol import types

from dslc import reference
from dslc.lsp.hover import word_text
from dslc.vocab.kinds import Flag, Kind, OneOf, OrNone
from dslc.vocab.word import Example, Word, kind_of, parameters, words

Kinds = types.CompletionItemKind
NEAR, FITTING, REST, SPELLED = (
    "0",
    "1",
    "2",
    "3",
)  # the order: names at hand, what fits, the rest, keywords
WORD_KINDS = {
    "layer": Kinds.Class,
    "activation": Kinds.Function,
    "merge": Kinds.Operator,
    "callback": Kinds.Event,
    "section": Kinds.Module,
    "source": Kinds.File,
}


@dataclass(frozen=True)
class Candidate:
    """One thing that may be written. `insert` is a snippet when it has places to fill in (`$1`)."""

    label: str
    kind: types.CompletionItemKind
    insert: str = ""
    detail: str = ""
    order: str = REST
    word: tuple[str, str] | None = None  # kind and name of a word, whose page is shown on demand

    def item(self, range: types.Range, snippets: bool) -> types.CompletionItem:
        text = self.insert if snippets and self.insert else self.label
        formats = types.InsertTextFormat
        return types.CompletionItem(
            label=self.label,
            kind=self.kind,
            detail=self.detail or None,
            sort_text=f"{self.order}{self.label.lower()}",
            filter_text=self.label,
            text_edit=types.TextEdit(range, text),
            insert_text_format=formats.Snippet if text != self.label else formats.PlainText,
            data={"word": list(self.word)} if self.word else None,
        )


def resolved(item: types.CompletionItem) -> types.CompletionItem:
    """An item with its documentation."""
    data = item.data if isinstance(item.data, dict) else {}
    kind, name = (*data.get("word", ()), "", "")[:2]
    found = find(kind, name)
    if found is not None:
        item.documentation = types.MarkupContent(types.MarkupKind.Markdown, word_text(found))
    return item


def find(kind: str, name: str) -> type[Word] | None:
    return reference.vocabulary().get(kind, {}).get(name)


def word_candidate(word: type[Word], order: str = REST) -> Candidate:
    """A word with places for the values that it must be given."""
    required = [name for name, info in parameters(word).items() if info.is_required()]
    insert = ""
    if required and word.kind != "section":
        named = [n if i < word.positional else f"{n}=" for i, n in enumerate(required)]
        inner = ", ".join(_place(i + 1, text) for i, text in enumerate(named))
        insert = f"{word.word}({inner})$0"
    elif word.kind == "merge":
        insert = f"{word.word}($1)$0"
    kind = WORD_KINDS.get(word.kind, Kinds.Value)
    detail = reference.first_sentence(word)
    return Candidate(word.word, kind, insert, detail, order, (word.kind, word.word))


def _place(number: int, text: str) -> str:
    """A place of a snippet: `${1:filters}`, `lr=${2}`."""
    return f"{text}${{{number}}}" if text.endswith("=") else f"${{{number}:{text}}}"


def word_candidates(kinds: Iterable[str], order: str = REST) -> Iterator[Candidate]:
    for kind in kinds:
        yield from (word_candidate(word, order) for word in words(kind).values())


def flow_candidates(rank: int | None, dtype: str = "") -> Iterator[Candidate]:
    """Layers, activations and merges; those that take a tensor of this rank come first."""
    for word in words("flow").values():
        yield word_candidate(word, FITTING if rank is None or _fits(word, rank, dtype) else REST)


def _fits(word: type[Word], rank: int, dtype: str) -> bool:
    """Whether a word is shown with inputs of this rank in its examples; what has none fits."""
    examples = [e for e in word.examples if isinstance(e, Example)]
    known = {(len(e.input.strip("()").replace(",", "x").split("x")), e.dtype) for e in examples}
    return not known or any(r == rank and (not dtype or d == dtype) for r, d in known)


def value_candidates(kind: Kind) -> Iterator[Candidate]:
    """The bare names and words that a value of this kind may be."""
    for choice in dict.fromkeys(kind.choices):
        yield Candidate(choice, Kinds.EnumMember, order=NEAR)
    if _has_flag(kind):
        yield from (Candidate(text, Kinds.Keyword, order=NEAR) for text in ("true", "false"))
    yield from word_candidates(kind.word_kinds, FITTING)


def _has_flag(kind: Kind) -> bool:
    match kind:
        case Flag():
            return True
        case OrNone():
            return _has_flag(kind.item)
        case OneOf():
            return any(_has_flag(k) for k in kind.kinds)
    return False


def parameter_candidates(word: type[Word], given: Iterable[str]) -> Iterator[Candidate]:
    """The parameters of a word, or the settings of a section, that are not given yet."""
    taken = set(given)
    section = word.kind == "section"
    for row in reference.table(word):
        if row.name in taken:
            continue
        sign = " = " if section else "="
        default = row.default or ""
        insert = f"{row.name}{sign}${{1:{_escaped(default)}}}" if default else f"{row.name}{sign}$1"
        detail = f"{row.about} ({row.default})" if row.default else row.about
        order = NEAR if not row.default else FITTING
        yield Candidate(row.name, Kinds.Property, insert, detail, order)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("}", "\\}").replace("$", "\\$")


def kind_of_parameter(word: type[Word], name: str) -> Kind | None:
    info = parameters(word).get(name)
    return None if info is None else kind_of(info)
