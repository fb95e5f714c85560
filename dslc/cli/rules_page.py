"""`docs/rules.md`: the pages of all rules."""

from __future__ import annotations

from dslc.cli.explain import FAMILIES, code_markdown
from dslc.lint.registry import all_rules
from dslc.lint.rule import Rule

HEAD = """\
# Rules

What `dslc lint` finds, rule by rule. `dslc explain CODE`, or `dslc explain NAME`, shows these texts in the terminal;
[lint.md](lint.md) says how to run it, to silence a finding and to configure it.
"""
FIXES = {"safe": "`--fix`", "unsafe": "`--fix --unsafe-fixes`", "advice": ""}


def rules_markdown() -> str:
    """All rules: a table of each family, then their pages."""
    families: dict[str, list[Rule]] = {}
    for rule in all_rules().values():
        families.setdefault(FAMILIES[rule.code[:2]], []).append(rule)
    parts = [HEAD]
    for family, rules in families.items():
        rows = "".join(map(_row, rules))
        parts.append(f"## {family[0].upper()}{family[1:]}\n")
        parts.append(f"| code | name | what it finds | | fix |\n|---|---|---|---|---|\n{rows}")
        parts += [code_markdown(rule.page) for rule in rules]
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    link = f"[{rule.code}](#{_anchor(f'{rule.code}: {rule.title}')})"
    title = rule.title.replace("|", "\\|")
    return f"| {link} | `{rule.name}` | {title} | {rule.severity} | {FIXES[rule.fix]} |\n"


def _anchor(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    kept = (c for c in heading.lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")
