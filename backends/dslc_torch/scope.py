"""What is known while a class is written: its names, its two bodies, the layers gathered so far."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dslc.codegen import values
from dslc.codegen.emission import Layout, NeedsNumbers, Op, Table
from dslc.codegen.nodes import (
    Assign,
    Call,
    Class,
    Comprehension,
    Expr,
    Item,
    Lit,
    Ref,
    Star,
    Statement,
)
from dslc.codegen.regions import Regions
from dslc.codegen.walk import labels_used, named_values
from dslc.plan import model as plan
from dslc.vocab.tensor import AXES, Tensor
from dslc_torch.layouts import canonical

if TYPE_CHECKING:
    from dslc_torch.weights import WeightLaws

# Each is one definition that stands in front of the classes.
HELPERS = frozenset(
    path.stem for path in (Path(__file__).parent / "templates" / "helpers").glob("*.py")
)
# Names that the page around the model uses, and attributes of `nn.Module` that a layer must not hide.
TAKEN = HELPERS | frozenset("torch nn F np json os sys math fail main predict self models".split())
MODULE_ATTRIBUTES = frozenset(
    [
        "add_module",
        "apply",
        "bfloat16",
        "bool",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_buffer",
        "register_module",
        "register_parameter",
        "requires_grad_",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "T_destination",
        "penalty",
    ]
)


@dataclass(frozen=True)
class Piece:
    """A layer that can stand in a sequence, with its place in the data: what it makes, how it is done inline."""

    op: Op
    item: Item  # a constructor, or `*[… for …]`
    before: Tensor
    after: Tensor
    shown: Tensor | None
    layout: Layout
    region: str | None = None  # the part of a backbone that it belongs to

    @property
    def count(self) -> int | None:
        """How many layers of a sequence it is; None where that depends on a parameter."""
        if not isinstance(self.item, Star):
            return 1
        every = self.item.node
        times = (
            every.iterable.args[0]
            if isinstance(every, Comprehension) and isinstance(every.iterable, Call)
            else None
        )
        return times.value if isinstance(times, Lit) and isinstance(times.value, int) else None

    @property
    def bare(self) -> bool:
        """Whether it is a layer of torch without weights."""
        made = self.item.func if isinstance(self.item, Call) else None
        return isinstance(made, Ref) and made.name.startswith("nn.") and not self.op.weights


@dataclass
class State:
    """The tensor on its way through `forward`: its expression, and whether that is still to be assigned."""

    value: Expr
    layout: Layout
    variable: Expr
    fresh: bool = False
    comment: str = ""

    def settle(self, forward: list[Statement]) -> None:
        """Give the value its name, so that the next operation reads it."""
        if not self.fresh:
            return
        forward.append(Assign((self.variable,), self.value, self.comment or None))
        self.value, self.fresh, self.comment = self.variable, False, ""


@dataclass(frozen=True)
class Written:
    """A finished class: its name, which sizes of its inputs its constructor takes first, and the Python names of
    those parameters that it uses."""

    name: str
    definition: Class
    sizes: tuple[str, ...]
    parameters: dict[str, str]
    regions: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Scope:
    """The state that the parts of a class writer share. `written` are the classes written before."""

    def __init__(
        self,
        function: plan.Function,
        table: Table,
        written: dict[plan.Function, Written],
        laws: WeightLaws,
        regions: Regions | None = None,
    ) -> None:
        self.regions = regions or Regions()
        self.region: str | None = None  # the part that is being written
        self.places: dict[str, list[str]] = {}  # the attributes of every part
        self.function = function
        self.table = table
        self.written = written
        self.laws = laws
        self.helpers: list[str] = []
        self.init: list[Statement] = []
        self.forward: list[Statement] = []
        self.attributes: set[str] = set(MODULE_ATTRIBUTES)
        self.taken: set[str] = set(TAKEN) | {w.name for w in written.values()}
        self.parameters: dict[str, str] = {}
        for parameter in function.parameters:
            self.parameters[parameter.name] = self._variable(parameter.name)
        self.variables: dict[str, tuple[Expr, Layout]] = {}
        init_names = set(self.taken)
        for name in named_values(function):
            tensor = function.inputs.get(name)
            layout: Layout = canonical(tensor) if tensor is not None else "any"
            self.variables[name] = (Ref(self._variable(name)), layout)
        self.kept_labels = labels_used(function)
        self.sizes: dict[
            str, str
        ] = {}  # sizes of inputs that the class needs, in order of their axis
        self.size_names = {
            plan.size_name(name, axis, only=len(function.inputs) == 1): axis
            for name, tensor in function.inputs.items()
            for axis in AXES[tensor.rank]
        }
        self.init_names = init_names
        self.pieces: list[Piece] = []
        self.named: set[str] = set()  # what the code asked for: other parameters are left out
        self.shared: dict[str, Callable[..., Expr]] = {}  # how a shared layer is called
        self.now: Layout = "any"
        self.hint = ""
        self.segments = 0

    def _variable(self, name: str) -> str:
        found = values.safe_name(name, self.taken)
        self.taken.add(found)
        return found

    def _attribute(self, name: str, pieces: Sequence[Piece] = ()) -> str:
        """A name for a layer, or for the sequence of `pieces`."""
        name = values.identifier(name)
        found, number = name, 1
        if name in MODULE_ATTRIBUTES or keyword.iskeyword(name):
            found = f"{name}_"
        while found in self.attributes:
            number += 1
            found = f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"
        self.attributes.add(found)
        regions = {piece.region for piece in pieces} or {self.region}
        for region in regions if len(regions) == 1 else ():
            bare = bool(pieces) and all(piece.bare for piece in pieces)
            if not bare or region in self.regions.labels:
                self._place(region, found)
        if len(regions) > 1:
            self._places_in(found, pieces)
        return found

    def _place(self, region: str | None, attribute: str) -> None:
        if region is not None:
            self.places.setdefault(region, []).append(attribute)

    def _places_in(self, name: str, pieces: Sequence[Piece]) -> None:
        """Parts of a backbone in one sequence: the names of its layers are their numbers."""
        at = 0
        for piece in pieces:
            if piece.count is None:
                raise NeedsNumbers
            for number in range(at, at + piece.count):
                if not piece.bare:
                    self._place(piece.region, f"{name}.{number}")
            at += piece.count

    def naming(self, name: str) -> Expr:
        """A parameter or a size in `__init__`."""
        self.named.add(name)
        if name in self.parameters:
            return Ref(self.parameters[name])
        if name not in self.size_names:  # one axis of a size that is a parameter
            raise NeedsNumbers
        self.sizes.setdefault(name, values.safe_name(name, set(self.parameters.values())))
        return Ref(self.sizes[name])
