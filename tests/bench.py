"""Processor time in milliseconds of what users wait for; `make bench` runs it. Trust ratios, not numbers."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def children() -> float:
    """Processor milliseconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def start_up(code: str) -> float:
    """Processor milliseconds of a fresh process that runs `code`, the best of three."""
    best = float("inf")
    for _ in range(3):
        before = children()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        best = min(best, children() - before)
    return best


def printing(layers: int) -> float:
    """Processor milliseconds to print a script of so many layers."""
    from dslc.codegen.layout import render
    from dslc.codegen.nodes import Assign, Ref, call

    x = Ref("x")
    layer = call("layers.Conv2D", 64, 3, padding="same", kernel_initializer="he_normal", name="c")
    before = time.process_time()
    render([Assign((x,), call(layer, x), "(N, 64, 64, 32)") for _ in range(layers)])
    return (time.process_time() - before) * 1000


def linting(copies: int, folder: Path) -> tuple[float, float]:
    """Processor milliseconds to lint so many specs: those of the checkout over and over, cold and from the cache."""
    specs = sorted((ROOT / "specs").rglob("*.dl"))
    for number in range(copies):
        spec = specs[number % len(specs)]
        text = f"# copy {number}\n{spec.read_text(encoding='utf-8')}"
        (folder / f"{spec.stem}_{number:03}.dl").write_text(text, encoding="utf-8")

    def once() -> float:
        before = children()
        command = [sys.executable, "-m", "dslc", "lint", "--exit-zero", "--format", "concise", "."]
        env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}"}
        subprocess.run(command, cwd=folder, check=True, env=env, stdout=subprocess.DEVNULL)
        return children() - before

    return once(), once()


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
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = linting(500, Path(folder))
    print(f"{cold:8.0f}  lint 500 specs, {cold / base:.0f} times python itself")
    print(f"{warm:8.0f}  from the cache, {cold / warm:.1f} times less")


if __name__ == "__main__":
    main()
