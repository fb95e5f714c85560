"""Does the protocol fit the data, the metrics, and a lifetime?"""

from __future__ import annotations

from dslc.check.outputs import losses_by_output, metrics_by_output
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab.experiment import Loss, Metric, Protocol, Source
from dslc.vocab.protocols import MOST_TRAININGS, LeaveOneOut


def protocol_of(evaluate: ir.SectionSpec | None) -> Protocol | None:
    """The protocol of a spec when it resamples; `holdout` is what happens without one."""
    setting = evaluate.settings.get("protocol") if evaluate is not None else None
    found = setting.value if setting is not None else None
    return found if isinstance(found, Protocol) and found.resamples else None


def check_protocol(
    evaluate: ir.SectionSpec | None, data: ir.SectionSpec, train: ir.SectionSpec, graph: Graph
) -> list[Diagnostic]:
    if evaluate is None or "protocol" not in evaluate.settings:
        return []
    setting = evaluate.settings["protocol"]
    protocol = protocol_of(evaluate)
    if protocol is None:
        return _confidence(evaluate) if isinstance(setting.value, Protocol) else []
    found: list[Diagnostic] = []
    source = data.settings.get("source")
    if source is not None and isinstance(source.value, Source):
        found += _source(protocol, setting, source, source.value)
    return found if train.torn else [*found, *_metrics(protocol, setting, train, graph)]


def _confidence(evaluate: ir.SectionSpec) -> list[Diagnostic]:
    setting = evaluate.settings.get("confidence")
    if setting is None or setting.span == evaluate.span:
        return []  # its default
    fixes = [Fix("remove confidence"), Fix("or train several times: protocol = kfold(5)")]
    message = "`holdout` gives one value, which has no interval"
    return [error("E0450", message, setting.key_span, fixes=fixes)]


def _source(
    protocol: Protocol, setting: ir.Setting, place: ir.Setting, source: Source
) -> list[Diagnostic]:
    there = [Label(place.span, "the data")]
    if source.own_test:
        message = (
            f"`{source.word}` brings its own test part; `{protocol.word}` would test other rows"
        )
        fixes = [Fix("remove evaluate: the test part that comes with the data is tested")]
        return [error("E0447", message, setting.span, secondary=there, fixes=fixes)]
    if source.samples is None:
        return []
    folds = getattr(protocol, "k", None)
    if folds is not None and folds > source.samples:
        message = f"`{source.word}` has {source.samples:,} rows, which do not make {folds:,} folds"
        fixes = [Fix("write kfold(10)", (Edit(setting.span, "kfold(10)"),))]
        return [error("E0448", message, setting.span, secondary=there, fixes=fixes)]
    count = protocol.trainings(source.samples)
    if count is not None and count - protocol.bootstraps > MOST_TRAININGS:
        message = f"`{protocol.word}` means {count:,} trainings"
        if isinstance(protocol, LeaveOneOut):
            message = f"`leave_one_out` means {count:,} trainings, one for each row"
        notes = [f"{MOST_TRAININGS:,} is the most that a run may have"]
        fewer = f"{protocol.word}(200)" if protocol.bootstraps else "kfold(10)"
        fixes = [Fix(f"write {fewer}", (Edit(setting.span, fewer),))]
        return [error("E0448", message, setting.span, secondary=there, notes=notes, fixes=fixes)]
    return []


def _metrics(
    protocol: Protocol, setting: ir.Setting, train: ir.SectionSpec, graph: Graph
) -> list[Diagnostic]:
    """What the protocol cannot say of a metric; .632+ leaves those out, if any is left."""
    metrics = metrics_by_output(train, graph)
    given = [
        (metric, place)
        for place in dict.fromkeys(metrics.values())
        for metric in (place.value if isinstance(place.value, tuple) else ())
        if isinstance(metric, Metric)
    ]
    lost = [(metric, place) for metric, place in given if not protocol.measures(metric)]
    if isinstance(protocol, LeaveOneOut):
        if not lost:
            return []
        metric, place = lost[0]
        there = [Label(setting.span, "tests one row at a time")]
        message = f"`{metric.label}` of a single row says nothing"
        fixes = [Fix(f"remove `{metric.word}`, or use kfold(10)")]
        return [
            error("E0449", message, _within(place.span, metric.word), secondary=there, fixes=fixes)
        ]
    losses = [s.value for s in losses_by_output(train, graph).values() if isinstance(s.value, Loss)]
    if len(lost) < len(given) or any(protocol.measures(loss) for loss in losses) or not losses:
        return []
    numbers = all(loss.task == "numbers" for loss in losses)
    wanted = "mae" if numbers else "accuracy"
    message = f"`{protocol.word}` has nothing to report: it needs `accuracy` or `mae`"
    fixes = [Fix(f"write metrics = [{wanted}], or use bootstrap632")]
    return [error("E0449", message, setting.span, fixes=fixes)]


def _within(span: Span, word: str) -> Span:
    """Where `word` stands in a list."""
    at = max(span.text.find(word), 0)
    start = span.start + at
    return span.source.span(start, start + len(word))
