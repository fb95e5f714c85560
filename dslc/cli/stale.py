"""`dslc compile --check`: whether the scripts beside specs are what dslc would write now. Nothing is written."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dslc import __version__
from dslc.cli import FINDINGS, FINE
from dslc.cli.backends import analyse_or_report, choose, find_backend, script_for, stem_of
from dslc.cli.compile import is_ours
from dslc.cli.console import fail, reason, safe, say, style
from dslc.cli.stamp import split

if TYPE_CHECKING:
    from dslc.codegen.backend import Backend
    from dslc.driver import Analysis

MOST_LINES = 12  # of what was edited
HEAD = re.compile(r'"""(?P<model>[^\s"]+) in ')


@dataclass(frozen=True)
class Script:
    """The script of a spec for a backend: where it is, or should be."""

    spec: Path
    place: Path
    backend: Backend
    model: str | None

    @property
    def command(self) -> str:
        """What writes it anew."""
        words = ["dslc", "compile", str(self.spec), "--backend", self.backend.name]
        usual = self.spec.with_name(f"{stem_of(self.spec)}_{self.backend.name}.py")
        if self.model is not None:
            words += ["--model", self.model]
        if self.place != usual:
            words += ["-o", str(self.place)]
        return shlex.join(words)


@dataclass(frozen=True)
class Finding:
    """A script that is not as it would be written, and what helps."""

    says: str
    help: str
    diff: tuple[str, ...] = ()


def check_scripts(
    specs: Sequence[Path], backend: str | None, output: str | None, model: str | None
) -> int:
    """Check the scripts of `specs` for a backend; without one, those that are there."""
    from dslc.cli.check import find

    files = list(find(specs))
    if output is not None and (len(files) > 1 or backend is None):
        fail("`-o` names the script of one spec for one backend", "dslc compile --check SPEC -b …")
    scripts: list[Script] = []
    analyses: dict[Path, Analysis | None] = {}
    without = lost = 0
    for spec in files:
        mine = list(_scripts(spec, backend, output, model))
        if not mine and not spec.exists():
            analyse_or_report(spec)  # says that it is not there
            lost += 1
        else:
            without += not mine
        scripts += mine
    seen = wrong = 0
    for script in scripts:
        if script.spec not in analyses:
            analyses[script.spec] = analyse_or_report(script.spec)
        analysis = analyses[script.spec]
        if analysis is not None and not analysis.models and not script.place.exists():
            without += 1  # a file of blocks
            continue
        seen += 1
        finding = _judge(script, analysis)
        if finding is not None:
            wrong += 1
            _show(script, finding)
    return FINDINGS if _end(seen, wrong, without) or lost else FINE


def _end(scripts: int, wrong: int, without: int) -> int:
    noun = "script" if scripts == 1 else "scripts"
    rest = f"; {without} {'spec has' if without == 1 else 'specs have'} none" if without else ""
    if not wrong:
        say(f"{scripts} {noun} up to date{rest}\n")
        return FINE
    verb = "is" if wrong == 1 else "are"
    say(f"{wrong} of {scripts} {noun} {verb} not up to date{rest}\n")
    return FINDINGS


def _scripts(
    spec: Path, backend: str | None, output: str | None, model: str | None
) -> Iterator[Script]:
    from dslc.codegen.backend import backend_names

    for name in [backend] if backend is not None else backend_names():
        usual = f"{stem_of(spec)}_{name}.py"
        place = spec.with_name(usual) if output is None else Path(output)
        if place.is_dir():
            place /= usual
        if backend is not None or place.exists():
            yield Script(spec, place, find_backend(name), model)


# --------------------------------------------------------------------------- one script


def _judge(script: Script, analysis: Analysis | None) -> Finding | None:
    """What is wrong with a script, if anything is."""
    if analysis is None:
        return Finding("not compared: its spec has errors", f"dslc check {script.spec}")
    there = _read(script.place)
    if isinstance(there, Finding):
        return there
    if there is not None and not is_ours(script.place):
        return Finding("was not written by dslc", f"move it away, or {script.command} --force")
    chosen = choose(analysis, script.model or _model(there, analysis))
    stem = stem_of(script.spec)
    text = None if chosen is None else script_for(analysis, chosen, script.backend, stem)
    if text is None:
        return Finding("not compared: its spec does not compile", script.command)
    return (
        Finding("is missing", script.command) if there is None else _compared(script, there, text)
    )


def _read(place: Path) -> str | Finding | None:
    try:
        return place.read_bytes().decode("utf-8", "replace") if place.exists() else None
    except OSError as problem:
        return Finding(f"cannot be read: {reason(problem)}", "see to its permissions")


def _model(text: str | None, analysis: Analysis) -> str | None:
    """The model that a script says it was made from, where the spec still has it."""
    match = HEAD.match(text or "")
    names = [model.definition.name for model in analysis.models]
    return match["model"] if match is not None and match["model"] in names else None


def _compared(script: Script, there: str, text: str) -> Finding | None:
    body, stamp = split(there)
    if body == text:
        return None
    if stamp is not None and stamp.version != __version__ and stamp.whole:
        says = f"was written by dslc {stamp.version}, this is {__version__}"
        return Finding(says, script.command)
    if stamp is not None and stamp.whole:
        says = f"is stale: `{script.spec.name}`, or what it imports, has changed since"
        return Finding(says, script.command)
    says, command = "was edited since dslc wrote it", f"{script.command} --force"
    if stamp is None:
        says = "is not what dslc writes, and does not say which dslc wrote it"
        command = script.command
    return Finding(says, f"bring the change into the spec, then {command}", _edits(text, body))


def _edits(ours: str, theirs: str) -> tuple[str, ...]:
    """The first lines that differ, as a unified diff."""
    lines = list(
        difflib.unified_diff(
            ours.splitlines(),
            theirs.splitlines(),
            "what dslc writes",
            "what is there",
            "",
            "",
            1,
            "",
        )
    )
    more = len(lines) - MOST_LINES
    rest = [f"… and {more} more lines"] if more > 0 else []
    return (*lines[:MOST_LINES], *rest)


def _show(script: Script, finding: Finding) -> None:
    say(f"{style(safe(str(script.place)), bold=True)} {safe(finding.says)}\n")
    for line in finding.diff:
        color = {"+": "green", "-": "red"}.get(line[:1])
        say(f"    {style(safe(line), fg=color)}\n")
    say(f"  = help: {safe(finding.help)}\n")
