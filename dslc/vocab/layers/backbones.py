"""Famous networks as one word each: what keras.applications and torchvision.models build, with their weights.

The language does not write these networks out; it takes them from the library of the backend, so that weights trained
on ImageNet fit. Layers, stages and counts come from tables that were asked of both libraries (`architecture`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from dslc.vocab.architecture import GLOBAL, TOP, Architecture, Network, architecture
from dslc.vocab.dims import Dim, less, show
from dslc.vocab.kinds import Boolean, Choice, OneOf, Text
from dslc.vocab.layers.core import Layer
from dslc.vocab.libraries import Library, either
from dslc.vocab.refusals import need_numbers, need_rank
from dslc.vocab.tensor import Mismatch, Tensor
from dslc.vocab.word import Example, arg

CLASSES = 1000  # of ImageNet
Scaling = Literal["caffe", "tf", "torch", "none"]

# What the pixels of an image, 0..255, become before they enter: see `Backbone.scaling`.
SCALINGS: dict[Scaling, str] = {
    "caffe": "BGR, minus the channel means of ImageNet",
    "tf": "0..255 -> -1..1",
    "torch": "RGB, 0..255 -> 0..1, then minus the channel means of ImageNet, over their deviations",
    "none": "0..255 as they are: the network scales them itself",
}

Weights = Annotated[str, OneOf((Choice(("none", "imagenet")), Text()))]


class Backbone(Layer):
    """What all networks of the libraries have in common.

    `weights=imagenet` takes the weights that the library publishes (torchvision: IMAGENET1K_V1), `none` draws
    new ones by the library's own laws, a path in quotes reads a file of the library: `.keras` or `.h5`, and
    for PyTorch a state dict in `.pt`, `.pth` or `.safetensors`; `{backend}` in it becomes `keras` or `torch`.
    """

    abstract: ClassVar[bool] = True
    gives_way: ClassVar[bool] = True
    least: ClassVar[int] = 32  # pixels of a side that keras.applications asks for
    pixels: ClassVar[int] = 224  # of a side of the images that the weights were trained on
    keras_scaling: ClassVar[Scaling] = "caffe"
    torch_scaling: ClassVar[Scaling] = "torch"

    weights: Weights = arg(
        "imagenet, none (new weights by the library's own laws), or a file in quotes that this "
        "backend can read; `{backend}` in its path becomes keras or torch"
    )
    top: Boolean = arg(
        "whether the classifier of the 1,000 classes of ImageNet follows: it gives logits", False
    )

    @classmethod
    def architecture(cls) -> Architecture:
        return architecture(cls.word)

    @classmethod
    def network(cls, library: Library) -> Network | None:
        """The network as `library` builds it; None where it has none."""
        return cls.architecture().network(library)

    def built(self, library: Library) -> Network | None:
        """The network as `library` builds it for these weights."""
        return self.network(library)

    @classmethod
    def scaling(cls, library: Library) -> Scaling:
        return cls.keras_scaling if library == "keras" else cls.torch_scaling

    @property
    def weights_file(self) -> str | None:
        """The path, `{backend}` still in it."""
        return None if self.weights in ("none", "imagenet") else self.weights

    # ----------------------------------------------------------------- shapes and counts

    def infer(self, *xs: Tensor) -> Tensor | Mismatch:
        (x,) = xs
        refusal = need_numbers(self, x) or need_rank(self, x, (3,)) or self._refusal(x)
        if refusal:
            return refusal
        if self.top is True:
            return Tensor((CLASSES,))
        height, width, _ = x.shape
        networks = [n for n in (self.network("keras"), self.network("torch")) if n is not None]
        return Tensor((*self.architecture().sizes(height, width)[-1], networks[0].channels))

    def _refusal(self, x: Tensor) -> Mismatch | None:
        height, width, channels = x.shape
        if channels != 3:
            grey = channels == 1
            advice = (
                "or repeat the grey image: `concat(image, image, image)` has three equal channels"
            )
            return Mismatch(
                "E0435",
                f"`{self.word}` takes images with 3 channels (red, green, blue), got {x}",
                f"{channels} channel{'' if grey else 's'}",
                help=advice if grey else "choose three channels, or learn them from all",
                insert="Conv2D(3, 1x1)" if isinstance(channels, int) else "",
            )
        exact = (self.pixels, self.pixels, 3)
        if self.top is True and x.shape != exact:
            return Mismatch(
                "E0436",
                f"the classifier of `{self.word}` takes images of {show(exact)}, got {x}",
                f"needs {show(exact)}",
                help=f"resize the images, or leave `top` out: any size from {self.least} on will do",
            )
        if less(height, self.least) or less(width, self.least):
            return Mismatch(
                "E0436",
                f"`{self.word}` takes images of at least {self.least}x{self.least}, got {x}",
                f"{show((height, width))} is too small",
                help=f"resize the images; its weights were trained on {self.pixels}x{self.pixels}",
            )
        return None

    def counts(self, *xs: Tensor) -> tuple[Dim, Dim]:
        keras, torch = (self._counts(library) for library in ("keras", "torch"))
        keras, torch = keras or torch, torch or keras
        assert keras is not None and torch is not None
        return either(keras[0], torch[0]), either(keras[1], torch[1])

    def _counts(self, library: Library) -> tuple[int, int] | None:
        network = self.network(library)
        if network is None:
            return None
        units = [unit for unit in network.units if self.top or unit.stage != TOP]
        return sum(unit.trained for unit in units), sum(unit.kept for unit in units)

    def multiply_adds(self, y: Tensor, *xs: Tensor) -> Dim:
        places = self._places(xs[0])

        def work(network: Network) -> Dim:
            total: Dim = 0
            for unit in network.units:
                if unit.kernel and (self.top or unit.stage != TOP):
                    total = total + unit.kernel * places[unit.level]
            return total

        found = [work(n) for n in (self.network("keras"), self.network("torch")) if n is not None]
        return either(found[0], found[-1])

    def activations(self, y: Tensor, *xs: Tensor) -> Dim:
        places = self._places(xs[0])
        total: Dim = CLASSES if self.top else 0
        for level, channels in self.architecture().activations.items():
            total = total + channels * places[level]
        return total

    def _places(self, x: Tensor) -> dict[int, Dim]:
        """How many pixels an image has at every level."""
        sizes = self.architecture().sizes(x.shape[0], x.shape[1])
        return {**{level: h * w for level, (h, w) in enumerate(sizes)}, GLOBAL: 1}


_HEAD = "GlobalAvgPool2D -> Dense(10)"


class VGG16(Backbone):
    """VGG-16: 13 convolutions of 3x3 in five stages, each halved by a max-pooling.

    `(H, W, 3) -> (⌊H/32⌋, ⌊W/32⌋, 512)` with `top=false`, from 32x32 on. Stages: conv1 to conv5 (also block1
    to block5). No BatchNorm. The classifier takes 224x224x3.
    """

    reference: ClassVar[str] = "Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556"
    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> VGG16(weights=imagenet) -> {_HEAD}"),
        Example("224x224x3", "x -> VGG16(weights=none, top=true) -> softmax"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("vgg16",)


class VGG19(Backbone):
    """VGG-19: as `VGG16`, with 16 convolutions.

    `(H, W, 3) -> (⌊H/32⌋, ⌊W/32⌋, 512)` with `top=false`, from 32x32 on. Stages: conv1 to conv5 (also block1
    to block5). No BatchNorm. The classifier takes 224x224x3.
    """

    reference: ClassVar[str] = "Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556"
    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> VGG19(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("vgg19",)


class InceptionV3(Backbone):
    """Inception-v3: a stem of five convolutions, then eleven blocks of parallel windows.

    `(H, W, 3) -> (H', W', 2048)` with `top=false`, from 75x75 on (1x1) and 8x8 for 299x299, the size of its weights.
    Stages: stem, then mixed0 to mixed10, torchvision's Mixed_5b to Mixed_7c. BatchNorm: epsilon 1e-3; the share
    of the new running value is 0.01 in Keras, 0.1 in PyTorch. Keras' has no γ. The auxiliary classifier is left
    out. In PyTorch, too, it takes images scaled to -1..1 (torchvision's `transform_input` is left out).
    """

    least: ClassVar[int] = 75
    pixels: ClassVar[int] = 299
    keras_scaling: ClassVar[Scaling] = "tf"
    torch_scaling: ClassVar[Scaling] = "tf"
    reference: ClassVar[str] = "Szegedy et al. 2016, https://arxiv.org/abs/1512.00567"
    examples: ClassVar[tuple[str, ...]] = (
        Example("299x299x3", f"x -> InceptionV3(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("inception_v3", "Inception3")


class _ResNet(Backbone):
    abstract: ClassVar[bool] = True
    reference: ClassVar[str] = "He et al. 2016, https://arxiv.org/abs/1512.03385"


class ResNet18(_ResNet):
    """ResNet-18: residual blocks of two 3x3 convolutions; torchvision has it, keras.applications does not.

    `(H, W, 3) -> (⌈H/32⌉, ⌈W/32⌉, 512)` with `top=false`, from 32x32 on. Stages: conv1 to conv5 (torchvision:
    layer1 is conv2). BatchNorm: epsilon 1e-5, the share of the new running value 0.1.
    """

    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> ResNet18(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("resnet18",)


class ResNet34(_ResNet):
    """ResNet-34: residual blocks of two 3x3 convolutions; torchvision has it, keras.applications does not.

    `(H, W, 3) -> (⌈H/32⌉, ⌈W/32⌉, 512)` with `top=false`, from 32x32 on. Stages: conv1 to conv5 (torchvision:
    layer1 is conv2). BatchNorm: epsilon 1e-5, the share of the new running value 0.1.
    """

    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> ResNet34(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("resnet34",)


class ResNet50(_ResNet):
    """ResNet-50: residual bottlenecks of 1x1, 3x3 and 1x1 convolutions.

    `(H, W, 3) -> (⌈H/32⌉, ⌈W/32⌉, 2048)` with `top=false`, from 32x32 on. Stages: conv1 to conv5 (torchvision:
    layer1 is conv2). The libraries differ: Keras' convolutions have biases and halve the image in the first 1x1,
    torchvision's (“v1.5”) in the 3x3. BatchNorm: epsilon 1.001e-5 and 0.01 of the new running value in Keras,
    1e-5 and 0.1 in PyTorch.
    """

    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> ResNet50(weights=imagenet) -> {_HEAD}"),
        Example("64x64x3", f'x -> ResNet50(weights="resnet50-{{backend}}") -> {_HEAD}'),
    )
    aliases: ClassVar[tuple[str, ...]] = ("resnet50",)


class ResNet101(_ResNet):
    """ResNet-101: as `ResNet50`, with 23 blocks in conv4.

    `(H, W, 3) -> (⌈H/32⌉, ⌈W/32⌉, 2048)` with `top=false`, from 32x32 on. Stages: conv1 to conv5. The libraries
    differ as they do for `ResNet50`.
    """

    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> ResNet101(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("resnet101",)


class ResNet152(_ResNet):
    """ResNet-152: as `ResNet50`, with 8 blocks in conv3 and 36 in conv4.

    `(H, W, 3) -> (⌈H/32⌉, ⌈W/32⌉, 2048)` with `top=false`, from 32x32 on. Stages: conv1 to conv5. The libraries
    differ as they do for `ResNet50`.
    """

    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> ResNet152(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("resnet152",)


class MobileNetV2(Backbone):
    """MobileNetV2, width 1: inverted residuals with depthwise convolutions and linear bottlenecks.

    `(H, W, 3) -> (⌈H/32⌉, ⌈W/32⌉, 1280)` with `top=false`, from 32x32 on. Stages: conv1, block_0 (Keras:
    expanded_conv) to block_16, last_conv; torchvision's features.0 to features.18. BatchNorm: epsilon 1e-3 and
    0.001 of the new running value in Keras, 1e-5 and 0.1 in PyTorch.
    """

    keras_scaling: ClassVar[Scaling] = "tf"
    reference: ClassVar[str] = "Sandler et al. 2018, https://arxiv.org/abs/1801.04381"
    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> MobileNetV2(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("mobilenet_v2",)


class DenseNet121(Backbone):
    """DenseNet-121: every layer of a dense block reads all layers before it, growth rate 32.

    `(H, W, 3) -> (⌊⌈⌈H/2⌉/2⌉/8⌋, …, 1024)` with `top=false`, from 32x32 on; a relu ends it. Stages: conv1 to
    conv5; each of conv2 to conv5 is a dense block and the transition behind it (torchvision: denseblock1 is
    conv2). BatchNorm: epsilon 1.001e-5 and 0.01 of the new running value in Keras, 1e-5 and 0.1 in PyTorch.
    """

    keras_scaling: ClassVar[Scaling] = "torch"
    reference: ClassVar[str] = "Huang et al. 2017, https://arxiv.org/abs/1608.06993"
    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> DenseNet121(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("densenet121",)


class EfficientNetB0(Backbone):
    """EfficientNet-B0: inverted residuals with squeeze-and-excitation.

    `(H, W, 3) -> (⌈H/32⌉, ⌈W/32⌉, 1280)` with `top=false`, from 32x32 on. Stages: stem, block1 to block7,
    last_conv; torchvision's features.0 to features.8. In training both libraries leave out whole blocks of a
    sample at random (rate 0.2 at the end). Keras' scales its images itself. BatchNorm: epsilon 1e-3 and 0.01 of
    the new running value in Keras, 1e-5 and 0.1 in PyTorch.
    """

    keras_scaling: ClassVar[Scaling] = "none"
    reference: ClassVar[str] = "Tan and Le 2019, https://arxiv.org/abs/1905.11946"
    examples: ClassVar[tuple[str, ...]] = (
        Example("224x224x3", f"x -> EfficientNetB0(weights=imagenet) -> {_HEAD}"),
    )
    aliases: ClassVar[tuple[str, ...]] = ("efficientnet_b0",)

    def built(self, library: Library) -> Network | None:
        """With ImageNet's weights Keras adds a layer behind its `normalization`."""
        network = self.network(library)
        if library != "keras" or self.weights != "imagenet" or network is None:
            return network
        (at,) = (unit.at for unit in network.units if unit.name == "normalization")
        units = (replace(u, at=u.at + 1) if u.at > at else u for u in network.units)
        return replace(network, units=tuple(units))
