"""The model section of a PyTorch script."""

from __future__ import annotations

from dslc.codegen import values
from dslc.codegen.backend import CannotKeepNames, ModelRequest
from dslc.codegen.emission import NeedsNumbers
from dslc.codegen.layout import render
from dslc.codegen.nodes import Call, Def, Param, Ref, Return, Statement, method
from dslc.codegen.page import ModelSection
from dslc.codegen.reserved import PAGE_NAMES
from dslc.codegen.walk import without_activation
from dslc.plan import model as plan
from dslc_torch.layouts import canonical
from dslc_torch.scope import TAKEN, Written
from dslc_torch.weights import WeightLaws
from dslc_torch.words import TABLE
from dslc_torch.writer import ClassWriter


def write_model(request: ModelRequest) -> ModelSection:
    """A class for each block and for the model, `init_weights`, and `build_model`.

    Raises:
        CannotKeepNames: a block has to be planned with numbers.
    """
    written: dict[plan.Function, Written] = {}
    helpers: list[str] = []
    laws = WeightLaws(request.plan.functions, TABLE, stock=request.stock)
    for function in request.plan.functions:
        docstring = None
        taken = {*TAKEN, *PAGE_NAMES, *(w.name for w in written.values())}
        name = values.safe_name(function.name, taken)
        original = function
        if function is request.plan.model:
            function = without_activation(function, set(request.logits))
            docstring = describe(function, request)
        writer = ClassWriter(function, TABLE, written, laws, request.regions)
        try:
            written[original] = writer.write(name, docstring)
        except NeedsNumbers as problem:
            raise CannotKeepNames(function.block) from problem
        helpers += writer.helpers
    model = request.plan.model
    statements: list[Statement] = [w.definition for w in written.values()]
    init = laws.init_weights()
    statements += [init] if init else []
    phases = bool(request.regions.labels)
    penalty = laws.penalties.definition(phases=phases)
    constrain = laws.constraints.definition(phases=phases)
    statements += [found for found in (penalty, constrain) if found is not None]
    statements.append(_build_model(model, written[model], init is not None))
    used = list(dict.fromkeys([*helpers, *laws.helpers]))
    tensors = {**model.inputs, **model.outputs}
    first = frozenset(name for name, tensor in tensors.items() if canonical(tensor) == "first")
    return ModelSection(
        render(tuple(statements)).strip(),
        helpers=tuple(used),
        channels_first=first,
        regions={name: found for w in written.values() for name, found in w.regions.items()},
        penalty=penalty is not None,
        constrain=constrain is not None,
        program=tuple(statements),
        departures=tuple(dict.fromkeys(laws.departures)),
    )


def _build_model(model: plan.Function, written: Written, init: bool) -> Def:
    """`def build_model(classes=10)`: the model with its first weights."""
    start = next(
        (d for d in written.definition.body if isinstance(d, Def) and d.name == "__init__"), None
    )
    parameters = start.params[1:] if start is not None else ()
    made: Call = Call(Ref(written.name), tuple(Ref(p.name) for p in parameters))
    if init:
        made = method(made, "apply", Ref("init_weights"))
    return Def("build_model", tuple(Param(p.name, p.default) for p in parameters), (Return(made),))


def describe(function: plan.Function, request: ModelRequest) -> str | None:
    """What a reader must know of the outputs."""
    if not request.logits:
        return None
    many = len(function.outputs) > 1
    which = f"outputs {', '.join(sorted(request.logits))} are" if many else "outputs are"
    return f"{function.name}; the {which} logits, `predict` makes them probabilities."
