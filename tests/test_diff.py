"""`dslc diff` finds what differs in meaning, and nothing else: cases, laws, and the three ways of saying it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dslc.diff.changes import Difference, Verdict
from dslc.diff.layers import plain
from dslc.diff.markdown import code, render_markdown
from dslc.diff.match import MOST_CELLS
from dslc.diff.plain import render_json
from dslc.diff.written import TRAINING
from dslc.driver import analyse_source
from dslc.fmt import format_source
from dslc.source import Source
from dslc.vocab.word import kind_of, parameters
from tests.command_line import ROOT
from tests.diff_cases import Case, analysed, collect, difference, shown

CASES = collect()
IDS = [f"{case.path.stem}-{case.number}" for case in CASES]
SPECS = sorted(path for path in (ROOT / "specs").rglob("*.dl") if "import" not in path.read_text())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_is_said(case: Case, update: bool) -> None:
    case.check(update)


# --------------------------------------------------------------------------- laws


def sizes(found: Difference, *kinds: str) -> int:
    """How many layers came or went."""
    return sum(c.layers * c.times for m in found.models for c in m.layers if c.kind in kinds)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_does_not_differ_from_itself_however_it_is_laid_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert difference(text, text) == Difference("net.dl", "old", "new")
    other = "# One more comment.\r\n" + text.replace("\n", "   # here\r\n").replace("  ", "\t ")
    assert difference(text, other) == Difference("net.dl", "old", "new")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_dslc_fmt_changes_no_meaning(case: Case) -> None:
    laid_out, _ = format_source(Source("net.dl", case.new))
    assert laid_out is not None
    assert difference(case.new, laid_out) == Difference("net.dl", "old", "new")


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_way_back_is_the_way_there_turned_round(case: Case) -> None:
    there, back = difference(case.old, case.new), difference(case.new, case.old)
    assert there.verdict == back.verdict
    assert sizes(there, "added") == sizes(back, "removed")
    assert sizes(there, "removed") == sizes(back, "added")
    for one, other in zip(
        sorted(there.models, key=str), sorted(back.models, key=str), strict=False
    ):
        if len(there.models) == 1:
            assert [(c.old, c.new) for c in one.costs] == [(c.new, c.old) for c in other.costs]
            assert len(one.weights.loads) == len(other.weights.loads)
            assert {a.name for a in one.weights.new} == {a.name for a in other.weights.lost}


LAYERS = st.sampled_from(
    ["Dense(8)", "Dense(9)", "relu", "tanh", "BatchNorm", "Dropout(0.3)", "Dense(8) -> relu"]
)


def net(steps: list[str]) -> str:
    return f"model Net {{ input x: 8  {' -> '.join(['x', *steps, 'Dense(2)'])} }}"


@given(st.lists(LAYERS, max_size=12), st.lists(LAYERS, max_size=12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_every_layer_and_every_array_is_accounted_for(old: list[str], new: list[str]) -> None:
    found = difference(net(old), net(new))
    count = [" -> ".join(steps).count("->") + 1 if steps else 0 for steps in (old, new)]
    assert sizes(found, "added") - sizes(found, "removed") == count[1] - count[0]
    assert (found.verdict is Verdict.SAME) == (" -> ".join(old) == " -> ".join(new))
    for model in found.models:
        w = model.weights
        kept = [a.name for a in w.loads]
        twins = [b.name for _, b in (*w.renamed, *w.reshaped)]
        after = [*kept, *twins, *(a.name for a in w.new)]
        assert len(after) == len(set(after)), "an array of the new model has one origin"


@given(st.lists(LAYERS, min_size=1, max_size=15), st.integers(0, 14), LAYERS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_one_layer_put_in_is_one_layer(steps: list[str], at: int, layer: str) -> None:
    at = min(at, len(steps))
    found = difference(net(steps), net([*steps[:at], layer, *steps[at:]]))
    assert sizes(found, "added") == layer.count("->") + 1
    kinds = {change.kind for model in found.models for change in model.layers}
    assert kinds == {"added"}


def test_a_chain_too_long_for_a_table_is_compared_all_the_same() -> None:
    steps = [f"Dense({2 + i % 13}) -> relu" for i in range(700)]
    other = [*steps[:100], "tanh", *steps[100:600], *steps[610:]]
    other[0], other[-1] = "Dense(30)", "Dense(31)"
    assert len(steps) * len(steps) * 4 > MOST_CELLS
    found = difference(net(steps), net(other))
    assert sizes(found, "added") - sizes(found, "removed") == 1 - 20 - 2
    assert sizes(found, "added", "removed") < 60


# --------------------------------------------------------------------------- saying it


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_json_holds_all_of_it(case: Case) -> None:
    found = difference(case.old, case.new)
    (told,) = json.loads(render_json([found]))
    assert told["verdict"] == found.verdict
    assert told["says"] in shown(found)
    assert len(told["models"]) == len(found.models)
    for model in told["models"]:
        assert {"old", "new", "verdict", "layers", "reshaped", "costs", "weights"} == set(model)
        assert all(set(change) >= {"kind", "effect", "changes"} for change in model["layers"])


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_markdown_is_well_formed(case: Case) -> None:
    text = render_markdown(difference(case.old, case.new))
    assert text.startswith("### `net.dl`: `old` → `new`\n\n")
    assert text.count("<details>") == text.count("</details>")
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table
    outside = re.sub(r"(`+).*?\1", "", text)
    assert "kernel" not in outside, "what comes from a spec stands in code"


def test_code_spans_hold_anything() -> None:
    assert code("a") == "`a`"
    assert code("a`b") == "``a`b``"
    assert code("`a") == "`` `a ``"
    assert code("a|b") == "`a\\|b`"
    assert code("\x1b[31m<b>\n") == "`\\x1b[31m<b>\\n`"


def test_many_changes_stay_on_one_screen() -> None:
    steps = [f"Dense({n}) -> relu" for n in range(2, 42)]
    other = [step.replace("Dense(", "Dense(1") for step in steps]
    text = shown(difference(net(steps), net(other)))
    assert "… and 24 more" in text
    assert len(text.splitlines()) < 40


# --------------------------------------------------------------------------- the verdict is sound


def function(text: str) -> object:
    """What a model computes, without what only training knows: an independent and slower way to say it."""
    graph = analysed(text).models[-1].graph
    found: list[object] = []
    times: Counter[object] = Counter()
    for node in graph.nodes():
        word = node.word
        if word is None:
            found.append(("input", node.path, str(node.output)))
            continue
        inputs = tuple(found[i] for i in node.inputs)
        if word.trains_only:
            found.append(inputs[0])
            continue
        kinds = {n: set(kind_of(info).word_kinds) for n, info in parameters(type(word)).items()}
        said = tuple((n, plain(v)) for n, v in word if not (kinds[n] and kinds[n] <= TRAINING))
        owner = None if node.shares is None else found[node.shares]
        key = (word.word, said, inputs, owner)
        times[key] += 1
        found.append((hash(key), times[key]))
    return [(name, found[index]) for name, index in graph.outputs.items() if index is not None]


STEPS = st.sampled_from(
    [
        "Dense(4)", "Dense(4, init=he_normal)", "shared", "other", "relu", "tanh", "Dropout(0.1)",
        "Dropout(0.2)", "BatchNorm", "Dense(4, regularizer=l2(1e-3)) -> relu", "Unit", "Unit -> Unit",
    ]
)  # fmt: skip


@st.composite
def branched(draw: st.DrawFn) -> str:
    """A model with values that branch and merge, a block, and layers that are used several times."""
    lines = ["input x: 4", "input y: 4", "shared = Dense(4)", "other = Unit"]
    names = ["x", "y"]
    for at in range(draw(st.integers(1, 5))):
        lead = draw(st.sampled_from(names))
        if len(names) > 2 and draw(st.booleans()):
            merge = draw(st.sampled_from(["add", "subtract", "maximum"]))
            lead = f"{merge}({lead}, {draw(st.sampled_from(names))})"
        steps = " -> ".join([lead, *draw(st.lists(STEPS, min_size=1, max_size=3))])
        lines.append(f"v{at} = {steps}")
        names.append(f"v{at}")
    ends = draw(st.permutations([*names, "x -> shared", "y -> other"]))  # all are used
    lines.append(f"concat({', '.join(ends)}) -> Dense(2)")
    block = "block Unit { input u  u -> Dense(4) -> relu }\n"
    return block + "model Net {\n  " + "\n  ".join(lines) + "\n}\n"


@given(branched(), branched(), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_other_function_is_called_the_same(old: str, other: str, seed: int) -> None:
    """Of two models, and of a model and itself with a line of the other."""
    lines, others = old.splitlines(), other.splitlines()
    at = 4 + seed % max(1, len(lines) - 5)
    mixed = "\n".join([*lines[:at], others[min(at, len(others) - 2)], *lines[at + 1 :], ""])
    for new in (other, mixed):
        if not analyse_source(Source("net.dl", new)).ok:
            continue  # the line has a name that is not known here
        found = difference(old, new)
        if function(old) != function(new):
            assert found.verdict is Verdict.FUNCTION
            assert found.models[0].layers, "and it is said why"
        if old == new:
            assert found.verdict is Verdict.SAME
        assert difference(new, old).verdict is found.verdict
