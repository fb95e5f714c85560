"""What others put into their CI: hooks, an action, a page about them. Each is parsed, and what it calls is run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from dslc.cli import dslc as program
from dslc.diagnostics import Fix, error
from dslc.reports.gitlab import render_gitlab
from dslc.source import Source
from tests.command_line import BAD, ROOT

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
GOOD = "model Net {\n  input x: 4\n  x -> Dense(3, init=glorot_uniform) -> softmax\n}\n"
BASH = shutil.which("bash")


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a runner: `dslc` is on the path, as if it had been installed."""
    bin = tmp_path / "runner" / "dslc" / "bin"
    bin.mkdir(parents=True)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "backends")])
    shim = bin / "dslc"
    shim.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(paths)} exec {shlex.quote(sys.executable)} -m dslc "$@"\n'
    )
    shim.chmod(stat.S_IRWXU)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "DSLC_", "GITHUB_"))}
    return kept | {
        "PATH": os.pathsep.join([str(bin), os.environ["PATH"]]),
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


@pytest.fixture
def project(tmp_path: Path, machine: dict[str, str]) -> Path:
    """A repository with a good spec."""
    folder = tmp_path / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "net.dl").write_text(GOOD)
    for call in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "x"],
    ):
        subprocess.run(["git", *call], cwd=folder, env=machine, check=True)
    return folder


# --------------------------------------------------------------------------- commands are real


def command(line: list[str]) -> click.Command:
    """The command that a line calls."""
    found = program.get_command(click.Context(program), line[1])
    assert line[0] == "dslc" and found is not None, line
    return found


def assert_known(line: list[str]) -> None:
    """Whether the command has all the options that a line gives it."""
    options = {name for param in command(line).params for name in param.opts}
    choices = {
        name: param.type.choices
        for param in command(line).params
        for name in param.opts
        if isinstance(param.type, click.Choice)
    }
    for at, token in enumerate(line[2:], 2):
        name, _, value = token.partition("=")
        if name.startswith("-") and name != "--":
            assert name in options, line
        if name in choices:
            assert (value or line[at + 1]) in choices[name], line


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_call_commands_that_there_are(hook: dict[str, Any]) -> None:
    line = [*shlex.split(hook["entry"]), *hook.get("args", [])]
    assert_known(line)
    assert re.search(hook["files"], "specs/net.dl")
    assert not re.search(hook["files"], "net.dlx")


def lines(text: str) -> Iterator[list[str]]:
    """The calls of dslc in a shell script."""
    for match in re.finditer(r"(?<![\w/.-])dslc [a-z]+(?: [^\n|;&>)#`]*)?", text):
        words = shlex.split(match.group())
        if program.get_command(click.Context(program), words[1]) is not None:
            yield [w for w in words if "$" not in w]


def test_the_page_shows_commands_that_there_are() -> None:
    found = list(lines(PAGE))
    assert {line[1] for line in found} == {"check", "lint", "fmt", "compile", "diff"}
    for line in found:
        assert_known(line)


def blocks() -> list[Any]:
    return [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)]


def test_the_page_shows_hooks_and_inputs_that_there_are() -> None:
    hooks, workflow, sarif, gitlab = blocks()
    assert [h["id"] for h in hooks["repos"][0]["hooks"]] == [h["id"] for h in HOOKS]
    steps = [*workflow["jobs"]["specs"]["steps"], *sarif]
    given = {name for s in steps if "dslc" in s["uses"] for name in s["with"]}
    assert given <= set(ACTION["inputs"])
    assert f"The inputs of the action are `{next(iter(ACTION['inputs']))}`" in PAGE
    assert all(f"`{name}`" in PAGE for name in ACTION["inputs"])
    assert set(gitlab["specs"]["artifacts"]["reports"]) == {"codequality", "junit"}
    for line in gitlab["specs"]["script"]:
        assert list(lines(line)), line


# --------------------------------------------------------------------------- pre-commit


needs_pre_commit = pytest.mark.skipif(
    importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"
)


@needs_pre_commit
def test_pre_commit_accepts_the_manifest(machine: dict[str, str]) -> None:
    call = [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"]
    done = subprocess.run(call, cwd=ROOT, env=machine, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_pre_commit
def test_pre_commit_runs_the_hooks(project: Path, machine: dict[str, str]) -> None:
    """As `language: system`, which installs nothing: the commands, their files and arguments are those of users."""
    local = [{**hook, "language": "system"} for hook in HOOKS]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))

    (project / "specs" / "net.dl").write_text(BAD)
    (project / "specs" / "wide.dl").write_text("model Wide{input x:4\nx->sigmoid->Dense(3)}\n")
    (project / "specs" / "net_torch.py").write_text("print(1)\n")
    subprocess.run(["git", "add", "-A"], cwd=project, env=machine, check=True)
    call = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
    done = subprocess.run(call, cwd=project, env=machine, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    said = re.split(r"^(dslc [\w -]+?)\.{3,}", done.stdout, flags=re.M)
    by_hook = dict(zip(said[1::2], said[2::2], strict=True))
    assert list(by_hook) == [hook["name"] for hook in HOOKS]
    assert all(text.startswith("Failed\n- hook id: dslc-") for text in by_hook.values()), by_hook
    assert "exit code: 1" in by_hook["dslc check"] and "error[E0201]" in by_hook["dslc check"]
    assert "exit code: 1" in by_hook["dslc lint"] and "specs/net.dl" in by_hook["dslc lint"]
    assert "files were modified by this hook" in by_hook["dslc fmt"]
    assert "net_torch.py not compared" in by_hook["dslc compile --check"]
    assert (project / "specs" / "wide.dl").read_text().startswith("model Wide {\n")


# --------------------------------------------------------------------------- the action


def test_the_shell_of_the_action_sees_no_expression() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in ACTION["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an input in a script would be executed"
        for name, value in step["env"].items():
            assert name.startswith("DSLC_")
            assert re.fullmatch(r"\$\{\{ (inputs\.[\w-]+|github\.action_path) \}\}", value)
    used = {v for step in ACTION["runs"]["steps"] for v in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]} <= used
    assert all(given["description"] for given in ACTION["inputs"].values())


def step(number: int, folder: Path, machine: dict[str, str], **inputs: str) -> tuple[int, str]:
    """Run a step as a runner does, with the defaults of the inputs that are not given."""
    script = ACTION["runs"]["steps"][number]
    given = {name: value["default"] for name, value in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    env = dict(machine)
    for name, value in script["env"].items():
        match = re.search(r"inputs\.([\w-]+)", value)
        env[name] = given[match[1]] if match is not None else str(ROOT)
    assert BASH is not None
    call = [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", script["run"]]
    done = subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


needs_bash = pytest.mark.skipif(BASH is None, reason="needs bash")


@pytest.fixture
def calls(machine: dict[str, str]) -> Path:
    """Puts a program in the place of dslc that notes its arguments, one a line, a blank line behind each call."""
    noted = Path(machine["RUNNER_TEMP"]) / "calls"
    noted.write_text("")
    stub = Path(machine["RUNNER_TEMP"]) / "dslc" / "bin" / "dslc"
    stub.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" '' >>{shlex.quote(str(noted))}\nexit ${{DSLC_TEST_CODE:-0}}\n"
    )
    return noted


def noted(calls: Path) -> list[list[str]]:
    return [call.split("\n") for call in calls.read_text().removesuffix("\n\n").split("\n\n")]


@needs_bash
def test_the_action_runs_what_it_says(project: Path, machine: dict[str, str]) -> None:
    (project / "specs" / "net.dl").write_text(BAD)
    inputs = {"paths": "specs", "format": "sarif", "output": "a b.sarif"}
    code, said = step(1, project, machine, checks="check lint", **inputs)
    assert code == 1
    assert "::error title=dslc (E0201),file=specs/net.dl,line=3" in said
    assert '"2.1.0"' in (project / "a b.sarif").read_text()


@needs_bash
def test_the_action_calls_every_check(project: Path, machine: dict[str, str], calls: Path) -> None:
    inputs = {"checks": "check lint fmt compile", "diff_base": "main", "args": "--select=L1\n"}
    assert step(1, project, machine, paths="specs\nmy specs\n\n", **inputs)[0] == 0
    paths = ["--", "specs", "my specs"]
    assert noted(calls) == [
        ["check", "--quiet", "--format=github", *paths],
        ["lint", "--format=github", "--select=L1", *paths],
        ["fmt", "--check", *paths],
        ["compile", "--check", *paths],
        ["diff", "--format=markdown", "main...HEAD", *paths],
    ]
    for call in noted(calls):
        assert_known(["dslc", *call])
    calls.write_text("")
    assert step(1, project, machine, paths="")[0] == 0
    assert noted(calls)[0] == ["check", "--quiet", "--format=github", "--", "."]
    failing = machine | {"DSLC_TEST_CODE": "1"}
    for check in ("check", "lint", "fmt", "compile"):
        assert step(1, project, failing, checks=check)[0] == 1
    assert step(1, project, failing, checks="", diff_base="main")[0] == 1


HOSTILE = "$(touch ran)`touch ran`; touch ran; * \"' && touch ran | -x"


@needs_bash
def test_inputs_are_data(project: Path, machine: dict[str, str], calls: Path) -> None:
    inputs = dict.fromkeys(("paths", "args", "format", "diff_base"), HOSTILE)
    assert step(1, project, machine, checks="lint", **inputs)[0] == 0
    assert noted(calls) == [
        ["lint", f"--format={HOSTILE}", HOSTILE, "--", HOSTILE],
        ["diff", "--format=markdown", f"{HOSTILE}...HEAD", "--", HOSTILE],
    ]
    calls.write_text("")
    code, said = step(1, project, machine, checks=HOSTILE)
    assert (code, calls.read_text()) == (2, "")
    assert "there are check, lint, fmt and compile" in said
    assert not list(project.rglob("ran*"))


@needs_bash
def test_a_version_that_is_none_is_not_installed(project: Path, machine: dict[str, str]) -> None:
    for version in ("1; touch ran", "$(touch ran)", "1 --index-url=http://x", "-r x", "a\nb"):
        code, said = step(0, project, machine, version=version)
        assert code == 2
        assert "::error::version must be one such as" in said
    assert not list(project.rglob("ran*"))
    assert not (Path(machine["RUNNER_TEMP"]) / "dslc" / "pyvenv.cfg").exists()


# --------------------------------------------------------------------------- reports


def test_a_code_quality_report_has_what_gitlab_wants() -> None:
    source = Source("specs/a.dl", "model 모델 {\n  x\n  x\n}\n")
    first, second = source.span(13, 14), source.span(17, 18)
    found = [
        error("E0217", "what is `x`?", first, fixes=[Fix("write y")]),
        error("E0217", "what is `x`?", second),
        error("E0130", "there is no file", None),
    ]
    told = json.loads(render_gitlab(found))
    assert [set(one) for one in told] == [
        {"description", "check_name", "fingerprint", "severity", "location"}
    ] * 3
    assert len({one["fingerprint"] for one in told}) == 3
    assert told[1] | {"fingerprint": ""} == {
        "description": "E0217: what is `x`?; write y",
        "check_name": "E0217",
        "fingerprint": "",
        "severity": "critical",
        "location": {"path": "specs/a.dl", "lines": {"begin": 2}},
    }
    below = Source("./specs/a.dl", "# more\n\n" + source.text)
    moved = [error("E0217", "what is `x`?", below.span(21, 22))]
    assert json.loads(render_gitlab(moved))[0]["fingerprint"] == told[1]["fingerprint"]
    assert json.loads(render_gitlab([])) == []


# --------------------------------------------------------------------------- this repository


def test_this_repository_checks_its_own_specs() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    assert recipe is not None
    for command in ("lint specs", "fmt --check specs"):
        assert f"\t$(PYTHON) -m dslc {command}\n" in recipe[1]
        assert_known(["dslc", *command.split()])
    run = ROOT / ".ci" / "run"
    assert not run.exists() or re.search(r"^make .*\blint\b", run.read_text(), re.M)
