"""Judge the specs of many seeds, one after the other, and keep what fails.

python -m fuzz -n 5000 --seed 1            a run; failing specs land in runs/fuzz/
python -m fuzz --only 17                   the spec of one seed, and what is wrong with it
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
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
from fuzz.shrink import shrink
from fuzz.values import flow_words


@dataclass
class Tally:
    """What was found so far, by one run or by several that go on where one stopped."""

    first: int
    count: int = 0
    seconds: float = 0.0
    judging: float = 0.0
    faults: list[dict[str, Any]] = field(default_factory=list)
    mended: list[dict[str, Any]] = field(
        default_factory=list
    )  # once faults, judged again and sound
    rounding: list[int] = field(default_factory=list)  # seeds whose numbers a last bit moves as far
    words: Counter[str] = field(default_factory=Counter)
    traits: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    commits: list[str] = field(default_factory=list)  # of the code that judged

    @classmethod
    def load(cls, path: Path) -> Tally:
        """The tally that a report tells of."""
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            told["seeds"][0],
            told["specs"],
            told["seconds"],
            told["seconds in frameworks"],
            told["faults"],
            told["mended"],
            told["rounding"],
            Counter(told["words"]),
            Counter(told["traits"]),
            Counter(told["refused while growing"]),
            told["commits"],
        )

    def note(self, grown: Grown) -> None:
        """Count what a spec uses."""
        for word in set(re.findall(r"[A-Za-z]\w*", grown.text)) & set(flow_words()):
            self.words[word] += 1
        for trait, pattern in TRAITS.items():
            self.traits[trait] += bool(re.search(pattern, grown.text))
        self.refused.update(code for code, _, _ in grown.refused)

    def join(self, other: Tally) -> None:
        """Take over what a run of the seeds behind these has found."""
        if other.first != self.first + self.count:
            raise ValueError(f"the seeds go on with {self.first + self.count}, not {other.first}")
        self.count += other.count
        self.seconds += other.seconds
        self.judging += other.judging
        self.faults += other.faults
        self.mended += other.mended
        self.rounding += other.rounding
        self.words.update(other.words)
        self.traits.update(other.traits)
        self.refused.update(other.refused)
        self.commits = list(dict.fromkeys([*self.commits, *other.commits]))

    def report(self) -> dict[str, Any]:
        return {
            "specs": self.count,
            "seeds": [self.first, self.first + self.count - 1],
            "seconds": round(self.seconds, 1),
            "seconds in frameworks": round(self.judging, 1),
            "faults": self.faults,
            "mended": self.mended,
            "rounding": self.rounding,
            "words": dict(sorted(self.words.items())),
            "words never drawn": sorted(set(flow_words()) - set(self.words)),
            "traits": dict(self.traits),
            "refused while growing": dict(self.refused.most_common()),
            "commits": self.commits,
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


def commit() -> str:
    """The commit of the code that runs, if it is in a checkout."""
    command = ["git", "-C", str(place.ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def run(
    count: int,
    tally: Tally,
    *,
    seconds: float | None = None,
    report: Path | None = None,
    quiet: bool = False,
) -> Tally:
    """Judge specs until the tally has `count`, for at most `seconds`. The `report` is written anew with every 50."""
    worker = Worker()
    start, before = time.perf_counter(), tally.seconds
    tally.commits = list(dict.fromkeys([*tally.commits, commit()]))
    waiting: Grown | None = None
    seeds = iter(range(tally.first + tally.count, tally.first + count))
    try:
        while True:
            late = seconds is not None and time.perf_counter() - start > seconds
            seed = None if late else next(seeds, None)
            grown = None if seed is None else _grown(seed, tally)
            # The next spec has grown while the one before was judged.
            if waiting is not None:
                answer = worker.answer()
                tally.judging += answer.seconds
                tally.note(waiting)
                tally.count += 1
                _sort(tally, waiting, answer.fault)
                tally.seconds = before + time.perf_counter() - start
                if tally.count % 50 == 0:
                    _progress(tally, count, report, quiet=quiet)
            waiting = grown
            if grown is not None:
                worker.send(grown.text)
            if seed is None:
                break
    finally:
        worker.close()
    if report is not None:
        write(tally, report)
    return tally


def _grown(seed: int, tally: Tally) -> Grown:
    try:
        return grow(seed)
    except Exception as problem:
        _keep(tally, Grown(seed, "", []), fault("crash in check", problem))
        return Grown(seed, "model Net { input x: 1  x -> identity }", [])


def _sort(tally: Tally, grown: Grown, found: Fault | None) -> None:
    if found is not None and found.kind == "rounding":
        tally.rounding.append(grown.seed)
    elif found is not None:
        _keep(tally, grown, found)


def _progress(tally: Tally, count: int, report: Path | None, *, quiet: bool) -> None:
    if report is not None:
        write(tally, report)
    if not quiet:
        rate = tally.count / tally.seconds
        print(
            f"{tally.count}/{count} specs, {len(tally.faults)} faults, {rate:.1f} a second",
            flush=True,
        )


def again(tally: Tally) -> Tally:
    """Judge the faults of a tally once more, and what counted as rounding: those that are sound now are mended."""
    worker = Worker()
    doubtful, tally.rounding = tally.rounding, []
    faults, tally.faults = tally.faults, []
    tally.commits = list(dict.fromkeys([*tally.commits, commit()]))
    try:
        for known in faults:
            found = worker.judge(known["spec"]).fault
            if found is None or found.kind.startswith(("rounding", "refused by")):
                how = "sound" if found is None else f"{found.kind}: {found.what}"
                tally.mended.append({**known, "now": how})
            else:
                _keep(tally, Grown(known["seed"], known["spec"], []), found)
        for seed in doubtful:
            grown = grow(seed)
            _sort(tally, grown, worker.judge(grown.text).fault)
    finally:
        worker.close()
    return tally


def small(tally: Tally, seconds: float) -> None:
    """Shrink the first spec of every kind of fault, in `seconds` each."""
    worker = Worker()
    seen: set[tuple[str, str]] = set()
    try:
        for known in tally.faults:
            found = worker.judge(known["spec"]).fault
            if found is None or (found.kind, found.what) in seen:
                continue
            seen.add((found.kind, found.what))
            text = shrink(
                known["spec"], found, lambda text: worker.judge(text).fault, seconds=seconds
            )
            path = place.FOUND / f"{known['seed']}-small.dl"
            path.write_text(f"# seed {known['seed']}: {found.kind}: {found.what}\n{text}")
            print(f"{path}:\n{text}")
    finally:
        worker.close()


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
