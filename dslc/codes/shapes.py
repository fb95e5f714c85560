"""Codes: shapes."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0301",
        "wrong number of axes",
        "A layer works on inputs with a certain number of axes: `Conv2D` on images (H, W, C), `LSTM` on "
        "sequences (T, C), `Dense` on features (C) or on every step of a sequence. Each axis has a meaning, so "
        "dslc never adds, drops or joins axes on its own. `Flatten`, `Reshape` and global pooling do it in the "
        "open. The batch axis is never written, and one channel is still an axis: a grey image is 28x28x1.",
        "input image: 28x28x1\nimage -> Conv2D(32, 3x3) -> Dense(10)",
        "input image: 28x28x1\nimage -> Conv2D(32, 3x3) -> Flatten -> Dense(10)",
    ),
    Code(
        "E0302",
        "shapes that must be equal differ",
        "`add`, `average`, `maximum` and `subtract` work value by value, so their inputs need one shape; nothing "
        "is stretched silently, because a stretched image is nearly always a mistake. In a residual block the "
        "shortcut must follow the main path: where that changes the number of channels or uses a stride, a 1x1 "
        "convolution with the same stride does so for the shortcut. `multiply` alone repeats axes of size 1 and "
        "features (C) at every place, which is what gates need.",
        "input x: 32x32x16\ny = x -> Conv2D(32, 3x3, padding=same)\nadd(x, y)",
        "input x: 32x32x16\ny = x -> Conv2D(32, 3x3, padding=same)\nadd(x -> Conv2D(32, 1x1), y)",
    ),
    Code(
        "E0303",
        "nothing is left of the input",
        "A window of `kernel` or `size` values must fit into its input, padding included; with dilation d it "
        "reaches over (k − 1)·d + 1 values. Every convolution without padding takes k − 1 values off an axis and "
        "every pooling divides it, so a deep stack on a small image runs out of image. The same holds for `Crop` "
        "and for the padding of a transposed convolution, which cut values off.",
        "input image: 8x8x1\nimage -> MaxPool2D(2x2) -> Conv2D(16, 5x5)",
        "input image: 8x8x1\nimage -> MaxPool2D(2x2) -> Conv2D(16, 5x5, padding=same)",
    ),
    Code(
        "E0304",
        "tensors that do not fit side by side",
        "`concat` puts tensors one after the other along one axis, so all their other axes must be equal: to join "
        "channels, the images must have one height and one width. Branches drift apart when one pads and the "
        "other does not, or when only one has a stride.",
        "input x: 28x28x192\nconcat(x -> Conv2D(64, 1x1), x -> Conv2D(32, 3x3))",
        "input x: 28x28x192\nconcat(x -> Conv2D(64, 1x1), x -> Conv2D(32, 3x3, padding=same))",
    ),
    Code(
        "E0305",
        "a condition that the compiler cannot decide",
        "`match` and `where` are decided while compiling, from sizes and parameters. A size that only the data "
        "will tell has no value then, so a question about it has no answer. `where H % 32 == 0` is understood for "
        "unknown sizes, because it says something about every image to come.",
        "input photo: (H, W, 3) where H > 100",
        "input photo: (H, W, 3) where H % 32 == 0",
    ),
    Code(
        "E0306",
        "a shared layer with inputs of different sizes",
        "A layer with a name has one set of weights, whose shape follows from its input: a `Dense` layer has one "
        "row for every channel. Used again, it must meet the same sizes, or the weights would not fit.",
        "proj = Dense(8)\nadd(a -> proj, b -> proj)   # a has 16 channels, b has 32",
        "add(a -> Dense(8), b -> Dense(8))",
    ),
    Code(
        "E0307",
        "an input that breaks its condition",
        "A block may say what it needs of its input with `where`. The condition is checked at every use, and this "
        "use breaks it.",
        "block Half(f) {\n  input x: (H, W, C) where H % 2 == 0\n  …\n}\n# used on 7x7x64",
        "# pad first: x -> ZeroPad(((0, 1), (0, 1))) -> Half(64)",
    ),
    Code(
        "E0308",
        "a size must be known here",
        "Weights have a shape when training starts. A `Dense` layer has one row for each channel of its input, so "
        "the last axis of that input must be a number; height, width and the number of steps may stay open. "
        "`Flatten` on an image of unknown size leaves an unknown number of features; global pooling leaves one "
        "number per channel, whatever the size.",
        "input photo: (H, W, 3)\nphoto -> Conv2D(16, 3x3) -> Flatten -> Dense(10)",
        "input photo: (H, W, 3)\nphoto -> Conv2D(16, 3x3) -> GlobalAvgPool2D -> Dense(10)",
    ),
    Code(
        "E0309",
        "axes that the input does not have",
        "A parameter that speaks about axes must fit the input: `Permute` names every axis once, `ZeroPad`, `Crop` "
        "and `Upsample` take one value or one for each axis but the channels, `concat` an axis that exists. Axes "
        "count from 1, since 0 is the batch, or from the end with -1 the channels.",
        "input x: 28x28x3\nx -> Permute((2, 1))",
        "input x: 28x28x3\nx -> Permute((2, 1, 3))",
    ),
    Code(
        "E0310",
        "a sequence longer than its table",
        "`PositionEmbedding` holds one learned vector for every position. A sequence with more steps than the "
        "table has rows would need vectors that were never learned.",
        "input x: 512x64\nx -> PositionEmbedding(length=128)",
        "input x: 512x64\nx -> PositionEmbedding(length=512)",
    ),
    Code(
        "E0311",
        "channels that do not split into equal parts",
        "Grouped convolutions, `GroupNorm` and attention heads split the channels into equal parts, so their "
        "number must be a multiple of the number of parts.",
        "input x: 20x64\nx -> MultiHeadAttention(5)",
        "input x: 20x64\nx -> MultiHeadAttention(4)",
    ),
    Code(
        "E0312",
        "a reshape that changes the number of values",
        "`Reshape` puts the same values under another shape; it cannot make or drop any. The product of the sizes "
        "must stay, without the batch axis. Writing -1 for one size lets the compiler find it.",
        "input x: 784\nx -> Reshape(28x28x3)",
        "input x: 784\nx -> Reshape(28x28x1)",
    ),
    Code(
        "E0313",
        "token ids and numbers confused",
        "A token id is a name, not an amount: id 7 is not more than id 3, so computing with ids means nothing. "
        "`Embedding` turns every id into a vector of numbers, and works on ids only. An input holds ids when the "
        "first layer that reads it is an `Embedding`.",
        "input tokens: 128\ne = tokens -> Embedding(20000, 64)\ntokens -> Dense(10)",
        "input tokens: 128\ntokens -> Embedding(20000, 64) -> GlobalAvgPool1D -> Dense(10)",
    ),
    Code(
        "E0314",
        "pictures and crops that do not end in the model's input",
        "Pictures start in the size that they have in the data (`size` of the source, or else what the model takes) "
        "and go through the crops of `augment`, one after the other; what comes out is what the model is trained "
        "on. The validation and test parts are not augmented: they are cut out of the middle of the stored "
        "pictures, so these are at least as large as the model's input. A crop that is larger than its picture, or "
        "cuts nothing off, is refused as well.",
        'input photo: 224x224x3\ndata { source = images("photos/") … }\naugment { RandomCrop(224x224) }',
        'input photo: 224x224x3\ndata { source = images("photos/", size=256x256) … }\naugment { RandomCrop(224x224) }',
    ),
)
