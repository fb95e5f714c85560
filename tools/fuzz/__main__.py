"""The command: `python -m fuzz`, with tools/ on the path, as `make fuzz` calls it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fuzz.grow import grow
from fuzz.pool import Worker
from fuzz.run import Tally, again, run, small, summary, write


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("-n", type=int, default=200, help="number of specs")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seconds", type=float, help="stop after this time")
    parser.add_argument("--report", type=Path, help="write what was found as JSON")
    parser.add_argument("--resume", action="store_true", help="go on where the report ends")
    parser.add_argument("--again", action="store_true", help="judge the faults of the report again")
    parser.add_argument("--join", type=Path, metavar="REPORT", help="add a run of the next seeds")
    parser.add_argument("--shrink", type=float, default=60.0, help="seconds for each kind of fault")
    parser.add_argument("--only", type=int, metavar="SEED", help="the spec of one seed")
    options = parser.parse_args()
    if options.only is not None:
        return only(options.only)
    known = options.resume or options.again or options.join
    if known and not (options.report and options.report.is_file()):
        parser.error("--resume, --again and --join need the report of a run: --report FILE")
    tally = Tally.load(options.report) if known else Tally(options.seed)
    if options.join:
        tally.join(Tally.load(options.join))
        write(tally, options.report)
    elif options.again:
        tally = again(tally)
        write(tally, options.report)
    else:
        tally = run(options.n, tally, seconds=options.seconds, report=options.report)
    print(summary(tally))
    if tally.faults and options.shrink:
        small(tally, options.shrink)
    return bool(tally.faults)


def only(seed: int) -> int:
    """Show the spec of one seed, and what is wrong with it."""
    text = grow(seed).text
    print(text)
    worker = Worker()
    found = worker.judge(text).fault
    worker.close()
    print("sound" if found is None else f"{found.kind}: {found.detail}")
    return found is not None


if __name__ == "__main__":
    sys.exit(main())
