"""Steps of a flow in a function: loops stay loops, and a `match` that its uses decide alike disappears."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dslc.graph import Frame
from dslc.plan import model as plan
from dslc.plan.uses import Uses
from dslc.plan.variants import holds
from dslc.spec import ir
from dslc.spec.values import UNKNOWN, evaluate
from dslc.syntax import tree
from dslc.vocab.dims import Dim
from dslc.vocab.kinds import Computed, Param
from dslc.vocab.tensor import Tensor

Target = plan.Apply | plan.Invoke | plan.Shared | plan.Branch | tuple[plan.Step, ...]
Match = ir.MatchOperand | ir.MatchSteps


def _uses(target: ir.Target) -> Iterator[ir.WordUse | ir.BlockUse]:
    """The layers and blocks that a step is made of."""
    match target:
        case ir.WordUse() | ir.BlockUse():
            yield target
        case ir.Repeat():
            for step in target.steps:
                yield from _uses(step.target)
        case ir.MatchSteps():
            for arm in target.arms:
                for step in arm.steps:
                    yield from _uses(step.target)


class Steps(Uses):
    """Adds steps to the walk over one function."""

    def name(self, name: str, tensor: Tensor) -> None:
        """Note a named tensor."""
        raise NotImplementedError

    @contextmanager
    def only(self, frames: list[Frame]) -> Iterator[None]:
        """Walk a part that only some uses reach."""
        before, self.active = self.active, frames
        yield
        self.active = before

    # ----------------------------------------------------------------- steps

    def steps(
        self, steps: tuple[ir.Step, ...], inputs: tuple[Tensor, ...]
    ) -> tuple[plan.Step, ...]:
        found: list[plan.Step] = []
        for step in steps:
            new = self.step(step, inputs)
            found += new
            inputs = (new[-1].output,)
            if step.label:
                self.name(step.label, inputs[0])
        return tuple(found)

    def step(self, step: ir.Step, inputs: tuple[Tensor, ...]) -> list[plan.Step]:
        if step.times is not None:
            return [plan.Step(self._loop(step, step.times, inputs), step.label)]
        target = self._target(step.target, inputs)
        if isinstance(target, tuple):  # a group or a decided match: its steps stand here
            if step.label and len(target) == 1:
                return [plan.Step(target[0].target, step.label)]
            if step.label:
                return [plan.Step(plan.Turns((target,), target[-1].output), step.label)]
            return list(target)
        return [plan.Step(target, step.label)]

    def _target(self, target: ir.Target, inputs: tuple[Tensor, ...]) -> Target:
        match target:
            case ir.WordUse():
                return self.apply(target, inputs)
            case ir.BlockUse():
                return self.invoke(target, inputs)
            case ir.Repeat():
                return self.steps(target.steps, inputs)
            case ir.MatchSteps():
                return self._branch(target, inputs)
            case ir.SharedUse():
                return self.shared(target, inputs)

    # ----------------------------------------------------------------- loops

    def _loop(
        self, step: ir.Step, expr: tree.Expr, inputs: tuple[Tensor, ...]
    ) -> plan.Loop | plan.Turns:
        times, found = evaluate(expr, self.scope)
        if found or times is UNKNOWN or isinstance(times, (Param, Computed)):
            raise self.cannot("a number of turns")
        if isinstance(times, float):
            times = int(times)
        turns = {f: f.repeats[step] for f in self.active}
        first = self._once(step, inputs)
        output = first[-1].output
        more = [f for f, count in turns.items() if count > 1]
        if not more:
            return plan.Loop(times, first, first, output)
        before = dict(self.turn)
        with self.only(more):
            rest = self._once(step, (output,))
        if rest[-1].output == output and self._one_role(step.target):
            self._skip(before, turns)
            return plan.Loop(times, first, rest, output)
        if not isinstance(times, int):
            raise self.cannot("a loop that changes shape")
        written = [first, rest]
        while len(written) < times:
            written.append(self._once(step, (written[-1][-1].output,)))
        return plan.Turns(tuple(written), written[-1][-1].output)

    def _one_role(self, target: ir.Target) -> bool:
        """Whether a layer has the same role in all turns: the last one may be the output of the model."""
        for use in _uses(target):
            for frame in self.active:
                if isinstance(use, ir.BlockUse):
                    inner = frame.called.get(use, [])
                    found: set[Any] = {self.walk.variants[each].roles for each in inner}
                else:
                    found = {node.role for node in frame.applied.get(use, [])}
                if len(found) > 1:
                    return False
        return True

    def _once(self, step: ir.Step, inputs: tuple[Tensor, ...]) -> tuple[plan.Step, ...]:
        target = self._target(step.target, inputs)
        return target if isinstance(target, tuple) else (plan.Step(target),)

    def _skip(self, before: dict[object, int], turns: dict[Frame, int]) -> None:
        """The turns after the second are like it: count what they meet as met."""
        for key, now in list(self.turn.items()):
            in_one_turn = now - before.get(key, 0)
            frame = key[1]  # type: ignore[index]
            self.turn[key] = now + in_one_turn * max(turns.get(frame, 0) - 2, 0)

    # ----------------------------------------------------------------- branches

    def _branch(
        self, match: ir.MatchSteps, inputs: tuple[Tensor, ...]
    ) -> plan.Branch | tuple[plan.Step, ...]:
        taken = self.arms(match)
        arms = []
        for i in taken:
            with self.only(self.choosing(match, i)):
                arms.append(self.steps(match.arms[i].steps, inputs))
        if len(taken) == 1:
            return arms[0]
        conditions = self.conditions(match, taken)
        output = self.join(match, [arm[-1].output for arm in arms])
        return plan.Branch(tuple(zip(conditions, arms, strict=True)), output)

    def arms(self, match: Match) -> list[int]:
        """The arms that some use takes, in order."""
        return sorted({f.chosen[match] for f in self.active if match in f.chosen})

    def choosing(self, match: Match, arm: int) -> list[Frame]:
        """The uses that take this arm."""
        return [f for f in self.active if f.chosen.get(match) == arm]

    def conditions(self, match: Match, taken: list[int]) -> list[Computed | None]:
        found: list[Computed | None] = []
        for i in taken[:-1]:
            condition = match.arms[i].condition
            assert condition is not None
            found.append(self._condition(condition))
        return [*found, None]

    def _condition(self, expr: tree.Expr) -> Computed:
        value, found = evaluate(expr, self.scope)
        if found or not isinstance(value, (Param, Computed)):
            raise self.cannot("a condition")
        kept = value.tree if isinstance(value, Computed) else expr
        return Computed(kept, dict(self.scope))

    def join(self, match: Match, tensors: list[Tensor]) -> Tensor:
        """One symbolic shape for all arms: for every axis the expression that holds in every use."""
        if len({t.rank for t in tensors}) > 1:
            raise self.cannot("arms of different rank")
        dims: list[Dim] = []
        for axis in range(tensors[0].rank):
            for candidate in dict.fromkeys(t.shape[axis] for t in tensors):
                if all(self._holds(candidate, f, match, axis) for f in self.active):
                    dims.append(candidate)
                    break
            else:
                raise self.cannot("arms of different shape")
        return Tensor(tuple(dims), tensors[0].dtype)

    def _holds(self, dim: Dim, frame: Frame, match: Match, axis: int) -> bool:
        actual: Any = frame.operands.get(match)
        return actual is None or holds(dim, actual.shape[axis], self.environments[frame])
