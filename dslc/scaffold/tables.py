"""A proposal for a CSV file: the columns decide about inputs, task, loss, scale and missing cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dslc.diagnostics import did_you_mean
from dslc.scaffold.columns import Column, read_columns
from dslc.scaffold.proposal import (
    Proposal,
    Unsuitable,
    comment,
    file_stem,
    listed,
    model_name,
    quoted,
    reference,
)

FEW_CLASSES = 20  # whole numbers of at most so many kinds are taken as classes
RARE = 3  # a category seen so seldom may be missing in the training part
LAST = "The target is the last column, for want of a better guess; --target NAME chooses another."
TOKENS = (20, 400)  # the shortest and the longest input of a text


@dataclass(frozen=True)
class Task:
    """What is predicted: how the model ends and what training makes small."""

    kind: str  # classes | binary | numbers
    classes: int
    end: str
    loss: str
    metrics: str
    split: str
    why: str


def from_csv(path: Path, target: str | None = None) -> Proposal | Unsuitable:
    """A spec for the table at `path`; without a `target` the last column is predicted."""
    found = read_columns(path)
    if isinstance(found, Unsuitable):
        return found
    columns, rows = found
    names = [column.name for column in columns]
    if target is not None and target not in names:
        close = did_you_mean(target, names)
        hint = f"did you mean `{close}`?" if close else f"there are {listed(names, 12)}"
        return Unsuitable(f"`{path}` has no column `{target}`", hint)
    chosen = columns[names.index(target) if target is not None else -1]
    task = _task(chosen, rows)
    if isinstance(task, Unsuitable):
        return task
    why = "" if target is not None else LAST
    inputs = [column for column in columns if column is not chosen]
    texts = [column for column in inputs if column.is_text]
    if texts:
        return _text(path, texts[0], chosen, task, rows, why)
    return _table(path, inputs, chosen, task, rows, why)


# --- what is predicted ------------------------------------------------------------------------------


def _task(target: Column, rows: int) -> Task | Unsuitable:
    if not target.filled:
        return Unsuitable(f"the column `{target.name}` is empty: there is nothing to predict")
    if target.different == 1:
        (value,) = target.counts
        message = (
            f"the column `{target.name}` always holds {quoted(value)}: there is nothing to learn"
        )
        return Unsuitable(message, "name another column with --target")
    numbers = target.numbers and not (
        target.whole and target.different <= FEW_CLASSES and target.different * 5 <= target.filled
    )
    if numbers:
        return _numbers(target)
    if target.different * 2 > target.filled:
        message = (
            f"the column `{target.name}` has {target.different} different values in {rows} rows"
        )
        return Unsuitable(f"{message}: too many to be classes", "name another with --target")
    least = min(target.counts.values())
    split = "stratified(70, 15, 15)" if least >= 10 else "random(70, 15, 15)"
    classes = target.different
    shares = listed([f"{quoted(v)} {n}" for v, n in target.counts.most_common()], 5)
    if classes == 2:
        end, loss = "Dense(1, init=glorot_uniform) -> sigmoid", "binary_cross_entropy"
        return Task("binary", 2, end, loss, "[accuracy, auc]", split, f"two classes: {shares}")
    why = f"{classes} classes: {shares}"
    end, loss = "Dense(classes, init=glorot_uniform) -> softmax", "cross_entropy"
    return Task("classes", classes, end, loss, "[accuracy, f1]", split, why)


def _numbers(target: Column) -> Task:
    why = f"numbers, mean {target.mean:.4g}, standard deviation {target.deviation:.4g}"
    start = f"Dense(1, init=glorot_uniform, bias_init=constant({_round(target.mean)}))"
    return Task("numbers", 0, start, "mse", "[mae, rmse]", "random(70, 15, 15)", why)


def _round(value: float) -> str:
    """`value` with two digits, as a number of the language."""
    text = f"{float(f'{value:.2g}'):.10g}"
    return text if "e" not in text else f"{float(text):f}"


# --- a table ----------------------------------------------------------------------------------------


def _table(
    path: Path, inputs: list[Column], target: Column, task: Task, rows: int, why: str
) -> Proposal | Unsuitable:
    wild = [c.name for c in inputs if not c.numbers and c.different * 2 > max(c.filled, 20)]
    if wild:
        names = listed([f"`{name}`" for name in wild])
        message = f"nearly every row has its own value in {names}: that says nothing about new rows"
        return Unsuitable(message, "leave such columns out of the file, or make them numbers")
    numbers = [column for column in inputs if column.numbers]
    categories = [column for column in inputs if not column.numbers]
    size = len(numbers) + sum(column.different for column in categories)
    missing = [c.name for c in (*inputs, target) if c.missing]
    findings = [f"{rows} rows; {_counted(len(numbers), 'column')} of numbers"]
    if categories:
        kinds = listed([f"{c.name} ({c.different})" for c in categories], 6)
        findings[0] += f", {_counted(len(categories), 'category', 'categories')}: {kinds}"
    findings.append(f"target `{target.name}`: {task.why}")
    if missing:
        findings.append(f"cells are missing in {listed(missing, 6)}")
    rare = [c.name for c in categories if min(c.counts.values()) <= RARE]
    notes = []
    if rare:
        notes += [
            f"Some values of {listed(rare)} are rare. If the training part lacks one, the script says",
            "how many features there are: write that number behind `input`.",
        ]
    if task.kind == "numbers" and (target.deviation > 20 or 0 < target.deviation < 0.02):
        notes += [
            f"The target varies by {target.deviation:.3g}: training is easier in a unit where it varies",
            "by about 1 (thousands, say).",
        ]
    lines = [*_head(path, findings, why), *_comments(notes)]
    wide = 64 if rows >= 1000 else 32 if rows >= 200 else 16
    name = model_name(path.stem)
    lines += [
        f"model {name}{f'(classes = {task.classes})' if task.kind == 'classes' else ''} {{",
        f"  input row: {size}",
        "",
        "  row",
        f"  -> Dense({wide}) -> relu -> Dropout(0.2)",
        f"  -> Dense({max(8, wide // 2)}) -> relu",
        f"  -> {task.end}",
        "}",
        "",
        "defaults { init = he_normal }",
        "",
    ]
    policy = ", missing=mean" if missing else ""
    lines += [
        "data {",
        f"  source = csv({quoted(path.as_posix())}, target={reference(target.name)}{policy})",
        f"  split  = {task.split}",
        *(["  scale  = zscore              # learned from the training part"] if numbers else []),
        f"  batch  = {_batch(rows)}",
        "}",
        "",
        *_train(task, rows),
    ]
    return Proposal("\n".join(lines) + "\n", file_stem(path.stem), tuple(findings))


# --- a column of sentences --------------------------------------------------------------------------


def _text(
    path: Path, text: Column, target: Column, task: Task, rows: int, why: str
) -> Proposal | Unsuitable:
    length = min(max(_tidy(1.5 * text.words / text.filled), TOKENS[0]), TOKENS[1])
    vocabulary = 2000 if rows < 2000 else 10000
    findings = [
        f"{rows} rows; the column `{text.name}` holds texts of about {text.words // text.filled} words",
        f"target `{target.name}`: {task.why}",
    ]
    name = model_name(path.stem)
    classes = f", classes = {task.classes}" if task.kind == "classes" else ""
    columns = f"column={reference(text.name)}, target={reference(target.name)}"
    lines = [
        *_head(path, findings, why),
        f"model {name}(vocabulary = {vocabulary}{classes}) {{",
        f"  input tokens: {length:<4}               # longer texts are cut, shorter ones padded",
        "",
        "  tokens",
        "  -> Embedding(vocabulary, 32)",
        "  -> GlobalAvgPool1D                 # the mean over the words; an LSTM(32) reads their order",
        "  -> Dropout(0.3)",
        f"  -> {task.end}",
        "}",
        "",
        "data {",
        f"  source = text({quoted(path.as_posix())}, {columns}, vocabulary={vocabulary})",
        f"  split  = {task.split}",
        f"  batch  = {_batch(rows)}",
        "}",
        "",
        *_train(task, rows),
    ]
    return Proposal("\n".join(lines) + "\n", file_stem(path.stem), tuple(findings))


# --- parts of every proposal ------------------------------------------------------------------------


def _head(path: Path, findings: list[str], why: str) -> list[str]:
    lines = [f"{path.name}, as dslc init saw it:", *(f"  {finding}" for finding in findings)]
    return [*_comments([*lines, why] if why else lines), ""]


def _comments(lines: list[str]) -> list[str]:
    return [f"# {comment(line)}".rstrip() for line in lines]


def _train(task: Task, rows: int) -> list[str]:
    return [
        "train {",
        f"  loss      = {task.loss}",
        "  optimizer = Adam(lr=1e-3)",
        f"  metrics   = {task.metrics}",
        f"  epochs    = {100 if rows < 2000 else 40}",
        "",
        "  EarlyStopping(monitor=val_loss, patience=10, restore_best=true)",
        "}",
    ]


def _batch(rows: int) -> int:
    return 16 if rows < 500 else 32 if rows < 20_000 else 256


def _tidy(value: float) -> int:
    """Rounded up to tens."""
    return -int(-value // 10) * 10


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
