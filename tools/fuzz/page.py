"""The parts of docs/fuzzing.md that runs and regression cases fill."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE, RECORD, FOUND = "docs/fuzzing.md", "docs/fuzzing.json", "tests/fuzzed"


def filled(text: str, root: Path = ROOT) -> str:
    """The page with its record and its list as they are now."""
    path = root / RECORD
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    text = _between(text, "record", record(told) if told else "")
    return _between(text, "found", found(root / FOUND))


def _between(text: str, name: str, new: str) -> str:
    pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda m: f"{m[1]}{new}{m[2]}", text, count=1, flags=re.DOTALL)


def record(told: dict[str, Any]) -> str:
    """What the last long run says of itself."""
    first, last = told["seeds"]
    hours, minutes = divmod(round(told["seconds"] / 60), 60)
    packages = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    open_, mended = len(told["faults"]), len(told["mended"])
    words = told["words"]
    rare, often = min(words, key=words.get), max(words, key=words.get)
    rows = "".join(f"| {trait} | {count:,} |\n" for trait, count in told["traits"].items())
    return (
        "### The last long run\n\n"
        f"{told['specs']:,} specs, seeds {first} to {last}, in {hours} h {minutes} min on a shared machine "
        f"({told['seconds in frameworks'] / 60:.0f} min of it in the frameworks): {open_} disagreements and crashes. "
        f"Of {mended} that it met on its way, all are listed [below](#what-was-found) or were the judge's own "
        f"doing; these specs were judged again. {len(told['rounding'])} counted as rounding. With {packages}.\n\n"
        f"All {len(words)} words were drawn"
        f"{_missing(told['words never drawn'])}: `{often}` in {words[often]:,} specs, `{rare}`, the least often, in "
        f"{words[rare]:,}. Specs with\n\n"
        f"| | specs |\n| --- | ---: |\n{rows}\n"
        "`docs/fuzzing.json` is the report itself.\n"
    )


def _missing(names: list[str]) -> str:
    return f" (not {', '.join(f'`{n}`' for n in names)})" if names else ""


def found(folder: Path) -> str:
    """The first comment of every regression case."""
    lines = []
    for path in sorted(folder.glob("*.dl")):
        comment = re.match(r"# (.*)\n", path.read_text(encoding="utf-8"))
        assert comment is not None, f"{path} does not say what it was"
        lines.append(f"- `{path.stem}`: {comment[1]}\n")
    return "".join(lines)
