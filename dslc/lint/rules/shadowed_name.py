"""A name that hides something of the language, or of the file.

A parameter called `he_normal` makes `init=he_normal` mean the parameter. A value with the name of a block takes the
place of the block behind it, so a reader who looks for the block finds the wrong one. A model parameter called `params`
hides the count that `assert params < 5M` asks for. A block called `ResNet50` is used wherever the pretrained network of
that name is meant. All of it is allowed, none of it is what a reader expects.

A model that carries the name of a published network, and is no step of another one, hides nothing; nor does an output
with the name of a word, for only losses and metrics ask for it.

Reference: the same in Python, https://docs.astral.sh/ruff/rules/builtin-variable-shadowing/.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix, Label
from dslc.lint.facts import Facts
from dslc.lint.places import steps
from dslc.lint.rule import Finding, rule
from dslc.lint.trees import walk
from dslc.spec.lookup import HELD
from dslc.spec.names import PROMISES
from dslc.syntax import tree
from dslc.vocab.tensor import FlowWord
from dslc.vocab.word import words

KINDS = {
    "initializer": "an initialiser",
    "regularizer": "a regulariser",
    "constraint": "a constraint",
}


@rule(
    "L413",
    wrong="""
        block Unit(filters) {
          input x
          x -> Conv2D(filters, 3x3, init=he_normal) -> relu
        }

        model Example(classes = 10) {
          input image: 32x32x3
          Unit = image -> Unit(16) -> GlobalAvgPool2D
          Unit -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
    right="""
        block Unit(filters) {
          input x
          x -> Conv2D(filters, 3x3, init=he_normal) -> relu
        }

        model Example(classes = 10) {
          input image: 32x32x3
          features = image -> Unit(16) -> GlobalAvgPool2D
          features -> Dense(classes, init=glorot_uniform) -> softmax
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    defined = _defined(facts)
    used = steps(facts)
    for node in facts.file.declarations:
        if not isinstance(node, tree.Definition):
            continue
        word = words("flow").get(node.name.text)
        network = isinstance(word, type) and issubclass(word, FlowWord) and word.gives_way
        if network and (node.kind == "block" or node.name.text in used):
            text = node.name.text
            message = f"the {node.kind} `{text}` hides the pretrained network of that name"
            yield Finding(node.name.span, message, fixes=(Fix(f"call it `My{text}`"),))
        results = {s.name for s in node.body if isinstance(s, tree.Output)}
        for name in _given(node):
            hidden = _hidden(name.text, node, defined)
            if hidden is None or (name in results and name.text not in defined):
                continue
            what, place = hidden
            there = () if place is None else (Label(place.span, "this one"),)
            message = f"the name `{name.text}` hides {what}"
            fix = Fix(f"choose another name, such as `my_{name.text.lower()}`")
            yield Finding(name.span, message, "", there, fixes=(fix,))


def _defined(facts: Facts) -> dict[str, tuple[str, tree.Name]]:
    """What the file defines or imports: what it is, and where it is named."""
    found: dict[str, tuple[str, tree.Name]] = {}
    for node in facts.file.declarations:
        if isinstance(node, tree.Import):
            found |= {name.text: ("an imported block", name) for name in node.names}
        elif isinstance(node, tree.Definition):
            found[node.name.text] = (f"a {node.kind}", node.name)
    return found


def _given(definition: tree.Definition) -> Iterator[tree.Name]:
    """Every name that a body gives: to parameters, inputs, values, layers, outputs, steps."""
    yield from (parameter.name for parameter in definition.parameters)
    for node in walk(*definition.body):
        if isinstance(node, (tree.Input, tree.Let, tree.Output)):
            yield node.name
        elif isinstance(node, tree.Step) and node.label is not None:
            yield node.label


def _hidden(
    text: str, definition: tree.Definition, defined: dict[str, tuple[str, tree.Name]]
) -> tuple[str, tree.Name | None] | None:
    """What a name in a body hides, in words, and where that is named if it is in the file."""
    if text in defined:
        return defined[text]
    for kind, what in KINDS.items():
        if text in words(kind):
            return what, None
    if text in HELD.choices:
        return "a value that layers take", None
    if definition.kind == "model" and text in PROMISES:
        return f"what `assert {text}` asks for", None
    return None
