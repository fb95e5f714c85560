"""Codes: syntax."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = ()
