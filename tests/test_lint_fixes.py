"""Edits and how they come together: what rules offer, what is applied, and when it stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dslc.cli.lint_files import Call, Result
from dslc.cli.lint_fix import mend
from dslc.diagnostics import Edit, Fix
from dslc.driver import analyse_source, facts_of
from dslc.lint.edits import Edits
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.patch import apply, choose
from dslc.lint.rule import Finding, Rule
from dslc.lint.selection import Selection
from dslc.linter import Fixed, fix, lint
from dslc.source import Source

SPEC = """\
model A(classes = 10) {
  input image: 8x8x1

  image
  -> Conv2D(8, 3x3)   # the first
  -> BatchNorm
  -> relu as stem
  -> Flatten -> Dropout(0.5) -> Dense(classes) -> softmax
}

data {
  source = digits   # 1797 of them
  split  = stratified(70, 15, 15)
  batch  = 32
}

train { loss = cross_entropy  optimizer = Adam(1e-3)  epochs = 20  EarlyStopping(monitor=val_loss) }
"""


def facts(text: str = SPEC) -> Facts:
    found = facts_of(analyse_source(Source("a.dl", text)))
    assert found is not None
    return found


def at(facts: Facts, word: str) -> Layer:
    return next(layer for layer in facts.layers if layer.span.text.startswith(word))


def changed(text: str, edits: Edits) -> str:
    """What the edits make of `text`: the lines that are not the same."""
    after = apply(text, edits)
    assert analyse_source(Source("a.dl", after)).ok, after
    old, new = text.splitlines(), after.splitlines()
    return "\n".join(line.strip() for line in new if line not in old) or str(len(new) - len(old))


# ------------------------------------------------------------------------------------------ what rules offer
CHANGES: list[tuple[Callable[[Facts], Edits], str]] = [
    (lambda f: f.edit.delete_step(at(f, "Dropout")), "-> Flatten -> Dense(classes) -> softmax"),
    (lambda f: f.edit.delete_step(at(f, "BatchNorm")), "-1"),
    (
        lambda f: f.edit.swap_steps(at(f, "Flatten"), at(f, "Dropout")),
        "-> Dropout(0.5) -> Flatten -> Dense(classes) -> softmax",
    ),
    (lambda f: f.edit.insert_before(at(f, "BatchNorm"), "relu"), "-> relu -> BatchNorm"),
    (lambda f: f.edit.insert_after(at(f, "BatchNorm"), "relu"), "-> BatchNorm -> relu"),
    (lambda f: f.edit.insert_after(at(f, "relu"), "relu"), "-> relu as stem -> relu"),
    (
        lambda f: f.edit.set_argument(at(f, "Conv2D"), "bias", "false"),
        "-> Conv2D(8, 3x3, bias=false)   # the first",
    ),
    (
        lambda f: f.edit.set_argument(at(f, "Conv2D"), "filters", "16"),
        "-> Conv2D(16, 3x3)   # the first",
    ),
    (
        lambda f: f.edit.set_argument(at(f, "BatchNorm"), "momentum", "0.9"),
        "-> BatchNorm(momentum=0.9)",
    ),
    (lambda f: f.edit.add_setting(f.edit.section("data"), "seed", "7"), "seed   = 7"),
    (
        lambda f: f.edit.add_setting(f.edit.section("train"), "metrics", "[accuracy]"),
        "train { loss = cross_entropy  optimizer = Adam(1e-3)  epochs = 20  metrics = [accuracy]  "
        "EarlyStopping(monitor=val_loss) }",
    ),
    (
        lambda f: f.edit.add_entry(f.edit.section("train"), "CSVLogger"),
        SPEC.splitlines()[-1].replace(" }", "  CSVLogger }"),
    ),
    (
        lambda f: f.edit.delete_entry(f.section("train").words[0].span),  # type: ignore[union-attr]
        SPEC.splitlines()[-1].replace("  EarlyStopping(monitor=val_loss)", ""),
    ),
    (
        lambda f: f.edit.set_argument(f.section("train").words[0], "patience", "4"),  # type: ignore[union-attr]
        SPEC.splitlines()[-1].replace("val_loss", "val_loss, patience=4"),
    ),
    (
        lambda f: f.edit.set_argument(f.setting("train", "optimizer"), "lr", "1e-4"),  # type: ignore[arg-type]
        SPEC.splitlines()[-1].replace("1e-3", "1e-4"),
    ),
    (
        lambda f: f.edit.drop_argument(f.setting("train", "optimizer"), "lr"),  # type: ignore[arg-type]
        SPEC.splitlines()[-1].replace("(1e-3)", ""),
    ),
]


@pytest.mark.parametrize(("change", "wanted"), CHANGES)
def test_edits(change: Callable[[Facts], Edits], wanted: str) -> None:
    assert changed(SPEC, change(facts())) == wanted


@pytest.mark.parametrize(("change", "wanted"), CHANGES)
def test_edits_with_other_line_ends(change: Callable[[Facts], Edits], wanted: str) -> None:
    text = SPEC.replace("\n", "\r\n")
    after = apply(text, change(facts(text)))
    assert after.count("\n") == after.count("\r\n")
    assert after.replace("\r\n", "\n") == apply(SPEC, change(facts()))


def test_a_line_of_its_own_goes_whole() -> None:
    text = SPEC.replace("batch  = 32", "seed = 3   # a comment of its own")
    setting = facts(text).setting("data", "seed")
    assert setting is not None
    entry = Source("a.dl", text).span(setting.key_span.start, setting.span.end)
    assert "  # a comment" in apply(text, facts(text).edit.delete_entry(entry))
    comment = "  # only this\n"
    text = SPEC.replace("  batch", f"{comment}  batch")
    start = text.index("# only")
    span = Source("a.dl", text).span(start, start + len("# only this"))
    assert apply(text, facts(text).edit.delete_entry(span)) == SPEC


def test_what_cannot_be_changed_in_place_gives_no_edits() -> None:
    text = SPEC.replace("image\n  -> Conv2D", "first = image -> Flatten\n  image\n  -> Conv2D")
    text = text.replace("softmax\n", "softmax\n").replace("Flatten\n  image", "relu\n  first")
    f = facts(text)
    only, stem = at(f, "relu"), at(f, "BatchNorm").next
    assert stem is not None
    assert f.edit.delete_step(only) == ()  # all that its flow does
    assert f.edit.delete_step(stem) == ()  # labelled
    assert f.edit.swap_steps(stem, only) == ()
    assert f.edit.swap_steps(only, only) == ()
    given = next(iter(f.layers))
    assert f.edit.delete_step(given) == ()
    assert f.edit.insert_before(given, "relu") == ()
    assert f.edit.set_argument(given, "x", "1") == ()
    assert f.edit.drop_argument(stem, "x") == ()
    assert f.edit.section("finetune", "phase") is None
    assert f.edit.add_setting(None, "a", "b") == ()
    assert f.edit.add_entry(None, "a") == ()


def test_what_stands_in_another_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b.dl").write_text("block B {\n  input x\n  x -> relu -> tanh\n}\n")
    text = 'import "b.dl" (B)\nmodel A {\n  input x: 4\n  x -> B -> Dense(2)\n}\n'
    f = facts_of(analyse_source(Source("a.dl", text), tmp_path / "a.dl"))
    assert f is not None
    relu = at(f, "relu")
    assert (f.edit.delete_step(relu), f.edit.insert_after(relu, "relu")) == ((), ())


# ------------------------------------------------------------------------------------------ which go together
def test_edits_that_touch_wait_for_the_next_round() -> None:
    span = Source("a.dl", "abcdef").span
    one, two = Fix("", (Edit(span(0, 2), "x"),)), Fix("", (Edit(span(2, 3), "y"),))
    far, both = (
        Fix("", (Edit(span(4, 5), "z"),)),
        Fix("", (Edit(span(0, 1), ""), Edit(span(5, 6), ""))),
    )
    same = Fix("", (Edit(span(0, 2), "x"), Edit(span(6, 6), "!")))
    chosen, edits = choose([one, two, far, both, same])
    assert chosen == [one, far, same]
    assert apply("abcdef", edits) == "xcdzf!"


def rules(*checks: Callable[[Facts], Iterator[Finding]]) -> Selection:
    made = (
        Rule(f"L90{i}", f"rule-{i}", "warning", "", "", "", "", "safe", check)
        for i, check in enumerate(checks)
    )
    return Selection(tuple(made), {}, {})


def run(text: str, *checks: Callable[[Facts], Iterator[Finding]]) -> Fixed:
    selection = rules(*checks)
    return fix(lint(Source("a.dl", text), selection), selection)


def replaces(old: str, new: str) -> Callable[[Facts], Iterator[Finding]]:
    """A rule that wants `new` wherever `old` stands."""

    def check(facts: Facts) -> Iterator[Finding]:
        text = facts.source.text
        start = text.find(old)
        while start >= 0:
            span = facts.source.span(start, start + len(old))
            yield Finding(span, old, fixes=(Fix(new, (Edit(span, new),), safe=True),))
            start = text.find(old, start + 1)

    return check


def test_fixes_make_room_for_others() -> None:
    done = run(SPEC, replaces("Dropout(0.5)", "relu"), replaces("relu -> Dense", "tanh -> Dense"))
    assert "Flatten -> tanh -> Dense(classes)" in done.after.source.text
    assert done.applied == {"L900": 1, "L901": 1}
    assert done.after.diagnostics == []
    assert "-  -> Flatten -> Dropout(0.5) -> Dense" in done.diff()


def test_fixes_that_undo_each_other_end() -> None:
    done = run(
        SPEC, replaces("Dropout(0.5)", "Dropout(0.4)"), replaces("Dropout(0.4)", "Dropout(0.5)")
    )
    assert done.applied == {"L900": 1}
    assert [d.code for d in done.after.diagnostics] == ["L901"]


def test_fixes_that_never_end_end() -> None:
    def longer(facts: Facts) -> Iterator[Finding]:
        span = facts.source.span(0, 0)
        yield Finding(span, "more", fixes=(Fix("", (Edit(span, "# more\n"),), safe=True),))

    done = run(SPEC, longer)
    assert done.applied == {"L900": 100}


def test_a_fix_whose_result_does_not_check_is_not_kept() -> None:
    breaks, mends = replaces("Flatten", "Flaten"), replaces("0.5", "0.4")
    done = run(SPEC, breaks, mends)
    assert done.after.source.text == SPEC.replace("0.5", "0.4")
    assert done.applied == {"L901": 1}
    assert not run(SPEC, breaks).changed
    assert not run(SPEC.replace("Flatten", "Flaten"), mends).changed  # nor is one of a broken spec


def test_a_fix_that_breaks_those_who_import_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    head, spec = tmp_path / "head.dl", tmp_path / "a.dl"
    head.write_text("block Head {\n  input x\n  x -> Dense(4)\n}\n")
    spec.write_text('import "head.dl" (Head)\nmodel A {\n  input x: 4\n  add(x -> Head, x)\n}\n')
    selection = rules(replaces("Dense(4)", "Dense(5)"))
    monkeypatch.setattr("dslc.cli.lint_fix.select", lambda *_: selection)
    found = lint(Source("head.dl", head.read_text()), selection, head).diagnostics
    results = [Result(head, found), Result(spec, [], [head])]
    after, fixed = mend(results, Call(), unsafe=False, write=True)
    assert (after, fixed) == (results, [])
    after, fixed = mend(results[:1], Call(), unsafe=False, write=True)
    assert [it.applied for it in fixed] == [{"L900": 1}]
    assert "Dense(5)" in head.read_text()


def test_a_bug_in_a_rule_is_told_by_its_name() -> None:
    def broken(facts: Facts) -> Iterator[Finding]:
        yield Finding(facts.source.span(0, 1), "found")
        raise KeyError("lost")

    with pytest.raises(RuntimeError, match=r"L900 \(rule-0\) fails on a\.dl: KeyError: 'lost'"):
        run(SPEC, broken)
