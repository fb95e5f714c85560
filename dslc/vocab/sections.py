"""The sections of a spec: which settings and words each of them holds.

A section is a word too: its fields are its settings. `entries` names the kinds of words that stand in it on
their own (callbacks in `train`); a field in `per_output` may be written as a part with one value for each output:
`loss { species = cross_entropy  mass = mse }`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from dslc.vocab.constraints import MaybeConstraint
from dslc.vocab.initializers import VectorLaw
from dslc.vocab.kinds import (
    Bounds,
    Choice,
    Count,
    Flag,
    ListOf,
    Natural,
    OneOf,
    OrNone,
    RangeOf,
    Real,
    Whole,
    WordOf,
)
from dslc.vocab.regularizers import MaybeRegularizer
from dslc.vocab.selectors import Selection
from dslc.vocab.word import Word, arg


class ClassWeights(OneOf):
    """`balanced`, or one number for each class in their order."""

    def __init__(self) -> None:
        numbers = ListOf(Real(0), "a number ≥ 0 for each class, such as [1, 2.5, 1]")
        super().__init__((Choice(("balanced",)), numbers))


class Section(Word):
    """The base of all sections."""

    kind = "section"
    positional = 0
    entries: ClassVar[tuple[str, ...]] = ()
    per_output: ClassVar[tuple[str, ...]] = ()
    label: ClassVar[str] = ""  # what the name behind its word is; without one it takes none
    inner: ClassVar[tuple[type[Section], ...]] = ()  # sections that stand in it
    rules: ClassVar[bool] = False  # whether its parts are rules, for a kind of layer or for a role


class _Rule(Section):
    """What layers use that say nothing themselves."""

    init: Annotated[Word | None, WordOf(("initializer",), "an initialiser such as he_normal")] = (
        arg("first values of kernels", None)
    )
    bias_init: Annotated[Word | None, VectorLaw()] = arg("first values of biases", None)
    regularizer: MaybeRegularizer = arg("penalty on kernels", None)
    bias_regularizer: MaybeRegularizer = arg("penalty on biases", None)
    constraint: MaybeConstraint = arg("what kernels may be after every update", None)
    bias: Annotated[bool | None, Flag()] = arg("whether layers have a bias", None)


class Hidden(_Rule):
    """A rule of `defaults` for all layers with weights that are not the last on a way to an output."""

    word = "hidden"
    examples = ("defaults { hidden { init = he_normal  constraint = max_norm(3) } }",)


class Output(_Rule):
    """A rule of `defaults` for the layers with weights that are the last on their way to an output of the model."""

    word = "output"
    examples = ("defaults { output { init = glorot_uniform } }",)


ROLES: dict[str, type[Section]] = {s.word: s for s in (Hidden, Output)}
OF_FILE = ("numerics",)  # what `defaults` says of everything, not of layers


class Defaults(_Rule):
    """What every layer that has the parameter uses when it says nothing else.

    `Conv2D { padding = same }` speaks for one kind of layer and may give any parameter with a default. `hidden`
    and `output` speak for roles. A layer's own argument counts most, then its role, then its kind, then the rest.
    """

    word = "defaults"
    rules = True
    examples = (
        "defaults { init = he_normal  regularizer = l2(1e-4) }",
        "defaults { init = he_normal  Conv2D { padding = same }  output { init = glorot_uniform } }",
    )

    padding: Annotated[str | None, Choice(("valid", "same"))] = arg(
        "padding of convolutions and pools", None
    )
    numerics: Annotated[str, Choice(("exact", "stock"))] = arg(
        "`exact`: both frameworks compute the same, with short functions in the script where theirs differ; `stock`: "
        "their own classes, and `dslc check` says how they differ. It holds for models and their training",
        "exact",
    )


class Data(Section):
    """Where the samples come from, how they are divided, scaled and batched."""

    word = "data"
    examples = (
        "data { source = digits  split = stratified(70, 15, 15)  scale = 0..1  batch = 32 }",
    )

    source: Annotated[Word, WordOf(("source",), "a data source such as digits")] = arg(
        "the samples and their labels"
    )
    split: Annotated[Word, WordOf(("split",), "a split such as stratified(70, 15, 15)")] = arg(
        "how samples are divided into training, validation and test parts, before anything is fitted"
    )
    scale: Annotated[Bounds | Word | None, OneOf((RangeOf(), WordOf(("scale",), "zscore")))] = arg(
        "how inputs are scaled; statistics come from the training part only", None
    )
    batch: Annotated[int | str, OneOf((Choice(("full",)), Whole(1)))] = arg(
        "samples in one step of training; `full` is the whole training part, 1 stochastic gradient descent",
        32,
    )
    shuffle: Annotated[bool, Flag()] = arg("a new order of the training part every epoch", True)
    seed: Natural = arg("seed of split, shuffling and initial weights", 0)
    workers: Natural = arg("workers that decode and augment pictures while the model trains", 4)


class Augment(Section):
    """What the pictures of the training part go through, in this order and each epoch anew; those of the other parts
    stay as they are. Transforms see bytes: the range of the source is mapped to 0 … 255 and rounded before them,
    and back behind them. Scaling comes after that. What is drawn depends on the seed, the epoch and the number of
    the picture alone, so it is the same on every backend, with any number of workers, and after `--resume`."""

    word = "augment"
    entries = ("transform",)
    examples = ("augment { HorizontalFlip(p=0.5)  RandomBrightnessContrast(p=0.5) }",)


class Train(Section):
    """How the weights are found."""

    word = "train"
    entries = ("callback",)
    per_output = ("loss", "metrics", "class_weight")
    examples = ("train { loss = cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 20 }",)

    loss: Annotated[Word, WordOf(("loss",), "a loss such as cross_entropy")] = arg(
        "what training makes small"
    )
    optimizer: Annotated[Word, WordOf(("optimizer",), "an optimiser such as Adam(lr=1e-3)")] = arg(
        "how a step follows from the gradient"
    )
    epochs: Count = arg("passes over the training part")
    metrics: Annotated[
        tuple[Word, ...],
        ListOf(WordOf(("metric",), "a metric"), "a list of metrics such as [accuracy]"),
    ] = arg("what is reported beside the loss", ())
    class_weight: Annotated[tuple[float, ...] | str | None, ClassWeights()] = arg(
        "factor of the loss of each class while training: `balanced` is n / (classes · count), from the training "
        "part; validation and test are not weighted",
        None,
    )
    clip: Annotated[Word | None, OrNone(WordOf(("clip",), "a clip such as global_norm(1.0)"))] = (
        arg("what is done to gradients that are too large", None)
    )
    accumulate: Count = arg(
        "batches whose mean gradient makes one update; those over at the end of an epoch count in the next",
        1,
    )
    ema: Annotated[float | None, OrNone(Real(0, 1, "()"))] = arg(
        "share of the old mean in a running mean of the weights: a = ema a + (1 - ema) w after each update, "
        "from a = w after the first. Validation, kept weights and the test use a; training goes on from w",
        None,
    )
    precision: Annotated[str, Choice(("float32", "mixed"))] = arg(
        "`mixed` computes in bfloat16 where that is safe; weights, their updates and the loss are float32",
        "float32",
    )
    deterministic: Annotated[bool, Flag()] = arg(
        "refuse operations whose result may differ from run to run", False
    )
    track: Annotated[str | None, OrNone(Choice(("mlflow",)))] = arg(
        "where the run is recorded beside its folder: parameters, every epoch, the report; mlflow needs that package "
        "and heeds MLFLOW_TRACKING_URI",
        None,
    )


class Phase(Section):
    """A stretch of the training of a backbone. What is not said here is as in `train`; its callbacks start anew."""

    word = "phase"
    label = "the name of the phase, for the log"
    entries = ("callback",)
    per_output = ("rates",)
    examples = ("phase tune { unfreeze = from(conv4)  epochs = 20  optimizer = Adam(lr=1e-5) }",)

    freeze: Annotated[tuple[Any, ...], Selection()] = arg(
        "what stays as it is; the rest of the backbone trains", ()
    )
    unfreeze: Annotated[tuple[Any, ...], Selection()] = arg(
        "what trains; the rest of the backbone stays as it is", ()
    )
    epochs: Annotated[int | None, Whole(1)] = arg("passes over the training part", None)
    optimizer: Annotated[
        Word | None, WordOf(("optimizer",), "an optimiser such as Adam(lr=1e-3)")
    ] = arg("how a step follows from the gradient", None)
    optimizer_state: Annotated[str, Choice(("reset", "keep"))] = arg(
        "whether the optimiser starts anew, or goes on with the momenta of the weights that trained before",
        "reset",
    )
    rates: Annotated[float | None, Real(0, ends="()")] = arg(
        "learning rates by group: the backbone, one of its parts, or `head`, which is everything else",
        None,
    )


class Finetune(Section):
    """How a backbone that knows something is trained further, phase by phase."""

    word = "finetune"
    label = "the label of the backbone in the model"
    inner = (Phase,)
    examples = (
        "finetune backbone { strategy = partial(from=conv4)  bn = frozen }",
        "finetune backbone { phase head { freeze = all  epochs = 5 }  phase tune { unfreeze = last(0.3) } }",
    )

    strategy: Annotated[Word | None, WordOf(("strategy",), "classifier, partial, full or auto")] = (
        arg("how much of the backbone is trained; without phases it makes them", None)
    )
    bn: Annotated[str, Choice(("frozen", "train"))] = arg(
        "what BatchNorm layers of the backbone do: `frozen` predicts with the statistics that they have, and nothing "
        "of them changes, in any phase; `train` normalises by the batch and moves the statistics, in every phase, "
        "while gamma and beta train where their part does",
        "frozen",
    )


class Evaluate(Section):
    """How good the model is: which rows it is tested on, how often it is trained for that. A protocol that resamples
    takes a `split` with two shares, train and val of the rows that are not tested; it writes `report.json` with the
    value of every fold, their mean, deviation and interval, and a picture of them, `folds.png`."""

    word = "evaluate"
    examples = ("evaluate { protocol = kfold(5, repeats=3)  confidence = 0.95 }",)

    protocol: Annotated[Word, WordOf(("protocol",), "a protocol such as kfold(5)")] = arg(
        "on which rows the model is trained and tested, and how often"
    )
    confidence: Annotated[float, Real(0, 1, "()")] = arg(
        "share of the distribution that an interval holds", 0.95
    )


SECTIONS: dict[str, type[Section]] = {
    s.word: s for s in (Defaults, Data, Augment, Train, Finetune, Evaluate)
}
