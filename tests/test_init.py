"""`dslc init`: every proposal checks, says what it saw, and what cannot be proposed is said clearly."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import pytest

from dslc.driver import analyse, facts_of
from dslc.lint.registry import all_rules
from dslc.lint.run import run_rules
from dslc.scaffold import Proposal, Unsuitable, from_csv, from_images
from dslc.scaffold.pictures import Picture, read_picture
from dslc.scaffold.proposal import file_stem, model_name, reference
from tests.command_line import Dslc, command_line

__all__ = ["command_line"]


def csv_file(folder: Path, text: str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def png(width: int, height: int, *, color: int = 2, bits: int = 8) -> bytes:
    """The head of a PNG: all that is read of it."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def jpeg(width: int, height: int, parts: int = 3) -> bytes:
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0".ljust(14, b"\0")
    frame = b"\xff\xff\xc2" + struct.pack(">HBHHB", 8 + 3 * parts, 8, height, width, parts)
    return b"\xff\xd8" + app + frame + bytes(3 * parts)


def folder_of(root: Path, counts: dict[str, int], picture: bytes, suffix: str = ".png") -> Path:
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{number}{suffix}").write_bytes(picture)
    return root


ROWS = "".join(
    f"{i % 7}.5,{'abc'[i % 3]},{i * 1.25},{'yes' if i % 2 else 'no'}\n" for i in range(60)
)
TABLE = "size,kind,price,sold\n" + ROWS


def accepted(made: Proposal | Unsuitable, folder: Path) -> str:
    """The text of a proposal, which must check."""
    assert isinstance(made, Proposal), made
    path = folder / "proposal.dl"
    path.write_text(made.text, encoding="utf-8")
    analysis = analyse(path)
    assert not analysis.diagnostics, [d.message for d in analysis.diagnostics]
    assert max(map(len, made.text.replace(str(folder), "").splitlines())) < 120
    facts = facts_of(analysis)
    assert facts is not None
    # Of the model only, since the data are the user's; and some pictures of these tests are tiny (L125).
    rules = [rule for code, rule in all_rules().items() if code[:2] == "L1" and code != "L125"]
    advice = run_rules(facts, rules)
    assert not advice, [d.message for d in advice]
    return made.text


# ------------------------------------------------------------------------------------------ the starter
def test_the_starter_checks(dslc: Dslc) -> None:
    code, out, _ = dslc("init")
    assert code == 0
    assert out == "digits.dl is written; go on with: dslc check digits.dl\n"
    code, out, _ = dslc("check", "digits.dl")
    assert code == 0
    assert "29,162 parameters" in out
    for backend in ("keras", "torch"):
        assert dslc("compile", "digits.dl", "-b", backend)[0] == 0


def test_init_never_overwrites_unasked(dslc: Dslc) -> None:
    Path("mine.dl").write_text("precious")
    code, _, err = dslc("init", "mine")
    assert code == 2
    assert "`mine.dl` is there already" in err
    assert Path("mine.dl").read_text() == "precious"
    assert dslc("init", "mine", "--force")[0] == 0
    assert "model Mine(" in Path("mine.dl").read_text()


def test_init_elsewhere(dslc: Dslc) -> None:
    code, out, _ = dslc("init", "-o", "-")
    assert code == 0
    assert out.startswith("# Digits: which digit is it?")
    assert not list(Path().iterdir())
    assert dslc("init", "-o", "no/a.dl")[0] == 2
    Path("folder").mkdir()
    assert dslc("init", "-o", "folder")[0] == 2
    assert dslc("init", "--target", "x")[0] == 2
    assert dslc("init", "--from-csv", "a", "--from-images", "b")[0] == 2


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("churn", "Churn"),
        ("my data-2024", "MyData2024"),
        ("2024", "Model2024"),
        ("dense", "DenseNet"),
        ("linear", "LinearNet"),
        ("model", "Model"),
        ("Übergrößen", "UbergroEn"),
        ("日本", "Model"),
    ],
)
def test_names_of_models(given: str, name: str, tmp_path: Path) -> None:
    assert model_name(given) == name
    path = csv_file(tmp_path, TABLE, f"{given}.csv")
    text = accepted(from_csv(path), tmp_path)
    assert f"model {model_name(given)} " in text
    assert file_stem(given).isascii()


# ------------------------------------------------------------------------------------------ tables
def test_a_table_with_two_classes(tmp_path: Path) -> None:
    text = accepted(from_csv(csv_file(tmp_path, TABLE)), tmp_path)
    assert "input row: 5\n" in text, "two numbers and three kinds"
    assert "-> Dense(1, init=glorot_uniform) -> sigmoid\n" in text
    assert "loss      = binary_cross_entropy\n" in text
    assert "split  = stratified(70, 15, 15)\n" in text
    assert "target=sold)\n" in text
    assert "missing" not in text
    assert 'two classes: "no" 30 and "yes" 30' in text
    assert "The target is the last column" in text


def test_a_table_with_numbers_to_predict(tmp_path: Path) -> None:
    text = accepted(from_csv(csv_file(tmp_path, TABLE), "price"), tmp_path)
    assert "loss      = mse\n" in text
    assert "Dense(1, init=glorot_uniform, bias_init=constant(37))" in text
    assert "The target is the last column" not in text
    assert "The target varies by 21.6" in text
    assert "input row: 6\n" in text


def test_a_table_with_many_classes_and_missing_cells(tmp_path: Path) -> None:
    text = TABLE.replace("1.5,b,", "?,b,").replace("2.5,c,", "2.5,,")
    text = accepted(from_csv(csv_file(tmp_path, text), "kind"), tmp_path)
    assert "model Data(classes = 3) {" in text
    assert "missing=mean)" in text
    assert "cells are missing in size and kind" in text
    whole = "a,b\n" + "".join(f"{i / 7},{i % 4}\n" for i in range(80))
    text = accepted(from_csv(csv_file(tmp_path, whole)), tmp_path)
    assert "classes = 4" in text, "few whole numbers are classes"


def test_few_of_a_class_are_dealt_at_random(tmp_path: Path) -> None:
    rows = "".join(f"{i},{'rare' if i < 3 else 'usual'}\n" for i in range(50))
    assert "random(70, 15, 15)" in accepted(from_csv(csv_file(tmp_path, f"a,b\n{rows}")), tmp_path)


def test_names_that_need_quotes(tmp_path: Path) -> None:
    text = TABLE.replace("sold", 'was it ""sold""?').replace("size,", '"size",')
    text = text.replace('was it ""sold""?', '"was it ""sold""?"')
    text = accepted(from_csv(csv_file(tmp_path, text, 'my "table".csv')), tmp_path)
    assert 'target="was it \\"sold\\"?"' in text
    assert '\\"table\\".csv"' in text
    for word in ("model", "true", "accuracy", "two words", "1st", ""):
        assert reference(word).startswith('"')
    assert reference("price") == "price"
    for name in ("mean", "model", "true", "relu", "where", "x", "data"):
        accepted(from_csv(csv_file(tmp_path, TABLE.replace("sold", name))), tmp_path)


def test_a_column_of_sentences(tmp_path: Path) -> None:
    rows = "".join(f'"a film of number {i}, quite good",{i % 3}\n' for i in range(90))
    text = accepted(from_csv(csv_file(tmp_path, f"review,stars\n{rows}", "films.csv")), tmp_path)
    assert "Embedding(vocabulary, 32)" in text
    assert "column=review, target=stars" in text
    assert "input tokens: 20 " in text


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("", None, "is empty"),
        ("\n", None, "is empty"),
        ("a,b\n", None, "has headings, but no rows"),
        ("1,2\n3,4\n", None, "holds numbers, not names of columns"),
        ("a\n1\n", None, "there is nothing to predict it from"),
        ("a;b\n1;2\n", None, "has semicolons between its cells"),
        ("a\tb\n1\t2\n", None, "has tabs between its cells"),
        ("a,a\n1,2\n", None, "has several columns called"),
        ("a,\n1,2\n", None, "column 2 of"),
        ("a,b\n1\n", None, "line 2 has 1 cells under 2 headings"),
        ("a,b\n1,x\n2,x\n", None, "always holds"),
        ("a,b\n1,\n2,NA\n", None, "is empty: there is nothing to predict"),
        ("a,b\n1,x\n2,y\n3,z\n", None, "too many to be classes"),
        (TABLE, "sole", "has no column `sole`"),
        (
            "name,y\n" + "".join(f"n{i},{i % 2}\n" for i in range(50)),
            None,
            "nearly every row has its own value in `name`",
        ),
    ],
)
def test_tables_that_do_not_do(dslc: Dslc, text: str, target: str | None, message: str) -> None:
    csv_file(Path(), text)
    more = [] if target is None else ["--target", target]
    code, out, err = dslc("init", "--from-csv", "data.csv", *more)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert message in err
    assert not Path("data.dl").exists()


def test_files_that_are_no_tables(dslc: Dslc) -> None:
    assert "cannot be read: No such file" in dslc("init", "--from-csv", "none.csv")[2]
    assert "cannot be read: Is a directory" in dslc("init", "--from-csv", ".")[2]
    Path("latin.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
    assert "is not UTF-8" in dslc("init", "--from-csv", "latin.csv")[2]
    Path("zero.csv").write_bytes(b"a,b\n1,2\0\n")
    assert dslc("init", "--from-csv", "zero.csv")[0] == 1
    csv_file(Path(), TABLE)
    _, _, err = dslc("init", "--from-csv", "data.csv", "--target", "solt")
    assert "did you mean `sold`?" in err


# ------------------------------------------------------------------------------------------ pictures
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (png(640, 480), Picture(640, 480, False)),
        (png(28, 28, color=0), Picture(28, 28, True)),
        (png(28, 20, color=4, bits=16), Picture(28, 20, True, 16)),
        (jpeg(1024, 768), Picture(1024, 768, False)),
        (jpeg(64, 32, parts=1), Picture(64, 32, True)),
        (b"GIF89a" + struct.pack("<HH", 10, 20) + bytes(20), Picture(10, 20, False)),
        (b"BM" + bytes(16) + struct.pack("<ii", 30, -40) + bytes(8), Picture(30, 40, False)),
        (b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + b"\x0f\0\0\x1f\0\0" + bytes(4), Picture(16, 32, False)),
        (b"\xff\xd8\xff\xd9", None),
        (b"\xff\xd8", None),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"BM", None),
        (b"", None),
        (b"not a picture at all, but long enough to be one", None),
        (png(0, 5), None),
    ],
)  # fmt: skip
def test_sizes_of_pictures(tmp_path: Path, data: bytes, found: Picture | None) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert read_picture(path) == found


def test_sizes_as_pillow_reads_them(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for mode, grey in (("RGB", False), ("L", True)):
        for suffix in ("png", "jpg", "webp", "bmp", "gif"):
            if (suffix in ("webp", "bmp", "gif")) and grey:
                continue
            path = tmp_path / f"{mode}.{suffix}"
            image.new(mode, (37, 21)).save(path)
            assert read_picture(path) == Picture(37, 21, grey), path.name


def test_a_folder_of_photos(tmp_path: Path, dslc: Dslc) -> None:
    folder_of(Path("flowers"), {"daisy": 12, "rose": 10, "tulip": 11}, jpeg(320, 240), ".JPG")
    code, out, _ = dslc("init", "--from-images", "flowers")
    assert code == 0
    assert "33 pictures in 3 classes: daisy 12, rose 10 and tulip 11\n" in out
    text = Path("flowers.dl").read_text()
    assert "input photo: 224x224x3" in text
    assert 'images("flowers/")' in text
    assert "stratified(70, 15, 15)" in text
    assert dslc("check", "flowers.dl")[0] == 0


@pytest.mark.parametrize(
    ("width", "height", "color", "shape"),
    [
        (28, 28, 0, "28x28x1"),
        (8, 8, 0, "8x8x1"),
        (2, 2, 0, "2x2x1"),
        (64, 48, 2, "48x64x3"),
        (1000, 700, 2, "224x224x3"),
        (300, 20, 0, "32x32x1"),
    ],
)
def test_inputs_follow_the_pictures(
    tmp_path: Path, width: int, height: int, color: int, shape: str
) -> None:
    folder = folder_of(tmp_path / "p", {"a": 4, "b": 4}, png(width, height, color=color))
    text = accepted(from_images(folder), tmp_path)
    assert f"input photo: {shape}\n" in text
    assert "random(70, 15, 15)" in text


def test_pictures_of_many_sizes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "p", {"a": 4, "b": 4}, png(100, 120))
    (folder / "a" / "big.jpg").write_bytes(jpeg(500, 400))
    (folder / "b" / "broken.png").write_bytes(b"oh")
    text = accepted(from_images(folder), tmp_path)
    assert "input photo: 96x96x3" in text
    assert "between 120x100 and 400x500" in text
    assert "cannot be read: `b/broken.png`" in text


def test_folders_that_do_not_do(dslc: Dslc) -> None:
    def said(folder: str) -> str:
        code, out, err = dslc("init", "--from-images", folder)
        assert (code, out) == (1, "")
        return err

    assert "cannot be read: No such file" in said("none")
    Path("empty").mkdir()
    assert "no folders with pictures" in said("empty")
    Path("loose").mkdir()
    Path("loose", "a.png").write_bytes(png(8, 8))
    assert "pictures, but no folders" in said("loose")
    folder_of(Path("one"), {"cat": 2}, png(8, 8))
    assert "has one class, `cat`" in said("one")
    folder_of(Path("hole"), {"cat": 2, "dog": 0}, png(8, 8))
    assert "there are no pictures in `dog`" in said("hole")
    folder_of(Path("parts"), {"train": 2, "test": 2}, png(8, 8))
    assert "try `parts/test`" in said("parts") or "try `parts/train`" in said("parts")
    folder_of(Path("deep"), {"cat": 2, "dog": 2}, png(8, 8, bits=16))
    assert "more than 8 bits a channel" in said("deep")
    folder_of(Path("junk"), {"cat": 2, "dog": 2}, b"junk")
    assert "no picture in `junk` can be read" in said("junk")
    Path("file").write_text("x")
    assert "cannot be read: Not a directory" in said("file")


def test_a_proposal_for_a_real_picture(tmp_path: Path) -> None:
    gif = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
    folder = folder_of(tmp_path / "p", {"a": 4, "b": 4}, gif, ".gif")
    accepted(from_images(folder), tmp_path)
