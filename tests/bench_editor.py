"""How long an editor waits: a spec of 1,000 layers, one line of it changed at a time.

`python tests/bench_editor.py` prints milliseconds: of the processor for a check, of the clock for what goes through
`dslc lsp`, where other work of the machine counts too.
"""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

STEPS = (
    "Conv2D({n}, 3x3, padding=same, bias=false)",
    "BatchNorm",
    "relu",
    "Dropout(0.{d})",
    "Conv2D({n}, 1x1)",
    "leaky_relu(0.{d})",
)
AROUND = """\
# a deep model
model Deep(classes = 10) {{
  input image: 8x8x1
  image
{steps}
    -> GlobalAvgPool2D -> Dense(classes) -> softmax
}}

data {{ source = digits  scale = 0..1  split = random(80, 10, 10) }}
train {{ loss = cross_entropy  optimizer = Adam(1e-3)  epochs = 3 }}
"""


def deep(layers: int = 1000) -> str:
    """A spec with so many layers, in one flow."""
    rest = layers - 3
    steps = (STEPS[i % len(STEPS)].format(n=8 * (1 + i // 40), d=1 + i % 9) for i in range(rest))
    return AROUND.format(steps="\n".join(f"    -> {step}" for step in steps))


def changes(text: str, count: int) -> list[tuple[int, int, str]]:
    """One-line edits, each with the place and the text before it that it replaces: numbers and words, some faulty."""
    dice = random.Random(7)
    found: list[tuple[int, int, str]] = []
    places = [*re.finditer(r"-> (\w+)(?:\((\d+))?", text)]
    for number in range(count):
        place = dice.choice(places)
        if number % 5 == 4:  # a layer that does not exist
            found.append((place.start(1), place.end(1), "Conv2"))
        elif place[2]:
            found.append((place.start(2), place.end(2), str(dice.randrange(1, 99))))
        else:
            found.append((place.start(1), place.end(1), dice.choice(("relu", "tanh", "elu"))))
    return found


def analysing(count: int = 30) -> tuple[float, float]:
    """Processor milliseconds, at the median: a check of the text by itself, and one after a line has changed."""
    from edits import afresh

    from dslc.driver import analyse_source
    from dslc.source import Source

    text = deep()

    def once(changed: str) -> float:
        begun = time.process_time()
        analyse_source(Source("deep.dl", changed))
        return (time.process_time() - begun) * 1000

    for _ in range(2):
        once(text)
    edited = [text[:a] + new + text[b:] for a, b, new in changes(text, count)]
    quick = statistics.median(once(changed) for changed in edited)
    with afresh():
        slow = statistics.median(once(changed) for changed in edited[:9])
    return slow, quick


def _processor(process: int) -> float:
    """Processor milliseconds that a process has used; 0 where the system does not tell."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


async def _conversation(folder: Path, count: int, pause: float) -> list[tuple[float, float]]:
    from lsp_session import Session
    from lsprotocol import types

    from dslc.lsp.positions import Positions
    from dslc.source import Source

    text, waited = deep(), []
    async with Session(folder) as session:
        document = session.open("deep.dl", text)
        await session.diagnostics(document)
        server = getattr(session.client, "_server").pid  # noqa: B009
        positions = Positions(Source("deep.dl", text))
        for start, end, new in changes(text, count):
            old = text[start:end]
            back = types.Range(positions.position(start), positions.position(start + len(new)))
            for place, written in ((positions.range(start, end), new), (back, old)):
                await asyncio.sleep(pause)
                begun, used = time.perf_counter(), _processor(server)
                session.change(document, written, place)
                await session.diagnostics(document)
                spent = (time.perf_counter() - begun) * 1000
                waited.append((spent, _processor(server) - used))
    return waited


def answering(count: int = 50, pause: float = 0.7) -> list[tuple[float, float]]:
    """Milliseconds of the clock and of the server's processor from a change to its diagnostics, through the protocol:
    each edit and its undoing. The rules run in the pauses."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_conversation(Path(folder), count, pause))


def main() -> None:
    slow, quick = analysing()
    print(f"{slow:8.1f}  check of 1,000 layers, nothing remembered")
    print(f"{quick:8.1f}  after one line has changed, {slow / quick:.1f} times less")
    waited = answering()
    for what, times in zip(
        ("of the clock", "of the processor"), zip(*waited, strict=True), strict=True
    ):
        middle, late = statistics.median(times), sorted(times)[len(times) * 9 // 10]
        print(f"{middle:8.1f}  {what} from a change to its diagnostics, through the protocol")
        print(f"{late:8.1f}  in nine of ten cases; {max(times):.1f} at most")


if __name__ == "__main__":
    main()
