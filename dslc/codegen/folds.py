"""What the templates of a protocol need to know of a plan: how folds are made and what is reported of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dslc.codegen.nodes import Expr, Index, Lit, method, ref
from dslc.codegen.pictures import chosen, class_names
from dslc.plan.training import OutputPlan, TrainingPlan
from dslc.vocab import protocols
from dslc.vocab.experiment import Protocol
from dslc.vocab.metrics import Accuracy

# The body of `make_folds`.
TEMPLATES: Mapping[type[Protocol], str] = {
    protocols.KFold: "folds/kfold.py.jinja",
    protocols.LeaveOneOut: "folds/leave_one_out.py.jinja",
    protocols.Bootstrap632: "folds/bootstrap.py.jinja",
    protocols.Bootstrap632Plus: "folds/bootstrap.py.jinja",
}


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix of an output over all tested rows."""

    output: str
    true: Expr
    chosen: Expr
    classes: Expr


@dataclass(frozen=True)
class Gamma:
    """The no-information rate of a metric: `kind` says how it is computed."""

    name: str  # of the metric in the log
    kind: str  # classes | binary | numbers
    true: Expr
    predicted: Expr
    classes: int
    is_share: bool  # of hits: its error is 1 - value


@dataclass(frozen=True)
class Folds:
    template: str
    digits: str  # in the names of the folders
    stratified: bool
    names: tuple[str, ...]  # of what is reported
    by_output: bool  # predictions are a dictionary
    targets_by_name: bool
    matrices: tuple[Matrix, ...]
    gammas: tuple[Gamma, ...]
    most: int
    confidence: float
    protocol: str  # as a spec says it
    tail: float  # where the upper end of the interval is

    @property
    def head(self) -> float:
        return round(1 - self.tail, 12)

    @property
    def percent(self) -> str:
        return f"{100 * self.confidence:.12g}"

    @property
    def longest(self) -> int:
        return max(len(name) for name in self.names)

    @property
    def gamma_kinds(self) -> frozenset[str]:
        return frozenset(gamma.kind for gamma in self.gammas)


def fold_facts(plan: TrainingPlan, labelled: bool) -> Folds | None:
    """None where the plan has no protocol that resamples."""
    protocol = plan.protocol
    if protocol is None:
        return None
    plus = isinstance(protocol, protocols.Bootstrap632Plus)
    gammas = tuple(_gammas(plan, protocol)) if plus else ()
    return Folds(
        template=TEMPLATES[type(protocol)],
        digits=_digits(protocol.trainings(plan.source.samples)),
        stratified=plan.outputs[0].has_classes and len(plan.outputs[0].shape) == 1,
        names=tuple(gamma.name for gamma in gammas) if plus else tuple(plan.logged),
        by_output=len(plan.outputs) > 1,
        targets_by_name=len(plan.outputs) > 1 or len(plan.inputs) > 1,
        matrices=tuple(
            Matrix(
                output.name,
                method(_of(plan, "true", output, inputs=True), "ravel"),
                method(chosen(output, _of(plan, "predictions", output)), "ravel"),
                class_names(output, labelled),
            )
            for output in plan.outputs
            if output.has_classes
        ),
        gammas=gammas,
        most=protocols.MOST_TRAININGS,
        confidence=plan.confidence,
        protocol=protocol.text,
        tail=round((1 + plan.confidence) / 2, 12),
    )


def _digits(trainings: int | None) -> str:
    """How wide the numbers of folds are, so that folders sort."""
    return str(max(2, len(str(trainings))) if trainings is not None else 3)


def _of(plan: TrainingPlan, name: str, output: OutputPlan, *, inputs: bool = False) -> Expr:
    """The arrays called `name` of an output: targets are by name with several inputs, too."""
    by_name = len(plan.outputs) > 1 or (inputs and len(plan.inputs) > 1)
    return Index(ref(name), (Lit(output.name),)) if by_name else ref(name)


def _gammas(plan: TrainingPlan, protocol: Protocol) -> list[Gamma]:
    found: list[Gamma] = []
    for output in plan.outputs:
        prefix = f"{output.name}_" if len(plan.outputs) > 1 else ""
        values = _of(plan, "predictions", output)
        for metric in output.metrics:
            if not protocol.measures(metric):
                continue
            share = isinstance(metric, Accuracy)
            predicted = chosen(output, values) if share else values
            true = _of(plan, "true", output, inputs=True)
            name = prefix + metric.label
            found.append(Gamma(name, output.task, true, predicted, output.size, share))
    return found
