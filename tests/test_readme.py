"""What README.md and the pages under docs/ and specs/ show and claim is so. `pytest --update` writes it anew."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from compiled import BACKENDS, GOLDEN, ROOT, SPECS, main_model

from dslc.cli import COMMANDS
from dslc.driver import analyse_source, facts_of
from dslc.lint.registry import all_rules
from dslc.lint.run import run_rules
from dslc.render import render_terminal
from dslc.source import Source

README = ROOT / "README.md"
PAGES = [
    README,
    *(ROOT / name for name in ("specs/README.md", "docs/getting-started.md", "docs/scripts.md")),
]
LINKING = [README, ROOT / "specs" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MARKED = re.compile(
    r"^<!-- (?P<kind>[a-z]+)(?:: (?P<what>.*?))? -->\n(?P<body>.*?)^<!-- end -->$", re.M | re.S
)


def fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def shown_file(what: str, body: str) -> str:
    return fenced((ROOT / what).read_text(encoding="utf-8"))


def excerpt(what: str, body: str) -> str:
    """Definitions of a script, two lines apart."""
    path, _, names = what.partition(": ")
    text = (ROOT / path).read_text(encoding="utf-8")
    found = {
        node.name: ast.get_source_segment(text, node) or ""
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    return fenced("\n\n\n".join(found[name] for name in names.split(", ")), "python")


def mistake(what: str, body: str) -> str:
    """A spec and all that dslc says about it."""
    spec = body.split("```")[1].removeprefix("\n")
    found = analyse_source(Source("model.dl", spec))
    assert not found.ok
    said = render_terminal(found.diagnostics, color=False, width=100)
    return fenced(spec) + fenced(said, "text")


def advice(what: str, body: str) -> str:
    """A spec and what `dslc lint` says about it."""
    spec = body.split("```")[1].removeprefix("\n")
    facts = facts_of(analyse_source(Source("model.dl", spec)))
    assert facts is not None
    said = render_terminal(run_rules(facts, all_rules().values()), color=False, width=100)
    assert said
    return fenced(spec) + fenced(said, "text")


def checked(what: str, body: str) -> str:
    """What `dslc check` says of a spec."""
    argv = [sys.executable, "-m", "dslc", "check", what]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    return fenced(done.stdout.strip("\n"), "text")


def commands(what: str, body: str) -> str:
    rows = [f"| `dslc {name}` | {says} |\n" for name, (_, says) in COMMANDS.items()]
    return "| | |\n|---|---|\n" + "".join(rows)


def parameters(what: str, body: str) -> str:
    """The table of the specs, its second column counted, its last one as tools/measure_specs.py found it."""
    rows = []
    results = json.loads((ROOT / "specs" / "results.json").read_text(encoding="utf-8"))
    for line in body.splitlines():
        stem = re.match(r"\| \[(\w+)\.dl\]", line)
        if stem is not None:
            summary = main_model(SPECS[stem[1]]).summary
            assert summary is not None
            cells = line.split(" | ")
            cells[1] = f"{int(str(summary.trainable)):,}"
            cells[-1] = f"{reached(results.get(stem[1], {}))} |".lstrip()
            line = " | ".join(cells)
        rows.append(f"{line}\n")
    return "".join(rows)


def reached(results: dict[str, dict[str, float]]) -> str:
    """`accuracy 0.97, 0.98`: every metric in Keras and in PyTorch, the loss only where there is no other."""
    names = dict.fromkeys(name for found in results.values() for name in found)
    shown = [name for name in names if not name.endswith("loss")] or list(names)
    return "; ".join(
        f"{name.removeprefix('test_')} "
        + ", ".join(f"{results[b][name]:.3f}" if b in results else "–" for b in ("keras", "torch"))
        for name in shown
    )


MAKERS: dict[str, Callable[[str, str], str]] = {
    "file": shown_file,
    "excerpt": excerpt,
    "mistake": mistake,
    "advice": advice,
    "check": checked,
    "commands": commands,
    "parameters": parameters,
    "verify": lambda what, body: (
        body
    ),  # its numbers are another machine's: see test_verify_scripts.py
}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_shows_is_so(page: Path, update: bool) -> None:
    text = page.read_text(encoding="utf-8")

    def made(found: re.Match[str]) -> str:
        kind, what = found["kind"], found["what"] or ""
        if kind == "command":
            return found[0]
        return (
            found[0].replace(found["body"], MAKERS[kind](what, found["body"]))
            if found["body"]
            else (found[0].replace("<!-- end -->", MAKERS[kind](what, "") + "<!-- end -->"))
        )

    expected = MARKED.sub(made, text)
    if update:
        page.write_text(expected, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == expected, "run pytest --update, and read the diff"


@pytest.mark.parametrize("page", LINKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_spec_is_in_the_table_of_specs() -> None:
    text = (ROOT / "specs" / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| \[(\w+)\.dl\]", text, re.M)) == sorted(SPECS)


def command(name: str) -> str:
    found = re.search(
        rf"^<!-- command: {name} -->\n```\n(.*)\n```\n<!-- end -->$",
        README.read_text("utf-8"),
        re.M,
    )
    assert found is not None
    return found[1]


def test_the_extras_that_the_readme_names_exist() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    named = re.findall(r"\.\[([\w,-]+)\]", README.read_text("utf-8"))
    assert named and {extra for names in named for extra in names.split(",")} <= set(extras)


def test_the_page_about_scripts_names_every_option_and_file() -> None:
    text = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
    for path in GOLDEN.glob("*.py"):
        script = path.read_text(encoding="utf-8")
        for option in re.findall(r'add_argument\(\s*"(--[a-z-]+)"', script):
            assert f"`{option}" in text, option
        for file in re.findall(r'out / "([\w.]+)"', script):
            name = re.sub("_(digit|ink)", "_<output>", file)  # the outputs of specs/multi_output.dl
            assert f"`{name}`" in text, file


def test_the_first_spec_of_the_guide_is_right() -> None:
    text = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    (spec,) = [block for block in text.split("```") if block.startswith("\nmodel Wine")]
    found = analyse_source(Source("wine.dl", spec))
    assert found.diagnostics == []
    (only,) = analyse_source(Source("wine.dl", spec.replace("softmax", "sofmax"))).diagnostics
    assert "softmax" in render_terminal([only], color=False, width=100)


@pytest.mark.framework
def test_the_command_of_the_readme_trains(tmp_path: Path) -> None:
    """Its second half, with this Python; `.ci/run` sees to the first half of the other command."""
    run = command("install").partition(" && ")[2]
    assert run == "dslc run specs/digits_cnn.dl --backend torch"
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    argv = [sys.executable, "-m", *run.split(), "--", "--epochs", "2", "--device", "cpu"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "test_accuracy" in done.stdout
    assert (tmp_path / "runs" / "digits_cnn-torch" / "curves.png").exists()


def test_both_backends_are_shown() -> None:
    text = README.read_text("utf-8")
    assert all(f"digits_cnn_{backend}.py" in text for backend in BACKENDS)
