"""The formats in which commands say what they found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dslc.diagnostics import Diagnostic

FORMATS = ("full", "concise", "json", "sarif", "github", "gitlab", "junit")


def rendered(found: Sequence[Diagnostic], form: str) -> str:
    """`found` in one of the formats that are for machines, or a line each."""
    if form == "sarif":
        from dslc.cli.explain import pages_of
        from dslc.reports.sarif import render_sarif

        return render_sarif(found, pages_of(d.code for d in found))
    if form == "gitlab":
        from dslc.reports.gitlab import render_gitlab

        return render_gitlab(found)
    if form == "junit":
        from dslc.reports.junit import render_junit

        return render_junit(found)
    from dslc.render import render_concise, render_github, render_json

    renderers = {"concise": render_concise, "json": render_json, "github": render_github}
    return renderers[form](found)
