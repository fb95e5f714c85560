"""Codes E04: models, promises, and whether model, data and training fit each other."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0401",
        "Nothing flows in",
        "A model or block computes from its inputs, each declared by `input`.",
        "block B { y = Dense(8) }",
        "block B { input x  x -> Dense(8) }",
    ),
    Code(
        "E0402",
        "No result, or several where one belongs",
        "The last flow of a body that has no name is its result, or else what `output` names. A block is a step of "
        "a flow, so it has exactly one result; a model may have several outputs, each with a name.",
        "block B { input x  y = x -> Dense(8) }",
        "block B { input x  x -> Dense(8) }",
    ),
    Code(
        "E0403",
        "The wrong number of inputs",
        "A layer takes one tensor, a merge two or more, a block as many as it declares. Several tensors stand in "
        "parentheses in front of the arrow, in the order of the inputs. A merge as a step takes what flows in "
        "first: `y -> add(x)` is `add(y, x)`.",
        "x -> add",
        "add(x, y)",
    ),
    Code(
        "E0404",
        "A model too large to lay out",
        "A few characters can ask for more layers than any machine holds: `* 1000000000`, blocks of blocks of "
        "blocks. dslc stops at 20,000 layers, at blocks nested 32 deep, and at axes of 10¹² values, so that checking "
        "a spec always ends soon.",
        "x -> Dense(8) * 1000000000",
        "x -> Dense(8) * 10",
    ),
    Code(
        "E0405",
        "A promise that does not hold",
        "`assert` says what must be true of a model or block: its size, its shapes, what its parameters may be. "
        "`params` counts what training changes; `multiply_adds` the work for one sample. The message shows the "
        "numbers as they are.",
        "assert params < 5M   # with 25M",
        "assert params < 26M",
    ),
    Code(
        "E0406",
        "Loss and last activation do not fit",
        "`cross_entropy` compares probabilities of classes that exclude each other: the output ends in `softmax`. "
        "`binary_cross_entropy` judges each number on its own: it ends in `sigmoid`. Regression losses take the "
        "output as it is. In the script both losses are computed from the numbers before the activation, which is "
        "the same and never overflows.",
        "x -> Dense(10)\n# train { loss = cross_entropy … }",
        "x -> Dense(10) -> softmax",
    ),
    Code(
        "E0407",
        "Another number of classes",
        "The model must end in one number for each class of the data. A model with more would never be asked for "
        "the rest; one with fewer has no place for some answers.",
        "x -> Dense(7) -> softmax   # on digits, with 10 classes",
        "x -> Dense(10) -> softmax",
    ),
    Code(
        "E0408",
        "Data and model do not fit",
        "What a source gives is what the model takes: the same shape, numbers or token ids, one input or several. "
        "Pictures of a folder are resized to the input; other data are taken as they are.",
        "input image: 28x28x1   # data { source = digits … } gives 8x8x1",
        "input image: 8x8x1",
    ),
    Code(
        "E0409",
        "Nothing logs this value",
        "A callback watches a value that training logs after each epoch: `loss`, the metrics, and both with `val_` "
        "in front for the validation part. With several outputs the name of the output stands between: "
        "`val_mask_accuracy`.",
        "EarlyStopping(monitor=val_acc)",
        "EarlyStopping(monitor=val_accuracy)   # with metrics = [accuracy]",
    ),
    Code(
        "E0410",
        "Half of an experiment",
        "Training needs data and a way to train: `data` and `train` stand together. A file with neither describes "
        "a model alone.",
        "train { loss = mse  optimizer = Adam(lr=1e-3)  epochs = 5 }   # and no data",
        "data { … }\ntrain { … }",
    ),
    Code(
        "E0411",
        "A metric that says nothing about this loss",
        "`accuracy` counts right classes; a model that predicts a number has none. `mae` measures distances; "
        "between classes there are none.",
        "train { loss = mse  metrics = [accuracy] … }",
        "train { loss = mse  metrics = [mae] … }",
    ),
    Code(
        "E0412",
        "A split that the data do not allow",
        "Data that come with a test part of their own are split into two, train and validation; all others into "
        "three. `stratified` keeps the share of each class, so it needs classes; `random` needs nothing.",
        "data { source = diabetes  split = stratified(70, 15, 15) }",
        "data { source = diabetes  split = random(70, 15, 15) }",
    ),
    Code(
        "E0413",
        "Losses and outputs do not match",
        "With `loss { … }` every output of the model has its loss, under the name of the output; so have metrics. "
        "An output without a loss would never learn.",
        "train { loss { mask = mse } … }   # the outputs are mask and label",
        "train { loss { mask = mse  label = cross_entropy } … }",
    ),
    Code(
        "E0414",
        "No such model",
        "The file holds no model to compile, or none of that name. Blocks are parts: they are compiled with the "
        "model that uses them.",
        "dslc compile net.dl --model Resnet",
        "dslc compile net.dl --model ResNet",
    ),
    Code(
        "E0415",
        "A second value in a group of steps",
        "A group in `repeat { … }` or parentheses, and an arm of `-> match`, is a plain chain: one tensor comes in, "
        "one goes out, and in a repeated group it is another one each time. Labels and merges with other tensors "
        "need names for values: that is what a `block` is for, and it can be repeated as well.",
        "x -> (Dense(8) as h -> relu -> Dense(8) -> add(h)) * 3",
        "block Residual { input x  y = x -> Dense(8) -> relu -> Dense(8)  add(x, y) }\n# x -> Residual * 3",
    ),
    Code(
        "E0427",
        "Weights that reach no output",
        "A layer computes something, but no output is computed from it: only its size is asked for, by `y.channels` or "
        "in an `assert`, or what reads it stands in an arm of a `match` that is not taken. Keras leaves such a layer "
        "out of the model and PyTorch keeps it, so that the two would not have the same weights.",
        "y = x -> Dense(8)\nx -> Dense(2 * y.channels)",
        "y = x -> Dense(8)\ny -> Dense(2 * y.channels)",
    ),
    Code(
        "E0430",
        "Nothing that could be augmented",
        "`augment` changes pictures: one input of the model, HxWx1 or HxWx3, from a source that tells from where to "
        "where its values go. Tables and texts have no pictures; of an archive say it with `values=0..255`. Masks "
        "and other targets with a value for every pixel would have to be changed along with their pictures: that "
        "is refused rather than done half.",
        "data { source = iris … }\naugment { HorizontalFlip }",
        "data { source = digits … }\naugment { Affine(rotate=10) }",
    ),
    Code(
        "E0431",
        "A transform that has no meaning for these pictures",
        "Grey pictures have no saturation and no hue. On small pictures a blur may be wider than the picture, a hole "
        "smaller than a pixel, a tile empty. Such a transform would do nothing, or make all pictures alike.",
        "data { source = digits … }          # 8x8x1\naugment { ColorJitter  CoarseDropout(size=0.1) }",
        "data { source = digits … }          # 8x8x1\naugment { RandomBrightnessContrast  CoarseDropout(size=0.25) }",
    ),
    Code(
        "E0432",
        "Labels that cannot be mixed",
        "`MixUp` and `CutMix` put two pictures of a batch into one and share its label between two classes. That "
        "needs one output with classes (`cross_entropy`), more than one picture in a batch, and no `class_weight`: "
        "a picture of two classes has no weight.",
        "train { loss = mse … }\naugment { MixUp }",
        "train { loss = cross_entropy … }\naugment { MixUp }",
    ),
    Code(
        "E0433",
        "Transforms in an order that cannot be",
        "Transforms of single pictures come first, `MixUp` and `CutMix` work on whole batches and come last.",
        "augment { MixUp  HorizontalFlip }",
        "augment { HorizontalFlip  MixUp }",
    ),
)
