"""`dslc compare`: the table and the picture of several runs, and what is said when there are none."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from tests.command_line import Dslc, command_line

__all__ = ["command_line"]


def run(folder: Path, losses: list[float], accuracy: float | None) -> Path:
    folder.mkdir(parents=True)
    history = {"loss": losses, "val_loss": [x + 0.5 for x in losses]}
    metrics = {"test_loss": 0.25} | ({} if accuracy is None else {"test_accuracy": accuracy})
    (folder / "history.json").write_text(json.dumps(history))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def two(folder: Path) -> list[str]:
    first = run(folder / "optimizer_sgd-torch", [1.0, 0.5, 0.75], 0.5)
    second = run(folder / "optimizer_adam-torch", [0.25], None)
    return [str(first), str(second)]


def test_runs_stand_side_by_side_under_what_tells_them_apart(dslc: Dslc, tmp_path: Path) -> None:
    code, out, err = dslc("compare", *two(tmp_path))
    assert code == 0, err
    assert out == (
        "run   epochs  best val_loss  at epoch  test_loss  test_accuracy\n"
        "sgd        3         1.0000         2     0.2500         0.5000\n"
        "adam       1         0.7500         1     0.2500\n"
    )


def test_names_that_are_all_alike_are_paths(dslc: Dslc, tmp_path: Path) -> None:
    runs = [str(run(tmp_path / part / "x-torch", [1.0], 1.0)) for part in "ab"]
    _code, out, _err = dslc("compare", *runs)
    assert [line.split("  ")[0] for line in out.splitlines()[1:]] == runs


def test_the_curves_are_drawn(dslc: Dslc, tmp_path: Path) -> None:
    picture = tmp_path / "new" / "compare.png"
    code, _out, err = dslc("compare", *two(tmp_path), "-o", str(picture))
    assert code == 0, err
    data = picture.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert data.startswith(b"\x89PNG") and (width, height) == (600, 450)


def test_what_cannot_be_compared_is_said_in_one_line(dslc: Dslc, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    broken = run(tmp_path / "broken", [1.0], 1.0)
    (broken / "history.json").write_text("{")
    curveless = run(tmp_path / "curveless", [], 1.0)
    (curveless / "history.json").write_text("{}")
    listed = run(tmp_path / "listed", [1.0], 1.0)
    (listed / "metrics.json").write_text("[1]")
    folds = tmp_path / "folds"
    folds.mkdir()
    (folds / "report.json").write_text("{}")
    wrong = {
        folds: "fold_01",
        tmp_path / "nowhere": "there is no folder",
        tmp_path / "empty": "did the run end?",
        broken: "it holds no JSON",
        curveless: "holds no curves",
        listed: "is not a file of results",
    }
    for folder, said in wrong.items():
        code, _out, err = dslc("compare", str(folder))
        assert code == 2 and said in err and "Traceback" not in err, folder
    code, _out, err = dslc("compare", *["x"] * 21)
    assert code == 2 and "compare at most 20" in err


def test_a_picture_that_cannot_be_written(dslc: Dslc, tmp_path: Path) -> None:
    for name in ("curves.nothing", "dir.png/x.png"):
        (tmp_path / "dir.png").write_text("")
        code, _out, err = dslc("compare", *two(tmp_path / name[:3]), "-o", str(tmp_path / name))
        assert code == 2 and "cannot be written" in err
