"""E0470: comparing both scripts of a spec."""

from __future__ import annotations

from dslc.codes.code import Code

CODES = (
    Code(
        "E0470",
        "The scripts are not the same model",
        "`dslc verify` ran the script of Keras and that of PyTorch on equal weights and equal batches, and here they "
        "part for the first time by more than rounding explains. With `numerics = stock` some differences are what you "
        "asked for, and are listed; any other is a mistake in dslc or in a version of a framework: please report it "
        "together with the spec.",
        "numerics = stock   # each framework's own BatchNorm and Adam",
        "numerics = exact",
    ),
)
