"""The kinds of words of an experiment: sources, splits, scales, losses, metrics, optimisers, schedules, clips,
callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from dslc.vocab.kinds import Choice, FreeName, NonNegative, OneOf, OrNone, Real, WordOf
from dslc.vocab.word import Word, arg

Task = Literal["classes", "binary", "numbers"]
Share = Annotated[float, Real(0, ends="()")]
Monitor = Annotated[str, FreeName()]
Mode = Annotated[Literal["auto", "min", "max"], Choice(("auto", "min", "max"))]
KERNELS = ("kernel", "embeddings")  # how the names of arrays end that inputs are multiplied with


class Loss(Word):
    """What training makes small: predictions p against targets y."""

    kind = "loss"
    task: ClassVar[str] = ""  # classes | binary | numbers
    activation: ClassVar[str | None] = None  # what the output must end in


class Metric(Word):
    """A number that says how well the model does on a part of the data."""

    kind = "metric"
    tasks: ClassVar[tuple[Task, ...]] = ()  # which losses it goes with
    better: ClassVar[Literal["min", "max"]] = "max"
    of_rows: ClassVar[bool] = True  # a mean over rows, so that a single row has a value

    @property
    def label(self) -> str:
        """Its name in the log; `val_` before it in the validation part."""
        return self.word

    def certain(self, classes: int) -> bool:
        """Whether it has the same value whatever a model of so many classes says."""
        return False


class Schedule(Word):
    """A learning rate that changes with time. `formula` is Python, the body of a function of `epoch` (the time in
    epochs, with fractions), `epochs` (how many there are) and the word's own parameters."""

    kind = "schedule"

    says: ClassVar[str] = ""  # the formula in words
    formula: ClassVar[tuple[str, ...]] = ()
    shifted: ClassVar[bool] = False  # whether `epoch` is counted from the end of the warm-up

    @property
    def steady(self) -> bool:
        """Whether it is one number all the time."""
        return False

    @property
    def peak(self) -> str:
        """What the warm-up rises to: a parameter."""
        return "lr"

    @property
    def lines(self) -> tuple[str, ...]:
        """The formula with these parameters."""
        return self.formula

    @property
    def constants(self) -> dict[str, Any]:
        """The parameters that the function holds; those of a warm-up where there is one."""
        names = [name for name in type(self).model_fields if name != "warmup_shape"]
        found = {name: getattr(self, name) for name in names}
        if not found.get("warmup"):
            found.pop("warmup", None)
        return found

    def too_long(self, epochs: float) -> Iterator[tuple[str, str]]:
        """The parameters that reach beyond a training of so many epochs, each with a sentence."""
        warmup = float(getattr(self, "warmup", 0))
        if warmup >= epochs:
            yield "warmup", f"the warm-up takes {warmup:g} epochs"


LearningRate = Annotated[
    float | Word,
    OneOf((Real(0, ends="()"), WordOf(("schedule",), "a schedule such as cosine(0.1)"))),
]


class Optimizer(Word):
    """A rule that turns gradients g into steps of the weights w."""

    kind = "optimizer"

    lr: LearningRate = arg("learning rate: a number, or a schedule", 1e-3)
    weight_decay: NonNegative = arg("share of a weight that decays, times the learning rate", 0.0)
    decays: Annotated[Literal["all", "kernels"], Choice(("all", "kernels"))] = arg(
        "which arrays decay: all that are trained, or kernels and embeddings (no biases, gains, offsets, slopes)",
        "all",
    )

    @property
    def schedule(self) -> Schedule | None:
        """The schedule of the learning rate, where it changes."""
        return self.lr if isinstance(self.lr, Schedule) and not self.lr.steady else None

    @property
    def rate(self) -> float:
        """The learning rate as one number: of a schedule, the one behind the warm-up."""
        if isinstance(self.lr, Schedule):
            rates: tuple[float, ...] = self.lr.constants.get("rates") or (self.lr.constants["lr"],)
            return rates[0]
        assert isinstance(self.lr, int | float)
        return self.lr

    def decayed(self, array: str) -> bool:
        """Whether the array of a layer decays, known by its name."""
        return bool(self.weight_decay) and (self.decays == "all" or array.endswith(KERNELS))

    def problems(self) -> Iterator[str]:
        if self.decays != "all" and not self.weight_decay:
            yield "`decays` needs a `weight_decay` above 0"


class Clip(Word):
    """What is done to gradients that are too large."""

    kind = "clip"

    limit: Annotated[float, Real(0, ends="()")] = arg("what is not too large yet")


class Callback(Word):
    """What is decided or written after each epoch."""

    kind = "callback"


class Monitoring(Callback):
    """A callback that watches a value. `monitor` names a logged value: `loss` or a metric, with `val_` before it for
    the validation part. `mode` says whether smaller or larger is better; `auto` knows it from the metric."""

    monitor: Monitor = arg("the logged value that decides", "val_loss")
    mode: Mode = arg("which way is better", "auto")


class Source(Word):
    """Where the examples come from. Its facts say what is known before the data are read."""

    kind = "source"

    features: ClassVar[tuple[int, ...] | None] = None  # the shape of one example, where it is known
    classes: ClassVar[int | None] = None  # how many, where it is known
    samples: ClassVar[int | None] = None  # examples to split, where their count is known
    numbers: ClassVar[int | None] = (
        None  # how many numbers a target of numbers has, where it is known
    )
    class_names: ClassVar[tuple[str, ...]] = ()  # where the files do not tell them
    targets: ClassVar[tuple[Task, ...]] = ("classes", "numbers")
    levels: ClassVar[tuple[float, float] | None] = None  # the range that values are stored in
    own_test: ClassVar[bool] = False  # comes with a test part; the split makes train and val
    dtype: ClassVar[Literal["float", "int"]] = "float"
    several: ClassVar[bool] = False  # may feed several inputs and outputs, by name

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The range that values are stored in, where it is known."""
        return self.levels

    @property
    def picture_size(self) -> tuple[int, int] | None:
        """Height and width of its pictures, where they are known without the model."""
        size = getattr(self, "size", None)
        if size is None and self.features is not None and len(self.features) == 3:
            size = self.features[:2]
        return size


class Split(Word):
    """Shares of the training, validation and test parts: only their ratio counts. Where the source brings its own
    test part, two shares are given."""

    kind = "split"
    positional = 3

    train: Share = arg("share of the training part")
    val: Share = arg("share of the validation part")
    test: Annotated[float | None, OrNone(Real(0, ends="()"))] = arg("share of the test part", None)


class Scale(Word):
    """How numbers are scaled before the model sees them. A range such as `0..1` maps the range of the source
    there: 0 to 255 for pictures; where the source has none, the least and largest value of each feature in the
    training part."""

    kind = "scale"


class Protocol(Word):
    """How often a model is trained and tested, and on which rows."""

    kind = "protocol"

    resamples: ClassVar[bool] = True  # makes the test parts itself: the split has two shares
    bootstraps: ClassVar[bool] = False  # draws with replacement

    @property
    def text(self) -> str:
        """As a spec says it: `kfold(5, repeats=3)`."""
        written: list[str] = []
        for place, (name, field) in enumerate(type(self).model_fields.items()):
            value = getattr(self, name)
            if place < self.positional:
                written.append(f"{value}")
            elif value != field.default:
                written.append(f"{name}={value}")
        return f"{self.word}({', '.join(written)})" if written else self.word

    def trainings(self, samples: int | None) -> int | None:
        """How many models are trained on a source of so many examples; None where only the data tell."""
        raise NotImplementedError

    def untested(self, samples: int) -> int:
        """How many different rows a fold has for its train and val parts."""
        return samples

    def measures(self, metric: Metric | Loss) -> bool:
        """Whether it reports this value."""
        return True
