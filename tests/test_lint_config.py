"""The configuration of lint: where it is found, what is wrong with it, which rules it means."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslc.cli.formats import FORMATS
from dslc.diagnostics import Diagnostic
from dslc.lint.config import Config, config_for, forget, locate, matches
from dslc.lint.registry import all_rules
from dslc.lint.selection import Options, Selection, select, wrong_names, wrong_options
from dslc.linter import lint
from dslc.source import Source


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.chdir(tmp_path)


def load(text: str, name: str = "dslc.toml") -> tuple[Config, list[Diagnostic]]:
    Path(name).write_text(text, encoding="utf-8", newline="")
    config, found = config_for(Path("a.dl"))
    return config, [*found, *wrong_names(config)]


def shown(d: Diagnostic) -> str:
    assert d.primary is not None
    fix = d.fixes[0].message if d.fixes else ""
    return f"{d.code} {d.primary.span.line} {d.primary.span.text!r} {d.message}: {fix}"


# ------------------------------------------------------------------------------------------ where
def test_the_nearest_file_holds() -> None:
    deep = Path("a/b/c")
    deep.mkdir(parents=True)
    assert config_for(deep / "x.dl")[0].source is None
    forget()
    Path("dslc.toml").write_text('ignore = ["L1"]')
    Path("a/pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert config_for(deep / "x.dl")[0].ignore == ("L1",)
    forget()
    Path("a/pyproject.toml").write_text('[tool.dslc]\nignore = ["L2"]\n')
    config = config_for(deep / "x.dl")[0]
    assert (config.ignore, config.root) == (("L2",), Path("a").resolve())
    forget()
    Path("a/dslc.toml").write_text('ignore = ["L3"]\n')  # beside a pyproject.toml it is the one
    assert config_for(deep)[0].ignore == ("L3",)
    assert config_for(deep)[0].file == Path("a/dslc.toml").resolve()


def test_a_file_is_read_once_until_told_otherwise() -> None:
    assert load('ignore = ["L1"]')[0].ignore == ("L1",)
    assert load('ignore = ["L2"]')[0].ignore == ("L1",)
    forget()
    assert load('ignore = ["L2"]')[0].ignore == ("L2",)


def test_all_of_it() -> None:
    config, found = load(
        """
        [tool.dslc]
        select = ["L1", "L201"]
        ignore = ["saturating-activation"]
        per-path."specs/zoo/**" = ["ALL"]

        [tool.dslc.severity]
        L201 = "error"

        [tool.dslc.budgets]
        parameters = 5_000_000
        multiply-adds = 1e9
        """,
        "pyproject.toml",
    )
    assert not found
    assert config.severity == {"L201": "error"}
    assert config.budgets == {"parameters": 5_000_000, "multiply-adds": 1e9}
    chosen = select(config, Options(), Path("a.dl"))
    codes = {rule.code for rule in chosen.rules}
    assert "L101" not in codes
    assert "L201" in codes
    assert {code for code in codes if code[:2] != "L1"} == {"L201", "L404"}
    assert chosen.severities == {"L201": "error"}
    assert select(config, Options(), Path("specs/zoo/deep/b.dl")).rules == ()


def test_the_page_says_what_is_so() -> None:
    page = (Path(__file__).parent.parent / "docs" / "lint.md").read_text(encoding="utf-8")
    (toml,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    config, found = load(toml, "pyproject.toml")
    assert not found
    assert config.per_path
    (spec,) = re.findall(r"```dl\n(.*?)```", page, re.S)
    rules = Selection(tuple(all_rules().values()), {}, {})
    assert lint(Source("a.dl", spec), rules).diagnostics == []
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == set(FORMATS)


# ------------------------------------------------------------------------------------------ wrong
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('selct = ["L1"]', "E0481 1 'selct' dslc has no setting `selct`: did you mean `select`?"),
        (
            "[tool.dslc]\nselect = []",
            "E0481 1 '' dslc has no setting `tool`: "
            "write the settings as they are: in a dslc.toml without `[tool.dslc]`",
        ),
        ("\n[colours]\nx = 1", "E0481 2 'colours' dslc has no setting `colours`: remove it"),
        (
            "[budgets]\nparams = 1",
            "E0481 2 'params' there is no budget `params`: did you mean `parameters`?",
        ),
        (
            'select = "L1"',
            "E0482 1 'select' `select` must be a list of rules, such as [\"L101\"]: "
            'write a list of rules, such as ["L101"]',
        ),
        (
            "severity = 3",
            "E0482 1 'severity' `severity` must be a table: [severity]: write a table: [severity]",
        ),
        (
            '[severity]\nL101 = "bad"',
            "E0482 2 'L101' `severity.L101` must be one of error, warning, info: "
            "write one of error, warning, info",
        ),
        (
            "budgets.parameters = -1",
            "E0482 1 'budgets.parameters' `budgets.parameters` must be a number > 0: "
            "write a number > 0",
        ),
        (
            "[budgets]\nactivations = true",
            "E0482 2 'activations' `budgets.activations` must be a number > 0: write a number > 0",
        ),
        (
            '# 한 🙂\nignore = [\n  "L101",\n  "saturated-activation",\n]',
            "E0483 4 'saturated-activation' there is no rule `saturated-activation`: "
            "did you mean `saturating-activation`?",
        ),
        (
            '[per-path]\n"a/*" = ["L9"]',
            "E0483 2 'L9' there is no rule `L9`: `dslc explain` lists the rules",
        ),
        (
            '[severity]\nL999 = "error"',
            "E0483 2 'L999' there is no rule `L999`: `dslc explain` lists the rules",
        ),
        (
            'ignore = ["L1"\nselect = []',
            "E0480 2 's' `dslc.toml` is not TOML: unclosed array: "
            "mend the line; https://toml.io has the rules",
        ),
        (
            'ignore = ["L1',
            "E0480 1 '' `dslc.toml` is not TOML: unterminated string: "
            "mend the line; https://toml.io has the rules",
        ),
    ],
)
def test_what_is_wrong(text: str, said: str) -> None:
    _, found = load(text)
    assert [shown(d) for d in found] == [said]


def test_what_is_no_table_and_no_text() -> None:
    _, found = load("[tool]\ndslc = 3\n", "pyproject.toml")
    assert [shown(d) for d in found] == [
        "E0482 2 'dslc' `tool.dslc` must be a table: write a table"
    ]
    forget()
    Path("dslc.toml").write_bytes(b"\xff\xfe")
    (found_,) = config_for(Path("a.dl"))[1]
    assert found_.code == "E0480"
    assert found_.message == "`dslc.toml` is not UTF-8"


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5_000, "a = 1979-13-01"])
def test_what_no_reader_takes(text: str) -> None:
    Path("dslc.toml").write_text(text)
    assert [d.code for d in config_for(Path("a.dl"))[1]] == ["E0480"]


def test_keys_are_found_as_toml_writes_them() -> None:
    text = "a = 1\n[\"x y\".b]\n'c d' = 2 # a = 3\ne.f = 3\n[[g]]\n"
    source = Source("a.toml", text)
    assert locate(source, ("x y", "b", "c d")).text == "'c d'"
    assert locate(source, ("x y", "b", "e", "f")).line == 4
    assert locate(source, ("x y", "b")).text == '"x y".b'
    assert locate(source, ("nowhere",)).start == 0


# ------------------------------------------------------------------------------------------ which rules
@pytest.mark.parametrize(
    ("glob", "path", "does"),
    [
        ("specs/*.dl", "specs/a.dl", True),
        ("specs/*.dl", "specs/zoo/a.dl", False),
        ("specs/**", "specs/zoo/a.dl", True),
        ("specs", "specs/zoo/a.dl", True),
        ("specs/", "specs/zoo/a.dl", True),
        ("**/zoo", "specs/zoo/a.dl", True),
        ("zoo", "specs/zoo/a.dl", True),
        ("a.dl", "specs/zoo/a.dl", True),
        ("?.dl", "specs/zoo/a.dl", True),
        ("??.dl", "specs/zoo/a.dl", False),
        ("s.ecs/a.dl", "specs/a.dl", False),
        ("*", "specs/a.dl", True),
    ],
)
def test_globs(glob: str, path: str, does: bool) -> None:
    assert matches(glob, path) is does


def codes(config: Config, *, select_: str = "", ignore: str = "") -> set[str]:
    options = Options(tuple(select_.split()), tuple(ignore.split()))
    assert not list(wrong_options(options))
    return {rule.code for rule in select(config, options).rules}


def test_the_longer_beginning_wins_and_the_command_line_comes_last() -> None:
    everything = set(all_rules())
    root = Path()
    assert codes(Config(root)) == everything
    assert codes(Config(root, select=())) == set()
    assert codes(Config(root), ignore="L") == set()
    assert codes(Config(root), ignore="ALL") == set()
    ones = {code for code in everything if code.startswith("L1")}
    assert codes(Config(root, select=("L1",))) == ones
    assert codes(Config(root, select=("L1",), ignore=("L101",))) == ones - {"L101"}
    assert codes(Config(root, select=("l101",), ignore=("L1",))) == {"L101"}
    assert codes(Config(root, select=("L1",)), select_="L401") == {"L401"}
    assert codes(Config(root, ignore=("L101",)), select_="Saturating-Activation") == {"L101"}
    assert codes(Config(root), select_="L1", ignore="L101") == ones - {"L101"}


def test_a_budget_is_heard_of_whatever_is_selected() -> None:
    budgets = {"parameters": 5}
    ones = codes(Config(Path(), select=("L1",)))
    assert codes(Config(Path(), select=("L1",), budgets=budgets)) == ones | {"L404"}
    assert codes(Config(Path(), select=("L1",), ignore=("L404",), budgets=budgets)) == ones
    assert codes(Config(Path(), select=("L1",), budgets=budgets), select_="L101") == {"L101"}


def test_names_that_are_no_rules() -> None:
    options = Options(("L1", "satturating-activation"), ("Q",))
    assert list(wrong_options(options)) == [
        ("satturating-activation", "saturating-activation"),
        ("Q", None),
    ]


# ------------------------------------------------------------------------------------------ anything
WORDS = st.sampled_from(
    ["select", "ignore", "per-path", "severity", "budgets", "parameters", "L101"]
)
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("error") | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.dictionaries(WORDS, VALUES).map(lambda table: toml(table)))
def test_any_configuration_is_taken_or_refused(text: str) -> None:
    forget()
    config, found = load(text)
    select(config, Options(), Path("a.dl"))
    assert all(d.primary is not None and d.fixes for d in found)


def toml(table: dict[str, object]) -> str:
    """A table as TOML, everything on a line of its own."""
    return "".join(f"{key} = {inline(value)}\n" for key, value in table.items())


def inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value).replace("Infinity", "inf").replace("NaN", "nan")
