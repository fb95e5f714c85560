"""Networks of keras.applications, each a model inside of the model."""

from __future__ import annotations

from collections.abc import Callable

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Call, Expr, Kw, Lit, Ref, TupleOf, call
from dslc.vocab.dims import Dim, divisible, is_generic
from dslc.vocab.layers import backbones
from dslc.vocab.tensor import Tensor
from dslc_keras.loading import loading
from dslc_keras.words.table import TABLE

MISSING = (
    "keras.applications begins at ResNet50; a smaller one is written out in specs/zoo, "
    "to be trained from the start"
)
TABLE.unsupported[backbones.ResNet18] = MISSING
TABLE.unsupported[backbones.ResNet34] = MISSING


@TABLE.row(
    backbones.VGG16,
    backbones.VGG19,
    backbones.InceptionV3,
    backbones.ResNet50,
    backbones.ResNet101,
    backbones.ResNet152,
    backbones.MobileNetV2,
    backbones.DenseNet121,
    backbones.EfficientNetB0,
)
def backbone(word: backbones.Backbone, context: Context) -> Op:
    network = word.network("keras")
    assert network is not None
    (x,) = context.apply.inputs
    options = (
        Kw("weights", Lit("imagenet" if word.weights == "imagenet" else None)),
        Kw("include_top", Lit(context.number(word.top))),
        Kw("input_shape", TupleOf(tuple(_size(d, context) for d in x.shape))),
        *((Kw("classifier_activation", Lit(None)),) if word.top else ()),
    )
    made = Call(Ref(f"keras.applications.{network.function}"), (), options)
    path = word.weights_file
    wrap = loading(path, context.need_helper) if path is not None else None
    if wrap is not None and isinstance(word, backbones.EfficientNetB0):
        context.need_helper("true_variance")
        wrap = _with_true_variance(wrap)
    return Op(make=made, stem=network.function.lower(), wrap=wrap, foreign=True)


def _with_true_variance(load: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda made: call("true_variance", load(made))


def _size(size: Dim, context: Context) -> Expr:
    known = isinstance(size, int) or is_generic(size)
    return context.write(size) if known else Lit(None)


def _rounds_down(word: backbones.Backbone, inputs: tuple[Tensor, ...]) -> str | None:
    """These pad by what is left over at the end, which Keras cannot know of a size that varies."""
    (x,) = inputs
    if all(divisible(size, 32) is True or isinstance(size, int) for size in x.spatial):
        return None
    return (
        f"for sizes that vary Keras' {word.word} needs multiples of 32: "
        "input photo: (H, W, 3) where H % 32 == 0 and W % 32 == 0"
    )


TABLE.limits[backbones.MobileNetV2] = _rounds_down
TABLE.limits[backbones.EfficientNetB0] = _rounds_down
