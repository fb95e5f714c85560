"""Codes E02: names, arguments and values."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0201",
        "No such layer or block",
        "A step of a flow is a layer, an activation, a merge, or a block of this file or an imported one. Words are "
        "spelled exactly: layers begin with a capital letter (`Dense`, `MaxPool2D`), activations and merges do not "
        "(`relu`, `add`). Optimisers, losses and metrics are words too, but they stand in `train`. `dslc words` "
        "lists them all.",
        "x -> Dennse(64) -> reluu",
        "x -> Dense(64) -> relu",
    ),
    Code(
        "E0202",
        "No such parameter",
        "Every layer and block has parameters with names of their own; an argument with another name would have no "
        "effect, so it is refused. The names differ a little from those of Keras and PyTorch: `kernel` and "
        "`stride`, not `kernel_size` and `strides`. An activation is never a parameter: it is a step of its own, "
        "because the order of normalisation and activation matters and should be seen.",
        "x -> Dense(unitz=64) -> Dense(10, activation=relu)",
        "x -> Dense(units=64) -> Dense(10) -> relu",
    ),
    Code(
        "E0203",
        "A value outside of what it may be",
        "Each parameter takes one kind of value within a range: a count is a whole number from 1, a rate a share "
        "from 0 up to but not including 1, `padding` one of a few words. The message says what is wanted and what "
        "was found; `64.0` counts as the whole number 64, `64.5` does not.",
        "x -> Dropout(1.7) -> Dense(-3)",
        "x -> Dropout(0.5) -> Dense(3)",
    ),
    Code(
        "E0204",
        "Something that must be given is missing",
        "A parameter or setting without a default has no value that would be right for most models, such as the "
        "number of units of a layer or the number of epochs. It is never guessed.",
        "x -> Conv2D(32)",
        "x -> Conv2D(32, 3x3)",
    ),
    Code(
        "E0205",
        "The same thing given twice",
        "A parameter or setting has one value. With two, one of them would be ignored without a word.",
        "x -> Dense(64, units=32)",
        "x -> Dense(64)",
    ),
    Code(
        "E0206",
        "A parameter that nothing uses",
        "A parameter promises that its value changes the block. When the body never mentions it, either the body "
        "has a number where the parameter was meant, or the parameter is left over.",
        "block B(filters) { input x  x -> Conv2D(64, 3x3) }",
        "block B(filters) { input x  x -> Conv2D(filters, 3x3) }",
    ),
    Code(
        "E0207",
        "A value that nothing uses",
        "Inputs, named values, layers and flows that lead nowhere are nearly always a slip: a name that was "
        "misspelt later, an arrow that is missing, a branch that was forgotten in a merge. The last flow of a body "
        "is its result; every other flow needs a name that is used.",
        "y = x -> Dense(8)\nx -> Dense(2)",
        "y = x -> Dense(8)\ny -> Dense(2)",
    ),
    Code(
        "E0208",
        "One name for two things",
        "A name stands for one value in its body, and for one block in its file, so that a reader finds what it "
        "means. Values do not change: a second `y = …` does not replace the first. An output may have the name of "
        "a value only when it is that value: `output y: y`.",
        "y = x -> Dense(8)\ny = y -> relu",
        "y = x -> Dense(8)\nz = y -> relu",
    ),
    Code(
        "E0209",
        "An import that cannot be followed",
        "The path of an import is relative to the file that imports. The file must exist, be a spec, and define "
        "every block that is named in the parentheses.",
        'import "heds.dl" (Head)',
        'import "heads.dl" (Head)',
    ),
    Code(
        "E0210",
        "An import that leaves the project",
        "A spec may come from a stranger; compiling it must not read files elsewhere on the machine. Imports "
        "therefore stay inside the project folder (the nearest one above with a `pyproject.toml`, `dslc.toml` or "
        "`.git`, else the folder of the spec), by whatever way: `..`, absolute paths and links.",
        'import "/home/me/blocks.dl" (Head)',
        'import "blocks/heads.dl" (Head)',
    ),
    Code(
        "E0211",
        "A circle",
        "A block that contains itself, directly or by way of others, would never end; so would files that import "
        "each other. To repeat a block a certain number of times, write `* n` behind it.",
        "block A { input x  x -> Dense(8) -> A }",
        "block A { input x  x -> Dense(8) }\n# used as: x -> A * 3",
    ),
    Code(
        "E0212",
        "A name from another library",
        "The word is known, by another name: dslc uses one name for each thing, whichever framework the script is "
        "for. Layers that ask for their number of inputs in PyTorch do not here: it follows from what flows in.",
        "x -> nn.Linear(784, 64) -> ReLU",
        "x -> Dense(64) -> relu",
    ),
    Code(
        "E0213",
        "No such setting",
        "Each section takes certain settings. Learning rate, momentum and weight decay belong to the optimiser, "
        "shares of the data to `split`.",
        "train { loss = mse  optimizer = Adam  lr = 1e-3  epochs = 5 }",
        "train { loss = mse  optimizer = Adam(lr=1e-3)  epochs = 5 }",
    ),
    Code(
        "E0214",
        "No such section",
        "Beside models, blocks and imports a file holds sections with fixed names, such as `data`, `train` and "
        "`defaults`. They speak about the last model of the file and take no name themselves.",
        "training { epochs = 20 }",
        "train { epochs = 20 }",
    ),
    Code(
        "E0215",
        "A call in the place of a value",
        "A number, size or flag is wanted here, but a word with parentheses makes a layer, a loss or the like.",
        "x -> Dense(Dense(3))",
        "x -> Dense(3)",
    ),
    Code(
        "E0217",
        "An unknown name",
        "The name stands for nothing at this place. A body is read from top to bottom, so a value is named before "
        "it is used; a label inside a group of steps or an arm of a `match` is not seen outside. What is known is "
        "the parameters of the block, its inputs, the sizes in their shapes (`H` in `(H, W, 3)`), and values named "
        "further up. Where a certain kind of word is wanted, such as an initialiser, only those words are known "
        "too.",
        "x -> Dense(hiden)",
        "hidden = 64\nx -> Dense(hidden)",
    ),
    Code(
        "E0218",
        "A value of the wrong sort",
        "Tensors flow through arrows; numbers, sizes and words stand in parentheses; layers wait for an input. Each "
        "has its places: a number cannot start a flow, a tensor cannot be a step, arithmetic and `and`, `or`, `not` "
        "need numbers and conditions.",
        "y = x -> Dense(8)\nx -> Dense(8) -> y",
        "y = x -> Dense(8)\nx -> Dense(8) -> add(y)",
    ),
    Code(
        "E0219",
        "A size that the tensor does not have",
        "The sizes of a tensor have names: an image has `.height`, `.width` and `.channels`, a sequence `.length` "
        "and `.channels`, features `.channels`, and all have `.rank`.",
        "input x: 64\nx -> Dense(x.height)",
        "input x: 64\nx -> Dense(x.channels)",
    ),
    Code(
        "E0220",
        "No arm of a `match` applies",
        "A `match` takes the first arm whose condition holds. When none does there is no value. An `else:` arm "
        "catches all that is left.",
        "x -> match { n == 1: Dense(8) }   # with n = 2",
        "x -> match { n == 1: Dense(8)  else: Dense(16) }",
    ),
    Code(
        "E0221",
        "Too many arguments without a name",
        "Only the first parameters of a word, those that everyone knows by heart, may be given without their name; "
        "the others would be riddles: `Conv2D(32, 3x3, 2, 1)`.",
        "x -> Dense(64, false)",
        "x -> Dense(64, bias=false)",
    ),
    Code(
        "E0222",
        "A model that leaves something open",
        "A model stands on its own: its inputs have shapes and its parameters have defaults, or nothing could be "
        "computed. Blocks may leave both open; they take them from where they are used.",
        "model Net(classes) { input x  x -> Dense(classes) }",
        "model Net(classes = 10) { input x: 784  x -> Dense(classes) }",
    ),
    Code(
        "E0223",
        "A layer without an input",
        "A flow starts at a value: an input, or something named before. Tensors come to a layer or block by the "
        "arrow in front of it, several of them in parentheses: `(a, b) -> Block`. The parentheses behind its name "
        "hold numbers and words. A flow that goes on in the next line begins it with `->`.",
        "y = Dense(x, 64)",
        "y = x -> Dense(64)",
    ),
    Code(
        "E0224",
        "A word of the language as a name",
        "Layers, activations and merges keep their meaning everywhere: a value or block of the same name would "
        "hide them from the reader.",
        "relu = x -> Dense(8)",
        "hidden = x -> Dense(8)",
    ),
    Code(
        "E0225",
        "A section written twice",
        "A file has at most one section of each name, so that nobody has to look for the rest of it.",
        "train { epochs = 5 }\ntrain { loss = mse }",
        "train { epochs = 5  loss = mse }",
    ),
    Code(
        "E0226",
        "An entry that does not belong into its section",
        "Sections hold settings, `key = value`. `train` holds callbacks as well, on their own. `loss` and `metrics` "
        "may be written with braces, one value for each output of the model; other settings may not.",
        "train { loss { mse } }",
        "train { loss { price = mse } }",
    ),
)
