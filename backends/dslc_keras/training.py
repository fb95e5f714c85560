"""A Keras script: what its templates need to know of a training plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dslc.codegen.departures import Changed, Departure
from dslc.codegen.nodes import Expr, Expression, Import, Statement, call, ref
from dslc.codegen.numbers import number
from dslc.codegen.page import ModelSection, Target
from dslc.codegen.pictures import prediction_doc
from dslc.plan.training import TrainingPlan
from dslc.vocab import losses
from dslc_keras.callbacks import callback_context
from dslc_keras.class_weights import class_weight_context
from dslc_keras.losses import CONFUSION, LOSSES, METRICS, mean_loss
from dslc_keras.optimizers import Updates, departures
from dslc_keras.phases import phase_context
from dslc_keras.soft import soft_loss, soft_metric


def emit(plan: TrainingPlan, model: ModelSection) -> Mapping[str, Any]:
    """What the templates of this backend use besides the facts of the data."""
    several = len(plan.inputs) > 1 or len(plan.outputs) > 1
    scores = {
        (metric.word, output.task == "binary")
        for output in plan.outputs
        for metric in output.metrics
        if isinstance(metric, CONFUSION)
    }
    phase = plan.phases[-1]
    updates = Updates(plan)
    callbacks = callback_context(plan)
    return {
        "size": "self.size" if several else "len(self.y)",
        "compile": _compile(plan, ref("optimizer") if plan.tuning else updates.optimizer(phase)),
        "phase": phase,
        **updates.context(phase),
        **callbacks,
        **phase_context(plan, model, updates, callbacks),
        "scores": sorted(scores),
        "confusion_tasks": sorted({"binary" if binary else "classes" for _, binary in scores}),
        "smoothed": any(
            isinstance(o.loss, losses.CrossEntropy) and o.loss.label_smoothing for o in plan.outputs
        )
        and not plan.mixes,
        "soft": bool(plan.mixes),
        "threads": True,
        **class_weight_context(plan),
        "prediction_doc": prediction_doc(plan),
        "device_help": "such as cpu, gpu or gpu:1",
        "weights_help": "start from these weights: .weights.h5 or .keras",
        "dataset": plan.source.word,
    }


def _compile(plan: TrainingPlan, optimizer: Expr) -> Statement:
    outputs = plan.outputs
    loss: Any = {o.name: LOSSES[type(o.loss)](o.loss) for o in outputs}
    measures: Any = {o.name: [METRICS[type(m)](m, o) for m in o.metrics] for o in outputs}
    if plan.mixes:
        loss = {o.name: soft_loss(o.loss) for o in outputs}
        measures = {o.name: [soft_metric(m, o) for m in o.metrics] for o in outputs}
    weighted = {o.name: [mean_loss(loss[o.name], "MeanLoss")] for o in outputs if o.class_weight}
    if len(outputs) > 1 and not plan.stock:
        for name, found in loss.items():
            if name not in weighted:
                measures[name].append(mean_loss(found))
    values: dict[str, Any] = {
        "optimizer": optimizer,
        "loss": loss if len(outputs) > 1 else loss[outputs[0].name],
    }
    if any(o.weight != 1 for o in outputs) and len(outputs) > 1:
        values["loss_weights"] = {o.name: number(o.weight) for o in outputs}
    if any(measures.values()):
        values["metrics"] = measures if len(outputs) > 1 else measures[outputs[0].name]
    if weighted and len(outputs) > 1 and not plan.stock:
        values["weighted_metrics"] = weighted
    return Expression(call("model.compile", **values))


BATCH_MEANS = Departure(
    "output_losses",
    "the loss that is reported of an output is the mean over batches: a smaller last one counts as much as the others",
    "several outputs",
)


def _departures(plan: TrainingPlan, model: ModelSection) -> list[Changed]:
    found = [each for phase in plan.phases for each in departures(phase)]
    if len(plan.outputs) > 1:
        found.append(Changed(BATCH_MEANS, "loss", "loss"))
    return found


TARGET = Target(
    name="keras",
    title="Keras 3",
    templates=Path(__file__).parent / "templates",
    imports={
        "keras": Import("keras"),
        "layers": Import("keras", "layers"),
        "nullcontext": Import("contextlib", "nullcontext"),
        "tf": Import("tensorflow", alias="tf"),
    },
    emit=emit,
    count_weights="sum(math.prod(weight.shape) for weight in model.trainable_weights)",
    test_targets="test.y",
    last_file="last.npz",
    departures=_departures,
)
