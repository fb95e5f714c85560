"""How numbers of a training plan are spelled: as in the spec, else the short way."""

from __future__ import annotations

from dslc.codegen.nodes import Expr, lit


def number(value: float) -> Expr:
    """`value` as the user wrote it; a default such as 0.0001 becomes `1e-4`."""
    return lit(value, getattr(value, "text", None) or _short(value))


def _short(value: float) -> str:
    text = f"{value:g}"
    mantissa, _, exponent = f"{value:e}".partition("e")
    if isinstance(value, float) and 0 < value < 0.01 and float(mantissa).is_integer():
        return f"{float(mantissa):.0f}e{int(exponent)}"
    return text
