"""`dslc diff`: what another version of a spec means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dslc.cli import FINDINGS, FINE, WRONG
from dslc.cli.console import fail, report, safe, say, style

if TYPE_CHECKING:
    from dslc.diff.changes import Difference
    from dslc.diff.sides import Pair

FORMATS = ("text", "markdown", "json")
AFTER = "dslc.diff.after"


class Divided(click.Command):
    """A command for which `--` stands between revisions and paths, as for git."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[AFTER] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)


@click.command(
    "diff",
    cls=Divided,
    short_help="Say what differs in meaning between two versions of a spec.",
    options_metavar="[OPTIONS]",
)
@click.argument("versions", nargs=-1, metavar="OLD NEW | [REV [REV]] [--] [PATH]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="For a terminal, as Markdown for a review, or as JSON.",
)
@click.option("-m", "--model", metavar="NAME", help="Compare only the models of this name.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when there are differences.")
@click.pass_context
def diff_command(
    ctx: click.Context, versions: tuple[str, ...], form: str, model: str | None, exit_code: bool
) -> int:
    """Say what differs in meaning between two versions of a spec: layers, shapes, cost, training, and which saved
    weights still load. Layout, comments and spelling make no difference.

    \b
      dslc diff OLD.dl NEW.dl           two files
      dslc diff PATH                    as HEAD has it, and as it is now
      dslc diff main -- PATH...         as the branch main has it, and as it is now
      dslc diff v1 v2 -- PATH...        two revisions, also v1..v2
      dslc diff main...HEAD -- PATH...  what HEAD did since it left main
      dslc diff v1:old.dl new.dl        a file of a revision, on either side

    PATH may be a folder, and is the current one where none is named. Imports are read from the same version. The
    exit code is 0, with --exit-code 1 when there are differences, and 2 when a version cannot be compared.
    """
    from dslc.diff.git import Refused
    from dslc.diff.sides import Unclear, pairs

    trouble = False
    found: list[Difference] = []
    try:
        for pair in pairs(versions, ctx.meta.get(AFTER)):
            difference = _difference(pair, model)
            if difference is None:
                trouble = True
            else:
                found.append(difference)
    except Unclear as problem:
        fail(str(problem), problem.advice)
    except Refused as problem:
        report([problem.diagnostic], err=True)
        return WRONG
    if not found and not trouble:
        fail("there is no spec to compare", "specs have names that end in .dl")
    _show(found, form)
    if trouble:
        return WRONG
    return FINDINGS if exit_code and any(_differs(d) for d in found) else FINE


def _difference(pair: Pair, model: str | None) -> Difference | None:
    """What differs in a pair; None when one of the two has mistakes, which are shown."""
    from dslc.diagnostics import did_you_mean
    from dslc.diff.changes import Difference
    from dslc.diff.compare import compare

    titles = _titles(pair)
    if _untouched(pair):
        return Difference(pair.name, *titles)
    analyses = [side.analyse() if side is not None else None for side in (pair.old, pair.new)]
    wrong = [analysis for analysis in analyses if analysis is not None and not analysis.ok]
    if wrong:
        mistakes = {str(d): d for a in wrong for d in a.diagnostics if d.severity == "error"}
        report(list(mistakes.values()), err=True)
        return None
    names = {m.definition.name for a in analyses if a is not None for m in a.models}
    if model is not None and model not in names:
        close = did_you_mean(model, names)
        hint = f"did you mean `{close}`?" if close else f"there are {', '.join(sorted(names))}"
        fail(f"`{pair.name}` has no model `{model}`", hint)
    return compare(analyses[0], analyses[1], name=pair.name, titles=titles, model=model)


def _titles(pair: Pair) -> tuple[str | None, str | None]:
    """What to call the two versions: by revision where the file is one, else by file."""
    old, new = pair.old, pair.new
    if old is not None and new is not None and old.path != new.path:
        return old.title, new.title
    return None if old is None else old.version, None if new is None else new.version


def _untouched(pair: Pair) -> bool:
    """Whether both versions are the same text, which imports nothing that could have changed."""
    if pair.old is None or pair.new is None:
        return False
    (old, _), (new, _) = pair.old.read(), pair.new.read()
    same = old is not None and new is not None and old.text == new.text
    return same and old is not None and "import" not in old.text


def _differs(difference: Difference) -> bool:
    from dslc.diff.changes import Verdict

    return difference.verdict is not Verdict.SAME


def _show(found: list[Difference], form: str) -> None:
    from dslc.diff.markdown import render_markdown
    from dslc.diff.plain import render_json
    from dslc.diff.text import render_text

    if form == "json":
        say(render_json(found))
        return
    told = [d for d in found if _differs(d)] if len(found) > 1 else found
    if form == "markdown":
        say("\n".join(map(render_markdown, told)) or "No difference in meaning.\n")
        return
    say("\n".join(render_text(d, _paint, _title(d)) for d in told))
    if len(found) > 1:
        many = "none differs" if not told else f"{len(told)} differ{'s' * (len(told) == 1)}"
        say(f"{chr(10) if told else ''}{len(found)} specs, {many}\n")


def _title(difference: Difference) -> str:
    old, new = difference.old, difference.new
    if old is None or new is None:
        return safe(difference.name)
    if new == difference.name:
        return safe(f"{old} → {new}")
    return safe(f"{difference.name}: {old} → {new}")


def _paint(text: str, how: str) -> str:
    styles: dict[str, Any] = {"bold": {"bold": True}, "dim": {"dim": True}}
    return style(safe(text), **styles.get(how, {"fg": how}))
