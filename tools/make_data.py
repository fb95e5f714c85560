"""Make the files in specs/data: `python tools/make_data.py [FOLDER]`. The same bytes every time.

Needs numpy and scikit-learn. The legacy `RandomState` is used because its streams are frozen for ever.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

FOLDER = Path(__file__).resolve().parent.parent / "specs" / "data"


def main(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "houses.csv", houses(np.random.RandomState(1)))
    write_table(folder / "reviews.csv", reviews(np.random.RandomState(2)))
    write_arrays(folder / "digit_pairs.npz", digit_pairs(np.random.RandomState(3)))
    write_arrays(folder / "digit_ink.npz", digit_ink())


# --- houses.csv: numbers, a category, missing cells --------------------------------------------------

DISTRICTS = {"harbour": 0.9, "hills": 1.3, "old_town": 1.6, "suburb": 0.4}


def houses(rng: np.random.RandomState, rows: int = 600) -> Iterable[list[object]]:
    """Prices, in units of 100,000, that follow from the columns, with noise, bargains and blunders."""
    yield ["area", "rooms", "age", "distance", "energy", "district", "price"]
    for _ in range(rows):
        area = round(float(np.clip(rng.normal(105, 35), 35, 240)), 1)
        rooms = int(np.clip(round(area / 27 + rng.normal(0, 0.8)), 1, 9))
        age = int(rng.gamma(2.0, 18.0))
        distance = round(float(rng.gamma(2.0, 3.0)), 1)  # km to the centre
        energy = int(np.clip(60 + 1.6 * age + rng.normal(0, 25), 25, 400))  # kWh per m2 and year
        district = list(DISTRICTS)[rng.randint(len(DISTRICTS))]
        per_metre = 0.022 * np.exp(-distance / 14) * (1 - 0.15 * min(age, 60) / 60)
        price = DISTRICTS[district] + area * per_metre + 0.08 * rooms - 0.002 * max(energy - 90, 0)
        price += rng.normal(0, 0.12)
        if rng.rand() < 0.04:
            price += rng.normal(0, 2.0)  # why the loss is Huber's
        cells: list[object] = [area, rooms, age, distance, energy, district]
        cells = ["" if rng.rand() < 0.03 else cell for cell in cells]
        yield [*cells, f"{max(price, 0.2):.3f}"]


# --- reviews.csv: opinions, negated ones, and words that say nothing ---------------------------------

THINGS = "acting cast ending humour music plot script story".split()
GOOD = "brilliant charming clever funny gripping lovely moving superb".split()
BAD = "awful boring clumsy confusing dull lazy predictable tedious".split()
LIKE = "adored enjoyed loved".split()
DISLIKE = "disliked hated resented".split()
ADVERBS = ["", "", "really", "quite", "rather", "so"]
NEUTRAL = [
    "I saw it on a Tuesday.", "We took the bus home.", "It runs for two hours.", "My brother came along.",
    "The cinema was half full.", "It was shown with subtitles.", "They filmed it in Lisbon.",
    "Tickets were at the door.", "It was raining outside.", "I had read the book.", "There was no break.",
    "The seats were red.",
]  # fmt: skip


def reviews(rng: np.random.RandomState, rows: int = 2000) -> Iterable[list[object]]:
    """Half good, half bad, a few labelled wrong. "Not" and "never" turn an opinion round; what follows "but" counts."""
    yield ["review", "good"]
    labels = np.repeat(["yes", "no"], rows // 2)
    rng.shuffle(labels)
    for label in labels:
        good = label == "yes"
        kind = rng.randint(6)
        if kind == 0:
            said = f"{opinion(rng, not good)}, but {opinion(rng, good)}"
        elif kind <= 2:
            said = f"{opinion(rng, good)} and {opinion(rng, good)}"
        else:
            said = opinion(rng, good)
        if rng.rand() < 0.03:
            label = "no" if good else "yes"  # somebody was joking
        parts = [said[0].upper() + said[1:] + "."]
        if rng.rand() < 0.6:
            parts.insert(rng.randint(2), pick(rng, NEUTRAL))
        yield [" ".join(parts), label]


def opinion(rng: np.random.RandomState, good: bool) -> str:
    negated = rng.rand() < 0.25
    positive = good != negated
    thing = pick(rng, THINGS)
    if rng.rand() < 0.3:
        verb = pick(rng, LIKE if positive else DISLIKE)
        return f"I {'never ' if negated else ''}{verb} the {thing}"
    words = [pick(rng, ["not", "never"])] if negated else [pick(rng, ADVERBS)]
    adjective = pick(rng, GOOD if positive else BAD)
    return " ".join(["the", thing, "was", *filter(None, words), adjective])


def pick(rng: np.random.RandomState, words: list[str]) -> str:
    return words[rng.randint(len(words))]


# --- from scikit-learn's digits ----------------------------------------------------------------------


def digit_pairs(rng: np.random.RandomState, pairs: int = 3000) -> dict[str, np.ndarray[Any, Any]]:
    """Two images and whether they show the same digit; half the pairs do."""
    images, digits = _digits()
    places = [np.flatnonzero(digits == digit) for digit in range(10)]
    left, right, same = [], [], []
    for index in range(pairs):
        first = rng.randint(10)
        second = first if index % 2 else (first + rng.randint(1, 10)) % 10
        left.append(places[first][rng.randint(len(places[first]))])
        right.append(places[second][rng.randint(len(places[second]))])
        same.append(first == second)
    return {"left": images[left], "right": images[right], "same": np.array(same, np.uint8)}


def digit_ink() -> dict[str, np.ndarray[Any, Any]]:
    """Every image with its digit and the number of pixels that its ink would fill, in tens."""
    images, digits = _digits()
    ink = images.sum(axis=(1, 2, 3), dtype=np.float32) / 160
    return {"image": images, "digit": digits, "ink": ink}


def _digits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    digits = load_digits()
    return digits.images[..., np.newaxis].astype(np.uint8), digits.target.astype(np.uint8)


# --- files -------------------------------------------------------------------------------------------


def write_table(path: Path, rows: Iterable[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Like `np.savez_compressed`, with a date that never changes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.save(content, array)
            archive.writestr(entry, content.getvalue())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
