"""How PyTorch realises optimisers and callbacks, with Keras' formulas where the two differ, and what the templates
of its scripts need to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dslc.codegen.nodes import (
    Assign,
    BinOp,
    Call,
    Commented,
    Expr,
    Expression,
    Import,
    Index,
    Kw,
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
from dslc.vocab import data, metrics, optimizers
from dslc.vocab.callbacks import EarlyStopping, ReduceLROnPlateau
from dslc.vocab.experiment import Optimizer, Source
from dslc_torch.measures import LOSSES, METRICS, Measures, Place

# --- optimisers --------------------------------------------------------------------------------------


def _sgd(word: optimizers.SGD) -> Call:
    named: dict[str, Any] = {"lr": number(word.lr)}
    if word.momentum:
        named["momentum"] = number(word.momentum)
    if word.nesterov:
        named["nesterov"] = True
    return _optimizer("SGD", named)


def _adam(word: optimizers.Adam | optimizers.AdamW) -> Call:
    named: dict[str, Any] = {"lr": number(word.lr)}
    if (word.beta1, word.beta2) != (0.9, 0.999):
        named["betas"] = (number(word.beta1), number(word.beta2))
    if isinstance(word, optimizers.AdamW):
        named["weight_decay"] = number(word.weight_decay)
    return _optimizer(type(word).word, named)


def _optimizer(name: str, named: dict[str, Any]) -> Call:
    return call(f"torch.optim.{name}", method(ref("model"), "parameters"), **named)


OPTIMIZERS: dict[type[Optimizer], Callable[[Any], Call]] = {
    optimizers.SGD: _sgd,
    optimizers.Adam: _adam,
    optimizers.AdamW: _adam,
}


def _hook(plan: TrainingPlan) -> str | None:
    """What makes the optimiser compute as Keras' does: a function to call before each step."""
    word = plan.optimizer
    if isinstance(word, optimizers.Adam | optimizers.AdamW):
        return "adam_epsilon"
    if isinstance(word, optimizers.SGD) and word.momentum and plan.plateaus:
        return "keep_velocity"
    return None


# --- callbacks ---------------------------------------------------------------------------------------


def _plateau(word: ReduceLROnPlateau, mode: str) -> Call:
    """torch counts one bad epoch more before it acts, and one of its cooldown less, than Keras."""
    named: dict[str, Any] = {"mode": mode} if mode != "min" else {}
    named |= {"factor": number(word.factor), "patience": max(word.patience, 1) - 1}
    if word.cooldown > 1:
        named["cooldown"] = word.cooldown - 1
    named |= {"threshold": number(word.min_delta), "threshold_mode": "abs"}
    if word.min_lr:
        named["min_lr"] = number(word.min_lr)
    named["eps"] = 0
    made = call("torch.optim.lr_scheduler.ReduceLROnPlateau", ref("self.optimizer"), **named)
    said = {"patience": "the spec's, less one: torch waits one epoch longer"}
    if "cooldown" in named:
        said["cooldown"] = "likewise: torch cools down one epoch longer"
    return replace(made, kwargs=tuple(_said(kw, said) for kw in made.kwargs))


def _said(kw: Kw | Commented, comments: Mapping[str, str]) -> Kw | Commented:
    """An argument with the comment that its name asks for."""
    if isinstance(kw, Kw) and kw.name is not None and kw.name in comments:
        return Commented(kw, comments[kw.name])
    return kw


def _early_stopping(word: EarlyStopping, mode: str) -> Call:
    named: dict[str, Any] = {"patience": max(word.patience, 1)}
    if word.min_delta:
        named["min_delta"] = number(word.min_delta)
    if mode == "max":
        named["sign"] = -1
    return call("EarlyStopping", **named)


def _numbered(stem: str, count: int) -> list[str]:
    return [stem if i == 0 else f"{stem}_{i + 1}" for i in range(count)]


# --- data and predictions ----------------------------------------------------------------------------

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


# --- what the templates use --------------------------------------------------------------------------


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
    plateaus = _numbered("plateau", len(plan.plateaus))
    stoppers = _numbered("early_stopping", len(plan.stoppers))
    hook = _hook(plan)
    return {
        "first_inputs": [i.name for i in plan.inputs if i.name in model.channels_first],
        "first_targets": [
            o.name for o in plan.outputs if o.name in model.channels_first and o.task != "classes"
        ],
        "result": result,
        "length": "size" if several else "len(y)",
        "loss": loss,
        "sums": {"loss": 0.0, **measures.sums},
        "metric_starts": list(measures.starts.values()),
        "updates": measures.updates,
        "metric_ends": measures.ends,
        "scores": sorted(measures.scores),
        "uses_auc": any(isinstance(m, metrics.Auc) for o in plan.outputs for m in o.metrics),
        "optimizer": _setup(plan, hook, plateaus, stoppers),
        "optimizer_hook": f"{hook}.py.jinja" if hook else None,
        "any_delta": any(w.min_delta for w in plan.stoppers),
        "any_larger": any(plan.mode(w) == "max" for w in plan.stoppers),
        "plateau_steps": [(n, w.monitor) for n, w in zip(plateaus, plan.plateaus, strict=True)],
        "stopper_steps": [(n, w.monitor) for n, w in zip(stoppers, plan.stoppers, strict=True)],
        "predictions": Return(_predictions(places, result)),
        "prediction_doc": prediction_doc(plan),
        "device_help": "such as cpu, cuda, cuda:1 or mps",
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
        return [Assign((ref("loss"),), values[0])]
    statements: list[Statement] = []
    total: Expr | None = None
    for place, value in zip(places, values, strict=True):
        name = ref(f"{place.output.name}_loss")
        statements.append(Assign((name,), value))
        into.add_mean(name.name, method(name, "detach"))
        term: Expr = name
        if place.output.weight != 1:
            term = BinOp("*", number(place.output.weight), name)
        total = term if total is None else BinOp("+", total, term)
    assert total is not None
    return [*statements, Assign((ref("loss"),), total)]


def _setup(
    plan: TrainingPlan, hook: str | None, plateaus: list[str], stoppers: list[str]
) -> list[Statement]:
    """The optimiser and the callbacks of a `Run`."""
    made = OPTIMIZERS[type(plan.optimizer)](plan.optimizer)
    body: list[Statement] = [Assign((ref("self.optimizer"),), made)]
    if hook:
        body.append(Expression(method(ref("self.optimizer"), "register_step_pre_hook", ref(hook))))
    for name, plateau in zip(plateaus, plan.plateaus, strict=True):
        body.append(Assign((ref(f"self.{name}"),), _plateau(plateau, plan.mode(plateau))))
    for name, stopper in zip(stoppers, plan.stoppers, strict=True):
        body.append(Assign((ref(f"self.{name}"),), _early_stopping(stopper, plan.mode(stopper))))
    return body


TARGET = Target(
    name="torch",
    title="PyTorch",
    templates=Path(__file__).parent / "templates",
    imports={
        "torch": Import("torch"),
        "F": Import("torch.nn.functional", alias="F"),
        "nn": Import("torch", "nn"),
        "DataLoader": Import("torch.utils.data", "DataLoader"),
        "Dataset": Import("torch.utils.data", "Dataset"),
    },
    emit=emit,
    count_weights="sum(weight.numel() for weight in model.parameters() if weight.requires_grad)",
    test_targets="test.dataset.y",
)
