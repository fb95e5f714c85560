"""Words and values as a spec would write them, and how two of them differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from dslc.diff.changes import Change
from dslc.diff.layers import TRAINING, plain
from dslc.spec.bind import show_value
from dslc.spec.spelling import spell
from dslc.vocab.word import Word, defaults, kind_of, parameters

MANY = 3  # parameters of a word that differ: it is then shown as a whole


def written(word: Word, also: Collection[str] = ()) -> str:
    """`Conv2D(32, 3x3, padding=same)`: with what the spec gives it itself, the first parameters without their names.
    Parameters in `also` are spelt out even where they are at their default."""
    usual = defaults(type(word))
    said: list[str] = []
    named = bool(also)
    for at, name in enumerate(parameters(type(word))):
        if name in usual and name not in word.model_fields_set and name not in also:
            named = True
            continue
        text = parameter_text(word, name)
        named = named or at >= word.positional
        said.append(f"{name}={text}" if named else text)
    return f"{word.word}({', '.join(said)})" if said else word.word


def parameter_text(word: Word, name: str) -> str:
    """The value of a parameter: `same`, `3x3`, `0.5`, `l2(1e-4)`."""
    value = getattr(word, name)
    return value_text(value) if type(value) in (float, tuple) else spell(type(word), name, value)


def value_text(value: Any) -> str:
    """A value of a setting: `[accuracy, f1]`, `0..1`, `none`."""
    if value is None:
        return "none"
    if isinstance(value, tuple) and not (value and all(type(v) is int for v in value)):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, Word):
        return written(value)
    if type(value) is float and value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return value if isinstance(value, str) else show_value(value)


def parameter_changes(old: Word, new: Word, lead: str = "") -> Iterator[Change]:
    """The parameters in which two words of one class differ; words in them one by one too: `lr.steps`."""
    word = type(old)
    usual = defaults(word)
    for name, info in parameters(word).items():
        before, after = getattr(old, name), getattr(new, name)
        if plain(before) == plain(after):
            continue
        if isinstance(before, Word) and type(before) is type(after):
            yield from word_changes(f"{lead}{name}", before, after)
            continue
        kinds = kind_of(info).word_kinds
        untold = (
            name not in old.model_fields_set and usual.get(name, ...) == before,
            name not in new.model_fields_set and usual.get(name, ...) == after,
        )
        trains = bool(kinds) and set(kinds) <= TRAINING
        texts = (parameter_text(old, name), parameter_text(new, name))
        yield Change(f"{lead}{name}", *texts, untold, trains)


def word_changes(
    name: str, old: Word, new: Word, usual: tuple[bool, bool] = (False, False)
) -> Iterator[Change]:
    """One word for another: by their parameters where few differ, else as a whole; words of two classes with the
    parameters that both have."""
    if type(old) is type(new):
        changes = list(parameter_changes(old, new, f"{name}."))
        few = len(changes) < MANY
        yield from changes if few else [Change(name, written(old), written(new), usual)]
        return
    common = parameters(type(old)).keys() & parameters(type(new)).keys()
    also = {n for n in common if plain(getattr(old, n)) != plain(getattr(new, n))}
    spelt = not (also <= old.model_fields_set and also <= new.model_fields_set)
    yield Change(name, written(old, also), written(new, also), usual, spelt=spelt)
