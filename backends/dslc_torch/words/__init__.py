"""One row a word: how PyTorch realises it. The rows register in `TABLE` when their module is imported."""

from dslc_torch.words import activations, core, merges, recurrent, sequence
from dslc_torch.words.table import TABLE

__all__ = ["TABLE", "activations", "core", "merges", "recurrent", "sequence"]
