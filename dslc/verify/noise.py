"""How far rounding goes in a network, measured in PyTorch alone: so far two scripts may be apart that are one model.

A script is held against itself: from first weights whose last digit is another, and in float32 against what it computes
in float64.
"""

from __future__ import annotations

import numpy as np

from dslc.verify import tolerances, values
from dslc.verify.gaps import gap_of
from dslc.verify.pair import Pair
from dslc.verify.values import Both

MODES = ("inference", "training")


class Noise:
    """What is allowed for rounding, by precision."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.torch = pair.sides["torch"]
        self.against: dict[str, dict[str, float]] = {
            "float64": {"float64-again": tolerances.MANY_TERMS / tolerances.FINER},
            "float32": {"float32-again": tolerances.MANY_TERMS},
        }
        if "float64" in pair.dtypes:  # what rounding did is known
            known = {"float32-again": tolerances.MARGIN, "float64": tolerances.MARGIN}
            self.against["float32"] = known

    def of_layers(self, dtype: str) -> dict[tuple[str, int], float]:
        """By mode and node."""
        found: dict[tuple[str, int], float] = {}
        for other, factor in self.against[dtype].items():
            for mode in MODES:
                both = values.layers(self.pair, f"{dtype}-{mode}", f"{other}-{mode}")
                for index, each in both.items():
                    key = (mode, index)
                    found[key] = max(found.get(key, 0.0), factor * gap_of(each).gap)
        return found

    def of_weights(self, name: str, dtype: str) -> dict[str, float]:
        """By array, for weights or what is in their places, such as gradients."""
        mine = values.of_side(self.torch, f"{dtype}-{name}")
        found = dict.fromkeys(mine, 0.0)
        for other, factor in self.against[dtype].items():
            theirs = values.of_side(self.torch, f"{other}-{name}")
            for key in mine:
                gap = gap_of(Both(mine[key], theirs[key])).gap
                found[key] = max(found[key], factor * gap)
        return found

    def of_outputs(self, dtype: str) -> dict[str, float]:
        """Of predictions, by output."""
        found: dict[str, float] = {}
        for other, factor in self.against[dtype].items():
            folder = self.torch.folder
            with (
                np.load(folder / f"{dtype}-predictions.npz") as mine,
                np.load(folder / f"{other}-predictions.npz") as theirs,
            ):
                for name in mine:
                    gap = gap_of(Both(mine[name], theirs[name])).gap
                    found[name] = max(found.get(name, 0.0), factor * gap)
        return found

    def of_number(self, key: str, dtype: str) -> float:
        """Of a loss, or of several."""
        answers = self.torch.answers
        mine = np.array(answers.get(f"{dtype}-{key}", 0.0))
        return max(
            factor * gap_of(Both(mine, np.array(answers.get(f"{other}-{key}", 0.0)))).gap
            for other, factor in self.against[dtype].items()
        )
