"""The command: `python -m fuzz`, with tools/ on the path, as `make fuzz` calls it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fuzz.grow import grow
from fuzz.pool import Worker
from fuzz.run import run, summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("-n", type=int, default=200, help="number of specs")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seconds", type=float, help="stop after this time")
    parser.add_argument("--report", type=Path, help="write what was found as JSON")
    parser.add_argument("--only", type=int, metavar="SEED", help="the spec of one seed")
    options = parser.parse_args()
    if options.only is not None:
        text = grow(options.only).text
        print(text)
        found = Worker().judge(text).fault
        print("sound" if found is None else f"{found.kind}: {found.detail}")
        return found is not None
    tally = run(options.n, options.seed, options.seconds, report=options.report)
    print(summary(tally))
    return bool(tally.faults)


if __name__ == "__main__":
    sys.exit(main())
