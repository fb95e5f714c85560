"""`dslc explain`: the page behind a code, in the terminal and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import click

from dslc.cli import FINE
from dslc.cli.console import fail, say, style, width
from dslc.codes import all_codes
from dslc.codes.code import Code
from dslc.diagnostics import did_you_mean

FAMILIES = {
    "E01": "syntax and files",
    "E02": "names and values",
    "E03": "shapes",
    "E04": "model, data and training together",
    "E05": "what a backend cannot express",
    "L1": "advice about models",
    "L2": "advice about training",
    "L3": "advice about data and augmentation",
    "L4": "advice about the project",
}


@click.command("explain")
@click.argument("code", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "markdown")),
    default="text",
    help="For the terminal, or as the page of the documentation.",
)
def explain_command(code: str | None, form: str) -> int:
    """Say what CODE, or the rule of that name, means and how to mend it; without CODE list all."""
    if code is None:
        say(codes_markdown() if form == "markdown" else _list())
        return FINE
    found = all_codes().get(code.strip("[]:").upper()) or rule_page(code.strip("[]:"))
    if found is None:
        close = did_you_mean(code.upper(), pages()) or did_you_mean(code, rule_names())
        hint = f"did you mean `{close}`?" if close else "`dslc explain` lists them"
        fail(f"there is no code `{code}`", hint)
    say(code_markdown(found) if form == "markdown" else _page(found))
    return FINE


def pages() -> dict[str, Code]:
    """The page behind every code, of errors and of rules."""
    from dslc.lint.registry import pages

    return all_codes() | pages()


def pages_of(codes: Iterable[str]) -> dict[str, Code]:
    """The pages behind these codes; the rules are not asked where all of them are errors."""
    wanted = set(codes)
    known = all_codes() if wanted <= all_codes().keys() else pages()
    return {code: known[code] for code in sorted(wanted & known.keys())}


def rule_page(name: str) -> Code | None:
    """The page of a rule by its code or name."""
    from dslc.lint.registry import all_rules

    named = (
        rule for rule in all_rules().values() if name.upper() in (rule.code, rule.name.upper())
    )
    return next((rule.page for rule in named), None)


def rule_names() -> list[str]:
    from dslc.lint.registry import all_rules

    return [rule.name for rule in all_rules().values()]


def _page(code: Code) -> str:
    room = min(width(), 88) - 2
    lines = [style(f"{code.code}: {code.title}", bold=True), ""]
    for paragraph in code.why.split("\n\n"):
        lines += [f"  {line}" for line in textwrap.wrap(paragraph, room)] + [""]
    for name, text, color in (("wrong", code.wrong, "red"), ("right", code.right, "green")):
        if text:
            lines += [f"{style(name, fg=color, bold=True)}:", ""]
            lines += [f"    {line}".rstrip() for line in text.splitlines()] + [""]
    if code.references:
        lines += [f"{style('read on', bold=True)}:", ""]
        lines += [f"    {place}" for place in code.references] + [""]
    return "\n".join(lines)


def _list() -> str:
    lines: list[str] = []
    for family, codes in families(pages()).items():
        lines += [style(family, bold=True)] + [f"  {c.code}  {c.title}" for c in codes] + [""]
    return "\n".join([*lines, "`dslc explain CODE` says more.", ""])


def families(codes: dict[str, Code]) -> dict[str, list[Code]]:
    """The codes by what they are about."""
    found: dict[str, list[Code]] = {}
    for code in codes.values():
        title = next((t for start, t in FAMILIES.items() if code.code.startswith(start)), "other")
        found.setdefault(title, []).append(code)
    return found


def code_markdown(code: Code) -> str:
    """One code as a section of `docs/codes.md`."""
    parts = [f"### {code.code}: {code.title}\n\n{code.why}\n"]
    for name, text in (("Wrong", code.wrong), ("Right", code.right)):
        if text:
            parts.append(f"{name}:\n\n```dl\n{text.rstrip()}\n```\n")
    if code.references:
        parts.append(f"Read on: {', '.join(map(_link, code.references))}\n")
    return "\n".join(parts)


def _link(reference: str) -> str:
    """A reference as a link from a page in `docs`."""
    if reference.startswith("https://"):
        return f"<{reference}>"
    place = reference.removeprefix("docs/")
    page, _, section = place.partition("#")
    title = section.replace("-", " ") or page.removesuffix(".md")
    return f"[{title}]({place})"


def codes_markdown() -> str:
    """`docs/codes.md`."""
    parts = [
        "# Codes\n\nEvery mistake that dslc finds has a code. `dslc explain CODE` shows these texts in the "
        "terminal. Codes are never reused.\n"
    ]
    for family, codes in families(all_codes()).items():
        parts.append(f"## {family[0].upper()}{family[1:]}\n")
        parts += [code_markdown(code) for code in codes]
    return "\n".join(parts)
