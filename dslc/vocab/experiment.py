"""The kinds of words of an experiment: sources, splits, scales, losses, metrics, optimisers, callbacks."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from dslc.vocab.kinds import Choice, FreeName, OrNone, Real
from dslc.vocab.word import Word, arg

Task = Literal["classes", "binary", "numbers"]
Share = Annotated[float, Real(0, ends="()")]
Monitor = Annotated[str, FreeName()]
Mode = Annotated[Literal["auto", "min", "max"], Choice(("auto", "min", "max"))]


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

    @property
    def label(self) -> str:
        """Its name in the log; `val_` before it in the validation part."""
        return self.word

    def certain(self, classes: int) -> bool:
        """Whether it has the same value whatever a model of so many classes says."""
        return False


class Optimizer(Word):
    """A rule that turns gradients g into steps of the weights w."""

    kind = "optimizer"


class Callback(Word):
    """A decision after each epoch. `monitor` names a logged value: `loss` or a metric, with `val_` before it for
    the validation part. `mode` says whether smaller or larger is better; `auto` knows it from the metric."""

    kind = "callback"

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
