"""A PyTorch script: what its templates need to know of a training plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dslc.codegen.departures import Changed
from dslc.codegen.nodes import (
    Assign,
    BinOp,
    Expr,
    Import,
    Index,
    Lit,
    Return,
    Statement,
    call,
    lit,
    method,
    ref,
)
from dslc.codegen.numbers import number
from dslc.codegen.page import ModelSection, Target
from dslc.codegen.pictures import prediction_doc
from dslc.plan.training import OutputPlan, TrainingPlan
from dslc.vocab import data, metrics
from dslc.vocab.experiment import Source
from dslc_torch.callbacks import callback_context, callback_setup
from dslc_torch.class_weights import class_weights, weighted
from dslc_torch.measures import LOSSES, METRICS, Measures, Place
from dslc_torch.optimizers import Updates
from dslc_torch.phases import phase_context
from dslc_torch.stock import departures

# The classes of torchvision.datasets.
DATASETS: dict[type[Source], str] = {
    data.Mnist: "MNIST",
    data.FashionMnist: "FashionMNIST",
    data.Cifar10: "CIFAR10",
}


def _predictions(places: list[Place], result: str) -> Expr:
    """The outputs as arrays: probabilities where there are classes, channels last."""
    found: dict[str, Expr] = {}
    for place in places:
        value = place.result if len(places) > 1 else ref(result)
        if place.output.activation == "softmax":
            value = method(value, "softmax", dim=place.class_axis)
        elif place.output.activation == "sigmoid":
            value = method(value, "sigmoid")
        if place.channels_first:
            value = method(value, "movedim", 1, -1)
        found[place.output.name] = method(value, "numpy")
    return lit(dict(found)) if len(places) > 1 else found[places[0].output.name]


def emit(plan: TrainingPlan, model: ModelSection) -> Mapping[str, Any]:
    """The names that the templates of this backend use besides the facts of the data."""
    several = len(plan.inputs) > 1 or len(plan.outputs) > 1
    first = plan.outputs[0]
    result = "logits" if first.activation and not len(plan.outputs) > 1 else "outputs"
    places = [_place(output, plan, model, result) for output in plan.outputs]
    measures = Measures(ref("size") if several else call("len", ref("y")))
    loss = _loss(plan, places, measures)
    for place in places:
        for metric in place.output.metrics:
            METRICS[type(metric)](metric, place, measures)
    phase = plan.phases[-1]
    changes = Updates(plan, split_biases="nn.GRU(" in model.text)
    callbacks = callback_context(plan)
    return {
        "first_inputs": [i.name for i in plan.inputs if i.name in model.channels_first],
        "first_targets": [
            o.name for o in plan.outputs if o.name in model.channels_first and o.task != "classes"
        ],
        "result": result,
        "length": "size" if several else "len(y)",
        "loss": loss,
        "class_weights": class_weights(plan),
        "soft": False,
        "threads": False,
        "balanced": any(o.class_weight == "balanced" for o in plan.outputs),
        "sums": {"loss": 0.0, **measures.sums},
        "metric_starts": list(measures.starts.values()),
        "updates": measures.updates,
        "metric_ends": measures.ends,
        "scores": sorted(measures.scores),
        "uses_auc": any(isinstance(m, metrics.Auc) for o in plan.outputs for m in o.metrics),
        "phase": phase,
        "setup": [*changes.setup(phase), *callback_setup(phase, plan)],
        **changes.context(phase),
        **callbacks,
        **phase_context(plan, model, changes, callbacks),
        "predictions": Return(_predictions(places, result)),
        "prediction_doc": prediction_doc(plan),
        "device_help": "such as cpu, cuda, cuda:1 or mps",
        "weights_help": "start from these weights: a state_dict, .pt",
        "dataset": DATASETS.get(type(plan.source)),
        **({"data_path": "data"} if type(plan.source) in DATASETS else {}),
    }


def _place(output: OutputPlan, plan: TrainingPlan, model: ModelSection, result: str) -> Place:
    first = output.name in model.channels_first
    if len(plan.outputs) == 1:
        several = len(plan.inputs) > 1
        true: Expr = Index(ref("y"), (Lit(output.name),)) if several else ref("y")
        return Place(output, ref(result), true, first)
    name = (Lit(output.name),)
    return Place(
        output,
        Index(ref(result), name),
        Index(ref("y"), name),
        first,
        f"{output.name}_",
    )


def _loss(plan: TrainingPlan, places: list[Place], into: Measures) -> list[Statement]:
    """The statements that compute `loss`; with several outputs their own losses are logged too."""
    values = [LOSSES[type(p.output.loss)](p.output.loss, p) for p in places]
    if len(places) == 1:
        return _mean(ref("loss"), values[0], places[0], single=True)
    statements: list[Statement] = []
    total: Expr | None = None
    for place, value in zip(places, values, strict=True):
        name = ref(f"{place.output.name}_loss")
        statements += _mean(name, value, place, single=False)
        into.add_mean(name.name, method(name, "detach"))
        term: Expr = name
        if place.output.weight != 1:
            term = BinOp("*", number(place.output.weight), name)
        total = term if total is None else BinOp("+", total, term)
    assert total is not None
    return [*statements, Assign((ref("loss"),), total)]


def _mean(target: Expr, loss: Expr, place: Place, *, single: bool) -> list[Statement]:
    if place.output.class_weight is not None:
        return weighted(target, loss, place, single=single)
    return [Assign((target,), loss)]


def _departures(plan: TrainingPlan, model: ModelSection) -> list[Changed]:
    split = "nn.GRU(" in model.text
    return [each for phase in plan.phases for each in departures(phase, split_biases=split)]


TARGET = Target(
    name="torch",
    title="PyTorch",
    templates=Path(__file__).parent / "templates",
    imports={
        "torch": Import("torch"),
        "F": Import("torch.nn.functional", alias="F"),
        "nn": Import("torch", "nn"),
        "models": Import("torchvision", "models"),
        "OrderedDict": Import("collections", "OrderedDict"),
        "load_file": Import("safetensors.torch", "load_file"),
        "DataLoader": Import("torch.utils.data", "DataLoader"),
        "Dataset": Import("torch.utils.data", "Dataset"),
    },
    emit=emit,
    count_weights="sum(weight.numel() for weight in model.parameters() if weight.requires_grad)",
    test_targets="test.dataset.y",
    last_file="last.pt",
    departures=_departures,
)
