"""Random specs, and specs broken in one place: what dslc says of them is held against Keras and PyTorch.

`make fuzz N=5000 SEED=1` runs it; docs/fuzzing.md says how it works and what it found.
"""

from fuzz import place  # noqa: F401  (puts the compiler on the path)
