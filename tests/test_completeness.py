"""Every word of the language is said by every backend, explained and shown.

A word without a row, without a docstring or without an example fails here by its name. The checks are also run
on tables with a row taken out: a check that nothing can fail is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dslc.codegen.backend import Backend, load_backend
from dslc.codegen.emission import Table
from dslc.vocab.tensor import FlowWord
from dslc.vocab.word import Word, all_words, parameters, words
from dslc_torch.words.layouts import MOVES

BACKENDS = ("keras", "torch")
FLOW = words("flow")


def backend(name: str) -> Backend:
    found = load_backend(name)
    if found is None:  # not installed: the checkout itself
        module = __import__(f"dslc_{name}")
        found = module.BACKEND
    assert isinstance(found, Backend)
    return found


def unsaid(table: Table) -> list[str]:
    """The words of flows that a backend neither writes nor refuses with a reason."""
    return [
        n for n, word in FLOW.items() if word not in table.rows and not table.unsupported.get(word)
    ]


def undocumented(word: type[Word]) -> Iterator[str]:
    """What is missing of the reference of a word."""
    if not (word.__doc__ or "").strip():
        yield f"{word.word}: a docstring"
    if not word.examples:
        yield f"{word.word}: an example"
    for name, field in parameters(word).items():
        if not (field.description or "").strip():
            yield f"{word.word}.{name}: what it means"


@pytest.mark.parametrize("name", BACKENDS)
def test_every_word_of_a_flow_has_a_row_or_a_reason(name: str) -> None:
    assert unsaid(backend(name).table) == []


@pytest.mark.parametrize("name", BACKENDS)
def test_no_word_is_both_written_and_refused(name: str) -> None:
    table = backend(name).table
    assert not set(table.rows) & set(table.unsupported)
    assert set(table.limits) <= set(table.rows)
    assert set(table.rows) | set(table.unsupported) <= set(FLOW.values())


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("word", FLOW)
def test_a_row_that_is_taken_out_is_missed(name: str, word: str) -> None:
    table = backend(name).table
    kind = FLOW[word]
    rows = {k: row for k, row in table.rows.items() if k is not kind}
    reasons = {k: why for k, why in table.unsupported.items() if k is not kind}
    assert unsaid(replace(table, rows=rows, unsupported=reasons)) == [word]


def test_every_word_is_explained_and_shown() -> None:
    found = [
        gap for kind in all_words().values() for word in kind.values() for gap in undocumented(word)
    ]
    assert found == []


def test_a_word_without_explanation_is_missed() -> None:
    class Bare(FlowWord):
        word = "Bare"

    assert list(undocumented(Bare)) == ["Bare: a docstring", "Bare: an example"]


def test_every_weight_has_a_place_in_torch() -> None:
    """Words with arrays are in the table of layouts, with each of their arrays."""
    for name, word in FLOW.items():
        if word.arrays is FlowWord.arrays or name == "Bidirectional":
            continue
        assert word in MOVES, f"{name}: nothing says where its weights go"


def test_every_helper_is_real_python_that_defines_its_name() -> None:
    for name in BACKENDS:
        for path in sorted((backend(name).target.templates / "helpers").glob("*.py")):
            text = path.read_text(encoding="utf-8")
            assert f"def {path.stem}(" in text or f"class {path.stem}(" in text, path
            assert all(len(line) <= 88 for line in text.splitlines()), path
            compile(text, str(path), "exec")
