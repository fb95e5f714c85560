"""Weights from a file: the call around a layer that reads it."""

from __future__ import annotations

from collections.abc import Callable

from dslc.codegen.nodes import Expr, Lit, call
from dslc.vocab.weights_files import file_for


def loading(path: str, need_helper: Callable[[str], None]) -> Callable[[Expr], Expr]:
    """`load_weights(layer, "file.keras")` around a layer or model."""
    need_helper("load_weights")
    return lambda made: call("load_weights", made, Lit(file_for(path, "keras")))
