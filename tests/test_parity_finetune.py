"""Phases of fine-tuning make the same updates on both backends, and leave alone what they say they leave alone.

Both scripts of a spec train the same weights on the same batches in float64, phase after phase.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from paired import Pair
    from updating import Weights

pytestmark = pytest.mark.framework


BLOCKS = """
block Unit(filters) {
  input x
  x -> Conv2D(filters, 3x3, padding=same, bias=false) -> BatchNorm -> relu
}
block Features {
  input x
  x -> Unit(3) as early
  -> Unit(4) as middle -> MaxPool2D(2x2)
  -> Conv2D(4, 1x1, regularizer=l2(0.0078125), constraint=max_norm(0.5)) -> Unit(4) as late
}
"""
MODEL = """
model Net {
  input x: 6x6x2
  x -> Features as backbone -> Flatten -> Dense(5) as hidden -> relu -> Dense(2)
}
data { source = npz("rows.npz")  split = random(60, 20, 20)  shuffle = false  batch = 4 }
"""


def spec(finetune: str, train: str = "optimizer = SGD(lr=0.0078125, momentum=0.5)") -> str:
    return f"{BLOCKS}{MODEL}train {{ loss = mse  {train} }}\nfinetune backbone {{ {finetune} }}\n"


class Followed:
    """What the weights were before and after each phase, by backend, in torch's layout."""

    def __init__(self, text: str, folder: Path) -> None:
        from paired import both
        from updating import keras_weights, rows, script, torch_weights

        self.pair: Pair = both(text)
        self.code: dict[str, ModuleType] = {b: script(text, b) for b in ("keras", "torch")}
        self.part = rows(self.pair, tuple(self.pair.keras.output_shape[1:]), 18, 5)
        self.keras: list[Weights] = [keras_weights(self.pair)]
        self.torch: list[Weights] = [torch_weights(self.pair)]
        self.rates: dict[str, list[list[float]]] = {"keras": [], "torch": []}
        self.trained: dict[str, list[int]] = {"keras": [], "torch": []}
        self._keras(folder)
        self._torch(folder)

    def _keras(self, folder: Path) -> None:
        from updating import keras_weights

        code, model = self.code["keras"], self.pair.keras
        checkpoint = code.Checkpoint(folder, 0, 16)
        batches = code.Batches(self.part, 4)
        for number, phase in enumerate(code.PHASES):
            checkpoint.begin(model, number)
            model.run_eagerly = True
            self.trained["keras"].append(code.count_weights(model))
            start = checkpoint.state["epoch"]
            own = [c for c in checkpoint.callbacks if "LearningRate" in type(c).__name__]
            model.fit(
                batches, initial_epoch=start, epochs=start + phase[1], callbacks=own,
                shuffle=False, verbose=0,
            )  # fmt: skip
            checkpoint.state["epoch"] = start + phase[1]
            self.keras.append(keras_weights(self.pair))

    def _torch(self, folder: Path) -> None:
        from paired import torch
        from updating import torch_weights

        code, model = self.code["torch"], self.pair.torch
        run = code.Run(model, torch.device("cpu"), folder, 0, 16)
        batches = code.DataLoader(code.Batches(self.part, 4), batch_size=None)
        for number in range(len(run.phases)):
            run.begin(number)
            trained = [w for w in model.parameters() if w.requires_grad]
            self.trained["torch"].append(sum(w.numel() for w in trained))
            self.rates["torch"].append([group["lr"] for group in run.optimizer.param_groups])
            for _ in range(run.epochs):
                run.go_through(batches, training="training")
                run.state["epoch"] += 1
            self.torch.append(torch_weights(self.pair))

    @property
    def gap(self) -> float:
        """The largest difference between both backends after any phase."""
        return max(
            float(np.abs(mine[name] - other[name]).max())
            for mine, other in zip(self.keras, self.torch, strict=True)
            for name in mine
        )

    def moved(self, phase: int) -> set[str]:
        """The layers, by number and word, whose arrays a phase changed, in the same way on both sides."""
        sides = []
        for found in (self.keras, self.torch):
            before, after = found[phase], found[phase + 1]
            sides.append({n for n in before if not np.array_equal(before[n], after[n])})
        assert sides[0] == sides[1]
        return {self.names[name] for name in sides[0]}

    @property
    def names(self) -> dict[str, str]:
        """`early BatchNorm weight` for an array: the part of the model that it belongs to."""
        found: dict[str, str] = {}
        for number, (node, _) in enumerate(self.pair.arrays):
            assert node.word is not None
            parts = [p for p in node.path if p in ("early", "middle", "late", "hidden", "backbone")]
            place = parts[-1] if parts else "head"
            for name in self.torch[0]:
                if name.split()[0] == str(number):
                    found[name] = f"{place} {node.word.word} {name.split()[-1]}"
        return found


def both_arrays(place: str, *, norms: bool = True) -> set[str]:
    """The arrays of a `Unit`."""
    found = {f"{place} Conv2D weight"}
    if norms:
        found |= {f"{place} BatchNorm {n}" for n in ("weight", "bias")}
    return found


def statistics(*places: str) -> set[str]:
    return {f"{p} BatchNorm running_{n}" for p in places for n in ("mean", "var")}


HEAD = {"hidden Dense weight", "hidden Dense bias", "head Dense weight", "head Dense bias"}
ALONE = {"backbone Conv2D weight", "backbone Conv2D bias"}  # the layer without a label


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("phases")


def test_frozen_norms_keep_weights_and_statistics(folder: Path) -> None:
    found = Followed(
        spec(
            "phase head { freeze = all  epochs = 2 }  "
            "phase tune { unfreeze = from(middle)  epochs = 2  optimizer = SGD(lr=0.00390625) }  "
            "phase rest { freeze = until(middle)  epochs = 1  optimizer = SGD(lr=0.00390625) }"
        ),
        folder,
    )
    assert found.gap < 1e-9
    assert found.moved(0) == HEAD
    assert found.moved(1) == HEAD | ALONE | {
        *both_arrays("middle", norms=False), *both_arrays("late", norms=False),
    }  # fmt: skip
    assert found.moved(2) == HEAD | ALONE | both_arrays("late", norms=False)
    assert found.trained["keras"] == found.trained["torch"]


def test_moving_norms_use_the_batch_even_where_they_are_frozen(folder: Path) -> None:
    found = Followed(
        spec(
            "bn = train  phase head { freeze = all  epochs = 1 }  "
            "phase tune { unfreeze = late  epochs = 1 }  phase all { freeze = none  epochs = 1 }"
        ),
        folder,
    )
    assert found.gap < 1e-9
    every = statistics("early", "middle", "late")
    assert found.moved(0) == HEAD | every
    assert found.moved(1) == HEAD | every | both_arrays("late")
    assert found.moved(2) == {*HEAD, *every, *ALONE} | {
        name for place in ("early", "middle", "late") for name in both_arrays(place)
    }


def test_the_head_stays_where_it_is_named(folder: Path) -> None:
    found = Followed(spec("phase tune { freeze = [until(middle), hidden]  epochs = 1 }"), folder)
    assert found.gap < 1e-9
    assert found.moved(0) == (HEAD | ALONE | both_arrays("late", norms=False)) - {
        "hidden Dense weight", "hidden Dense bias",
    }  # fmt: skip


@pytest.mark.parametrize(
    "optimizer",
    [
        "SGD(lr=0.0078125, momentum=0.5)",
        "Adam(lr=0.0009765625, weight_decay=0.5)",
        "Adam(lr=cosine(0.0009765625), weight_decay=0.5, decays=kernels)",
        "SGD(lr=0.0078125, weight_decay=0.5)",
        "RMSprop(lr=0.0009765625)",
    ],
)
def test_groups_learn_at_rates_of_their_own(optimizer: str, folder: Path) -> None:
    rate = 0.0078125 if "SGD" in optimizer else 0.0009765625
    rates = f"rates {{ late = {rate / 8}  backbone = {rate / 4} }}"
    phase = (
        f"phase tune {{ unfreeze = from(middle)  epochs = 2  optimizer = {optimizer}  {rates} }}"
    )
    found = Followed(spec(phase, train=""), folder)
    assert found.gap < 1e-7
    scale = sorted({r / rate for r in found.rates["torch"][0]})
    assert scale == [1 / 8, 1 / 4, 1]
    same = Followed(spec(phase.replace(rates, ""), train=""), folder)
    assert same.gap < 1e-7
    far = [max(float(np.abs(f.torch[1][n] - f.torch[0][n]).max()) for n in _of("late", f))
           for f in (found, same)]  # fmt: skip
    assert 0 < far[0] < far[1]  # the group went less far than at the rate of the others


def test_the_head_may_have_the_rate_of_its_own(folder: Path) -> None:
    found = Followed(
        spec(
            "phase tune { unfreeze = all  epochs = 1  optimizer = SGD(lr=0.001953125)  "
            "rates { head = 0.0078125 } }",
            train="",
        ),
        folder,
    )
    assert found.gap < 1e-9
    assert sorted(set(found.rates["torch"][0])) == [0.001953125, 0.0078125]


def _of(place: str, found: Followed) -> Iterator[str]:
    return (n for n, name in found.names.items() if name.startswith(f"{place} Conv2D"))


@pytest.mark.parametrize(
    "optimizer",
    [
        "SGD(lr=0.0078125, momentum=0.875)",
        "Adam(lr=0.0009765625)",
        "Nadam(lr=0.0009765625)",
        "Adagrad(lr=0.0078125)",
        "RMSprop(lr=0.0009765625, momentum=0.5)",
    ],
)
def test_the_state_of_an_optimiser_is_kept_or_not(optimizer: str, folder: Path) -> None:
    text = (
        f"phase head {{ freeze = all  epochs = 2  optimizer = {optimizer} }}  "
        f"phase tune {{ unfreeze = late  epochs = 1  optimizer = {optimizer}  KEEP }}"
    )
    kept = Followed(spec(text.replace("KEEP", "optimizer_state = keep"), train=""), folder)
    new = Followed(spec(text.replace("KEEP", ""), train=""), folder)
    assert kept.gap < 1e-6 and new.gap < 1e-6  # Keras rounds some constants to float32
    ends: list[Any] = [
        np.concatenate([found.torch[2][n].ravel() for n in sorted(found.torch[2])])
        for found in (kept, new)
    ]
    assert float(np.abs(ends[0] - ends[1]).max()) > 1e-5


def test_a_phase_with_rates_may_leave_out_the_decay(folder: Path) -> None:
    rates = "rates { late = 0.001953125 }"
    found = Followed(
        spec(
            "phase tune { freeze = none  epochs = 1  "
            f"optimizer = SGD(lr=0.0078125, weight_decay=0.5)  {rates} }}  "
            f"phase more {{ freeze = none  epochs = 1  optimizer = SGD(lr=0.0078125)  {rates} }}",
            train="",
        ),
        folder,
    )
    assert found.gap < 1e-7


@pytest.mark.parametrize(
    ("first", "then", "rates"),
    [
        ("0.0078125", "0.0009765625", ("", "")),
        ("cosine(0.0078125)", "0.0009765625", ("", "")),
        ("0.0009765625", "cosine(0.0078125)", ("", "")),
        ("0.0078125", "0.0078125", ("late = 0.0009765625", "middle = 0.001953125")),
        ("cosine(0.0078125)", "cosine(0.00390625)", ("late = 0.0009765625", "late = 0.001953125")),
        ("0.0078125", "cosine(0.0078125)", ("", "late = 0.0009765625")),
    ],
)
def test_momentum_that_is_kept_holds_steps(
    first: str, then: str, rates: tuple[str, str], folder: Path
) -> None:
    """A new rate is for new gradients: what the velocity holds goes on as it was."""
    phases = [
        f"phase {name} {{ freeze = none  epochs = 2  optimizer = SGD(lr={lr}, momentum=0.875)  "
        f"{f'rates {{ {own} }}' if own else ''}  {state} }}"
        for name, lr, own, state in (
            ("a", first, rates[0], ""),
            ("b", then, rates[1], "optimizer_state = keep"),
        )
    ]
    found = Followed(spec("  ".join(phases), train=""), folder)
    assert found.gap < 1e-7


def test_only_kernels_decay_in_the_phase_that_says_so(folder: Path) -> None:
    rates = "rates { late = 0.00048828125 }"
    optimizer = "AdamW(lr=0.0009765625, weight_decay=0.5"
    found = Followed(
        spec(
            f"phase every {{ freeze = none  epochs = 1  optimizer = {optimizer})  {rates} }}  "
            f"phase kernels {{ freeze = none  epochs = 1  "
            f"optimizer = {optimizer}, decays=kernels)  {rates} }}",
            train="",
        ),
        folder,
    )
    assert found.gap < 1e-6


@pytest.mark.parametrize("bn", ["frozen", "train"])
@pytest.mark.parametrize("backbone", ["Features", "Conv2D(3, 1x1)"])
def test_norms_of_a_frozen_head(bn: str, backbone: str, folder: Path) -> None:
    """Outside the backbone a BatchNorm rests where its part is frozen, unless all use the batch."""
    text = spec(
        f"bn = {bn}  phase a {{ freeze = [all, hidden]  epochs = 1 }}  "
        "phase b { freeze = none  epochs = 1 }  phase c { freeze = hidden  epochs = 1 }"
    ).replace("Dense(5) as hidden -> relu", "Neck as hidden -> BatchNorm")
    text = text.replace("x -> Features as backbone", f"x -> {backbone} as backbone")
    found = Followed(
        f"block Neck {{ input x  x -> Dense(5) -> BatchNorm -> relu }}\n{text}", folder
    )
    assert found.gap < 1e-7
    moving = [statistics("hidden") <= found.moved(phase) for phase in range(3)]
    assert moving == [bn == "train", True, bn == "train"]
    assert all(statistics("head") <= found.moved(phase) for phase in range(3))
    assert "hidden BatchNorm weight" in found.moved(1) - found.moved(0) - found.moved(2)
