"""Where numbers of the two backends differ: by choice (`numerics = stock`), and where nothing makes them equal.

Sizes are measured by tools/measure_numerics.py, which writes `measured.json`; none is written by hand.
"""

from dslc.numerics.deviations import Deviation, Use, deviations, grouped, paragraph
from dslc.numerics.limits import Limit, limits
from dslc.numerics.measured import Measured, measured

__all__ = [
    "Deviation",
    "Limit",
    "Measured",
    "Use",
    "deviations",
    "grouped",
    "limits",
    "measured",
    "paragraph",
]
