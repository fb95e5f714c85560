"""The reference of the language, read off the vocabulary: what `dslc words` and `docs/words.md` say."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dslc.source import Source
from dslc.spec.spelling import spell
from dslc.vocab.sections import SECTIONS
from dslc.vocab.word import Example, Word, all_words, defaults, kind_of, parameters, unit_of

if TYPE_CHECKING:
    from dslc.codegen.backend import Backend
    from dslc.driver import Analysis

KINDS = {  # kind: title and where its words stand
    "layer": ("Layers", "steps of a flow, behind `->`"),
    "activation": ("Activations", "steps of a flow, behind `->`"),
    "merge": ("Merges", "several tensors in, one out: `add(x, y)`"),
    "initializer": ("Initialisers", "first values of weights: `init=he_normal`"),
    "regularizer": ("Regularisers", "penalties on weights: `regularizer=l2(1e-4)`"),
    "constraint": ("Constraints", "what weights may be: `constraint=max_norm(3)`"),
    "section": ("Sections", "parts of a file beside its models"),
    "source": ("Data sources", "`source = …` in `data`"),
    "split": ("Splits", "`split = …` in `data`"),
    "scale": ("Scales", "`scale = …` in `data`; or a range such as `0..1`"),
    "transform": ("Transforms", "stand on their own in `augment`, in their order"),
    "loss": ("Losses", "`loss = …` in `train`"),
    "metric": ("Metrics", "`metrics = […]` in `train`"),
    "optimizer": ("Optimisers", "`optimizer = …` in `train`"),
    "schedule": ("Schedules", "the learning rate of an optimiser: `SGD(lr=cosine(0.1))`"),
    "clip": ("Clips", "`clip = …` in `train`"),
    "protocol": ("Protocols", "`protocol = …` in `evaluate`"),
    "callback": ("Callbacks", "stand on their own in `train` or in a phase"),
    "strategy": ("Strategies", "`strategy = …` in `finetune`"),
    "selector": ("Selectors", "`freeze = …` or `unfreeze = …` in a phase of `finetune`"),
}


@dataclass(frozen=True)
class Parameter:
    """One row of the table of parameters; `default` is empty where a value must be given."""

    name: str
    takes: str
    default: str
    about: str


def vocabulary() -> dict[str, dict[str, type[Word]]]:
    """Every word by kind, in the order of the reference; kinds that are new come last."""
    found: dict[str, dict[str, type[Word]]] = {**all_words(), "section": dict(SECTIONS)}
    order = [*KINDS, *(kind for kind in found if kind not in KINDS)]
    return {kind: found[kind] for kind in order if found.get(kind)}


def kind_title(kind: str) -> tuple[str, str]:
    return KINDS.get(kind, (f"{kind.capitalize()}s", ""))


def find(name: str) -> list[type[Word]]:
    """The words called `name`, whatever their kind; else those that have it as an alias."""
    everything = [word for words in vocabulary().values() for word in words.values()]
    exact = [word for word in everything if word.word == name]
    return exact or [word for word in everything if name in word.aliases]


def having(parameter: str) -> list[str]:
    """The words that have a parameter of this name."""
    everything = [word for words in vocabulary().values() for word in words.values()]
    return [word.word for word in everything if parameter in parameters(word)]


def names() -> list[str]:
    """Every name that may be looked up."""
    return [
        name
        for kind, words in vocabulary().items()
        for word in words.values()
        for name in (kind, word.word, *word.aliases)
    ]


def doc(word: type[Word]) -> list[str]:
    """The paragraphs of the docstring, each on one line."""
    text = inspect.cleandoc(word.__doc__ or "")
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def formula(word: type[Word]) -> tuple[str, ...]:
    """The formula of a word that is Python in the scripts: of a schedule, by `epoch` and `epochs`."""
    found: tuple[str, ...] = getattr(word, "formula", ())
    return found


def first_sentence(word: type[Word]) -> str:
    """What a list says of a word: the docstring up to its first full stop."""
    text = (doc(word) or [""])[0]
    for end in (". ", ": `("):
        text = text.partition(end)[0]
    return text.rstrip(".:")


def _default(word: type[Word], name: str) -> str:
    value = defaults(word)[name]
    if value == () and kind_of(parameters(word)[name]).word_kinds == ("selector",):
        return "none"
    if isinstance(value, tuple) and value and len(set(value)) == 1 and isinstance(value[0], int):
        value = value[0]  # `stride=1`
    return spell(word, name, value)


def table(word: type[Word]) -> list[Parameter]:
    """The parameters of a word: type and range, default, meaning with its unit."""
    rows = []
    for name, info in parameters(word).items():
        unit = unit_of(info)
        about = (info.description or "") + (f" [{unit}]" if unit else "")
        default = "" if info.is_required() else _default(word, name)
        rows.append(Parameter(name, kind_of(info).describe, default, about))
    return rows


def signature(word: type[Word]) -> str:
    """`Conv2D(filters, kernel, stride=1, …)`, or `data { source, split, … }` for a section."""
    rows = table(word)
    if word.kind == "section":
        return f"{word.word} {{ {', '.join(row.name for row in rows) or '…'} }}"
    given = [row.name if not row.default else f"{row.name}={row.default}" for row in rows]
    return f"{word.word}({', '.join(given)})" if given else word.word


# ------------------------------------------------------------------------------------------ examples
def example_spec(example: str) -> str | None:
    """A whole spec around an example flow; None for an example that is no flow."""
    if not isinstance(example, Example):
        return None
    return f"model Example {{\n  input x: {example.input}\n  {example}\n}}\n"


def example_analysis(example: str) -> Analysis | None:
    """What dslc knows of an example flow, where it is one and has no mistakes."""
    from dslc.driver import analyse_source

    text = example_spec(example)
    analysis = None if text is None else analyse_source(Source("example.dl", text))
    return analysis if analysis is not None and analysis.ok and analysis.models else None


def example_shapes(example: str) -> str:
    """`28x28x1 -> 28x28x32, 320 parameters`: what an example makes of its input."""
    from dslc.vocab.libraries import counted

    analysis = example_analysis(example)
    if analysis is None:
        return ""
    model = analysis.models[0]
    result = model.graph.tensor(next(iter(model.graph.outputs.values()), None))
    start = model.graph.tensor(next(iter(model.graph.inputs.values()), None))
    if result is None or start is None or model.summary is None:
        return ""
    learned = model.summary.trainable
    return f"{start} -> {result}" + (f", {counted(learned)} parameters" if learned != 0 else "")


def support(word: type[Word], backend: Backend) -> str:
    """Empty where the backend has a word of a flow, else why it refuses it."""
    if word in backend.table.rows:
        return ""
    return backend.table.unsupported.get(word) or f"{backend.title} has no `{word.word}`"


def code_for(example: str, backend: Backend) -> str | None:
    """What a backend writes for the example of a word: the model section of its script."""
    from dslc.codegen.backend import CannotKeepNames, ModelRequest
    from dslc.driver import unsupported
    from dslc.plan.walk import plan_model

    analysis = example_analysis(example)
    if analysis is None or analysis.spec is None:
        return None
    graph = analysis.models[0].graph
    if unsupported(graph, backend):
        return None
    fixed: frozenset[str] = frozenset()
    while True:
        try:
            request = ModelRequest(plan_model(analysis.spec, graph, fixed))
            return backend.write_model(request).text.strip("\n")
        except CannotKeepNames as problem:
            fixed |= {problem.block}


# ------------------------------------------------------------------------------------------ Markdown
def markdown(backends: list[Backend]) -> str:
    """`docs/words.md`."""
    return "\n".join(_markdown(backends))


def _markdown(backends: list[Backend]) -> Iterator[str]:
    yield "# Words\n"
    yield "Every word of the language. `dslc words NAME` shows the same in the terminal, with the code that each"
    yield "backend writes for it.\n"
    for kind, words in vocabulary().items():
        title, where = kind_title(kind)
        listed = ", ".join(f"[`{name}`](#{kind}-{name.lower()})" for name in words)
        yield f"- **{title}** ({where}): {listed}" if where else f"- **{title}**: {listed}"
    yield ""
    for kind, words in vocabulary().items():
        yield f"## {kind_title(kind)[0]}\n"
        for word in words.values():
            yield from _word_markdown(kind, word, backends)


def _word_markdown(kind: str, word: type[Word], backends: list[Backend]) -> Iterator[str]:
    yield f'<a id="{kind}-{word.word.lower()}"></a>\n'
    yield f"### `{word.word}`\n"
    yield f"```\n{signature(word)}\n```\n"
    for paragraph in doc(word):
        yield f"{_escaped(paragraph)}\n"
    if formula(word):
        yield "```python\n" + "\n".join(formula(word)) + "\n```\n"
    rows = table(word)
    if rows:
        yield "| parameter | takes | default | |\n|---|---|---|---|"
        for row in rows:
            default = f"`{row.default}`" if row.default else "required"
            cells = (f"`{row.name}`", _escaped(row.takes), default, _escaped(row.about))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""
    for example in word.examples:
        shapes = example_shapes(example)
        yield f"```dl\n{example}{f'   # {shapes}' if shapes else ''}\n```\n"
    if word.reference:
        yield f"Source: {_escaped(word.reference)}\n"
    if word.aliases:
        yield f"Elsewhere: {', '.join(f'`{alias}`' for alias in word.aliases)}\n"
    if kind in ("layer", "activation", "merge"):
        refused = {b.title: support(word, b) for b in backends if support(word, b)}
        for title, why in refused.items():
            yield f"{title}: refused. {_escaped(why)}\n"


def _escaped(text: str) -> str:
    """Prose for Markdown: what would start HTML or emphasis stands for itself outside of code."""
    parts = text.split("`")
    for at in range(0, len(parts), 2):
        for char in ("\\", "*", "<", ">"):
            parts[at] = parts[at].replace(char, f"\\{char}")
    return "`".join(parts)
