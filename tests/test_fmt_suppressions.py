"""A comment that silences a finding goes on to do so when the spec is formatted, and silences nothing else."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from spec_scrambler import scramble

from dslc.driver import analyse_source, facts_of
from dslc.fmt import format_source
from dslc.lint.registry import all_rules
from dslc.lint.run import run_rules
from dslc.source import Source

CODES = ("L101", "L104", "L111", "L130", "L201", "L213", "L401")
RULES = [all_rules()[code] for code in CODES]
SPEC = """\
block Part(n) {
  input x
  a = x -> Dense(n, bias=false, regularizer=l2(1e-4)) -> BatchNorm -> tanh
  b = concat(x -> Dense(2 * n) -> sigmoid, x -> Dense(n) -> BatchNorm -> relu, x -> Dense(n) -> Dense(n + 1))
  concat(a, b) -> Dense(n) -> tanh
}

model Wide(classes = 3) {
  input measures: 13
  measures -> Part(24) -> Dense(16) -> Dropout(0.1) -> Dense(12) -> tanh -> repeat 2 { -> Dense(12) -> sigmoid }
  -> Dense(classes) -> softmax
}

data { source = wine  split = stratified(70, 15, 15)  scale = zscore  batch = 100 }

train { loss = cross_entropy  optimizer = Adam(lr=0.5)  metrics = [accuracy]  epochs = 20 }
"""


def found(text: str) -> Counter[tuple[str, str]]:
    """What is said about a spec, without its places."""
    facts = facts_of(analyse_source(Source("a.dl", text)))
    assert facts is not None, text
    return Counter((d.code, d.message) for d in run_rules(facts, RULES))


def laid_out(text: str) -> str:
    out, said = format_source(Source("a.dl", text))
    assert out is not None, said
    assert format_source(Source("a.dl", out))[0] == out, text
    return out


def suppressed(text: str, dice: random.Random) -> str:
    """`text` with suppressions behind some of its lines, and above some."""
    lines = []
    for line in re.split(r"\r\n|\r|\n", text):
        comment = f"# dslc: ignore[{', '.join(dice.sample(CODES[:-1], 3))}] why"
        if dice.random() < 0.2:
            lines.append(f"  {comment}")
        lines.append(f"{line}  {comment}" if line.strip() and dice.random() < 0.2 else line)
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(20))
def test_comments_are_for_the_same_findings(seed: int) -> None:
    text = suppressed(SPEC, random.Random(seed))
    assert found(laid_out(text)) == found(text), text


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_silenced_stays_so_in_odd_layouts_too(seed: int) -> None:
    """A comment that tore a phrase apart goes to its end: it may be for more then, and never for less."""
    dice = random.Random(seed)
    text = suppressed(scramble(SPEC, dice, comments=0), dice)
    assert found(laid_out(text)) - found(text) == Counter(), text


WHY = "# dslc: ignore[L101] why"
LONG = "Dense(32, init=he_normal, bias=false, regularizer=l2(1e-4))"


@pytest.mark.parametrize(
    ("text", "out"),
    [
        (  # a line that is too long
            f"x -> {LONG} -> tanh -> {LONG} -> tanh {WHY}\n  -> Dense(3)",
            f"x -> {LONG} -> tanh -> {LONG} -> tanh  {WHY}\n  -> Dense(3)",
        ),
        (  # above a statement the comment is for all of it
            f"{WHY}\n  x -> {LONG} -> tanh -> {LONG} -> tanh",
            f"{WHY}\n  x\n  -> {LONG} -> tanh\n  -> {LONG} -> tanh",
        ),
        (  # above a line within one it is for that line
            f"x\n  {WHY}\n  -> {LONG} -> tanh -> {LONG} -> tanh",
            f"x\n  {WHY}\n  -> {LONG} -> tanh -> {LONG} -> tanh",
        ),
        (  # two statements
            f"a = x -> Dense(3) -> tanh b = a -> Dense(3) -> tanh {WHY}\n  add(a, b)",
            f"a = x -> Dense(3) -> tanh  b = a -> Dense(3) -> tanh  {WHY}\n  add(a, b)",
        ),
        (  # items that would fit on a line, of which the comment is for the last
            f"concat(x -> tanh,\n    x -> tanh) {WHY}",
            f"concat(\n    x -> tanh,\n    x -> tanh)  {WHY}",
        ),
        (f"concat(x -> tanh, {WHY}\n x)", f"concat(x -> tanh,  {WHY}\n    x,\n  )"),
    ],
)
def test_lines_that_a_comment_is_for(text: str, out: str) -> None:
    model = "model M {{\n  input x: 4\n  {}\n}}\n".format
    assert laid_out(model(text)) == model(out)


def test_a_comment_above_a_section_or_definition_is_for_all_of_it() -> None:
    above = re.sub(
        r"(?m)^(?=block|model|data|train)", f"# dslc: ignore[{', '.join(CODES)}] why\n", SPEC
    )
    assert {code for code, _ in found(above)} == {"L401"}
    assert found(laid_out(above)) == found(above)
