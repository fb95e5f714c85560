"""The process that judges: a task a line on its input, an answer a line on its output, both JSON."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from typing import Any


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a framework prints stays out of the answers
    warnings.simplefilter("ignore")
    from fuzz.fault import fault as failed
    from fuzz.judge import judge

    for line in sys.stdin:
        task = json.loads(line)
        start = time.perf_counter()
        try:
            fault = judge(task["text"])
        except Exception as problem:
            fault = failed("crash in the judge", problem)
        answer: dict[str, Any] = {"seconds": time.perf_counter() - start, "fault": None}
        if fault is not None:
            answer["fault"] = [fault.kind, fault.what, fault.detail[:20_000]]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
