"""Weights from a file: the call around a layer that reads it."""

from __future__ import annotations

from collections.abc import Callable

from dslc.codegen.nodes import Expr, Lit, call
from dslc.vocab.weights_files import file_for


def loaded(made: Expr, path: str, need_helper: Callable[[str], None]) -> Expr:
    """`load_weights(made, "file.pt")`, with the helpers that this needs."""
    path = file_for(path, "torch")
    helper = "load_safetensors" if path.endswith(".safetensors") else "load_weights"
    need_helper("take_weights")
    need_helper(helper)
    return call(helper, made, Lit(path))
