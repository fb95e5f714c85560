"""Words and their values, spelled as a spec spells them: `Conv2D(32, 3x3, padding=same)`."""

from __future__ import annotations

from typing import Any

from dslc.spec.bind import show_value
from dslc.vocab.kinds import Text
from dslc.vocab.word import Word, defaults, kind_of, parameters


def spell(word: type[Word], name: str, value: Any) -> str:
    """`value` of the parameter `name`: `same` bare, a path in quotes, a word with its own parameters."""
    if isinstance(value, str) and not isinstance(kind_of(parameters(word)[name]), Text):
        return value
    return _value(value)


def _value(value: Any) -> str:
    if isinstance(value, Word):
        return spell_word(value)
    if isinstance(value, tuple) and not (value and all(type(v) is int for v in value)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e6:
        return f"{value:.1f}"
    return show_value(value)


def spell_word(word: Word, *, full: bool = False) -> str:
    """A word with the parameters that are not at their default, or with all of them."""
    usual = defaults(type(word))
    given = [
        f"{name}={spell(type(word), name, getattr(word, name))}"
        for name in parameters(type(word))
        if full or usual.get(name, ...) != getattr(word, name)
    ]
    return f"{word.word}({', '.join(given)})" if given else word.word
