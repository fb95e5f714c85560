"""Do the callbacks of a training find what they watch, and leave each other alone?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dslc.check.outputs import metrics_by_output
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, did_you_mean, error
from dslc.graph import Graph
from dslc.source import Span
from dslc.spec import ir
from dslc.spec.bind import show_value
from dslc.spec.values import UNKNOWN
from dslc.vocab.callbacks import (
    DECIMAL,
    FIELD,
    PLAIN,
    WHOLE,
    CSVLogger,
    EarlyStopping,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    template_fields,
)
from dslc.vocab.experiment import Callback, Monitoring, Optimizer
from dslc.vocab.word import Word, aliases, words

ENDINGS = re.compile(r"(\.weights)?\.(keras|h5|hdf5|pt|pth|ckpt|tar|npz|safetensors)$", re.I)
# Files of a run that are not a callback's to write, without their endings.
OWN_FILES = ("last", "final")
OWN_TABLES = re.compile(r"(.*\.(json|png|pt|npz|keras|h5|py)|tensorboard|unfinished\..*)$", re.I)
LONGEST = 100  # characters of a file name


def logged_values(train: ir.SectionSpec, graph: Graph) -> list[str] | None:
    """The names that a callback may monitor, those of the validation part first; None while they are unknown."""
    broken = [s for part in train.parts.values() for s in part.settings.values()]
    if any(setting.value is UNKNOWN for setting in broken):
        return None
    if "metrics" not in train.settings and "metrics" not in train.parts:
        return None  # they could not be read
    names = ["loss"]
    alone = len(graph.outputs) == 1
    for output in graph.outputs:
        prefix = "" if alone else f"{output}_"
        names += [] if alone else [f"{prefix}loss"]
        setting = metrics_by_output(train, graph).get(output)
        metrics = setting.value if setting is not None else ()
        assert isinstance(metrics, tuple)
        names += [prefix + metric.label for metric in metrics]
    return [*(f"val_{name}" for name in names), *names]


def check_callbacks(section: ir.SectionSpec, known: list[str] | None) -> list[Diagnostic]:
    """All that is wrong with the callbacks of a section that trains: `train`, or a phase. `known` are the values
    that are logged there."""
    found: list[Diagnostic] = []
    for bound in section.words:
        callback = bound.word
        if isinstance(callback, Monitoring) and known is not None:
            found += _watching(callback, bound, known)
        if isinstance(callback, ModelCheckpoint) and callback.file is not None:
            found += _template(callback.file, callback, bound, known)
        if isinstance(callback, CSVLogger):
            found += _table(callback, bound)
        found += _too_late(callback, bound, section)
    found += [*_repeated(section), *_with_schedule(section)]
    return found


# --------------------------------------------------------------------------- what is watched


def check_monitors(train: ir.SectionSpec) -> list[Diagnostic]:
    """What no model could log. Parts of the model or of `train` are not known, because their text is faulty."""
    return [
        found
        for bound in train.words
        if isinstance(bound.word, Monitoring) and not _logs(bound.word.monitor, train)
        for found in _watching(bound.word, bound, _unnamed(train))
    ]


def _unnamed(train: ir.SectionSpec) -> list[str]:
    """What is logged when the model has one output."""
    metrics = [m for s in _metrics(train) if isinstance(s.value, tuple) for m in s.value]
    names = list(dict.fromkeys(["loss", *(metric.label for metric in metrics)]))
    return [*(f"val_{name}" for name in names), *names]


def _metrics(train: ir.SectionSpec) -> list[ir.Setting]:
    """The metrics that are written, of one output or of each."""
    part, setting = train.parts.get("metrics"), train.settings.get("metrics")
    if part is not None:
        return list(part.settings.values())
    return [] if setting is None or setting.span == train.span else [setting]


def _logs(name: str, train: ir.SectionSpec) -> bool:
    """Could some model log `name`? It may stand behind the name of an output."""
    metrics = _metrics(train)
    if not metrics or any(not isinstance(setting.value, tuple) for setting in metrics):
        return True  # they could not be read
    return any(name == known or name.endswith(f"_{known}") for known in _unnamed(train))


def _watching(callback: Monitoring, bound: ir.Bound, known: list[str]) -> Iterator[Diagnostic]:
    if callback.monitor not in known:
        span = bound.arguments.get("monitor")
        yield _nothing_logs(callback.monitor, span or bound.span, known, span is not None)


def _nothing_logs(name: str, span: Span, known: list[str], replaceable: bool) -> Diagnostic:
    metric = name.removeprefix("val_")
    alias = aliases("metric").get(metric, metric)
    prefix = "val_" if name.startswith("val_") else ""
    close = prefix + alias if prefix + alias in known else did_you_mean(name, known)
    fix = Fix(f"monitor one of {', '.join(known)}")
    if alias in words("metric"):
        fix = Fix(f"add `{alias}` to the metrics, or monitor one that is there")
    if close and replaceable:
        fix = Fix(f"did you mean `{close}`?", (Edit(span, close),))
    notes = [f"logged are {', '.join(known)}"]
    return error("E0409", f"nothing logs `{name}`", span, notes=notes, fixes=[fix])


# --------------------------------------------------------------------------- names of files


def _template(
    file: str, callback: ModelCheckpoint, bound: ir.Bound, known: list[str] | None
) -> Iterator[Diagnostic]:
    """What is wrong with the name of a checkpoint: the first thing only."""
    span = bound.arguments.get("file", bound.span)
    plain = FIELD.sub("0", file)
    ending = ENDINGS.search(file)
    names = [name for name, _ in template_fields(file)]
    stem = FIELD.sub("", file).lower()
    if "{" in plain or "}" in plain:
        message = "braces in a file name hold `epoch` or a logged value, and how it is written"
        yield _bad_name(message, span, Fix('write them as in "{epoch:03d}-{val_loss:.4f}"'))
    elif problem := _not_a_name(plain):
        yield _bad_name(problem, span, Fix('write a name such as "best" or "{epoch:03d}"'))
    elif ending is not None:
        shown = file[: ending.start()]
        message = f"the name has no ending: `{ending[0]}` differs from backend to backend"
        fix = Fix(f"leave `{ending[0]}` out", (Edit(span, f'"{shown}"'),)) if shown else None
        yield _bad_name(message, span, fix or Fix('write a name such as "best"'))
    elif stem in OWN_FILES and not names or stem.startswith("unfinished."):
        message = f"`{file}` is a file of the run itself"
        yield _bad_name(message, span, Fix("give it another name", (Edit(span, '"weights"'),)))
    elif wrong := _wrong_field(file, known):
        yield _bad_field(*wrong, span, file, known or [])
    elif not callback.save_best_only and "epoch" not in names:
        message = f"every epoch would be written to the same file: `{file}` does not name the epoch"
        if names:
            message = f"two epochs may get the same file: `{file}` does not name the epoch"
        fix = Fix("name the epoch", (Edit(span, f'"{{epoch:03d}}-{file}"'),))
        yield _bad_name(message, span, fix)


def _not_a_name(plain: str) -> str | None:
    """Why a text without braces is not the name of a file in one folder, on every system."""
    if not plain:
        return "the name of the file is empty"
    if "/" in plain or "\\" in plain:
        return "the file lies in the folder of the run: its name holds no path"
    if len(plain) > LONGEST:
        return f"the name of the file has {len(plain)} characters, {LONGEST} at most are allowed"
    if not PLAIN.fullmatch(plain) or ".." in plain:
        return "a file name consists of letters, digits and `_ - + = , @ .`, with spaces and dots only inside"
    return None


def _wrong_field(file: str, known: list[str] | None) -> tuple[str, str] | None:
    """The first field of a template that does not hold, with the reason."""
    for name, written in template_fields(file):
        if known is not None and name not in ("epoch", *known):
            return name, "unknown"
        if name == "epoch" and not WHOLE.fullmatch(written):
            return f"{{{name}:{written}}}", "03d"
        if name != "epoch" and not DECIMAL.fullmatch(written):
            return f"{{{name}:{written}}}", ".4f"
    return None


def _bad_field(field: str, problem: str, span: Span, file: str, known: list[str]) -> Diagnostic:
    if problem != "unknown":
        name = field[1:].partition(":")[0]
        right = f"{{{name}:{problem}}}"
        fixes = [Fix(f"write {right}", (Edit(span, f'"{file.replace(field, right)}"'),))]
        kind = "a whole number" if name == "epoch" else "a number"
        message = f"`{field}` does not say how {kind} is written"
        return error("E0422", message, span, fixes=fixes)
    close = did_you_mean(field, ["epoch", *known])
    alias = aliases("metric").get(field.removeprefix("val_"))
    if alias is not None:
        aliased = ("val_" if field.startswith("val_") else "") + alias
        close = aliased if aliased in known else close
    fix = Fix(f"write epoch or one of {', '.join(known)}")
    if close:
        right = re.sub(rf"\{{{re.escape(field)}\b", lambda _: f"{{{close}", file)
        fix = Fix(f"did you mean `{close}`?", (Edit(span, f'"{right}"'),))
    notes = [f"logged are {', '.join(known)}"]
    return error("E0409", f"nothing logs `{field}`", span, notes=notes, fixes=[fix])


def _bad_name(message: str, span: Span, fix: Fix) -> Diagnostic:
    return error("E0422", message, span, fixes=[fix])


def _table(callback: CSVLogger, bound: ir.Bound) -> Iterator[Diagnostic]:
    span = bound.arguments.get("file", bound.span)
    problem = _not_a_name(callback.file)
    if problem is None and OWN_TABLES.match(callback.file):
        problem = f"`{callback.file}` may be a file of the run itself"
    if problem is not None:
        yield _bad_name(problem, span, Fix('write "log.csv"', (Edit(span, '"log.csv"'),)))


# --------------------------------------------------------------------------- together


def _repeated(section: ir.SectionSpec) -> Iterator[Diagnostic]:
    """The same callback twice for one value or file: both would act on it."""
    first: dict[tuple[str, ...], ir.Bound] = {}
    for bound in section.words:
        assert isinstance(bound.word, Callback)
        key, message = _deed(bound.word)
        known = first.setdefault(key, bound)
        if known is not bound:
            there = [Label(known.span, "first written here")]
            fix = Fix("keep one of them")
            if isinstance(bound.word, ModelCheckpoint):
                fix = Fix("keep one of them, or give each a `file` of its own")
            yield error("E0205", message, bound.span, secondary=there, fixes=[fix])


def check_files(phases: tuple[ir.SectionSpec, ...], train: ir.SectionSpec) -> list[Diagnostic]:
    """Checkpoints of different phases that would write the same file: the earlier weights would be lost. Callbacks
    of `train` go on from phase to phase, and so does a file whose name holds the epoch."""
    first: dict[tuple[str, ...], tuple[ir.SectionSpec, ir.Bound]] = {}
    found: list[Diagnostic] = []
    for phase in phases:
        for bound in phase.words:
            callback = bound.word
            if not isinstance(callback, ModelCheckpoint) or callback.file is None:
                continue
            if "epoch" in [name for name, _ in template_fields(callback.file)]:
                continue
            key, message = _deed(callback)
            before, known = first.setdefault(key, (phase, bound))
            if before is phase:
                continue  # is reported there
            there = [Label(known.span, "first written here")]
            fix = Fix("give each a `file` of its own, or leave `file` out")
            message = message.replace("callbacks", "phases")
            span = bound.arguments.get("file", bound.span)
            found.append(error("E0205", message, span, secondary=there, fixes=[fix]))
    return found


def _deed(callback: Callback) -> tuple[tuple[str, ...], str]:
    """What nothing else may do, and how to say that something does."""
    name = callback.word
    match callback:
        case ModelCheckpoint(file=str(file)):
            return (name, "file", _sample(file)), f"two callbacks write `{file}`"
        case ModelCheckpoint(save_best_only=False):
            return (name, "every"), f"`{name}` writes every epoch twice"
        case CSVLogger():
            return (name, callback.file.lower()), f"two callbacks write `{callback.file}`"
        case Monitoring():
            return (name, callback.monitor), f"`{name}` watches `{callback.monitor}` twice"
        case TensorBoard():
            return (name,), f"`{name}` is given twice"
    return (name, str(callback)), f"`{name}` is given twice"


def _sample(file: str) -> str:
    """A name that a template may give: two that give the same are in each other's way."""

    def written(field: re.Match[str]) -> str:
        value = 7 if field[1] == "epoch" else float(sum(map(ord, field[1])))
        try:
            return format(value, field[2] or "")
        except ValueError:  # is reported
            return field[0]

    return FIELD.sub(written, file).lower() if len(file) <= LONGEST else file


def _too_late(callback: Word, bound: ir.Bound, section: ir.SectionSpec) -> Iterator[Diagnostic]:
    """A callback that has nothing to do: its first epoch is behind the last one, or the rate is at its end."""
    setting = section.settings.get("epochs")
    epochs = setting.value if setting is not None else None
    if isinstance(callback, ReduceLROnPlateau):
        yield from _lowest(callback, bound, section)
    if not isinstance(epochs, int):
        return
    late, limit = None, epochs
    if isinstance(callback, EarlyStopping):
        start, patience = callback.start_from_epoch, callback.patience
        if start >= epochs:
            late, limit = "start_from_epoch", epochs - 1
            message = f"`EarlyStopping` never looks: it starts behind the last of {epochs} epochs"
        elif start + patience >= epochs > 1 and not callback.restore_best:
            late, limit = "patience", max(0, epochs - start - 1)
            left = f"of {epochs} epochs" if not start else f"of the {epochs - start} that it sees"
            message = f"`EarlyStopping` never stops: it forgives {patience} {left}"
    if isinstance(callback, ModelCheckpoint) and callback.every > epochs:
        late = "every"
        message = f"`ModelCheckpoint` never writes: there are only {epochs} epochs"
    if late is not None:
        span = bound.arguments.get(late, bound.span)
        yield error("E0423", message, span, fixes=[Fix(f"give it a number up to {limit}")])


def _lowest(
    callback: ReduceLROnPlateau, bound: ir.Bound, section: ir.SectionSpec
) -> Iterator[Diagnostic]:
    """A plateau that no learning rate lies above."""
    setting = section.settings.get("optimizer")
    word = setting.value if setting is not None else None
    if setting is None or not isinstance(word, Optimizer) or word.schedule is not None:
        return
    groups = section.parts.get("rates")
    given = [s.value for s in groups.settings.values()] if groups is not None else []
    of_groups = [rate for rate in given if isinstance(rate, (int, float))]
    if len(of_groups) < len(given):
        return  # one is reported
    highest = max([word.rate, *of_groups])
    if callback.min_lr < highest:
        return
    there = [Label(setting.span, f"its learning rate is {show_value(word.rate)}")]
    message = (
        f"`ReduceLROnPlateau` never acts: no learning rate is above {show_value(callback.min_lr)}"
    )
    span = bound.arguments.get("min_lr", bound.span)
    low = float(f"{highest / 100:.3g}")
    fix = Fix(f"give it a number below {show_value(highest)}, such as {show_value(low)}")
    yield error("E0423", message, span, secondary=there, fixes=[fix])


def _with_schedule(section: ir.SectionSpec) -> Iterator[Diagnostic]:
    """A plateau and a schedule: both would set the learning rate."""
    setting = section.settings.get("optimizer")
    rate = getattr(setting.value, "lr", None) if setting is not None else None
    if setting is None or not isinstance(rate, Word):
        return
    for bound in section.words:
        if isinstance(bound.word, ReduceLROnPlateau):
            message = (
                f"`ReduceLROnPlateau` and the schedule `{rate.word}` both set the learning rate"
            )
            there = [Label(setting.span, "the schedule")]
            fix = Fix("keep one of them: a number as `lr`, or no `ReduceLROnPlateau`")
            yield error("E0424", message, bound.span, secondary=there, fixes=[fix])
