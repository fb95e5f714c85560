"""Do model, data, loss, metrics and callbacks fit each other? Said before anything runs."""

from __future__ import annotations

from dslc.check.data import check_data
from dslc.diagnostics import Diagnostic, Edit, Fix, did_you_mean, error
from dslc.graph import Graph
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.experiment import Callback, Loss, Metric
from dslc.vocab.tensor import Tensor


def check_experiment(spec: ir.Spec, graph: Graph) -> list[Diagnostic]:
    """Everything about `data` and `train` that the model decides."""
    data, train = spec.sections.get("data"), spec.sections.get("train")
    if data is None and train is None:
        return []
    if data is None or train is None:
        have, lack = ("train", "data") if data is None else ("data", "train")
        span = (train or data).span  # type: ignore[union-attr]
        fix = Fix(f"add `{lack} {{ … }}`, or remove `{have}`")
        message = f"`{have}` stands alone: training needs `data` and `train`"
        return [error("E0410", message, span, fixes=[fix])]
    found = _outputs(train, graph)
    found += check_data(data, train, graph)
    found += _callbacks(train, graph)
    return found


def losses_by_output(train: ir.SectionSpec, graph: Graph) -> dict[str, ir.Setting]:
    """The loss of every output that has one."""
    part = train.parts.get("loss")
    if part is not None:
        return {name: s for name, s in part.settings.items() if name in graph.outputs}
    setting = train.settings.get("loss")
    return {} if setting is None else dict.fromkeys(graph.outputs, setting)


def metrics_by_output(train: ir.SectionSpec, graph: Graph) -> dict[str, ir.Setting]:
    """The metrics of every output."""
    part = train.parts.get("metrics")
    if part is not None:
        return {name: s for name, s in part.settings.items() if name in graph.outputs}
    setting = train.settings.get("metrics")
    return {} if setting is None else dict.fromkeys(graph.outputs, setting)


def last_activation(graph: Graph, output: str) -> str | None:
    """The activation that an output ends in."""
    index = graph.outputs.get(output)
    if index is None:
        return None
    word = graph.node(index).word
    return word.word if word is not None and word.kind == "activation" else None


# --------------------------------------------------------------------------- outputs, losses, metrics


def _outputs(train: ir.SectionSpec, graph: Graph) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for part in train.parts.values():
        for name, setting in part.settings.items():
            if name not in graph.outputs:
                close = did_you_mean(name, graph.outputs)
                fixes = (
                    [Fix(f"did you mean `{close}`?", (Edit(setting.key_span, close),))]
                    if close
                    else []
                )
                notes = [f"the outputs are {', '.join(graph.outputs)}"]
                message = f"the model has no output `{name}`"
                found.append(error("E0413", message, setting.key_span, notes=notes, fixes=fixes))
    losses = losses_by_output(train, graph)
    part = train.parts.get("loss")
    if part is not None:
        for name in graph.outputs:
            if name not in losses:
                message = f"the output `{name}` has no loss"
                found.append(error("E0413", message, part.span, fixes=[Fix(f"add {name} = …")]))
    seen: set[tuple[Span, str]] = set()
    for name, setting in losses.items():
        loss = setting.value
        assert isinstance(loss, Loss)
        tensor = graph.tensor(graph.outputs[name])
        if tensor is not None:
            found += _loss(loss, setting, name, tensor, graph)
        for metric_setting in [metrics_by_output(train, graph).get(name)]:
            values = metric_setting.value if metric_setting is not None else ()
            assert isinstance(values, tuple)
            for metric in values:
                assert isinstance(metric, Metric) and metric_setting is not None
                key = (metric_setting.span, metric.word)
                if loss.task not in metric.tasks and key not in seen:
                    seen.add(key)
                    message = f"`{metric.word}` says nothing about `{loss.word}`"
                    notes = [
                        f"it measures {' or '.join(metric.tasks)}; this loss is for {loss.task}"
                    ]
                    found.append(error("E0411", message, metric_setting.span, notes=notes))
    return found


def _loss(
    loss: Loss, setting: ir.Setting, name: str, tensor: Tensor, graph: Graph
) -> list[Diagnostic]:
    index = graph.outputs[name]
    assert index is not None
    span = graph.node(index).span
    ends_in = last_activation(graph, name)
    wanted = loss.activation
    if wanted is not None and ends_in != wanted:
        return [_activation(loss, name, ends_in, wanted, span)]
    if wanted == "softmax" and tensor.channels == 1:
        message = "a `softmax` over one unit is always 1: nothing can be learned"
        fixes = [
            Fix("for two classes use Dense(1) -> sigmoid with binary_cross_entropy"),
            Fix("or Dense(2) -> softmax"),
        ]
        return [error("E0406", message, span, fixes=fixes)]
    return []


def _activation(loss: Loss, name: str, ends_in: str | None, wanted: str, span: Span) -> Diagnostic:
    other = {"softmax": "binary_cross_entropy", "sigmoid": "cross_entropy"}
    which = "the model" if name == "output" else f"the output `{name}`"
    notes = [
        f"`{loss.word}` compares probabilities; scripts compute it from logits, where nothing overflows"
    ]
    if ends_in is None:
        fix = Fix(f"end it with -> {wanted}", (Edit(span.after(), f" -> {wanted}"),))
        message = f"`{loss.word}` needs an output that ends in `{wanted}`; {which} ends without an activation"
        return error("E0406", message, span, fixes=[fix], notes=notes)
    fixes = [Fix(f"end it with `{wanted}`", (Edit(span, wanted),))]
    if ends_in in ("softmax", "sigmoid"):
        loss_name = other[wanted]
        fixes.append(Fix(f"or use loss = {loss_name}, which goes with `{ends_in}`"))
    message = f"`{loss.word}` needs an output that ends in `{wanted}`; {which} ends in `{ends_in}`"
    return error("E0406", message, span, fixes=fixes, notes=notes)


# --------------------------------------------------------------------------- callbacks


def logged_values(train: ir.SectionSpec, graph: Graph) -> list[str]:
    """The names that a callback may monitor, those of the validation part first."""
    names = ["loss"]
    alone = len(graph.outputs) == 1
    for output in graph.outputs:
        prefix = "" if alone else f"{output}_"
        names += [] if alone else [f"{prefix}loss"]
        setting = metrics_by_output(train, graph).get(output)
        for metric in setting.value if setting is not None else ():  # type: ignore[attr-defined]
            names.append(prefix + metric.label)
    return [*(f"val_{name}" for name in names), *names]


def _callbacks(train: ir.SectionSpec, graph: Graph) -> list[Diagnostic]:
    known = logged_values(train, graph)
    found: list[Diagnostic] = []
    for bound in train.words:
        callback = bound.word
        assert isinstance(callback, Callback)
        if callback.monitor in known:
            continue
        close = did_you_mean(callback.monitor, known)
        fixes = [Fix(f"did you mean monitor={close}?")] if close else []
        metric = callback.monitor.removeprefix("val_")
        if not close:
            fixes = [Fix(f"add `{metric}` to metrics, or monitor one of these")]
        notes = [f"logged are {', '.join(known)}"]
        message = f"nothing logs `{callback.monitor}`"
        found.append(error("E0409", message, bound.span, notes=notes, fixes=fixes))
    return found
