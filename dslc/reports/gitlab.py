"""GitLab's code quality report, which merge requests show: https://docs.gitlab.com/ci/testing/code_quality/.

A fingerprint does not hold the line, so that a finding stays the same one when lines above it come and go.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dslc.diagnostics import Diagnostic, Severity

LEVELS: Mapping[Severity, str] = {"error": "critical", "warning": "minor", "info": "info"}


def render_gitlab(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON array with an object for each diagnostic."""
    found: list[dict[str, Any]] = []
    times: dict[tuple[str, str, str], int] = {}
    for d in sorted(diagnostics, key=lambda d: d.sort_key):
        path = "dslc" if d.primary is None else _inside(d.primary.span.source.name)
        key = (d.code, path, d.message)
        times[key] = turn = times.get(key, 0) + 1
        help = [fix.message for fix in d.fixes[:1]]
        found.append(
            {
                "description": "; ".join([f"{d.code}: {d.message}", *help]),
                "check_name": d.code,
                "fingerprint": hashlib.sha256("\0".join([*key, str(turn)]).encode()).hexdigest(),
                "severity": LEVELS[d.severity],
                "location": {
                    "path": path,
                    "lines": {"begin": d.primary.span.line if d.primary is not None else 1},
                },
            }
        )
    return json.dumps(found, indent=2) + "\n"


def _inside(name: str) -> str:
    """The path from the working folder, where it leads there."""
    path = Path(os.path.relpath(name))
    return name if path.parts[:1] == (os.pardir,) else path.as_posix()
