"""The model section of a Keras script."""

from __future__ import annotations

from collections import Counter

from dslc.codegen import values
from dslc.codegen.backend import CannotKeepNames, ModelRequest
from dslc.codegen.departures import Noted
from dslc.codegen.emission import NeedsNumbers
from dslc.codegen.layout import render
from dslc.codegen.nodes import Statement
from dslc.codegen.page import ModelSection
from dslc.codegen.reserved import PAGE_NAMES
from dslc.codegen.walk import named_values, without_activation
from dslc.plan import model as plan
from dslc_keras.scope import TAKEN, Written
from dslc_keras.words import TABLE
from dslc_keras.writer import FunctionWriter


def write_model(request: ModelRequest) -> ModelSection:
    """A function for each block and `build_model`.

    Raises:
        CannotKeepNames: a block has to be planned with numbers.
    """
    written: dict[plan.Function, Written] = {}
    helpers: list[str] = []
    departures: list[Noted] = []
    statements: list[Statement] = []
    networks: Counter[str] = Counter()
    for function in request.plan.functions:
        is_model = function is request.plan.model
        if is_model:
            function = without_activation(function, set(request.logits))
        writer = FunctionWriter(
            function, TABLE, written, request.regions, networks, stock=request.stock
        )
        try:
            if is_model:
                statements.append(writer.write_model("build_model", describe(function, request)))
            else:
                written[function] = writer.write(_function_name(function, request, written))
                statements.append(written[function].definition)
        except NeedsNumbers as problem:
            raise CannotKeepNames(function.block) from problem
        helpers += writer.helpers
        departures += writer.departures
    program = tuple(statements)
    used = tuple(dict.fromkeys(helpers))
    return ModelSection(
        render(program).strip(),
        helpers=used,
        program=program,
        departures=tuple(dict.fromkeys(departures)),
    )


def _function_name(
    function: plan.Function, request: ModelRequest, written: dict[plan.Function, Written]
) -> str:
    """`InvertedResidual` -> `inverted_residual`; a value of that name keeps it, and the function gives way."""
    name = values.snake_case(function.name)
    if any(name in named_values(other) for other in request.plan.functions):
        name += "_block"
    return values.safe_name(name, {*TAKEN, *PAGE_NAMES, *(w.name for w in written.values())})


def describe(function: plan.Function, request: ModelRequest) -> str:
    if request.logits:
        many = len(function.outputs) > 1
        which = f"outputs {', '.join(sorted(request.logits))} are" if many else "outputs are"
        return f"{function.name}; the {which} logits, `predict` makes them probabilities."
    return f"{function.name}."
