"""PyTorch, as a backend of dslc."""

from dslc.codegen.backend import Backend, Places
from dslc_torch import stock
from dslc_torch.model import write_model
from dslc_torch.places import entries, holders
from dslc_torch.training import TARGET
from dslc_torch.words import TABLE, norm, recurrent, table

BACKEND = Backend(
    "torch",
    "PyTorch",
    TABLE,
    TARGET,
    write_model,
    Places(holders, entries),
    (*norm.DEPARTURES, *recurrent.DEPARTURES, *table.DEPARTURES, *stock.DEPARTURES),
)
