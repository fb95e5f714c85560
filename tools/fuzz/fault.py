"""What can be wrong with a spec."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is wrong: `kind` says where it came up, `what` is the message without its numbers and names."""

    kind: str
    what: str
    detail: str

    def same(self, other: Fault | None) -> bool:
        """Whether the other is the same fault, as far as one can tell."""
        return other is not None and (self.kind, self.what) == (other.kind, other.what)


def fault(kind: str, problem: BaseException | str) -> Fault:
    """The fault that an exception, or a message, stands for."""
    text = problem if isinstance(problem, str) else f"{type(problem).__name__}: {problem}"
    first = next((line for line in text.splitlines() if line.strip()), "")
    what = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|-?\d[\d.]*(e[-+]?\d+)?", "…", first)
    what = re.sub(r"\b[a-z]+…", "…", what)  # names that a seed numbers
    detail = text if isinstance(problem, str) else "".join(traceback.format_exception(problem))
    return Fault(kind, re.sub(r"\s+", " ", what)[:100], detail)
