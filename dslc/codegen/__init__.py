"""Python source as values: `nodes` holds expressions and statements, `layout` prints them.

Backends build nodes and never glue strings; `layout.render` gives text that black and ruff leave as
it is.
"""

from __future__ import annotations
