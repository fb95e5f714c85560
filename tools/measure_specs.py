"""Train the specs that come with dslc on both backends, and keep what they reached in specs/results.json.

python tools/measure_specs.py              all but the zoo, whose specs only describe models
python tools/measure_specs.py NAME...      these

The table in specs/README.md shows the numbers; `pytest --update` writes it anew. All of it takes about half an
hour on two cores. A run whose data are not on the machine is left as it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "specs" / "results.json"
BACKENDS = ("keras", "torch")


def trained() -> dict[str, Path]:
    """The specs that train, by name; alphabetically, so that digits_low comes before digits_transfer."""
    paths = (path for path in (ROOT / "specs").rglob("*.dl") if path.parent.name != "zoo")
    return {path.stem: path for path in sorted(paths, key=lambda path: path.stem)}


def train(spec: Path, backend: str, folder: Path) -> dict[str, float] | None:
    """What the run of a spec in `folder` reached; None where it failed, which it says itself."""
    place = spec.relative_to(ROOT)
    command = [sys.executable, "-m", "dslc", "run", str(place), "--backend", backend]
    if subprocess.run(command, cwd=folder).returncode:
        return None
    run = folder / "runs" / f"{spec.stem}-{backend}"
    if (run / "report.json").exists():
        return estimates(json.loads((run / "report.json").read_text(encoding="utf-8")))
    found: dict[str, float] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {name: round(value, 4) for name, value in found.items()}


def estimates(report: dict[str, Any]) -> dict[str, float]:
    """What a protocol estimates of each metric."""
    return {
        f"test_{name}": round(found.get("estimate", found["mean"]), 4)
        for name, found in report["metrics"].items()
    }


def main(arguments: Sequence[str]) -> int:
    specs = trained()
    unknown = [name for name in arguments if name not in specs]
    if unknown:
        print(f"no such spec: {', '.join(unknown)}\n{__doc__}", file=sys.stderr)
        return 2
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "specs").symlink_to(ROOT / "specs")
        for stem in arguments or specs:
            for backend in BACKENDS:
                found = train(specs[stem], backend, folder)
                if found is not None:
                    results.setdefault(stem, {})[backend] = found
            kept = {stem: results[stem] for stem in sorted(results) if stem in specs}
            RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
