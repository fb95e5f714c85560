"""What has no name of its own here: the values, words and parameters of other libraries, each with what to write."""

from __future__ import annotations

# Values that other libraries give a choice.
CHOICE_ALIASES = {
    "fp16": "mixed",
    "bf16": "mixed",
    "float16": "mixed",
    "bfloat16": "mixed",
    "half": "mixed",
    "amp": "mixed",
    "mixed_float16": "mixed",
    "mixed_bfloat16": "mixed",
    "bf16-mixed": "mixed",
    "16-mixed": "mixed",
    "fp32": "float32",
    "single": "float32",
}

# Words without a counterpart, by the kind of word that is wanted.
_SCALE = "pictures are scaled in `data`: scale = 0..1, or scale = backbone for a pretrained network"
_SIZE = 'the size of pictures stands in `data`: source = images("photos/", size=256x256)'
_TENSOR = "remove it: pictures become tensors without being told to"
_CHAIN = "write the transforms one behind the other: each is done with its own chance, p"
WORD_HINTS: dict[str, dict[str, str]] = {
    "transform": {
        "Normalize": _SCALE,
        "Normalization": _SCALE,
        "Rescaling": _SCALE,
        "ToFloat": _SCALE,
        "ConvertImageDtype": _SCALE,
        "ToDtype": _SCALE,
        "Resize": _SIZE,
        "Resizing": _SIZE,
        "SmallestMaxSize": _SIZE,
        "LongestMaxSize": _SIZE,
        "ToTensor": _TENSOR,
        "ToTensorV2": _TENSOR,
        "ToImage": _TENSOR,
        "ToPILImage": _TENSOR,
        "Compose": _CHAIN,
        "Sequential": _CHAIN,
        "OneOf": _CHAIN,
        "SomeOf": _CHAIN,
        "RandomChoice": _CHAIN,
        "RandomApply": _CHAIN,
        "RandomOrder": _CHAIN,
    },
}

# What to write where no word of a kind is like what is written.
KIND_HINTS = {
    "scale": (
        "write a range such as 0..1, zscore, or backbone: what the pretrained network was trained on"
    ),
}

# What pictures are multiplied with elsewhere, and the range that they get so.
FACTORS = {1 / 255: "0..1", 1 / 127.5: "-1..1"}

# Parameters without a counterpart, by the kind of their owner or by the owner itself.
PARAMETER_HINTS = {
    ("optimizer", "decay"): (
        "weights that decay are weight_decay=1e-4; a rate that falls is a schedule, lr=cosine(1e-3)"
    ),
    ("GaussianBlur", "kernel"): "write sigma=0.5..2: the kernel is as wide as sigma needs",
    ("GaussianBlur", "kernel_size"): "write sigma=0.5..2: the kernel is as wide as sigma needs",
    ("GaussianBlur", "blur_limit"): "write sigma=0.5..2: the kernel is as wide as sigma needs",
    ("CoarseDropout", "scale"): (
        "write size=0.1..0.3, the sides as shares of those of the picture: roots of shares of its area"
    ),
    ("GaussNoise", "var_limit"): (
        "write std=0.02..0.1: the root of the variance, as a share of white (divided by 255)"
    ),
    ("GaussNoise", "var"): "write std=0.1: the root of the variance",
    ("GaussNoise", "sigma"): "write std=0.1, a share of white",
    ("GaussNoise", "stddev"): "write std=0.1, a share of white",
}

# Parameters that a word had under its other name; 0 is its first argument without a name.
WORD_ARGUMENTS: dict[str, dict[str | int, str]] = {
    "Rotate": {"limit": "rotate", 0: "rotate"},
    "RandomRotate": {"limit": "rotate", 0: "rotate"},
    "RandomRotation": {"degrees": "rotate", 0: "rotate"},
    "RandomAffine": {"degrees": "rotate", 0: "rotate"},
    "RandomTranslation": {"height_factor": "translate", 0: "translate"},
    "RandomBrightness": {"limit": "brightness", "factor": "brightness", 0: "brightness"},
    "RandomContrast": {"limit": "contrast", "factor": "contrast", 0: "contrast"},
    "GaussianNoise": {"stddev": "std", 0: "std"},
    "RandomHorizontalFlip": {0: "p"},
    "RandomVerticalFlip": {0: "p"},
    "Fliplr": {0: "p"},
    "Flipud": {0: "p"},
    "Cutout": {"num_holes": "holes", "fill_value": "fill"},
    "RandomErasing": {"value": "fill"},
    "clip_grad_norm_": {"max_norm": "limit"},
    "clip_grad_value_": {"clip_value": "limit"},
    "clip_by_norm": {"clip_norm": "limit"},
    "clip_by_global_norm": {"clip_norm": "limit"},
}

# Factors of Keras: a share of a turn, of a size.
FACTOR_ARGUMENTS = {
    "RandomRotation": "rotate={degrees:g}",
    "RandomZoom": "scale={low:g}..{high:g}",
}
