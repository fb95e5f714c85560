"""Judge the specs of many seeds, one after the other, and keep what fails.

python -m fuzz -n 5000 --seed 1            a run; failing specs land in runs/fuzz/
python -m fuzz --only 17                   the spec of one seed, and what is wrong with it
"""

from __future__ import annotations

import json
import platform
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fuzz import place
from fuzz.fault import Fault, fault
from fuzz.grow import Grown, grow
from fuzz.pool import Worker
from fuzz.values import flow_words


@dataclass
class Tally:
    """What a run found."""

    first: int
    count: int = 0
    seconds: float = 0.0
    judging: float = 0.0
    faults: list[dict[str, Any]] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)
    traits: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def note(self, grown: Grown) -> None:
        """Count what a spec uses."""
        for word in set(re.findall(r"[A-Za-z]\w*", grown.text)) & set(flow_words()):
            self.words[word] += 1
        for trait, pattern in TRAITS.items():
            self.traits[trait] += bool(re.search(pattern, grown.text))
        self.refused.update(code for code, _, _ in grown.refused)

    def report(self) -> dict[str, Any]:
        missing = sorted(set(flow_words()) - set(self.words))
        return {
            "specs": self.count,
            "seeds": [self.first, self.first + self.count - 1],
            "seconds": round(self.seconds, 1),
            "seconds in frameworks": round(self.judging, 1),
            "faults": self.faults,
            "words": dict(sorted(self.words.items())),
            "words never drawn": missing,
            "traits": dict(self.traits),
            "refused while growing": dict(self.refused.most_common()),
            "versions": versions(),
        }


# What is counted beside words: how many specs have it.
TRAITS = {
    "a block": r"(?m)^block ",
    "several inputs": r"(?m)^  input [\s\S]*^  input (?=[\s\S]*^}\s*\Z)",
    "several outputs": r"output [\s\S]*output ",
    "sizes that vary": r"input \w+: (T|\([^)]*[A-Z])",
    "token ids": r"-> Embedding",
    "a shared layer": r"(?m)^  d\d+ = ",
    "repeats": r"\* \d|repeat ",
    "match": r"match \{",
    "labels": r" as s\d",
    "defaults": r"(?m)^defaults ",
    "groups": r"groups=(?!1\b)",
    "dilation": r"dilation=",
    "strides": r"stride=",
}


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("keras", "tensorflow-cpu", "tensorflow", "torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def run(
    count: int,
    first: int,
    seconds: float | None = None,
    *,
    report: Path | None = None,
    quiet: bool = False,
) -> Tally:
    """Judge the specs of `count` seeds from `first` on, for at most `seconds`. The `report` is written anew with
    every 50 specs."""
    tally = Tally(first)
    worker = Worker()
    start = time.perf_counter()
    waiting: Grown | None = None
    seeds = iter(range(first, first + count))
    try:
        while True:
            late = seconds is not None and time.perf_counter() - start > seconds
            seed = None if late else next(seeds, None)
            grown = None
            if seed is not None:
                try:
                    grown = grow(seed)
                except Exception as problem:
                    _keep(tally, Grown(seed, "", []), fault("crash in check", problem))
            # The next spec grows while the one before is judged.
            if waiting is not None:
                answer = worker.answer()
                tally.judging += answer.seconds
                tally.note(waiting)
                if answer.fault is not None:
                    _keep(tally, waiting, answer.fault)
            waiting = grown
            if grown is not None:
                worker.send(grown.text)
            if seed is None:
                break
            tally.count += 1
            tally.seconds = time.perf_counter() - start
            if tally.count % 50 == 0 and report is not None:
                write(tally, report)
            if not quiet and tally.count % 50 == 0:
                rate = tally.count / tally.seconds
                print(
                    f"{tally.count}/{count} specs, {len(tally.faults)} faults, {rate:.1f} a second",
                    flush=True,
                )
        tally.seconds = time.perf_counter() - start
    finally:
        worker.close()
    if report is not None:
        write(tally, report)
    return tally


def write(tally: Tally, path: Path) -> None:
    """Put the report into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tally.report(), indent=2) + "\n", encoding="utf-8")


def _keep(tally: Tally, grown: Grown, found: Fault) -> None:
    """Write a failing spec to a file."""
    place.FOUND.mkdir(parents=True, exist_ok=True)
    path = place.FOUND / f"{grown.seed}.dl"
    path.write_text(
        f"# seed {grown.seed}: {found.kind}: {found.what}\n{grown.text}", encoding="utf-8"
    )
    path.with_suffix(".txt").write_text(found.detail, encoding="utf-8")
    tally.faults.append(
        {"seed": grown.seed, "kind": found.kind, "what": found.what, "spec": grown.text}
    )
    print(f"seed {grown.seed}: {found.kind}: {found.what}", flush=True)


def summary(tally: Tally) -> str:
    kinds = Counter((f["kind"], f["what"]) for f in tally.faults)
    lines = [
        f"{tally.count} specs (seeds {tally.first} to {tally.first + tally.count - 1}) in "
        f"{tally.seconds:.0f} s: {len(tally.faults)} faults"
    ]
    lines += [f"  {n} x {kind}: {what}" for (kind, what), n in kinds.most_common()]
    return "\n".join(lines)
