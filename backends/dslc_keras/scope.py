"""What is known while a function is written: its names and the statements so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dslc.codegen import values
from dslc.codegen.departures import Noted
from dslc.codegen.emission import NeedsNumbers, Op, Table
from dslc.codegen.nodes import Attr, Def, Expr, Index, Lit, Ref, Statement, UnaryOp
from dslc.codegen.regions import Regions
from dslc.codegen.walk import labels_used, named_values
from dslc.plan import model as plan
from dslc.vocab.tensor import AXES

# Each is one definition that stands in front of the functions.
HELPERS = frozenset(
    path.stem for path in (Path(__file__).parent / "templates" / "helpers").glob("*.py")
)
# Names that the page around the model uses; a value of the spec gets a `_` when it has one of them.
TAKEN = HELPERS | frozenset(
    {"keras", "layers", "np", "json", "os", "sys", "math", "fail", "main", "predict"}
)


@dataclass(frozen=True)
class Written:
    """A finished function: its name, and the Python names of those parameters that it uses."""

    name: str
    definition: Def
    parameters: dict[str, str]


class Scope:
    """The state that the parts of a function writer share. `written` are the functions written before."""

    def __init__(
        self,
        function: plan.Function,
        table: Table,
        written: dict[plan.Function, Written],
        regions: Regions | None = None,
        networks: Counter[str] | None = None,
        *,
        stock: bool = False,
    ) -> None:
        self.stock = stock
        self.departures: list[Noted] = []
        self.regions = regions or Regions()
        self.marks: list[tuple[int, str]] = []  # where in the body a part begins
        self.function = function
        self.table = table
        self.written = written
        self.helpers: list[str] = []
        # Of the library, by kind: names are given once in a model, whatever function makes it.
        self.networks = Counter[str]() if networks is None else networks
        self.body: list[Statement] = []
        self.named: set[str] = set()  # what the code asked for: other parameters are left out
        self.variables: dict[str, Expr] = {}
        self.taken = set(TAKEN) | {w.name for w in written.values()}
        for name in [p.name for p in function.parameters] + named_values(function):
            self.variables[name] = Ref(self._new(name))
        self.shared: dict[str, Op] = {}
        self.kept_labels = labels_used(function)
        self.sizes: dict[str, Expr] = {}
        for name, tensor in function.inputs.items():
            for index, axis in enumerate(AXES[tensor.rank]):
                symbol = plan.size_name(name, axis, only=len(function.inputs) == 1)
                at = UnaryOp("-", Lit(1)) if index == tensor.rank - 1 else Lit(index + 1)
                shape = Attr(self.variables[name], "shape")
                self.sizes[symbol] = Index(shape, (at,))

    def _new(self, name: str) -> str:
        found = values.safe_name(name, self.taken)
        self.taken.add(found)
        return found

    def naming(self, name: str) -> Expr:
        self.named.add(name)
        found = self.variables.get(name) or self.sizes.get(name)
        if found is None:  # one axis of a size that is a parameter
            raise NeedsNumbers
        return found
