"""Which backend, which model: what `compile` and `run` ask alike."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dslc.cli.console import fail, report
from dslc.diagnostics import did_you_mean

if TYPE_CHECKING:
    from dslc.codegen.backend import Backend
    from dslc.driver import Analysis, ModelAnalysis
    from dslc.vocab.dims import Dim


def find_backend(name: str) -> Backend:
    from dslc.codegen.backend import backend_names, load_backend

    found = load_backend(name)
    if found is not None:
        return found
    known = backend_names()
    close = did_you_mean(name, [*known, "pytorch", "tensorflow"])
    close = {"pytorch": "torch", "tensorflow": "keras"}.get(close or "", close)
    if not known:
        fail("no backend is installed", f"{sys.executable} -m pip install --force-reinstall dslc")
    hint = f"did you mean `{close}`?" if close in known else f"there are {' and '.join(known)}"
    fail(f"there is no backend `{name}`", hint)


def analyse_or_report(path: Path) -> Analysis | None:
    """The analysis of a spec without errors; else its mistakes are shown and there is none. Warnings are shown too."""
    from dslc.driver import analyse

    analysis = analyse(path)
    report(analysis.diagnostics, err=True)
    return analysis if analysis.ok else None


def choose(analysis: Analysis, name: str | None) -> ModelAnalysis | None:
    from dslc.driver import choose_model

    model, found = choose_model(analysis, name)
    report(found, err=True)
    return model


def script_for(analysis: Analysis, model: ModelAnalysis, backend: Backend, stem: str) -> str | None:
    """The script, or None after the reasons against it were shown."""
    from dslc.driver import compile_model

    text, found = compile_model(analysis, model, backend, stem)
    report(found, err=True)
    return text


def stem_of(path: Path) -> str:
    """The name of the spec as the first part of the names of files: `my model.v2.dl` gives `my_model_v2`."""
    name = path.name.removesuffix(".dl")
    return re.sub(r"[^\w-]+", "_", name).strip("_") or "model"


def parameters(model: ModelAnalysis, backend: Backend) -> str:
    """`29,258 parameters` of the model in this backend, where they are known."""
    from dslc.vocab.libraries import of_library

    if model.summary is None:
        return ""
    return f"{number(of_library(model.summary.trainable, backend.target.name))} parameters"


def number(dim: Dim) -> str:
    """`23,587,712 (Keras) / 23,508,032 (PyTorch)` where the libraries differ."""
    from dslc.vocab.libraries import counted

    return counted(dim)
