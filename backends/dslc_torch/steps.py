"""Steps of a flow: runs of plain layers gather into sequences, the rest is written in `forward`."""

from __future__ import annotations

from dataclasses import replace

from dslc.codegen.emission import Layout, Op
from dslc.codegen.nodes import Assign, Call, Commented, Expr, Item, Ref, Star
from dslc.codegen.origins import mark
from dslc.plan import model as plan
from dslc.vocab.tensor import Tensor
from dslc_torch.calls import CallWriter, where_channels_stand
from dslc_torch.layouts import canonical, shape_comment, to_layout
from dslc_torch.scope import Piece, State


class StepWriter(CallWriter):
    """Writes the steps of flows."""

    # ----------------------------------------------------------------- steps

    def _run(
        self, steps: tuple[plan.Step, ...], value: Expr, layout: Layout, variable: Expr
    ) -> tuple[Expr, Layout]:
        """Write `steps` on `value`. Layers gather in `pieces` until something else comes."""
        outer = self.pieces
        self.pieces = []
        state = State(value, layout, variable)
        for step in steps:
            kept = step.label in self.kept_labels
            if step.label is not None:
                self._flush(state)
            region = self._enter(step)
            if kept:
                state.variable = Ref(self._variable(str(step.label)))
            self._step(step, state)
            if step.label is not None:
                self._flush(state, step.label)
            if kept:
                now = to_layout(state.value, step.output, state.layout, canonical(step.output))
                if now != state.variable:
                    self.forward.append(Assign((state.variable,), now, state.comment or None))
                state.value, state.layout = state.variable, canonical(step.output)
                state.fresh, state.comment = False, ""
                self.variables[str(step.label)] = (state.variable, state.layout)
                state.variable = variable
            self._leave(step, region)
        self._flush(state)
        self.pieces = outer
        return state.value, state.layout

    # ----------------------------------------------------------------- parts that phases find again

    def _enter(self, step: plan.Step) -> str | None:
        """Note the part that `step` belongs to; return the one before."""
        outer = self.region
        if self._is_region(step):
            self.region = step.label
        else:
            self.region = self.regions.beginning(step) or outer
        return outer

    def _leave(self, step: plan.Step, outer: str | None) -> None:
        """A labelled step of the model is a part alone; one in a block goes on until the next begins."""
        if self._is_region(step):
            self.region = outer

    def _is_region(self, step: plan.Step) -> bool:
        return self.function.kind == "model" and step.label in self.regions.labels

    def _step(self, step: plan.Step, state: State) -> None:
        match step.target:
            case plan.Apply():
                self._apply(step.target, state, step.label)
            case plan.Invoke():
                self._need(canonical(step.target.inputs[0]), step.target.inputs[0], state)
                self._add(self._invocation(step.target), state)
            case plan.Shared():
                self._flush(state)
                state.settle(self.forward)
                tensor = step.target.target.inputs[0]
                x = to_layout(state.value, tensor, state.layout, canonical(tensor))
                state.value = self._call_shared(step.target, [x])
                state.layout, state.fresh = canonical(step.target.output), True
            case plan.Loop():
                self._loop(step.target, state)
            case plan.Turns():
                growing = self._growing(step.target)
                if growing is not None:
                    self._need(growing.layout, growing.before, state)
                    self._add(growing, state)
                    return
                for turn in step.target.turns:
                    for inner in turn:
                        self._step(inner, state)
            case plan.Branch():
                self._branch(step.target, state)

    def _ops(self, apply: plan.Apply) -> tuple[Op, ...]:
        context = self.laws.context(apply, self.naming, self.helpers.append)
        ops = mark(self.table.ops(context), apply)
        return tuple(self.laws.wrap(op, apply, context) for op in ops)

    def _apply(self, apply: plan.Apply, state: State, label: str | None = None) -> None:
        ops = self._ops(apply)
        before = apply.inputs[0]
        for index, op in enumerate(ops):
            if op.first is not None:
                op = where_channels_stand(op, self._layout_now(state, before))
            last = index == len(ops) - 1
            after = apply.output if last else before
            shown = apply.shown if last else None
            self._need(op.layout, before, state)
            if op.plain:
                layout = op.layout if op.layout != "any" else self._layout_now(state, before)
                assert op.make is not None
                self._add(Piece(op, op.make, before, after, shown, layout), state)
                continue
            self._flush(state)
            state.settle(self.forward)
            if op.make is None:
                assert op.inline is not None
                state.value = op.inline(state.value)
            else:
                layer = self._own_attribute(op, label if last else None)
                if op.steps is not None:
                    statements, state.value = op.steps(layer, state.variable, state.value)
                    self.forward += statements
                else:
                    assert op.call is not None
                    state.value = op.call(layer, state.value)
            comment = op.comment or self._comment(before, after, shown, op)
            state.fresh = state.value != state.variable
            state.comment = comment if state.fresh else ""
            named = self.forward[-1] if not state.fresh and comment else None
            if isinstance(named, Assign):
                self.forward[-1] = replace(named, comment=comment)
            state.layout = self._after(op, before, after, state)

    @staticmethod
    def _comment(before: Tensor, after: Tensor, shown: Tensor | None, op: Op) -> str:
        if shown is None or before.shape == after.shape:
            return ""
        return shape_comment(shown, canonical(after))

    @staticmethod
    def _after(op: Op, before: Tensor, after: Tensor, state: State) -> Layout:
        if before.rank != after.rank:
            return canonical(after)
        return op.layout if op.layout != "any" else state.layout

    @staticmethod
    def _layout_now(state: State, tensor: Tensor) -> Layout:
        return state.layout if state.layout != "any" else canonical(tensor)

    def _need(self, layout: Layout, tensor: Tensor, state: State) -> None:
        """Move the channels to where the next layer wants them."""
        now = self._layout_now(state, tensor)
        if layout == "any" or tensor.rank < 2 or now == layout:
            return
        self._flush(state)
        state.settle(self.forward)
        state.value = to_layout(state.value, tensor, now, layout)
        state.layout, state.fresh = layout, True

    def _add(self, piece: Piece, state: State) -> None:
        self.pieces.append(replace(piece, region=self.region))
        changed = piece.before.rank != piece.after.rank
        state.layout = canonical(piece.after) if changed else piece.layout

    def _own_attribute(self, op: Op, label: str | None) -> Expr:
        assert op.make is not None
        name = self._attribute(label or (f"{self.hint}_{op.stem}" if self.hint else op.stem))
        self.init.append(Assign((Ref(f"self.{name}"),), op.make))
        return Ref(f"self.{name}")

    def _flush(self, state: State, label: str = "") -> None:
        """Write the gathered layers: one by its name, several as a sequence, mere functions inline."""
        pieces, self.pieces = self.pieces, []
        if not pieces:
            return
        if all(p.op.inline is not None for p in pieces) and not label:
            for piece in pieces:
                assert piece.op.inline is not None
                state.value, state.fresh = piece.op.inline(state.value), True
            return
        state.settle(self.forward)
        if len(pieces) == 1 and not isinstance(pieces[0].item, Star):
            (piece,) = pieces
            name = self._attribute(label or self._segment_name(piece, 1), pieces)
            comment = None
            if piece.shown is not None and piece.before.shape != piece.after.shape:
                comment = shape_comment(
                    piece.shown,
                    piece.layout
                    if piece.before.rank == piece.after.rank
                    else canonical(piece.after),
                )
            assert not isinstance(piece.item, (Star, Commented))
            self.init.append(Assign((Ref(f"self.{name}"),), piece.item, comment))
        else:
            name = self._attribute(label or self._segment_name(pieces[0], len(pieces)), pieces)
            items: list[Item] = []
            for piece in pieces:
                comment = piece.op.comment
                if (
                    not comment
                    and piece.shown is not None
                    and piece.before.shape != piece.after.shape
                ):
                    layout = (
                        piece.layout
                        if piece.before.rank == piece.after.rank
                        else canonical(piece.after)
                    )
                    comment = shape_comment(piece.shown, layout)
                item = piece.item
                if comment and not isinstance(item, Commented):
                    item = Commented(item, comment)
                items.append(item)
            sequence = Call(Ref("nn.Sequential"), tuple(items))
            self.init.append(Assign((Ref(f"self.{name}"),), sequence))
        state.value, state.fresh = Call(Ref(f"self.{name}"), (state.value,)), True

    def _segment_name(self, first: Piece, count: int) -> str:
        """A branch or value names its layers; in the flow of a model they are features, then the head."""
        if self.hint:
            return self.hint
        if count == 1:
            return first.op.stem
        self.segments += 1
        deep = max(tensor.rank for tensor in self.function.inputs.values())
        if first.before.rank == 1 and deep > 1:
            return "head"
        return "features" if self.function.kind == "model" and deep > 2 else "layers"
