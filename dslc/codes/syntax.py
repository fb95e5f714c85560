"""Codes E01: the text of a spec cannot be read as it stands."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0101",
        "Something else was expected here",
        "The words up to this place begin a construct that cannot go on like this. The "
        "message lists what could stand here instead. Only this statement is left out: those "
        "around it were read.",
        "y = x -> repeat 3 (Dense(8))",
        "y = x -> repeat 3 { Dense(8) }",
    ),
    Code(
        "E0102",
        "A character that is not part of the language",
        "Specs are written with the plain keyboard: the arrow is `->`, strings stand in "
        '`"`, logic is spelled `and`, `or`, `not`, and statements need no `;`. Word '
        "processors and web pages replace such signs by look-alikes, which come along when "
        "text is copied.",
        "x → Dense(8);",
        "x -> Dense(8)",
    ),
    Code(
        "E0103",
        "A string without an end",
        "A string begins and ends with a double quote on one line. A quote inside it is "
        'written `\\"`.',
        'source = images("photos/)',
        'source = images("photos/")',
    ),
    Code(
        "E0104",
        "Not a number",
        "Numbers are `64`, `1e-3`, `0.5`, `10_000`, with the suffixes `k`, `M` and `G` for "
        "thousands, millions and billions; there is a digit on both sides of a dot. Sizes "
        "are whole numbers joined by a small `x`: `3x3`. Ranges have two ends: `0..1`.",
        "x -> Dropout(.5) -> MaxPool2D(2X2)",
        "x -> Dropout(0.5) -> MaxPool2D(2x2)",
    ),
    Code(
        "E0105",
        "An unknown escape in a string",
        'In a string a backslash begins an escape: `\\n` is a new line, `\\t` a tab, `\\"` '
        "a quote, `\\u00e9` the character of that number. A backslash itself is written "
        "twice; in paths use `/`, on every system.",
        'source = images("photos\\cats")',
        'source = images("photos/cats")',
    ),
    Code(
        "E0106",
        "An empty spec",
        "A file without a model, block or section describes nothing.",
        "# to be written",
        "model Tiny {\n  input x: 4\n  x -> Dense(2)\n}",
    ),
    Code(
        "E0107",
        "A bracket that is never closed",
        "Every `(`, `[` and `{` has its partner. The place shown for the missing one is a "
        "guess from the indentation and from what follows; everything behind it was read as "
        "if it stood there.",
        "x -> Conv2D(32, 3x3 -> relu",
        "x -> Conv2D(32, 3x3) -> relu",
    ),
    Code(
        "E0108",
        "A bracket that closes nothing",
        "There is a `)`, `]` or `}` for which no bracket is open: it is one too many, or its "
        "opening partner was deleted.",
        "x -> Conv2D(32, 3x3)) -> relu",
        "x -> Conv2D(32, 3x3) -> relu",
    ),
    Code(
        "E0109",
        "Brackets of two kinds",
        "A bracket is closed by its own kind: calls and tuples stand in `( )`, lists in `[ "
        "]`, bodies and sections in `{ }`.",
        "metrics = [accuracy, f1)",
        "metrics = [accuracy, f1]",
    ),
    Code(
        "E0110",
        "A comma is missing",
        "Arguments, parameters and the items of lists and tuples are parted by commas. A "
        "comma behind the last one is allowed.",
        "x -> Conv2D(32 3x3)",
        "x -> Conv2D(32, 3x3)",
    ),
    Code(
        "E0111",
        "A value or its `=` is missing",
        "A name gets its value by `name = value`; both sides and the sign are needed, and so "
        "is the right side of an operator. Because new lines mean nothing, a missing value "
        "would swallow the next statement.",
        "train { lr 1e-3 }",
        "train { lr = 1e-3 }",
    ),
    Code(
        "E0112",
        "`=` and `==` are mixed up",
        "`=` gives a name its value. `==` asks whether two values are equal: it belongs in "
        "conditions, after `assert` and `where` and in the arms of `match`.",
        "assert depth = 3",
        "assert depth == 3",
    ),
    Code(
        "E0113",
        "`:` and `=` are mixed up",
        "Values are given with `=`: in sections, arguments and parameters. A `:` stands "
        "behind the name of an input or output and behind the condition of a `match` arm.",
        "train { epochs: 20 }",
        "train { epochs = 20 }",
    ),
    Code(
        "E0114",
        "A comma too many",
        "Commas part arguments and items. Statements and entries need none: one ends where "
        "the next begins.",
        "train { epochs = 20, batch = 32 }",
        "train { epochs = 20  batch = 32 }",
    ),
    Code(
        "E0115",
        "An arrow that leads nowhere, or none where one belongs",
        "`->` hands a value to the step behind it. Every step of a flow has one in front, "
        "and behind every arrow there is a step: a word, a call, `repeat`, `match` or a "
        "chain in parentheses.",
        "y = x -> Dense(8) ->",
        "y = x -> Dense(8) -> relu",
    ),
    Code(
        "E0116",
        "An arrow with nothing in front",
        "A flow starts from a value: an input or a name given before. Declaring an input "
        "does not start a flow.",
        "input x: 4\n-> Dense(8)",
        "input x: 4\nx -> Dense(8)",
    ),
    Code(
        "E0117",
        "A space between a name and its `(`",
        "The `(` of a call touches its name. With a space it would be a tuple that begins a "
        "new statement, for statements end where the next one begins.",
        "x -> Dense (8)",
        "x -> Dense(8)",
    ),
    Code(
        "E0118",
        "A keyword used as a name",
        "`model block import input output assert match else repeat as where and or not` "
        "shape the language and cannot name values, parameters or layers.",
        "input = 3",
        "inputs = 3",
    ),
    Code(
        "E0119",
        "Something in a place for something else",
        "At the top of a file stand imports, models, blocks and sections. Statements such as "
        "`input` stand in models and blocks, entries `key = value` in sections; sections "
        "stand beside models, not in them.",
        "train { input x }",
        "model Net { input x: 4  x -> Dense(2) }\ntrain { epochs = 20 }",
    ),
    Code(
        "E0120",
        "A habit from another language",
        "A spec is no program: it has no `def`, `class`, `if`, `for` or `return`, no modules "
        "and no methods. Blocks, `match`, `repeat` and `->` take their places, and comments "
        "begin with `#`.",
        "y = nn.Dense(8)",
        "y = x -> Dense(8)",
    ),
    Code(
        "E0121",
        "Nested too deeply",
        "Brackets may nest 64 levels deep and expressions 200, far more than a reader can "
        "follow. Give parts a name, or make them a `block`.",
        "y = ((((…))))",
        "inner = x -> Dense(8)\ny = inner -> relu",
    ),
    Code(
        "E0122",
        "Too long to be a spec",
        "A file has at most 200,000 words and signs. Long specs repeat themselves: `repeat`, "
        "`*` and blocks say the same in a few lines.",
        "x -> Dense(8) -> Dense(8) -> Dense(8) -> …",
        "x -> Dense(8) * 1000",
    ),
    Code(
        "E0123",
        "A value on its own",
        "A statement gives a name a value, lets something flow, or names a word. A number, "
        "size, range or string alone says nothing.",
        "train { 20 }",
        "train { epochs = 20 }",
    ),
    Code(
        "E0124",
        "Chained comparisons",
        "A comparison has two sides. Two of them are joined by `and`.",
        "assert 0 < rate < 1",
        "assert 0 < rate and rate < 1",
    ),
    Code(
        "E0125",
        "Arithmetic on a flow",
        "`+ - * / // %` compute numbers while compiling, such as `4 * filters`. Tensors are "
        "merged by words such as `add(a, b)`, `multiply(a, b)` and `concat(a, b)`; `* n` "
        "behind a step repeats it.",
        "y = x -> Dense(8) + x",
        "y = add(x -> Dense(8), x)",
    ),
    Code(
        "E0130",
        "No such file",
        "The path that was given names no file. Paths are relative to where dslc runs; "
        "imports to their file.",
        "dslc check modle.dl",
        "dslc check model.dl",
    ),
    Code(
        "E0131",
        "A folder in the place of a spec",
        "A spec is one file. Name the file in the folder.",
        "dslc check specs/",
        "dslc check specs/digits.dl",
    ),
    Code(
        "E0132",
        "A file that cannot be read",
        "The system refused to open the file, or it is no regular file. The message carries "
        "its reason.",
        "dslc check /dev/null",
        "dslc check model.dl",
    ),
    Code(
        "E0133",
        "Not a UTF-8 text file",
        "A spec is text in UTF-8, with or without a byte order mark. Other encodings, such "
        "as UTF-16 or Latin-1, and binary files do not read as UTF-8; the message names the "
        "first byte that does not fit.",
        "dslc check weights.pt",
        "iconv -f latin1 -t utf-8 old.dl > model.dl",
    ),
    Code(
        "E0134",
        "A file too large to be a spec",
        "A spec has at most 1,000,000 bytes. Data and weights are files that it names.",
        "dslc check train-images.idx",
        "dslc check model.dl",
    ),
)
