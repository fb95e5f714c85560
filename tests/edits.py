"""Specs while they are edited at random: what dslc remembers of earlier texts must never show in what it says.

`python tests/edits.py 10000` is the long run, `python tests/edits.py 2000 --protocol` one through `dslc lsp`;
test_incremental.py makes short ones.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from hostile import RICH, SPOILS  # noqa: E402

from dslc.driver import Analysis, analyse_source  # noqa: E402
from dslc.graph.recall import Facts  # noqa: E402
from dslc.source import Source, Span  # noqa: E402
from dslc.syntax import tree  # noqa: E402

FILES = (
    "specs/digits_transfer.dl",  # with an import
    "specs/augmentation.dl",
    "specs/digits_cnn.dl",
    "specs/multi_output.dl",
    "specs/siamese.dl",
    "specs/text_lstm.dl",
    "specs/tiny_transformer.dl",
    "specs/kfold_iris.dl",
    "specs/zoo/googlenet.dl",
    "specs/zoo/resnet50.dl",
    "tests/cases/samples/flowers.dl",  # with imports
)
SECONDS = 1.0  # of the processor: an answer takes less
BURST = 6  # edits between two returns to a text that was whole

Edit = Callable[[str, random.Random], str]


def texts() -> list[tuple[str, Path]]:
    """The specs that are edited, each with the place that its imports are looked up from."""
    real = [((ROOT / name).read_text(encoding="utf-8"), ROOT / name) for name in FILES]
    return [*real, (RICH, ROOT / "specs" / "rich.dl")]


# --------------------------------------------------------------------------- ways to edit


def _insert(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(SPOILS) + text[at:]


def _type(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice('ax1 _(){}[]->=,.:"#*\n\t\u00e9\ud55c') + text[at:]


def _delete(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + text[at + dice.choice((1, 1, 2, 5, 30)) :]


def _paste(text: str, dice: random.Random) -> str:
    """Text from somewhere: signs, another piece of the same file, line ends of other systems."""
    at, other = dice.randrange(len(text) + 1), dice.randrange(len(text) + 1)
    garbage = "".join(
        dice.choices('(){}[]->=,.#"\\\r\n\x0c\u2028 ax10\U0001f642', k=dice.randrange(12))
    )
    piece = text[other : other + dice.randrange(120)]
    return text[:at] + dice.choice((garbage, piece, "\r\n", "\r", "  # why\n")) + text[at:]


def _lines(text: str, dice: random.Random) -> str:
    """A line doubled, moved, joined with the next, taken out or turned into a comment."""
    lines = text.split("\n")
    at, to = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(6):
        case 0:
            lines.insert(at, lines[at])
        case 1:
            lines.insert(to, lines.pop(at))
        case 2 if at + 1 < len(lines):
            lines[at : at + 2] = [lines[at] + lines[at + 1]]
        case 3:
            lines.pop(at)
        case 4:
            lines.insert(to, lines[at])
        case _:
            lines[at] = "# " + lines[at]
    return "\n".join(lines)


def _number(text: str, dice: random.Random) -> str:
    """Another number: most often it stays valid."""
    found = [*re.finditer(r"\d+", text)]
    if not found:
        return text
    one = dice.choice(found)
    return text[: one.start()] + str(dice.choice((1, 2, 3, 7, 8, 16, 64))) + text[one.end() :]


def _word(text: str, dice: random.Random) -> str:
    """A word of the file in the place of another."""
    found = [*re.finditer(r"[^\W\d]\w*", text)]
    if not found:
        return text
    one, other = dice.choice(found), dice.choice(found)
    return text[: one.start()] + other[0] + text[one.end() :]


def _step(text: str, dice: random.Random) -> str:
    """One more step where a flow goes on, or a comment behind a line."""
    ends = [m.end() for m in re.finditer(r"-> [^\n#]*[\w)]", text)]
    if not ends:
        return text
    at = dice.choice(ends)
    steps = ("\n    -> relu", " -> Dropout(0.5)", "\n  -> Dense(8)", " as mark", " * 2", "  # here")
    return text[:at] + dice.choice(steps) + text[at:]


WAYS: tuple[Edit, ...] = (_insert, _type, _delete, _paste, _lines, _lines, _number, _word, _step)
MILD: tuple[Edit, ...] = (_number, _number, _step, _lines)


def edited(text: str, dice: random.Random) -> Iterator[str]:
    """The texts that a file has while someone edits it: faults come, and are undone."""
    past = [text]
    while True:
        if len(past) > 1 and dice.random() < 0.35:
            past.pop()
        elif len(past) > BURST:
            past = [text]
        else:
            past.append(dice.choice(MILD if dice.random() < 0.7 else WAYS)(past[-1], dice))
        yield past[-1]


# --------------------------------------------------------------------------- what is said


@contextmanager
def afresh() -> Iterator[None]:
    """Nothing is remembered in here: each text is checked for itself."""
    with (
        mock.patch("dslc.syntax.recall.quick", return_value=None),
        mock.patch("dslc.spec.uses.read", return_value=None),
        mock.patch("dslc.graph.record.facts", Facts),
        mock.patch("dslc.graph.model.facts", Facts),
    ):
        yield


def said(analysis: Analysis) -> dict[str, Any]:
    """All that an analysis holds, without the identity of its objects: diagnostics with their places, labels, notes
    and fixes; the tree; of each model the nodes with their words and shapes, and the summary."""
    return {
        "diagnostics": _flat(analysis.diagnostics),
        "tree": _flat(analysis.file),
        "models": [
            {
                "name": model.definition.name,
                "nodes": [_node(node) for node in model.graph.nodes()],
                "edges": [*model.graph.graph.edges],
                "frames": [(f.path, f.scalars.keys(), _flat(f.values)) for f in model.graph.frames],
                "outputs": model.graph.outputs,
                "summary": _flat(model.summary),
            }
            for model in analysis.models
        ],
    }


def _node(node: Any) -> object:
    word = node.word and (type(node.word), repr(node.word), node.word.model_fields_set)
    place = (node.span.start, node.span.end, _flat(node.reader))
    return (
        node.inputs,
        word,
        _flat(node.output),
        place,
        node.path,
        node.shares,
        node.sound,
        node.role,
    )


def _flat(value: Any) -> Any:
    if isinstance(value, Span):
        return value.source.name, value.start, value.end
    if isinstance(value, Source):
        return value.name, value.text
    if isinstance(value, tree.Node) or (is_dataclass(value) and not isinstance(value, type)):
        return type(value).__name__, [_flat(getattr(value, f.name)) for f in fields(value)]
    if isinstance(value, dict):
        return {key: _flat(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_flat(item) for item in value]
    return value


def compare(count: int, seed: int = 1, seconds: float = SECONDS) -> dict[str, float]:
    """Make so many edits, and hold what is said after each against a check of the text for itself. Raises
    AssertionError with the text where they differ; gives figures of the run."""
    dice = random.Random(seed)
    runs = [(edited(text, dice), path) for text, path in texts()]
    figures = {"edits": 0.0, "without errors": 0.0, "with a graph": 0.0, "slowest, in seconds": 0.0}
    spent = plain = 0.0
    while figures["edits"] < count:
        run, path = dice.choice(runs)
        for _ in range(dice.randrange(1, 9)):
            text = next(run)
            begun = time.process_time()
            found = analyse_source(Source(path.name, text), path)
            took = time.process_time() - begun
            with afresh():
                fresh = analyse_source(Source(path.name, text), path)
            spent, plain = spent + took, plain + time.process_time() - begun - took
            mine, wanted = said(found), said(fresh)
            for part, value in wanted.items():
                assert mine[part] == value, (
                    f"seed {seed}: {part} differ\n{mine[part]}\n{value}\n{text!r}"
                )
            assert took < seconds, f"seed {seed}: {took:.1f} s\n{text!r}"
            figures["edits"] += 1
            figures["without errors"] += found.ok
            figures["with a graph"] += bool(found.models)
            figures["slowest, in seconds"] = max(figures["slowest, in seconds"], took)
    figures["times quicker than for itself"] = plain / max(spent, 1e-9)
    return figures


# --------------------------------------------------------------------------- through the protocol


def change_between(old: str, new: str) -> tuple[int, int, str]:
    """The part of `old` that became another, and what it became. Ends of lines are not cut in two."""
    most = min(len(old), len(new))
    start = next((i for i in range(most) if old[i] != new[i]), most)
    most -= start
    back = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    while start and old[start - 1] == "\r":
        start -= 1
    while back and (old[-back] == "\n"):
        back -= 1
    return start, len(old) - back, new[start : len(new) - back]


async def _converse(count: int, seed: int) -> dict[str, float]:
    from lsp_session import Session
    from lsprotocol.converters import get_converter

    from dslc.lsp.diagnostics import diagnostics
    from dslc.lsp.document import checked
    from dslc.lsp.positions import Positions

    plain = get_converter().unstructure
    dice = random.Random(seed)
    figures = {
        "edits through the protocol": 0.0,
        "with diagnostics": 0.0,
        "slowest, in seconds": 0.0,
    }
    async with Session(ROOT, lint=False) as session:
        places = {path: session.open(path.relative_to(ROOT).as_posix(), t) for t, path in texts()}
        now = {path: text for text, path in texts()}
        runs = [(edited(text, dice), path) for text, path in texts()]
        while figures["edits through the protocol"] < count:
            run, path = dice.choice(runs)
            old, new = now[path], next(run)
            start, end, written = change_between(old, new)
            place = Positions(Source("", old)).range(start, end)
            begun = time.perf_counter()
            session.change(places[path], written, place)
            found = await session.diagnostics(places[path])
            took = time.perf_counter() - begun
            now[path] = new
            if any(0xD800 <= ord(ch) < 0xE000 for ch in new):
                continue
            with afresh():
                fresh = checked(Source(str(path), new), places[path].uri, path, advice=False)
                wanted = diagnostics(fresh)
            found, wanted = plain(found), plain(wanted)
            assert found == wanted, f"seed {seed}:\n{found}\n{wanted}\n{new!r}"
            figures["edits through the protocol"] += 1
            figures["with diagnostics"] += bool(found)
            figures["slowest, in seconds"] = max(figures["slowest, in seconds"], took)
    return figures


def through_protocol(count: int, seed: int = 1) -> dict[str, float]:
    """As `compare`, of the diagnostics that a client of `dslc lsp` is sent."""
    return asyncio.run(_converse(count, seed))


def main() -> None:
    numbers = [int(a) for a in sys.argv[1:] if a.isdecimal()]
    count, seed = [*numbers, *(10_000, 1)[len(numbers) :]][:2]
    run = through_protocol if "--protocol" in sys.argv else compare
    figures = run(count, seed)
    for name, figure in figures.items():
        print(f"{figure:10,.2f}  {name}" if figure % 1 else f"{figure:7,.0f}     {name}")
    print("what is said after each edit equals what is said of its text alone")


if __name__ == "__main__":
    main()
