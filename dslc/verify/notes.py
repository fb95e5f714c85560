"""What a reader must know of a comparison besides its numbers: what was made up, switched off, or cannot be equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dslc.graph import Graph
from dslc.numerics import Deviation, deviations, grouped, limits
from dslc.source import Span
from dslc.verify.pair import MOST_BATCHES, Pair, Side
from dslc.verify.result import Finding
from dslc.verify.tolerances import INSIDE
from dslc.verify.values import nodes
from dslc.vocab.word import Word

ROUNDED = {word.word for word in INSIDE}  # operations that TensorFlow computes so


def notes(pair: Pair) -> list[str]:
    """In the order in which they matter."""
    return [*_made_up(pair), *_off(pair), *_limits(pair), *_stock(pair)]


def _made_up(pair: Pair) -> Iterator[str]:
    count = min(pair.steps, MOST_BATCHES) if pair.plan is not None else 1
    samples = f"{count} batch{'' if count == 1 else 'es'} of {pair.batch} samples"
    rest = "loading, splitting and augmenting are not compared" if pair.plan is not None else ""
    rest = rest or "no `train` in the spec: the loss is a sum of the outputs with random factors"
    yield f"made up: {samples}; {rest}"
    if pair.sizes:
        sizes = ", ".join(f"{name} = {size}" for name, size in pair.sizes.items())
        yield f"sizes that the spec leaves to the data: {sizes}"
    if "float64" not in pair.dtypes and pair.wishes.precision != "float32":
        yield "TensorFlow pools no float64 volumes on CPUs: compared in float32 alone"
    if any(
        node.frame.call is not None and "weights=" in node.frame.call.text
        for node, _ in nodes(pair.chosen.graph)
    ):
        yield "the files of `weights=` are not read: all first weights are drawn"


def _off(pair: Pair) -> Iterator[str]:
    off = [f"{name} ({_lines(spans)})" for name, spans in _random(pair.chosen.graph).items()]
    if pair.plan is not None and pair.plan.mixed:
        off.append("precision = mixed")
    if off:
        yield f"switched off, since no two masks are alike: {', '.join(off)}"


def _random(graph: Graph) -> dict[str, list[Span]]:
    """The words that draw while they train, with their places."""
    found: dict[str, list[Span]] = {}
    for node, _ in nodes(graph):
        assert node.word is not None
        if _draws(node.word):
            places = found.setdefault(node.word.word, [])
            if node.span not in places:
                places.append(node.span)
    return found


def _draws(word: Word) -> bool:
    inner = getattr(word, "layer", word)
    return bool(getattr(word, "trains_only", False)) or bool(getattr(inner, "dropout", 0.0))


def _lines(spans: Iterable[Span]) -> str:
    numbers = sorted({span.line for span in spans})
    return f"line{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def _limits(pair: Pair) -> Iterator[str]:
    spec = pair.analysis.spec
    assert spec is not None
    found: dict[tuple[str, str], list[Span]] = {}
    sizes: dict[tuple[str, str], str] = {}
    for limit in limits(spec, pair.chosen.graph, pair.plan):
        if limit.key == "random_masks":
            continue  # said above
        if limit.shows == "float64" and limit.word not in ROUNDED:
            continue  # numbers that Keras makes float32 are compared as the spec says them
        key = (limit.word, limit.what)
        found.setdefault(key, []).append(limit.span)
        sizes[key] = f" ({limit.size:.1g} {limit.of})" if limit.size is not None else ""
    for (word, what), spans in found.items():
        yield f"cannot be equal: {word} ({_lines(spans)}): {what}{sizes[word, what]}"


def _deviations(pair: Pair, side: Side) -> list[Deviation]:
    spec = pair.analysis.spec
    assert spec is not None
    return deviations(spec, pair.chosen.graph, pair.plan, side.section, side.backend)


def _stock(pair: Pair) -> Iterator[str]:
    for side in pair.sides.values():
        for use in grouped(_deviations(pair, side)):
            yield f"numerics = stock, {side.backend.title}: {use.place}: {use.text}"


def asked_for(pair: Pair, finding: Finding) -> bool:
    """Whether a difference is one that `numerics = stock` brings."""
    known = [d for side in pair.sides.values() for d in _deviations(pair, side)]
    spec = pair.analysis.spec
    assert spec is not None
    sections = [each for s in spec.sections.values() for each in (s, *s.inner)]
    optimizers = [s.settings["optimizer"].span for s in sections if "optimizer" in s.settings]
    in_update = finding.span in optimizers and any(d.updates for d in known)
    return in_update or finding.span in [d.span for d in known]
