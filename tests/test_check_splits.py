"""The sizes of the parts of a split, before anything is read: those that scikit-learn makes."""

from __future__ import annotations

import pytest

from dslc.vocab.data import Random, part_sizes


@pytest.mark.parametrize(
    ("samples", "shares", "sizes"),
    [
        (150, (70, 15, 15), (105, 22, 23)),
        (1797, (0.8, 0.1, 0.1), (1437, 180, 180)),
        (10, (98, 1, 1), (9, 0, 1)),
        (60_000, (85, 15), (51_000, 9_000)),
    ],
)
def test_parts_of_a_split(samples: int, shares: tuple[float, ...], sizes: tuple[int, ...]) -> None:
    split = Random(**dict(zip(("train", "val", "test"), shares, strict=False)))
    assert tuple(part_sizes(samples, split).values()) == sizes
    assert sum(sizes) == samples
