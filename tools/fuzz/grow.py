"""A random valid spec from a seed.

A spec grows statement by statement. Words are chosen by what they say of the tensors at hand, and every statement
is kept only if dslc takes the spec with it: the shapes of all names are those that dslc tells. What dslc refuses
although the words agree is remembered in `Grown.refused`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.driver import unsupported
from dslc.vocab.tensor import Tensor
from fuzz.body import Block, Body, Grown, Parameter, ask
from fuzz.statements import Statements
from fuzz.values import backends, draw, flow_words, small, word_of

# A parameter, a value or an input that nothing reads (which is mended at the end), and a model without a result.
UNUSED = ("E0206", "E0207")
UNFINISHED = (*UNUSED, "E0402")
BLOCK_NAMES = ("Unit", "Stage", "Fuse")
STATEMENTS = (1, 2, 3, 3, 4, 5, 6, 8)
TRIES = 20


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


class _Grower(Statements):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.seed = seed
        self.refused: list[tuple[str, str, str]] = []
        self.start()

    def start(self) -> None:
        self.count = 0
        self.blocks = []
        self.probe = ""  # a model that uses the block that is being written
        self.letters: set[str] = set()  # sizes of the model's inputs that vary

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
            lines = self.statement(body, usable) if usable else None
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
            flow = self.chain(Body("", [], []), values[kept[0]], 1) if kept[0] in values else None
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
        flow = self.chain(Body("", [], []), values[leaf], 1) if leaf in values else None
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
            flow = self.chain(body, values[leaves[0]], 1)
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
