"""Diagnostics in the formats of other tools: SARIF for code scanning, JUnit for test reports."""

from dslc.reports.junit import render_junit
from dslc.reports.sarif import render_sarif

__all__ = ["render_junit", "render_sarif"]
