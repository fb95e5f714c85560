"""The differences of the training: setting by setting, word by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dslc.check.outputs import by_output
from dslc.diff.changes import Change, SectionChange
from dslc.diff.layers import plain
from dslc.diff.written import parameter_changes, value_text, word_changes
from dslc.graph import Graph
from dslc.spec import ir
from dslc.vocab.sections import OF_FILE, SECTIONS, Defaults
from dslc.vocab.word import Word, parameters

Settings = Mapping[str, ir.Setting]
LONGEST = 200  # of a value in characters


def compare_sections(
    old: ir.Spec, new: ir.Spec, graphs: tuple[Graph | None, Graph | None]
) -> Iterator[SectionChange]:
    """What differs in the sections of two specs; `graphs` are those of the models that they train."""
    for name in SECTIONS:
        before, after = old.sections.get(name), new.sections.get(name)
        if name == Defaults.word:
            yield from _defaults(before, after)
        elif before is not None or after is not None:
            yield from _section(name, before, after, graphs)


def _defaults(old: ir.SectionSpec | None, new: ir.SectionSpec | None) -> Iterator[SectionChange]:
    """What `defaults` says of the whole file; all else in it shows in the layers that it speaks for."""
    changes = []
    for key in OF_FILE:
        usual = parameters(Defaults)[key].default
        given = [s.settings.get(key) if s is not None else None for s in (old, new)]
        values = [usual if setting is None else setting.value for setting in given]
        untold = [
            setting is None or _usual(setting, s)
            for setting, s in zip(given, (old, new), strict=True)
        ]
        if values[0] != values[1]:
            texts = [value_text(value) for value in values]
            changes.append(Change(key, texts[0], texts[1], (untold[0], untold[1])))
    if changes:
        yield SectionChange(Defaults.word, "changed", tuple(changes), effect="function")


def _section(
    name: str,
    old: ir.SectionSpec | None,
    new: ir.SectionSpec | None,
    graphs: tuple[Graph | None, Graph | None],
) -> Iterator[SectionChange]:
    split = frozenset(key for s in (old, new) if s is not None for key in s.parts)
    settings = [_settings(s, graph, split) for s, graph in zip((old, new), graphs, strict=True)]
    changes = list(_changes(settings[0], settings[1], (old, new)))
    words = [[bound.word for bound in s.words] if s is not None else [] for s in (old, new)]
    changed, added, removed, moved = _words(*words)
    changes += changed
    kind = _kind(old, new)
    if changes or added or removed or moved or kind != "changed":
        yield SectionChange(name, kind, tuple(changes), added, removed, moved)
    yield from _inner(name, old, new, graphs)


def _kind(old: object | None, new: object | None) -> Any:
    return "added" if old is None else "removed" if new is None else "changed"


def _inner(
    name: str,
    old: ir.SectionSpec | None,
    new: ir.SectionSpec | None,
    graphs: tuple[Graph | None, Graph | None],
) -> Iterator[SectionChange]:
    """The sections that stand in a section: the phases of `finetune`, by their names."""
    named = [{_title(s): s for s in (section.inner if section else ())} for section in (old, new)]
    for title in dict.fromkeys([*named[0], *named[1]]):
        yield from _section(f"{name}: {title}", named[0].get(title), named[1].get(title), graphs)
    common = [
        [title for title in side if title in other]
        for side, other in zip(named, named[::-1], strict=True)
    ]
    if common[0] != common[1]:
        order = Change("order", ", ".join(common[0]), ", ".join(common[1]))
        yield SectionChange(name, "changed", (order,))


def _title(section: ir.SectionSpec) -> str:
    return f"{section.name} {section.label.text}" if section.label is not None else section.name


# --------------------------------------------------------------------------- settings


def _settings(
    section: ir.SectionSpec | None, graph: Graph | None, split: frozenset[str]
) -> dict[str, ir.Setting]:
    """The settings by their names: `loss of species` where one version is `split` by outputs, `rates of head`."""
    if section is None:
        return {}
    found = dict(section.settings)
    word = SECTIONS.get(section.name)
    for key in word.per_output if word is not None else ():
        outputs = by_output(section, key, graph) if graph is not None else {}
        single = graph is None or len(graph.outputs) == 1
        if single and outputs:
            found[key] = next(iter(outputs.values()))
        elif outputs and key in split:
            found.pop(key, None)
            found |= {f"{key} of {name}": setting for name, setting in outputs.items()}
    if word is None:
        for key, part in section.parts.items():
            found |= {f"{key} of {name}": setting for name, setting in part.settings.items()}
    if section.label is not None and word is not None:
        found["backbone"] = ir.Setting(section.label.text, section.label.span, section.label.span)
    return found


def _changes(
    old: Settings, new: Settings, sections: tuple[ir.SectionSpec | None, ir.SectionSpec | None]
) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        untold = (_usual(before, sections[0]), _usual(after, sections[1]))
        if before is None or after is None:
            known, silent = (after, untold[1]) if before is None else (before, untold[0])
            assert known is not None
            if silent or known.value is None:
                continue  # a default of a section that came or went
            text = _text(known, silent)
            yield Change(
                name, None if before is None else text, text if before is None else None, untold
            )
        elif plain(before.value) != plain(after.value):
            texts = _text(before, untold[0]), _text(after, untold[1])
            changes = [Change(name, *texts, untold)]
            if isinstance(before.value, Word) and isinstance(after.value, Word):
                finer = list(word_changes(name, before.value, after.value, untold))
                # What a spec writes says it best, unless a default of a word has taken over.
                whole = [change.name for change in finer] == [name]
                if not whole or finer[0].spelt:
                    changes = finer
            yield from changes


def _text(setting: ir.Setting, silent: bool) -> str:
    """The value as it stands in the spec, on one line; a default as it would."""
    said = " ".join(setting.span.text.split())
    return value_text(setting.value) if silent or "#" in said or len(said) > LONGEST else said


def _usual(setting: ir.Setting | None, section: ir.SectionSpec | None) -> bool:
    """Whether a setting is not written: a default then stands at the place of its section."""
    return setting is not None and section is not None and setting.key_span == section.span


# --------------------------------------------------------------------------- words in a row


def _words(
    old: Sequence[Word], new: Sequence[Word]
) -> tuple[list[Change], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Callbacks or transforms: with other parameters, that came, that went, that stand elsewhere in the row."""
    pairs = _paired(old, new)
    changes: list[Change] = []
    for a, b in pairs.items():
        same = sum(type(word) is type(old[a]) for word in (*old, *new)) > 2
        lead = f"{old[a].word} {b + 1}." if same else f"{old[a].word}."
        changes += parameter_changes(old[a], new[b], lead)
    added = tuple(value_text(w) for i, w in enumerate(new) if i not in pairs.values())
    removed = tuple(value_text(w) for i, w in enumerate(old) if i not in pairs)
    order = [pairs[a] for a in sorted(pairs)]
    kept = set(_longest(order))
    moved = tuple(value_text(new[b]) for b in order if b not in kept)
    return changes, added, removed, moved


def _paired(old: Sequence[Word], new: Sequence[Word]) -> dict[int, int]:
    """Words of one class, those that are most alike first."""
    scores = [
        (-_alike(a, b), abs(i - j), i, j)
        for i, a in enumerate(old)
        for j, b in enumerate(new)
        if type(a) is type(b)
    ]
    pairs: dict[int, int] = {}
    for _, _, i, j in sorted(scores):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return pairs


def _alike(a: Word, b: Word) -> int:
    return sum(plain(getattr(a, n)) == plain(getattr(b, n)) for n in parameters(type(a)))


def _longest(order: Sequence[int]) -> list[int]:
    """The most of `order` that rises: what did not move."""
    best: list[list[int]] = []
    for i, value in enumerate(order):
        runs = [best[j] for j in range(i) if order[j] < value]
        best.append([*max(runs, key=len, default=[]), value])
    return max(best, key=len, default=[])
