"""Words that begin statements in other languages, and what a spec says instead."""

from __future__ import annotations

HABITS: dict[str, str] = {
    "def": "a reusable part is a `block Name(parameters) { … }`",
    "function": "a reusable part is a `block Name(parameters) { … }`",
    "fn": "a reusable part is a `block Name(parameters) { … }`",
    "func": "a reusable part is a `block Name(parameters) { … }`",
    "class": "a network is a `model Name(parameters) { … }`",
    "return": "the last flow of a body is its result; several are named: `output name: …`",
    "if": "a choice made while compiling is `match { condition: value  else: value }`",
    "elif": "a choice made while compiling is `match { condition: value  else: value }`",
    "for": "repetition is `-> Block(64) * 3` or `-> repeat 3 { … }`",
    "while": "repetition is `-> Block(64) * 3` or `-> repeat 3 { … }`",
    "let": "a value is named by `name = value` alone",
    "var": "a value is named by `name = value` alone",
    "const": "a value is named by `name = value` alone",
    "from": 'blocks come from a file by `import "file.dl" (Name)`',
    "lambda": "a reusable part is a `block Name(parameters) { … }`",
    "with": "settings stand in sections such as `train { … }`",
    "try": "a spec has no exceptions",
    "self": "a body names its values directly: `x -> Dense(8)`",
}

# `network M { input … }`: what other languages call a model.
MODEL_WORDS = frozenset({"layer", "network", "net", "module", "architecture", "component"})

# `class Net(…) {`, `def f(…) {`: what other languages call models and blocks, where all else is as in a spec.
DEFINING = dict.fromkeys(("class", *sorted(MODEL_WORDS)), "model") | dict.fromkeys(
    ("def", "function", "fn", "func"), "block"
)

# Sections that have a name of their own, one word.
NAMED_SECTIONS = frozenset({"finetune", "phase"})

# `nn.Conv2d(8)`: names of modules that other frameworks write in front of their layers.
PREFIXES = frozenset({"nn", "F", "torch", "tf", "keras", "layers", "K", "optim", "np", "self"})
