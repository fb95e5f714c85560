"""The `data` section: where examples come from, how they are split, how numbers are scaled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from dslc.vocab.experiment import Protocol, Scale, Source, Split
from dslc.vocab.kinds import Bounds, Choice, Count, FreeName, OrNone, RangeOf, SizeOf, String
from dslc.vocab.word import arg

Column = Annotated[str, FreeName()]
PictureSize = Annotated[tuple[int, int] | None, OrNone(SizeOf(2))]
Missing = Annotated[Literal["error", "drop", "mean"], Choice(("error", "drop", "mean"))]


# --- bundled with scikit-learn: nothing to download --------------------------------------------------


DIGITS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)  # how often scikit-learn has each


class Digits(Source):
    """scikit-learn's 1,797 handwritten digits, 8x8 grey images with values from 0 to 16. With `only` some of them:
    their labels are counted from 0, their names stay."""

    word = "digits"
    positional = 0
    features, targets, levels = (8, 8, 1), ("classes",), (0, 16)
    examples: ClassVar[tuple[str, ...]] = (
        "data { source = digits }",
        "data { source = digits(only=5..9) }",
    )

    only: Annotated[Bounds | None, OrNone(RangeOf())] = arg("the first and the last digit", None)

    def problems(self) -> Iterator[str]:
        ends = (0, 9) if self.only is None else (self.only.low, self.only.high)
        if ends[0] < 0 or ends[1] > 9 or any(end != int(end) for end in ends):
            yield "`only` is a range of digits, such as 5..9"

    @property
    def wanted(self) -> range:
        """The digits that it gives."""
        return (
            range(10) if self.only is None else range(int(self.only.low), int(self.only.high) + 1)
        )

    @property
    def classes(self) -> int:  # type: ignore[override]
        return len(self.wanted)

    @property
    def samples(self) -> int:  # type: ignore[override]
        return sum(DIGITS[digit] for digit in self.wanted)


class Iris(Source):
    """scikit-learn's iris: 150 flowers, 4 measures, 3 kinds."""

    word = "iris"
    features, classes, targets = (4,), 3, ("classes",)
    samples = 150
    examples: ClassVar[tuple[str, ...]] = ("data { source = iris  scale = zscore }",)


class Wine(Source):
    """scikit-learn's wine: 178 wines, 13 measures, 3 growers."""

    word = "wine"
    features, classes, targets = (13,), 3, ("classes",)
    samples = 178
    examples: ClassVar[tuple[str, ...]] = ("data { source = wine  scale = zscore }",)


class BreastCancer(Source):
    """scikit-learn's breast cancer: 569 cases, 30 measures, malignant or benign."""

    word = "breast_cancer"
    features, classes, targets = (30,), 2, ("classes",)
    samples = 569
    examples: ClassVar[tuple[str, ...]] = ("data { source = breast_cancer  scale = zscore }",)


class Diabetes(Source):
    """scikit-learn's diabetes: 442 patients, 10 measures, a number to predict."""

    word = "diabetes"
    features, targets = (10,), ("numbers",)
    samples, numbers = 442, 1
    examples: ClassVar[tuple[str, ...]] = ("data { source = diabetes  scale = zscore }",)


# --- known data sets, fetched once by the framework ---------------------------------------------------


class Mnist(Source):
    """MNIST: 60,000 + 10,000 handwritten digits, 28x28 grey. Keras or torchvision fetches them once: Keras into the
    folder `KERAS_HOME`, torchvision into the folder `--data`."""

    word = "mnist"
    samples = 60_000
    features, classes, targets = (28, 28, 1), 10, ("classes",)
    levels, own_test = (0, 255), True
    examples: ClassVar[tuple[str, ...]] = ("data { source = mnist  split = stratified(85, 15) }",)
    reference = "LeCun et al., Gradient-based learning applied to document recognition, 1998"


class FashionMnist(Source):
    """Fashion-MNIST: 60,000 + 10,000 pictures of clothes, 28x28 grey. Keras or torchvision fetches them once:
    Keras into the folder `KERAS_HOME`, torchvision into the folder `--data`."""

    word = "fashion_mnist"
    samples = 60_000
    features, classes, targets = (28, 28, 1), 10, ("classes",)
    levels, own_test = (0, 255), True
    class_names = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip
    examples: ClassVar[tuple[str, ...]] = (
        "data { source = fashion_mnist  split = stratified(85, 15) }",
    )
    reference = "Xiao et al., Fashion-MNIST, arXiv:1708.07747, 2017"


class Cifar10(Source):
    """CIFAR-10: 50,000 + 10,000 small photos, 32x32 RGB, 10 classes. Keras or torchvision fetches them once: Keras
    into the folder `KERAS_HOME`, torchvision into the folder `--data`."""

    word = "cifar10"
    samples = 50_000
    features, classes, targets = (32, 32, 3), 10, ("classes",)
    levels, own_test = (0, 255), True
    class_names = (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    )  # fmt: skip
    examples: ClassVar[tuple[str, ...]] = ("data { source = cifar10  split = stratified(90, 10) }",)
    reference = "Krizhevsky, Learning multiple layers of features from tiny images, 2009"


# --- your own files ----------------------------------------------------------------------------------


class Idx(Source):
    """A folder with the four files of MNIST's format, plain or `.gz`: `train-images-idx3-ubyte`,
    `train-labels-idx1-ubyte` and the two `t10k-…` of the test part."""

    word = "idx"
    targets, levels, own_test = ("classes",), (0, 255), True
    examples: ClassVar[tuple[str, ...]] = (
        'data { source = idx("fashion-mnist/")  split = stratified(85, 15) }',
    )

    path: String = arg("the folder, against the folder of the script's caller")
    size: PictureSize = arg(
        "height and width of the pictures in the files, where `augment` crops them to the model's",
        None,
    )


class Images(Source):
    """A folder with one folder of pictures per class. A picture is resized to `size`, which is the model's input
    unless `augment` crops (bilinear, with antialiasing, the aspect not kept), and read as grey for one channel, as
    RGB for three; it is decoded when it is needed, by several workers."""

    word = "images"
    targets, levels = ("classes",), (0, 255)
    examples: ClassVar[tuple[str, ...]] = ('data { source = images("photos/")  scale = 0..1 }',)

    path: String = arg("the folder, against the folder of the script's caller")
    size: PictureSize = arg("height and width that a picture is resized to, before `augment`", None)


class Csv(Source):
    """A table with a header. Columns of numbers are taken as they are, others become one-hot: the values seen in
    the training part, sorted; an unknown value later is all zeros. Empty cells, `NA`, `nan` and `?` are missing:
    `missing` refuses them, drops their rows, or puts in the mean of the training part (no value at all in a
    one-hot column)."""

    word = "csv"
    numbers = 1
    examples: ClassVar[tuple[str, ...]] = (
        'data { source = csv("churn.csv", target=churned, missing=mean)  scale = zscore }',
    )

    path: String = arg("the file, against the folder of the script's caller")
    target: Column = arg("the column to predict")
    missing: Missing = arg("what to do about missing cells", "error")


class Npz(Source):
    """A NumPy archive. One input is the array `x`, one output `y`; several are arrays with the names of the
    model's inputs and outputs. The first axis counts examples. `values` is the range that the numbers of the inputs
    lie in, such as 0..255 for pictures of bytes: `augment` needs it, and a `scale` such as 0..1 maps it then."""

    word = "npz"
    several = True
    examples: ClassVar[tuple[str, ...]] = ('data { source = npz("signals.npz") }',)

    path: String = arg("the file, against the folder of the script's caller")
    values: Annotated[Bounds | None, OrNone(RangeOf())] = arg(
        "the range of the numbers in the inputs, where it is known", None
    )
    size: PictureSize = arg(
        "height and width of the pictures in the file, where `augment` crops them to the model's",
        None,
    )

    @property
    def value_range(self) -> tuple[float, float] | None:
        return None if self.values is None else (self.values.low, self.values.high)


class TextTable(Source):
    """A CSV file with a column of text. Tokens are the runs of word characters and apostrophes of the lower-cased
    text. The vocabulary is that of the training part: the most frequent tokens first, equal ones by alphabet; id
    0 pads, id 1 is any other token. Texts are cut or padded at the right to the length of the model's input."""

    word = "text"
    dtype = "int"
    numbers = 1
    examples: ClassVar[tuple[str, ...]] = (
        'data { source = text("reviews.csv", column=review, target=stars, vocabulary=20000) }',
    )

    path: String = arg("the file, against the folder of the script's caller")
    column: Column = arg("the column with the text")
    target: Column = arg("the column to predict")
    vocabulary: Count = arg("how many token ids there are, 0 and 1 included", 10000)


# --- split ------------------------------------------------------------


class Stratified(Split):
    """Every part has each class in the same proportion."""

    word = "stratified"
    examples: ClassVar[tuple[str, ...]] = (
        "data { source = digits  split = stratified(70, 15, 15) }",
    )


class Random(Split):
    """Rows are dealt at random."""

    word = "random"
    aliases = ("holdout", "shuffled")
    examples: ClassVar[tuple[str, ...]] = (
        "data { source = diabetes  split = random(70, 15, 15) }",
    )


# --- scale ------------------------------------------------------------


class ZScore(Scale):
    """(x - mean) / standard deviation, of each feature (of each channel of an image), fitted on the training part."""

    word = "zscore"
    aliases = ("standardize", "standard", "StandardScaler")
    examples: ClassVar[tuple[str, ...]] = ("data { source = iris  scale = zscore }",)


class AsBackbone(Scale):
    """What the pretrained network of the model was trained on, from pixels of 0..255: the rule differs between
    networks and between the libraries, and the script says which it is. In PyTorch (x/255 - mean)/deviation of
    ImageNet, for InceptionV3 -1..1; in Keras BGR minus the means (VGG16, VGG19, ResNet), -1..1 (InceptionV3,
    MobileNetV2), as in PyTorch (DenseNet121), or nothing (EfficientNetB0). Images must be what the network reads."""

    word = "backbone"
    aliases = ("preprocess_input", "imagenet")
    examples: ClassVar[tuple[str, ...]] = ('data { source = images("photos/")  scale = backbone }',)


def split_problem(source: Source, split: Split, protocol: Protocol | None = None) -> str | None:
    """Why the split does not fit the source, or the protocol that makes the test parts, if so."""
    if protocol is not None and not source.own_test:
        if split.test is None:
            return None
        return (
            f"`{protocol.word}` makes the test parts: give `{split.word}` two shares, train and val"
        )
    if source.own_test and split.test is not None:
        return f"`{source.word}` brings its own test part: give `{split.word}` two shares, train and val"
    if not source.own_test and split.test is None:
        return f"`{split.word}` needs three shares, train, val and test: `{source.word}` has no test part"
    return None


def part_sizes(samples: int, split: Split) -> dict[str, int]:
    """How many of `samples` examples each part gets, counted as scikit-learn does."""
    left = split.val + (split.test or 0)
    train = int(samples * round(split.train / (split.train + left), 10))
    if split.test is None:
        return {"training": train, "validation": samples - train}
    val = int((samples - train) * round(split.val / left, 10))
    return {"training": train, "validation": val, "test": samples - train - val}
