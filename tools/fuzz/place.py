"""Where things are: puts the compiler, its backends and the machinery of the tests on the path."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOUND = ROOT / "runs" / "fuzz"  # failing specs, each in a file named by its seed
RECORD = ROOT / "docs" / "fuzzing.json"

for _folder in (ROOT / "tests", ROOT / "backends", ROOT):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

# Networks are tiny: more threads would wait for each other more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
