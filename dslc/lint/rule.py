"""What a rule is: a check with a code, a page and examples that are tests.

    @rule("L101", severity="warning", fix="unsafe", wrong="…", right="…")
    def check(facts: Facts) -> Iterator[Finding]:
        yield Finding(layer.span, "`sigmoid` in a hidden layer", fixes=(Fix(…),))

The name is that of the module with dashes; title, reason and reference are its docstring.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dslc.codes.code import Code
from dslc.diagnostics import Diagnostic, Fix, Label, Severity
from dslc.source import Span

if TYPE_CHECKING:
    from dslc.lint.facts import Facts

Fixes = Literal["safe", "unsafe", "advice"]
FIXES: dict[Fixes, str] = {
    "safe": "Its fix is applied by `--fix`.",
    "unsafe": "Its fix changes what is computed: it is applied by `--fix --unsafe-fixes` only.",
    "advice": "Its fix is advice.",
}
SEVERITIES: dict[Severity, str] = {"error": "an error", "warning": "a warning", "info": "a remark"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that a rule speaks about. `label` is written under the marked text, `notes` below; the first of
    `fixes` with edits is what `--fix` applies."""

    span: Span
    message: str
    label: str = ""
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()

    def diagnostic(self, code: str, severity: Severity) -> Diagnostic:
        primary = Label(self.span, self.label)
        return Diagnostic(
            code, self.message, primary, self.secondary, self.notes, self.fixes, severity
        )


Check = Callable[["Facts"], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`fix` is the best that its findings offer: edits that keep the meaning or are plainly what was intended
    (safe), edits that change the model or the training (unsafe), or words only. A rule that is `late` runs after
    the others and sees what became of their findings."""

    code: str
    name: str
    severity: Severity
    title: str
    why: str
    wrong: str
    right: str
    fix: Fixes
    check: Check
    late: bool = False

    @property
    def page(self) -> Code:
        """What `dslc explain`, the documentation and SARIF say about it."""
        silent = f"Silence it with `# dslc: ignore[{self.code}] why` behind the line or above it."
        last = f"`{self.name}` is {SEVERITIES[self.severity]}. {FIXES[self.fix]} {silent}"
        return Code(self.code, self.title, f"{self.why}\n\n{last}", self.wrong, self.right)


def rule(
    code: str,
    *,
    severity: Severity = "warning",
    wrong: str,
    right: str,
    fix: Fixes = "advice",
    late: bool = False,
) -> Callable[[Check], Rule]:
    """Make a rule of the check below. `wrong` and `right` are specs; `dslc.lint.examples` says what they may
    leave out."""

    def make(check: Check) -> Rule:
        module = sys.modules[check.__module__]
        title, _, why = inspect.cleandoc(module.__doc__ or "").partition("\n\n")
        name = check.__module__.rpartition(".")[2].replace("_", "-")
        return Rule(
            code=code,
            name=name,
            severity=severity,
            title=" ".join(title.split()).rstrip("."),
            why=_paragraphs(why),
            wrong=inspect.cleandoc(wrong) + "\n",
            right=inspect.cleandoc(right) + "\n",
            fix=fix,
            check=check,
            late=late,
        )

    return make


def _paragraphs(text: str) -> str:
    """Each paragraph on a line of its own."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))
