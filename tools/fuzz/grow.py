"""A random valid spec from a seed.

A spec grows statement by statement. Words are chosen by what they say of the tensors at hand, and every statement
is kept only if dslc takes the spec with it: the shapes of all names are those that dslc tells. What dslc refuses
although the words agree is remembered in `Grown.refused`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dslc.driver import Analysis, analyse_source, unsupported
from dslc.source import Source
from dslc.vocab.tensor import AXES, Tensor
from fuzz.values import Drawn, backends, draw, flow_words, small, step, word_of

UNUSED = (
    "E0206",
    "E0207",
)  # a parameter, a value or an input that nothing reads: mended at the end
UNFINISHED = (*UNUSED, "E0402")  # or a model without a result
BLOCK_NAMES = ("Unit", "Stage", "Fuse")
STATEMENTS = (1, 2, 3, 3, 4, 5, 6, 8)
TRIES = 20


@dataclass
class Parameter:
    """A parameter of a block or model: a number, or an activation."""

    name: str
    default: str
    number: int | None = None


@dataclass
class Block:
    """A finished block."""

    name: str
    text: str
    arity: int
    parameters: list[Parameter]


@dataclass
class Body:
    """What is being written: the inside of a block or model."""

    head: str
    inputs: list[str]
    names: list[str]  # of the inputs
    parameters: list[Parameter] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    scalars: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        given = ", ".join(f"{p.name} = {p.default}" for p in self.parameters)
        head = f"{self.head}({given})" if given else self.head
        inside = [*self.inputs, *self.lines, *self.ends]
        return f"{head} {{\n" + "".join(f"  {line}\n" for line in inside) + "}\n"


@dataclass
class Grown:
    """A spec, and what dslc refused on the way to it: (code, message, text)."""

    seed: int
    text: str
    refused: list[tuple[str, str, str]]


def grow(seed: int) -> Grown:
    """The spec of a seed."""
    grower = _Grower(seed)
    for _ in range(TRIES):
        found = grower.spec()
        analysis = ask(found.text)
        if analysis.ok and not any(unsupported(analysis.models[-1].graph, b) for b in backends()):
            return found
        grower.start()
    raise RuntimeError(f"no valid spec grows from seed {seed}")


def ask(text: str) -> Analysis:
    return analyse_source(Source("spec.dl", text))


class _Grower:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.refused: list[tuple[str, str, str]] = []
        self.start()

    def start(self) -> None:
        self.count = 0
        self.blocks: list[Block] = []
        self.probe = ""  # a model that uses the block that is being written
        self.letters: set[str] = set()  # sizes of the model's inputs that vary

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def name(self, lead: str) -> str:
        self.count += 1
        return f"{lead}{self.count}"

    # ----------------------------------------------------------------- the spec

    def spec(self) -> Grown:
        for _ in range(self.dice.choice((0, 0, 1, 1, 2))):
            self._block()
        body = self._model_body()
        self._grow(body, self.dice.choice(STATEMENTS))
        self._outputs(body)
        text = self._used(body)
        if self.chance(0.15):
            text = self._with_defaults(text)
        return Grown(self.seed, text, self.refused)

    def _all(self, body: Body) -> str:
        return "\n".join([*(b.text for b in self.blocks), body.text(), self.probe])

    def _used(self, body: Body) -> str:
        """The text without blocks and parameters that nothing uses."""
        for _ in range(4):
            text = self._all(body)
            unused = self._unused(text)
            if not unused:
                break
            body.parameters = [p for p in body.parameters if p.name not in unused]
            body.lines = [x for x in body.lines if x.partition(" ")[0] not in unused]
        for block in reversed(list(self.blocks)):
            others = [b.text for b in self.blocks if b is not block]
            if block.name not in "".join([*others, body.text()]):
                self.blocks.remove(block)
        return self._all(body)

    def _unused(self, text: str) -> list[str]:
        found = []
        for d in ask(text).diagnostics:
            if d.code in UNUSED and d.primary is not None:
                span = d.primary.span
                found.append(text[span.start : span.end])
        return found

    def _model_body(self) -> Body:
        self.probe = ""
        body = Body("model Net", [], [])
        for _ in range(self.dice.choice((1, 1, 1, 2, 2, 3))):
            name = self.name("x")
            line, ids = self._input(name)
            body.inputs.append(line)
            body.names.append(name)
            if ids:
                vocabulary, wide = self.dice.randint(3, 9), self.dice.randint(1, 5)
                word = self._taking_ids(vocabulary, wide)
                body.lines.append(f"{self.name('v')} = {name} -> {word}")
        for _ in range(self.dice.choice((0, 0, 1, 2))):
            body.parameters.append(self._number(self.name("n")))
        body.scalars = {p.name: p.number for p in body.parameters if p.number is not None}
        return body

    def _taking_ids(self, vocabulary: int, wide: int) -> str:
        """A word that takes token ids; its whole-number parameters are `vocabulary` and `wide`."""
        takers = [w for w in flow_words().values() if w.takes_ids]
        word = self.dice.choice(takers)
        for _ in range(20):
            drawn = draw(word, self.dice, Tensor((4,), "int"))
            if drawn is not None and all(
                not isinstance(v, int) or isinstance(v, bool) or v > 2
                for v in drawn.values.values()
            ):
                return drawn.text(self.dice)
        return f"{word.word}({vocabulary}, {wide})"

    def _number(self, name: str) -> Parameter:
        number = self.dice.choice((1, 2, 2, 3, 4, 4, 6))
        return Parameter(name, str(number), number)

    def _input(self, name: str) -> tuple[str, bool]:
        """The line of an input, and whether it holds token ids."""
        d = self.dice
        rank = d.choice((1, 1, 2, 2, 3, 3, 3, 4))
        most = {1: 12, 2: 9, 3: 10, 4: 6}[rank]
        sizes = [d.randint(1 if self.chance(0.1) else 2, most) for _ in range(rank - 1)]
        channels = d.choice((1, 2, 3, 4, 4, 6, 8))
        if self.chance(0.12):
            self.letters.add("T")
            return f"input {name}: {d.choice((3, 5, 8, 'T'))}", True
        if rank > 1 and self.chance(0.25):
            axes = self._letters(rank - 1)
            shown = [a if self.chance(0.7) else str(s) for a, s in zip(axes, sizes, strict=True)]
            known = [a for a in shown if a in axes and a not in self.letters]
            self.letters.update(known)
            rules = [f"{a} % {d.choice((2, 4, 8))} == 0" for a in known if self.chance(0.6)]
            where = f" where {' and '.join(rules)}" if rules else ""
            return f"input {name}: ({', '.join([*shown, str(channels)])}){where}", False
        shape = [*sizes, channels]
        if rank == 1:
            return f"input {name}: {d.randint(1, most)}", False
        if self.chance(0.2):
            return f"input {name}: ({', '.join(map(str, shape))})", False
        return f"input {name}: {'x'.join(map(str, shape))}", False

    def _letters(self, axes: int) -> list[str]:
        return {1: ["T"], 2: ["H", "W"], 3: ["D", "H", "W"]}[axes]

    # ----------------------------------------------------------------- growing a body

    def _values(self, body: Body, text: str) -> dict[str, Tensor] | None:
        """The tensors of `body` by name, or None when dslc refuses the spec."""
        found = ask(text)
        wrong = [d for d in found.diagnostics if d.severity == "error" and d.code not in UNFINISHED]
        if wrong:
            self.refused.append((wrong[0].code, wrong[0].message, text))
            return None
        name = body.head.split()[1]
        for frame in found.models[-1].graph.frames:
            if frame.definition.name == name:
                every = {**frame.inputs, **frame.values}
                return {n: t for n, t in every.items() if t is not None}
        return None

    def _grow(self, body: Body, count: int) -> None:
        values = self._values(body, self._all(body))
        for _ in range(3 * count):
            if values is None or count == 0:
                return
            usable = {n: t for n, t in values.items() if t.dtype == "float"}
            lines = self._statement(body, usable) if usable else None
            if not lines:
                continue
            body.lines += lines
            found = self._values(body, self._all(body))
            if found is None or not all(small(t) for t in found.values()):
                del body.lines[-len(lines) :]
                body.scalars = {
                    k: v
                    for k, v in body.scalars.items()
                    if any(k == p.name for p in body.parameters)
                    or any(line.startswith(f"{k} =") for line in body.lines)
                }
                continue
            values = found
            count -= 1

    def _statement(self, body: Body, values: dict[str, Tensor]) -> list[str] | None:
        d = self.dice
        written = "\n".join(body.lines)
        unread = [n for n in values if not re.search(rf"\b{n}\b(?! =)", written)]
        name = d.choice(unread if unread and self.chance(0.6) else list(values))
        x = values[name]
        v = self.name("v")
        kind = d.random()
        if kind < 0.5:
            flow = self._chain(body, x, d.choice((1, 2, 2, 3, 4)))
            return [f"{v} = {name} -> {flow}"] if flow else None
        if kind < 0.72:
            merged = self._merge(body, name, values)
            if merged and self.chance(0.3):
                after = self._chain(body, x, 1)
                merged = f"{merged} -> {after}" if after else merged
            return [f"{v} = {merged}"] if merged else None
        if kind < 0.8 and self.blocks:
            block = d.choice(self.blocks)
            sources = [name, *(d.choice(list(values)) for _ in range(block.arity - 1))]
            lead = sources[0] if len(sources) == 1 else f"({', '.join(sources)})"
            return [f"{v} = {lead} -> {self._use(body, block)}"]
        if kind < 0.87:
            return self._match_value(body, v, name, x)
        if kind < 0.93:
            return self._shared(body, v, name, x, values)
        if kind < 0.97:
            return self._scalar(body, name, x)
        known = [(a, s) for a, s in zip(AXES[x.rank], x.shape, strict=True) if isinstance(s, int)]
        if not known:
            return None
        axis, size = d.choice(known)
        return [f"assert {name}.{axis} == {size} and {name}.rank == {x.rank}"]

    def _chain(self, body: Body, x: Tensor, length: int) -> str | None:
        """Steps that x goes through. After a step whose result only dslc knows the chain ends."""
        d = self.dice
        steps: list[str] = []
        for _ in range(length):
            kind = d.random()
            one = [b for b in self.blocks if b.arity == 1]
            if kind < 0.1 and one:
                use = self._use(body, d.choice(one))
                steps.append(use + (f" * {d.randint(1, 3)}" if self.chance(0.3) else ""))
                break
            activations = [p.name for p in body.parameters if p.number is None]
            if activations and kind < 0.25:
                steps.append(d.choice(activations))
                continue
            drawn = step(d, (x,))
            if drawn is None:
                break
            word, y = drawn
            shown = word.text(d, body.scalars)
            if kind < 0.3:
                steps.append(self._repeated(body, shown, y))
                break
            if kind < 0.34:
                other = step(d, (x,))
                if other is not None:
                    test = d.choice(self._tests(body))
                    arms = [shown, other[0].text(d, body.scalars)]
                    steps.append(f"match {{ {test}: {arms[0]}  else: {arms[1]} }}")
                    break
            if kind > 0.95:
                shown += f" as {self.name('s')}"
            steps.append(shown)
            x = y
        return " -> ".join(steps) or None

    def _repeated(self, body: Body, shown: str, y: Tensor) -> str:
        more = step(self.dice, (y,))
        group = f"{shown} -> {more[0].text(self.dice, body.scalars)}" if more else shown
        turns = self.dice.randint(1, 3)
        named = body.scalars and self.chance(0.2)
        turns_text = self.dice.choice(sorted(body.scalars)) if named else str(turns)
        forms = [
            f"repeat {turns_text} {{ {group} }}",
            f"({group}) * {turns_text}",
            f"{shown} * {turns_text}",
        ]
        return self.dice.choice(forms)

    def _tests(self, body: Body) -> list[str]:
        found = ["1 == 1", "not 2 < 1", "3 % 2 == 0"]
        for name, number in body.scalars.items():
            found += [f"{name} > {number}", f"{name} == {number}", f"{name} % 2 == 0 or {name} < 2"]
        return found

    def _use(self, body: Body, block: Block) -> str:
        given = []
        for p in block.parameters:
            if self.chance(0.5):
                if p.number is not None:
                    number = self.dice.choice((1, 2, 3, 4, 6))
                    same = [n for n, v in body.scalars.items() if v == number]
                    given.append(f"{p.name}={same[0] if same and self.chance(0.5) else number}")
                else:
                    given.append(f"{p.name}={word_of('activation', self.dice).text()}")
        return f"{block.name}({', '.join(given)})" if given else block.name

    def _merge(self, body: Body, name: str, values: dict[str, Tensor]) -> str | None:
        """Two or three tensors in a merge, or in a layer of several inputs: names, or flows written inside."""
        d = self.dice
        x = values[name]
        operands: list[tuple[str, Tensor]] = [(name, x)]
        for _ in range(d.choice((1, 1, 2))):
            alike = [n for n, t in values.items() if t.rank == x.rank and n != name]
            if alike and self.chance(0.6):
                other = d.choice(alike)
                operands.append((other, values[other]))
                continue
            for _ in range(6):
                drawn = step(d, (x,))
                if drawn is not None and drawn[1].rank == x.rank:
                    operands.append((f"{name} -> {drawn[0].text(d, body.scalars)}", drawn[1]))
                    break
        if len(operands) < 2:
            return None
        several = [w for w in flow_words().values() if w.inputs[1] != 1]
        for _ in range(6):
            drawn = step(d, tuple(t for _, t in operands), d.choice(several))
            if drawn is not None:
                return self._applied(drawn[0], [o for o, _ in operands])
        return None

    def _applied(self, word: Drawn, operands: list[str]) -> str:
        shown = word.text()
        if type(word.word).kind != "merge":
            return f"({', '.join(operands)}) -> {shown}"
        inside = shown.partition("(")[2].removesuffix(")")
        form = self.dice.random()
        if form < 0.25:
            return f"({', '.join(operands)}) -> {shown}"
        if form < 0.5:
            rest = ", ".join(filter(None, [*operands[1:], inside]))
            return f"{operands[0]} -> {type(word.word).word}({rest})"
        return f"{type(word.word).word}({', '.join(filter(None, [*operands, inside]))})"

    def _match_value(self, body: Body, v: str, name: str, x: Tensor) -> list[str] | None:
        taken = self._chain(body, x, 2)
        other = self._chain(body, x, 1)
        if taken is None or other is None:
            return None
        channels = x.channels if isinstance(x.channels, int) else 0
        test = self.dice.choice([*self._tests(body), f"{name}.channels > {channels}"])
        rest = name if self.chance(0.3) else f"{name} -> {other}"
        return [f"{v} = match {{ {test}: {name} -> {taken}  else: {rest} }}"]

    def _shared(
        self, body: Body, v: str, name: str, x: Tensor, values: dict[str, Tensor]
    ) -> list[str] | None:
        """A layer with a name, used twice: on one value, or on two of the same shape."""
        drawn = step(self.dice, (x,))
        if drawn is None:
            return None
        shown = drawn[0].text(self.dice, body.scalars)
        one = [b for b in self.blocks if b.arity == 1]
        if one and self.chance(0.4):
            shown = self._use(body, self.dice.choice(one))
        layer = self.name("d")
        alike = [n for n, t in values.items() if t.shape == x.shape and n != name]
        other = self.dice.choice(alike) if alike else f"{name} -> tanh"
        lines = [f"{layer} = {shown}", f"{v} = {name} -> {layer}"]
        return [*lines, f"{self.name('v')} = {other} -> {layer}"]

    def _scalar(self, body: Body, name: str, x: Tensor) -> list[str] | None:
        known = [(a, s) for a, s in zip(AXES[x.rank], x.shape, strict=True) if isinstance(s, int)]
        if not known:
            return None
        axis, size = self.dice.choice(known)
        k = self.name("k")
        value, shown = self.dice.choice(
            [(size, f"{name}.{axis}"), (size + 1, f"{name}.{axis} + 1"), (max(1, size // 2), "")]
        )
        if not 1 <= value <= 12:
            return None
        body.scalars[k] = value
        return [f"{k} = {shown or value}"]

    # ----------------------------------------------------------------- ends

    def _leaves(self, body: Body) -> list[str]:
        """The values that nothing reads yet, with their labels."""
        unused = self._unused(self._all(body))
        return [n for n in dict.fromkeys(unused) if n not in body.scalars]

    def _outputs(self, body: Body) -> None:
        values = self._values(body, self._all(body)) or {}
        leaves = [n for n in self._leaves(body) if n in values]
        if not leaves:
            leaves = [list(values)[-1]]
        self.dice.shuffle(leaves)
        kept = leaves[:3]
        if len(leaves) > 3:
            kept.append(self._together(body, leaves[3:], values))
        if len(kept) == 1 and self.chance(0.6):
            flow = self._chain(Body("", [], []), values[kept[0]], 1) if kept[0] in values else None
            body.ends = [f"{kept[0]} -> {flow}" if flow else f"{kept[0]} -> identity"]
            if self._values(body, self._all(body)) is None:
                body.ends = [f"{kept[0]} -> identity"]
            if not self._leaves(body):
                return
            body.ends = []
        for leaf in kept:
            self._output(body, leaf, values)
        for leaf in self._leaves(body):
            if leaf in values:
                self._output(body, leaf, values)

    def _output(self, body: Body, leaf: str, values: dict[str, Tensor]) -> None:
        flow = self._chain(Body("", [], []), values[leaf], 1) if leaf in values else None
        plain = f"output {self.name('o')}: {leaf}"
        body.ends.append(f"{plain} -> {flow}" if flow and self.chance(0.5) else plain)
        if self._values(body, self._all(body)) is None:
            body.ends[-1] = plain

    def _together(self, body: Body, leaves: list[str], values: dict[str, Tensor]) -> str:
        """One value of several, whatever their shapes: each in a row, all side by side."""
        name = self.name("v")
        rows = [self._row(leaf, values[leaf]) for leaf in leaves]
        if len(rows) == 1:
            body.lines.append(f"{name} = {rows[0]} -> identity")
        else:
            body.lines.append(f"{name} = concat({', '.join(rows)})")
        return name

    def _row(self, leaf: str, x: Tensor) -> str:
        known = all(isinstance(size, int) for size in x.shape)
        if x.rank == 1:
            return leaf
        return f"{leaf} -> Flatten" if known else f"{leaf} -> GlobalAvgPool{x.rank - 1}D"

    # ----------------------------------------------------------------- blocks

    def _block(self) -> None:
        d = self.dice
        name = BLOCK_NAMES[len(self.blocks)]
        arity = d.choice((1, 1, 1, 2))
        rank = d.choice((1, 2, 3, 3, 4))
        shape = [d.randint(2, {1: 12, 2: 9, 3: 9, 4: 5}[rank]) for _ in range(rank - 1)]
        shape.append(d.choice((2, 4, 4, 6)))
        body = Body(f"block {name}", [], [])
        letters = [*self._letters(rank - 1), "C"] if rank > 1 else ["C"]
        for at in range(arity):
            own = self.name("a")
            line = f"input {own}"
            if at == 0 and self.chance(0.3):
                where = " where C % 2 == 0" if self.chance(0.4) else ""
                line += f": ({', '.join(letters)}{',' if rank == 1 else ''}){where}"
            body.inputs.append(line)
            body.names.append(own)
        for _ in range(d.choice((0, 1, 1, 2))):
            body.parameters.append(self._number(self.name("n")))
        if self.chance(0.3):
            shown = word_of("activation", d).text()
            body.parameters.append(Parameter(self.name("act"), shown))
        body.scalars = {p.name: p.number for p in body.parameters if p.number is not None}
        size = "x".join(map(str, shape))
        inputs = [f"p{i}" for i in range(arity)]
        given = "".join(f"  input {i}: {size}\n" for i in inputs)
        lead = inputs[0] if arity == 1 else f"({', '.join(inputs)})"
        self.probe = f"model Probe {{\n{given}  {lead} -> {name}\n}}\n"
        body.ends = [f"{body.names[0]} -> identity"]
        self._grow(body, d.choice((1, 1, 2, 3)))
        self._result(body)
        for _ in range(3):
            unused = self._unused(self._all(body))
            body.parameters = [p for p in body.parameters if p.name not in unused]
            body.lines = [x for x in body.lines if x.partition(" ")[0] not in unused]
        found = ask(self._all(body))
        if found.ok:
            self.blocks.append(Block(name, body.text(), arity, body.parameters))

    def _result(self, body: Body) -> None:
        values = self._values(body, self._all(body)) or {}
        leaves = [n for n in self._leaves(body) if n in values]
        if not leaves:
            body.ends = [f"{list(values)[-1]} -> identity"]
        elif len(leaves) == 1:
            flow = self._chain(body, values[leaves[0]], 1)
            body.ends = [f"{leaves[0]} -> {flow or 'identity'}"]
        else:
            shapes = {values[n].shape for n in leaves}
            if len(shapes) == 1:
                word = self.dice.choice(("add", "average", "maximum", "concat", "multiply"))
                body.ends = [f"{word}({', '.join(leaves)})"]
            else:
                name = self._together(body, leaves, values)
                body.ends = [f"{name} -> identity"]

    # ----------------------------------------------------------------- defaults

    def _with_defaults(self, text: str) -> str:
        """Rules of `defaults` that layers of the spec follow: each is kept if dslc takes it."""
        rules: list[str] = []
        for rule in self._rules():
            section = f"\ndefaults {{ {'  '.join([*rules, rule])} }}\n"
            if ask(text + section).ok:
                rules.append(rule)
        return f"{text}\ndefaults {{ {'  '.join(rules)} }}\n" if rules else text

    def _rules(self) -> Iterator[str]:
        init, penalty = word_of("initializer", self.dice), word_of("regularizer", self.dice)
        choices = [
            f"init = {init.text()}",
            f"regularizer = {penalty.text()}",
            "Conv2D { padding = same }",
            "Conv1D { padding = causal }",
            "Conv2D { bias = false }",
            "Dense { bias = false }",
            "BatchNorm { momentum = 0.75  epsilon = 1e-3 }",
            "leaky_relu { slope = 0.125 }",
            "output { bias = false }",
            "hidden { bias = false }",
            "hidden { init = he_normal }",
            "bias_init = ones",
        ]
        self.dice.shuffle(choices)
        yield from choices[:4]
