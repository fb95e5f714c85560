"""A whole script: the rendered template, laid out, with the imports that it uses.

A backend is a `Target`: its templates, the names its scripts may import, and a function from the training plan to
what its templates need. The model section comes as finished text. No text of a spec reaches a template except
through the filter `py` or as a node; names are identifiers that were checked before.
"""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dslc.codegen import literals
from dslc.codegen.data import data_context
from dslc.codegen.departures import Changed, Noted
from dslc.codegen.imports import render_imports
from dslc.codegen.layout import WIDTH, render
from dslc.codegen.nodes import Import, Statement, lit
from dslc.codegen.numbers import number
from dslc.codegen.pictures import draw_pictures
from dslc.codegen.tidy import tidy
from dslc.plan.training import TrainingPlan
from dslc.vocab.libraries import Library

TEMPLATES = Path(__file__).parent / "templates"

# What the shared partials use; a target adds its own.
IMPORTS: Mapping[str, Import] = {
    "np": Import("numpy", alias="np"),
    "Path": Import("pathlib", "Path"),
    "Counter": Import("collections", "Counter"),
    "A": Import("albumentations", alias="A"),
    "packages_distributions": Import("importlib.metadata", "packages_distributions"),
    "version": Import("importlib.metadata", "version"),
    "Figure": Import("matplotlib.figure", "Figure"),
    "ConfusionMatrixDisplay": Import("sklearn.metrics", "ConfusionMatrixDisplay"),
    "confusion_matrix": Import("sklearn.metrics", "confusion_matrix"),
    "t": Import("scipy.stats", "t"),
    **{
        name: Import("sklearn.model_selection", name)
        for name in (
            "train_test_split", "KFold", "RepeatedKFold", "StratifiedKFold",
            "RepeatedStratifiedKFold", "LeaveOneOut",
        )
    },
    "Image": Import("PIL", "Image"),
    "ImageOps": Import("PIL", "ImageOps"),
    **{
        name: Import(name)
        for name in (
            "argparse", "csv", "cv2", "gzip", "json", "logging", "math", "os", "random", "re", "sys", "threading",
            "time", "zipfile", "zlib",
        )
    },
    **{
        name: Import("sklearn.datasets", name)
        for name in ("load_digits", "load_iris", "load_wine", "load_breast_cancer", "load_diabetes")
    },
}  # fmt: skip


@dataclass(frozen=True)
class ModelSection:
    """The definitions of a model, ending in `build_model`, as text that needs no further layout.

    `imports` are those of names that neither the page nor the target knows. `helpers` name files of the target's
    `helpers` folder that are put in front. `channels_first` holds the inputs and outputs whose channels the
    model wants or gives behind the batch axis.
    """

    text: str
    imports: frozenset[Import] = frozenset()
    helpers: tuple[str, ...] = ()
    channels_first: frozenset[str] = frozenset()
    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # see `codegen.regions`
    penalty: bool = False  # defines `penalty(model)`, the regularisers' part of the loss
    constrain: bool = False  # defines `constrain(model)`, to be called after every update
    program: tuple[Statement, ...] = ()  # what `text` shows
    departures: tuple[Noted, ...] = ()  # of `numerics = stock`


@dataclass(frozen=True)
class Target:
    """A backend as the page needs it."""

    name: Library  # of the output folder and the file: torch
    title: str  # in the docstring: PyTorch
    templates: Path
    imports: Mapping[str, Import]
    emit: Callable[[TrainingPlan, ModelSection], Mapping[str, Any]]
    count_weights: str  # an expression
    test_targets: str  # an expression for the targets of the test part, in `main`
    last_file: str  # the state to resume from
    departures: Callable[[TrainingPlan, ModelSection], list[Changed]]  # of `numerics = stock`


@dataclass(frozen=True)
class Script:
    """What the head of a script says. `stem` is the file name of the spec without `.dl`."""

    stem: str
    model: str
    spec: str  # the file name of the spec, for the way back
    numerics: str = (
        ""  # what is said of them, a paragraph: empty where they are those of the language
    )


def render_script(
    script: Script, model: ModelSection, target: Target, training: TrainingPlan | None
) -> str:
    """The text of a script that trains `model` as planned; without a plan it only builds the model."""
    context: dict[str, Any] = {
        "script": script,
        "model": model,
        "target": target,
        "run": f"runs/{script.stem}-{target.name}",
        "last_file": target.last_file,
        "helpers": "".join(f"{_helper(target, name)}\n\n\n" for name in model.helpers),
        "plan": training,
    }
    if training is not None:
        names = {i.name for i in training.inputs} | {o.name for o in training.outputs}
        assert model.channels_first <= names, "the model section and the plan name other tensors"
        context |= data_context(training, target.name)
        context["longest_metric"] = 2 + max(len(f"test_{name}") for name in training.logged)
        targets = target.test_targets if training.protocol is None else "true"
        context["pictures"] = draw_pictures(training, targets, context["labelled"])
        context |= target.emit(training, model)
    template = "script.py.jinja" if training is not None else "model_only.py.jinja"
    return finished(template, context, _docstring(script, target, training), target, model.imports)


def finished(
    template: str,
    context: Mapping[str, Any],
    docstring: str,
    target: Target | None,
    imports: Iterable[Import] = (),
) -> str:
    """The text of a whole module: the template, behind a docstring and the imports of what it uses."""
    folder = TEMPLATES if target is None else target.templates
    body = _environment(folder).get_template(template).render(context)
    own = {} if target is None else target.imports
    known = {**IMPORTS, **own, **{_bound_name(i): i for i in imports}}
    wanted = sorted(free_names(body))
    unknown = [name for name in wanted if name not in known]
    assert not unknown, f"the script uses {unknown}, which nothing defines"
    head = "\n".join(literals.docstring(docstring, 0, WIDTH))
    gap = "" if body.startswith("# ---") else "\n"
    return tidy(f"{head}\n\n{_imports(known[name] for name in wanted)}\n{gap}{spaced(body)}")


def _imports(imports: Iterable[Import]) -> str:
    """The import block. albumentations asks the network for updates unless it is told before its import."""
    wanted = [*imports]
    if IMPORTS["A"] not in wanted:
        return render_imports(wanted)
    own, _, others = render_imports([*wanted, IMPORTS["os"]]).partition("\n\n")
    return f'{own}\n\nos.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"\n\n{others}'


def _docstring(script: Script, target: Target, training: TrainingPlan | None) -> str:
    command = f"python {script.stem}_{target.name}.py"
    title = f"{script.model} in {target.title}, made from {script.spec}."
    if training is None:
        ways = {command: "builds the model and counts its weights"}
    else:
        folds = training.protocol is not None
        ways = {
            command: f"train{' and test in every fold' if folds else ', test'}, write to runs/",
            f"{command} --resume": "go on after the last finished epoch",
        }
    pad = max(map(len, ways)) + 4
    lines = [f"    {way:<{pad}}{what}" for way, what in ways.items()]
    if max(map(len, lines)) > WIDTH:
        lines = [f"    {way}\n        {what}" for way, what in ways.items()]
    return "\n".join(
        [title, "", "Usage:", *lines, *(["", script.numerics] if script.numerics else [])]
    )


@cache
def _environment(templates: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([templates, TEMPLATES]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Python, not HTML: what comes from a spec goes through `py`
    )
    environment.filters["py"] = lambda value: render(lit(value))
    environment.filters["number"] = lambda value: render(number(value))
    environment.filters["lines"] = lambda body, indent=0: render(body, indent).rstrip("\n")
    return environment


def _helper(target: Target, name: str) -> str:
    """The definition in `helpers/<name>.py`: real Python, tested as such, without its imports."""
    text = (target.templates / "helpers" / f"{name}.py").read_text(encoding="utf-8")
    text = f"\n{text}"
    return text[
        min(text.find(start) for start in ("\n@", "\ndef ", "\nclass ") if start in text) :
    ].strip()


def spaced(text: str) -> str:
    """`text`, a module, with the blank lines that black wants, whatever a template leaves between its parts."""
    lines: list[str] = []
    blank = False
    for line in map(str.rstrip, text.split("\n")):
        if not line:
            blank = bool(lines)
            continue
        last = lines[-1] if lines else ""
        if not line[0].isspace() and line[0] not in ")]}":
            definition = line.startswith(("def ", "class ", "@"))
            after_body = last.startswith((" ", ")"))
            if lines and not last.startswith(("@", "#")) and (definition or after_body):
                lines += ["", ""]
            elif blank:
                lines += [""] * (2 if line.startswith("# ---") or last.startswith("# ---") else 1)
        elif blank and not last.endswith((":", "(", "[", "{")):
            lines.append("")
        lines.append(line)
        blank = False
    return "\n".join(lines) + "\n"


def _bound_name(item: Import) -> str:
    return item.alias or item.name or item.module.partition(".")[0]


def free_names(text: str) -> set[str]:
    """The names that `text`, a module, uses and does not define."""
    top = symtable.symtable(text, "<script>", "exec")
    defined = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_namespace()}
    used: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (symbol.is_global() or table is top)
        }
    return used - defined - set(dir(builtins)) - {"__file__", "__doc__", "__name__"}
