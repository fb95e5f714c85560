"""Networks of torchvision.models, their layers under the names that they have there."""

from __future__ import annotations

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Expr, Lit, call
from dslc.vocab.layers import backbones
from dslc_torch.loading import loaded
from dslc_torch.words.table import TABLE

PUBLISHED = "IMAGENET1K_V1"


@TABLE.row(
    backbones.VGG16,
    backbones.VGG19,
    backbones.InceptionV3,
    backbones.ResNet18,
    backbones.ResNet34,
    backbones.ResNet50,
    backbones.ResNet101,
    backbones.ResNet152,
    backbones.MobileNetV2,
    backbones.DenseNet121,
    backbones.EfficientNetB0,
)
def backbone(word: backbones.Backbone, context: Context) -> Op:
    network = word.network("torch")
    assert network is not None
    made: Expr = call(f"models.{network.function}", **_options(word))
    if context.number(word.top):
        if isinstance(word, backbones.InceptionV3) and word.weights == "imagenet":
            context.need_helper("without_aux")
            made = call("without_aux", made)
        if word.weights_file is None:
            context.need_helper("keep_weights")
            made = call("keep_weights", made)
    else:
        dense = isinstance(word, backbones.DenseNet121)
        wrapper = "DenseNetBackbone" if dense else "Backbone"
        context.need_helper(wrapper)
        made = call(wrapper, made)
    if word.weights_file is not None:
        made = loaded(made, word.weights_file, context.need_helper)
    return Op(make=made, stem=network.function, layout="first", foreign=True)


def _options(word: backbones.Backbone) -> dict[str, Expr]:
    published = word.weights == "imagenet"
    if not isinstance(word, backbones.InceptionV3):
        return {"weights": Lit(PUBLISHED)} if published else {}
    # torchvision would bring images of its other networks to -1..1 first: here they are in -1..1.
    if published:
        return {"weights": Lit(PUBLISHED), "transform_input": Lit(False)}
    return {"aux_logits": Lit(False), "init_weights": Lit(word.weights_file is None)}
