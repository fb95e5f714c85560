"""A suppression that names no rule.

`# dslc: ignore[…]` names the rules that it silences by code or name, so that it silences nothing else. A misspelled
one silences nothing at all; one without names would hide whatever comes. Errors cannot be silenced: what is wrong
does not become right by a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dslc.diagnostics import Edit, Fix, did_you_mean
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule
from dslc.lint.suppress import WORDS, Ignored

CODE = re.compile(r"[A-Za-z]\d+")


@rule(
    "L402",
    severity="warning",
    fix="safe",
    late=True,
    wrong="""
        image
        -> Conv2D(32, 3x3, init=he_normal) -> relu  # dslc: ignore[satturating-activation] as in the paper
        -> GlobalAvgPool2D
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
    right="""
        image
        -> Conv2D(32, 3x3, init=glorot_uniform) -> tanh  # dslc: ignore[saturating-activation] as in the paper
        -> GlobalAvgPool2D
        -> Dense(classes, init=glorot_uniform) -> softmax
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    for it in facts.suppressions:
        if it.word not in WORDS:
            close = did_you_mean(it.word, WORDS) or "ignore"
            fix = Fix(f"write `# dslc: {close}[CODE] why`")
            yield Finding(it.span, f"dslc has no comment `{it.word}`", fixes=(fix,))
        elif not it.ignored:
            fix = Fix(f"write `# dslc: {it.word}[L101] why`, with the codes that it is for")
            yield Finding(it.span, "this suppression names no rule", fixes=(fix,))
        for item in it.ignored or ():
            if item.code is None:
                yield _unknown(facts, item)


def _unknown(facts: Facts, item: Ignored) -> Finding:
    text = item.span.text
    if CODE.fullmatch(text) and text[0] in "Ee":
        fix = Fix("mend what it says")
        return Finding(item.span, f"`{text}` is an error and cannot be ignored", fixes=(fix,))
    close = None if CODE.fullmatch(text) else did_you_mean(text, facts.known)
    fix = Fix("`dslc explain` lists the rules")
    if close:
        fix = Fix(f"did you mean `{close}`?", (Edit(item.span, close),), safe=True)
    return Finding(item.span, f"there is no rule `{text}`", fixes=(fix,))
