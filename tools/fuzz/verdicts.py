"""Whether `check` is right about a spec that may be wrong.

What it takes must be written, run and agree in both frameworks. What it refuses must have a place in the text, and
either both frameworks refuse it too or the language says why it means nothing: the refusals of shapes are held
against the frameworks layer by layer, all others are of codes whose page tells the reason (`dslc explain`).
"""

from __future__ import annotations

import time
from typing import Any

from dslc.codes import all_codes
from dslc.diagnostics import Diagnostic
from dslc.driver import Analysis, analyse_source
from dslc.graph.record import Record
from dslc.plan.walk import plan_model
from dslc.render import render_terminal
from dslc.source import Source
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor
from fuzz.fault import Fault, fault

SECONDS = 5.0  # of processor time that a spec may take to check
# Refusals that are about tensors: a framework has an opinion of its own.
SHAPES = "E03"
# Of them: what a spec says of itself, and token ids, which Keras rounds numbers to without a word.
OWN_WORD = ("E0305", "E0306", "E0307", "E0313")
WITHOUT_NUMBERS = ("init", "regularizer", "constraint", "epsilon", "momentum")
MOST_WEIGHTS, MOST_WORK = 100_000, 2_000_000  # of a model that is built


def examine(text: str) -> tuple[Fault | None, Analysis | None]:
    """What is wrong with what `check` says of any text, without a framework."""
    start = time.process_time()
    try:
        analysis = analyse_source(Source("spec.dl", text))
        render_terminal(tuple(analysis.diagnostics), color=False, width=100)
        if analysis.ok and analysis.spec is not None:
            for model in analysis.models:
                if model.summary is not None:
                    plan_model(analysis.spec, model.graph)
    except Exception as problem:
        return fault("crash in check", problem), None
    if time.process_time() - start > SECONDS:
        return fault("slow check", f"took {time.process_time() - start:.1f} s"), analysis
    for d in analysis.diagnostics:
        wrong = _misplaced(d, text)
        if wrong:
            return fault("a diagnostic", f"{wrong}: {d.code} {d.message}"), analysis
    return None, analysis


def _misplaced(d: Diagnostic, text: str) -> str:
    if d.code not in all_codes():
        return "its code has no page"
    if d.primary is None:
        return "it has no place"
    span = d.primary.span
    if not 0 <= span.start <= span.end <= len(text):
        return "its place is not in the text"
    if d.severity == "error" and not d.fixes and not d.code.startswith("E01"):
        return "it does not say what to do"
    return ""


def verdict(text: str) -> tuple[str, Fault | None]:
    """How `check` was held against the frameworks (`taken`, `refused by both`, the code of a refusal that they do
    not decide, …), and what is wrong with it."""
    from fuzz.judge import judge_sound, keras

    found, analysis = examine(text)
    if found is not None or analysis is None:
        return "crash", found
    errors = [d for d in analysis.diagnostics if d.severity == "error"]
    if errors:
        return _refused(text, errors[0])
    if not analysis.models:
        return "no model", None
    summary = analysis.models[-1].summary
    if summary is None or not _small(summary.weights, summary.multiply_adds, summary.activations):
        return "too large to run", None
    try:
        wrong = judge_sound(analysis)
    finally:
        keras.backend.clear_session(free_memory=False)
    if wrong is not None and wrong.kind.startswith(("refused by", "rounding")):
        return wrong.kind, None
    return "taken", wrong


def _small(weights: object, work: object, values: object) -> bool:
    sizes = [n for n in (weights, work, values) if isinstance(n, int)]
    return len(sizes) == 3 and sizes[0] <= MOST_WEIGHTS and max(sizes[1:]) <= MOST_WORK


def _refused(text: str, first: Diagnostic) -> tuple[str, Fault | None]:
    if not first.code.startswith(SHAPES) or first.code in OWN_WORD:
        return first.code, None
    for word, inputs, mismatch in refusals(text):
        if mismatch.code == first.code:
            shapes = tuple(tuple(d for d in x.shape if isinstance(d, int)) for x in inputs)
            whole = all(len(s) == x.rank for s, x in zip(shapes, inputs, strict=True))
            if not whole or any(x.dtype != "float" for x in inputs):
                return f"{first.code} of sizes that vary", None
            if any(max((*s, 1)) > 1000 for s in shapes):
                return f"{first.code} of large sizes", None
            return _asked(word, shapes, mismatch)
    return first.code, None


def refusals(text: str) -> list[tuple[FlowWord, tuple[Tensor, ...], Mismatch]]:
    """Every layer of a spec that refuses its inputs, with them and its reason."""
    found: list[tuple[FlowWord, tuple[Tensor, ...], Mismatch]] = []
    apply = Record.apply

    def listening(self: Record, word: FlowWord, inputs: Any, *rest: Any) -> Any:
        made = apply(self, word, inputs, *rest)
        tensors = tuple(x for x in map(self.graph.tensor, inputs) if x is not None)
        if made is None and len(tensors) == len(inputs):
            said = word.infer(*tensors)
            if isinstance(said, Mismatch):
                found.append((word, tensors, said))
        return made

    Record.apply = listening  # type: ignore[method-assign]
    try:
        analyse_source(Source("spec.dl", text))
    finally:
        Record.apply = apply  # type: ignore[method-assign]
    return found


def _asked(
    word: FlowWord, shapes: tuple[tuple[int, ...], ...], mismatch: Mismatch
) -> tuple[str, Fault | None]:
    from shape_cases import Case
    from shape_oracles import Inexpressible, ask_keras, ask_torch
    from test_shapes_frameworks import STRICTER, STRICTER_THAN_TORCH

    name = word.word
    values = {
        key: value
        for key, value in word
        if value is not None and not any(part in key for part in WITHOUT_NUMBERS)
    }
    case = Case(name, values, shapes)
    asked = 0
    for framework, ask in (("Keras", ask_keras), ("torch", ask_torch)):
        try:
            answer = ask(case)
        except Inexpressible:
            continue
        asked += 1
        known = (name, mismatch.code) in STRICTER
        known |= framework == "torch" and (name, mismatch.code) in STRICTER_THAN_TORCH
        if answer is not None and not known:
            what = f"{framework} takes {name} {values} of {shapes}: {answer.shape}"
            return "taken by one", fault("refused though a framework takes it", what)
    return ("refused by both" if asked == 2 else f"{mismatch.code} of {asked} frameworks"), None
