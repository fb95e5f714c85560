"""Numbers that differ between the libraries behind the backends: how many weights Keras' ResNet50 has, and torch's.

Such a number is a `Dim` in one more name, which is 0 in Keras and 1 in PyTorch, so that sums and products of it need
no care. `of_library` gives the number of one library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from dslc.vocab.dims import Dim, substitute, symbol, symbols

Library = Literal["keras", "torch"]

# The names of the backends, and what prose calls the libraries.
TITLES: Mapping[Library, str] = {"keras": "Keras", "torch": "PyTorch"}
_VALUES: Mapping[Library, int] = {"keras": 0, "torch": 1}
_NAME = "in PyTorch"  # with a space: no size of a spec has this name


def either(keras: Dim, torch: Dim) -> Dim:
    """The number that is `keras` in Keras and `torch` in PyTorch."""
    return keras if keras == torch else keras + symbol(_NAME) * (torch - keras)


def differs_by_library(dim: Dim) -> bool:
    return any(s.name == _NAME for s in symbols(dim))


def of_library(dim: Dim, library: Library) -> Dim:
    return substitute(dim, {_NAME: _VALUES[library]})


def spelled(dim: Dim, write: Callable[[Dim], str]) -> str:
    """`dim` as `write` writes it; `1 (Keras) / 2 (PyTorch)` where the libraries differ."""
    if not differs_by_library(dim):
        return write(dim)
    found = [f"{write(of_library(dim, name))} ({title})" for name, title in TITLES.items()]
    return " / ".join(found)


def counted(dim: Dim) -> str:
    """`23,587,712 (Keras) / 23,508,032 (PyTorch)` where the libraries differ."""
    return spelled(dim, lambda one: f"{one:,}" if isinstance(one, int) else str(one))
