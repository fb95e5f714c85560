"""Processor time in milliseconds of what users wait for; `make bench` runs it. Trust ratios, not numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def start_up(code: str) -> float:
    """Processor milliseconds of a fresh process that runs `code`, the best of three."""
    best = float("inf")
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        after = os.times()
        spent = after.children_user + after.children_system
        best = min(best, spent - before.children_user - before.children_system)
    return best * 1000


def printing(layers: int) -> float:
    """Processor milliseconds to print a script of so many layers."""
    from dslc.codegen.layout import render
    from dslc.codegen.nodes import Assign, Ref, call

    x = Ref("x")
    layer = call("layers.Conv2D", 64, 3, padding="same", kernel_initializer="he_normal", name="c")
    before = time.process_time()
    render([Assign((x,), call(layer, x), "(N, 64, 64, 32)") for _ in range(layers)])
    return (time.process_time() - before) * 1000


def main() -> None:
    sys.path.insert(0, str(ROOT))
    base = start_up("pass")
    print(f"{base:8.0f}  python itself")
    for path in sorted((ROOT / "dslc").iterdir()):
        if (
            path.suffix == ".py"
            and not path.stem.startswith("_")
            or (path / "__init__.py").exists()
        ):
            print(f"{start_up(f'import dslc.{path.stem}') - base:8.0f}  import dslc.{path.stem}")
    print(f"{printing(2000):8.0f}  print 2,000 layers")


if __name__ == "__main__":
    main()
