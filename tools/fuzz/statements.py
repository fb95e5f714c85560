"""Single statements, written at random for the tensors at hand."""

from __future__ import annotations

import random
import re

from dslc.vocab.tensor import AXES, Tensor
from fuzz.body import Block, Body
from fuzz.values import Drawn, flow_words, step, word_of


class Statements:
    """Writes statements that use blocks, values and numbers with names."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.count = 0
        self.blocks: list[Block] = []

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def name(self, lead: str) -> str:
        self.count += 1
        return f"{lead}{self.count}"

    def statement(self, body: Body, values: dict[str, Tensor]) -> list[str] | None:
        d = self.dice
        written = "\n".join(body.lines)
        unread = [n for n in values if not re.search(rf"\b{n}\b(?! =)", written)]
        name = d.choice(unread if unread and self.chance(0.6) else list(values))
        x = values[name]
        v = self.name("v")
        kind = d.random()
        if kind < 0.5:
            flow = self.chain(body, x, d.choice((1, 2, 2, 3, 4)))
            return [f"{v} = {name} -> {flow}"] if flow else None
        if kind < 0.72:
            merged = self._merge(body, name, values)
            if merged and self.chance(0.3):
                after = self.chain(body, x, 1)
                merged = f"{merged} -> {after}" if after else merged
            return [f"{v} = {merged}"] if merged else None
        if kind < 0.8 and self.blocks:
            block = d.choice(self.blocks)
            sources = [name, *(d.choice(list(values)) for _ in range(block.arity - 1))]
            lead = sources[0] if len(sources) == 1 else f"({', '.join(sources)})"
            return [f"{v} = {lead} -> {self.use(body, block)}"]
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

    def chain(self, body: Body, x: Tensor, length: int) -> str | None:
        """Steps that x goes through. After a step whose result only dslc knows the chain ends."""
        d = self.dice
        steps: list[str] = []
        for _ in range(length):
            kind = d.random()
            one = [b for b in self.blocks if b.arity == 1]
            if kind < 0.1 and one:
                use = self.use(body, d.choice(one))
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

    def use(self, body: Body, block: Block) -> str:
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
        taken = self.chain(body, x, 2)
        other = self.chain(body, x, 1)
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
            shown = self.use(body, self.dice.choice(one))
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
