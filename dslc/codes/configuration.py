"""E0480 to E0483: the configuration of a project."""

from __future__ import annotations

from dslc.codes.code import Code

CODES = (
    Code(
        "E0480",
        "The configuration cannot be read",
        "`dslc lint` looks upward from a spec for a `dslc.toml`, or a `pyproject.toml` with a table `[tool.dslc]`, and "
        "reads the nearest as TOML in UTF-8. What it cannot read it does not guess: rules that a project has switched "
        "off would come back, or others vanish, without a word.",
        'select = ["L1", "L204"',
        'select = ["L1", "L204"]',
    ),
    Code(
        "E0481",
        "No such setting of the configuration",
        "The settings are `select`, `ignore` and the tables `per-path`, `severity` and `budgets`; budgets are "
        "`parameters`, `multiply-adds` and `activations`. A misspelled one would be without effect.",
        'selct = ["L1"]',
        'select = ["L1"]',
    ),
    Code(
        "E0482",
        "A value that this setting cannot have",
        "Rules are given as a list of texts, a severity is `error`, `warning` or `info`, and a budget is a number "
        "above 0.",
        '[severity]\nL101 = "fatal"\n\n[budgets]\nparameters = "5M"',
        '[severity]\nL101 = "error"\n\n[budgets]\nparameters = 5_000_000',
    ),
    Code(
        "E0483",
        "No such rule",
        "A rule is named by its code (`L101`), by the beginning of codes (`L1` is all about models), by its name "
        "(`saturating-activation`) or with all others (`ALL`). `dslc explain` lists them.",
        'ignore = ["saturated-activation"]',
        'ignore = ["saturating-activation"]',
    ),
)
