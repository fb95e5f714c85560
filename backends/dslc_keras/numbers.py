"""Arguments that a script has to say."""

from __future__ import annotations

from typing import Any

from dslc.codegen.numbers import number
from dslc.vocab.word import Word


def given(word: Word, *names: str) -> dict[str, Any]:
    """Those parameters that differ from their defaults, which are Keras' own."""
    fields = type(word).model_fields
    values = {name: getattr(word, name) for name in names}
    return {
        name: number(value) if isinstance(value, float) else value
        for name, value in values.items()
        if value != fields[name].default
    }
