"""The sections of a spec and the graph become the training plan. Everything here was checked before."""

from __future__ import annotations

from typing import Any, cast

from dslc.check.backbone import backbones, scaled_inputs
from dslc.check.outputs import by_output, last_activation, losses_by_output, metrics_by_output
from dslc.check.protocol import protocol_of
from dslc.graph import Graph
from dslc.plan.finetune import plan_tuning
from dslc.plan.training import Activation, ImageScaling, InputPlan, OutputPlan, TrainingPlan
from dslc.spec import ir
from dslc.spec.defaults import wants_stock
from dslc.vocab.data import AsBackbone
from dslc.vocab.dims import Dim
from dslc.vocab.experiment import Callback, Loss, Source
from dslc.vocab.layers.sequence import Embedding
from dslc.vocab.transform import Transform


def plan_training(spec: ir.Spec, graph: Graph) -> TrainingPlan | None:
    """The plan of a spec without errors; None when it does not train."""
    data, train = spec.sections.get("data"), spec.sections.get("train")
    augment = spec.sections.get("augment")
    if data is None or train is None:
        return None

    def of(section: ir.SectionSpec, key: str) -> Any:
        return section.settings[key].value

    tuning = plan_tuning(spec, graph)
    last = tuning.stretches[-1] if tuning is not None else None
    epochs = sum(s.epochs for s in tuning.stretches) if tuning is not None else of(train, "epochs")

    return TrainingPlan(
        source=of(data, "source"),
        augment=tuple(cast(Transform, bound.word) for bound in augment.words) if augment else (),
        split=of(data, "split"),
        inputs=tuple(
            _input(graph, name, index, of(data, "source")) for name, index in graph.inputs.items()
        ),
        outputs=tuple(_output(train, graph, name) for name in graph.outputs),
        optimizer=last.optimizer if last is not None else of(train, "optimizer"),
        epochs=epochs,
        batch=None if of(data, "batch") == "full" else of(data, "batch"),
        scale=of(data, "scale"),
        images=_images(of(data, "scale"), graph),
        callbacks=tuple(cast(Callback, bound.word) for bound in train.words),
        shuffle=of(data, "shuffle"),
        seed=of(data, "seed"),
        workers=of(data, "workers"),
        deterministic=of(train, "deterministic"),
        **_protocol(spec.sections.get("evaluate")),
        track=of(train, "track"),
        clip=of(train, "clip"),
        accumulate=of(train, "accumulate"),
        ema=of(train, "ema"),
        mixed=of(train, "precision") == "mixed",
        tuning=tuning,
        stock=wants_stock(spec),
    )


def _protocol(evaluate: ir.SectionSpec | None) -> dict[str, Any]:
    protocol = protocol_of(evaluate)
    if evaluate is None or protocol is None:
        return {}
    return {"protocol": protocol, "confidence": evaluate.settings["confidence"].value}


def _images(scale: object, graph: Graph) -> ImageScaling | None:
    if not isinstance(scale, AsBackbone):
        return None
    _, word = next(backbones(graph))
    return ImageScaling(type(word), scaled_inputs(graph))


def _shape(dims: tuple[Dim, ...]) -> tuple[int | None, ...]:
    return tuple(d if isinstance(d, int) else None for d in dims)


def _input(graph: Graph, name: str, index: int, source: Source) -> InputPlan:
    tensor = graph.tensor(index)
    assert tensor is not None
    tables = (node.word for node in graph.nodes() if index in node.inputs)
    sizes = [word.vocabulary for word in tables if isinstance(word, Embedding)]
    shape, size = _shape(tensor.shape), source.picture_size
    stored = (*size, *shape[2:]) if size is not None and len(shape) == 3 else shape
    return InputPlan(
        name,
        shape,
        tensor.dtype,
        min(sizes, default=None),
        stored if stored != shape else None,
    )


def _output(train: ir.SectionSpec, graph: Graph, name: str) -> OutputPlan:
    tensor = graph.tensor(graph.outputs[name])
    loss = losses_by_output(train, graph)[name].value
    setting = metrics_by_output(train, graph).get(name)
    assert tensor is not None and isinstance(loss, Loss)
    taken = loss.activation if loss.activation == last_activation(graph, name) else None
    metrics = cast("tuple[Any, ...]", setting.value) if setting is not None else ()
    weights = by_output(train, "class_weight", graph).get(name)
    return OutputPlan(
        name,
        _shape(tensor.shape),
        loss,
        metrics,
        cast("Activation | None", taken),
        class_weight=cast("Any", weights.value) if weights is not None else None,
    )
