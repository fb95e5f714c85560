"""Text from a spec cannot become code: whatever its strings and names are, they stay strings and names."""

from __future__ import annotations

import ast
import builtins
import io
import json
import os
import re
import subprocess
import sys
import tokenize
from functools import cache
from itertools import cycle
from pathlib import Path

import pytest
from compiled import BACKENDS, ROOT, complaints, wanted

from dslc.diagnostics import Diagnostic
from dslc.driver import analyse_source, choose_model, compile_model
from dslc.source import Source
from dslc.vocab.kinds import FreeName, Text
from dslc.vocab.word import kind_of, words


def script(spec: str, backend: str) -> tuple[str | None, list[Diagnostic]]:
    found = analyse_source(Source("hostile.dl", spec))
    if not found.ok:
        return None, found.diagnostics
    model, _ = choose_model(found, None)
    assert model is not None
    return compile_model(found, model, wanted(backend), "hostile")


# --- strings -----------------------------------------------------------------------------------------

HARMLESS = "plain words"
TEXTS = {
    "quotes": "'\"' \"\"\" ''' \"",
    "lines": "a\nimport os\n\tb",
    "braces": "{{ 7*7 }} {% raw %} {# no #} {x!r:>9} {} %s %(a)s $a",
    "backslash": '\\ \\n \\" \\N{DASH} \\x41 \\',
    "comment": "a # noqa  # type: ignore",
    "unprintable": "\u2028\x85\x0c\x1c\x00\x1b[m\x7f\u202e\ufeff",
    "code": "__import__('os').system('touch pwned')",
    "statement": '"); open("pwned", "w"); ("',
    "empty": "",
}
# Every source with every parameter that takes text: a new one is tested without being named here.
SOURCES = {
    name: [
        p for p, field in word.model_fields.items() if isinstance(kind_of(field), Text | FreeName)
    ]
    for name, word in words("source").items()
}
POSITIONS = [
    (source, parameter) for source, parameters in SOURCES.items() for parameter in parameters
]


def quoted(text: str) -> str:
    """`text` as a string of the language."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + re.sub(r"[^ -~]", lambda m: f"\\u{ord(m[0]):04x}", plain) + '"'


def with_text(source: str, parameter: str, text: str) -> str:
    """A spec whose `source` has `text` at one parameter."""
    given = {p: quoted("other" if p != parameter else text) for p in SOURCES[source]}
    arguments = ", ".join(f"{name}={value}" for name, value in given.items())
    model = "input x: 8x8x1\n  x -> Flatten -> Dense(2) -> softmax"
    if source == "text":
        model = "input x: 8\n  x -> Embedding(10000, 4) -> Flatten -> Dense(2) -> softmax"
    if source == "csv":
        model = "input x: 8\n  x -> Dense(2) -> softmax"
    shares = "85, 15" if words("source")[source].own_test else "70, 15, 15"  # type: ignore[attr-defined]
    return (
        f"model M {{\n  {model}\n}}\n"
        f"data {{ source = {source}({arguments})  split = random({shares}) }}\n"
        "train { loss = cross_entropy  optimizer = SGD(lr=0.1)  epochs = 1 }\n"
    )


@cache
def text_scripts(backend: str) -> dict[str, str]:
    found = {}
    for source, parameter in POSITIONS:
        for name, text in {"harmless": HARMLESS, **TEXTS}.items():
            made, problems = script(with_text(source, parameter, text), backend)
            assert made is not None, [(d.code, d.message) for d in problems]
            found[f"{source}_{parameter}_{name}"] = made
    return found


def shape_of(text: str, value: str) -> str:
    """The tree of a script with every string that is `value` made harmless."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == value:
            node.value = HARMLESS
    return ast.dump(tree)


def comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def test_every_position_is_known() -> None:
    assert ("csv", "path") in POSITIONS and ("text", "column") in POSITIONS
    assert {source for source, _ in POSITIONS} == {"idx", "images", "csv", "npz", "text"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_string_changes_nothing_but_one_literal(backend: str) -> None:
    """The script is that of a harmless string, apart from the string: no code, no comment, nothing else."""
    scripts = text_scripts(backend)
    for source, parameter in POSITIONS:
        model = scripts[f"{source}_{parameter}_harmless"]
        tree, said = shape_of(model, HARMLESS), comments(model)
        for name, text in TEXTS.items():
            made = scripts[f"{source}_{parameter}_{name}"]
            literals = [n.value for n in ast.walk(ast.parse(made)) if isinstance(n, ast.Constant)]
            assert text in literals, (source, parameter, name)
            assert comments(made) == said, (source, parameter, name)
            assert re.sub(r"[ -~]|\n", "", made) == ""
            if text:  # the empty text is in other places too
                assert shape_of(made, text) == tree, (source, parameter, name)


# --- names -------------------------------------------------------------------------------------------

NAMES = [
    "class", "lambda", "None", "True", "async", "def", "yield", "import", "not", "type", "match", "case",
    "print", "len", "range", "zip", "super", "isinstance", "float", "open",
    "__init__", "__class__", "__name__", "__import__", "__builtins__", "_", "__",
    "self", "cls", "x", "y", "module", "model", "forward", "call", "train", "eval", "apply", "modules",
    "parameters", "state_dict", "training", "build", "name", "in_channels", "x_channels", "layers",
    "loss", "run", "args", "classes", "gr\u00f6\u00dfe", "x\u00b2", "\ufb01lter", "filter", "\u00b5", "\u1369",
    "\u4e2d",
]  # fmt: skip
# What scripts define and import themselves; tests/test_page.py knows that the list of such names is complete.
NAMES_OF_PAGES = """np torch keras nn layers F Figure Batches Run Checkpoint main fail report load_data split
    build_model init_weights BatchNorm1d""".split()
# `@` is the name. Together they hold it at every place where the language lets one choose a name.
PLACES = {
    "block": """
        block @(units) { input v  v -> Dense(units) -> BatchNorm -> relu }
        model M(@2 = 3) { input row: 4  row -> @(8) -> @(8) -> Dense(@2) as @ -> softmax }""",
    "model": """
        block B(@, rate = 0.5) { input v  v -> Dense(@) -> Dropout(rate) }
        model @ { input @: 4  a = @ -> Dense(4)  add(a, @) -> B(8) -> B(5) -> Dense(3) -> softmax }""",
    "parameter": """
        block B(units) { input @  w = @ -> Dense(4)  add(w, @) -> Dense(units) }
        model M(@ = 3) { input row: 4  row -> B(4) -> B(4) -> Dense(@) -> softmax }""",
    "value": """
        model M { input row: 4
          @ = row -> Dense(4) -> relu
          t = Dense(4)
          b = @ -> t -> t
          output @_out: add(@, b) -> Dense(3) -> softmax
          output other: b -> Dense(1) }""",
    "output": """
        model M { input row: 4
          shared = Dense(4)
          b = row -> shared -> relu -> shared
          output @: b -> Dense(3) -> softmax
          output other: b -> Dense(1) }""",
}
# A framework builds a few models in a second: the worst names at every place, the others at one.
WORST = (
    "class",
    "print",
    "__init__",
    "__class__",
    "__builtins__",
    "self",
    "x",
    "layers",
    "training",
    "x\u00b2",
)
BUILT = {f"{place}_{name}" for place in PLACES for name in WORST}
BUILT |= {f"{place}_{name}" for place, name in zip(cycle(PLACES), NAMES, strict=False)}
TRAINING = """
    data { source = csv("a.csv", target=t)  split = random(70, 15, 15)  scale = zscore }
    train { loss = cross_entropy  metrics = [accuracy, f1]  optimizer = Adam  epochs = 1
      EarlyStopping  ModelCheckpoint }"""


def bindings(text: str) -> list[str]:
    """The names that the lines of a module bind, with repetitions."""
    found: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [(a.asname or a.name).partition(".")[0] for a in node.names]
    return found


@cache
def name_scripts(backend: str) -> dict[str, str]:
    """Scripts by place and name. What the language refuses is left out, if it says why."""
    specs = {
        f"{place}_{name}": text.replace("@", name)
        for name in NAMES
        for place, text in PLACES.items()
    }
    for name in NAMES_OF_PAGES:
        specs[f"trained_{name}"] = PLACES["block"].replace("@", name) + TRAINING
    made = {}
    for title, spec in specs.items():
        text, problems = script(spec, backend)
        if text is None:
            assert problems, title
        else:
            made[title] = text
    return made


@pytest.mark.parametrize("backend", BACKENDS)
def test_names_hide_nothing(backend: str) -> None:
    scripts = name_scripts(backend)
    for title, text in scripts.items():
        bound = bindings(text)
        assert not set(bound) & set(dir(builtins)), title
        assert sorted(bound) == sorted(set(bound)), title
    # Python's words and its built-in functions are names like others.
    for name in ("class", "lambda", "print", "__init__", "self", "x"):
        assert {f"{place}_{name}" for place in PLACES} <= set(scripts)


@pytest.mark.parametrize("backend", BACKENDS)
def test_hostile_scripts_are_as_ruff_and_black_want_them(backend: str, tmp_path: Path) -> None:
    """All under ruff; under black, which is slow, each text and each name at one place."""
    texts, names = text_scripts(backend), name_scripts(backend)
    both = [
        f"{source}_{parameter}_{text}"
        for (source, parameter), text in zip(cycle(POSITIONS), TEXTS, strict=False)
    ]
    both += [f"{place}_{name}" for place, name in zip(cycle(PLACES), NAMES, strict=False)]
    for index, (title, text) in enumerate((texts | names).items()):
        folder = tmp_path / ("both" if title in both else "ruff")
        folder.mkdir(exist_ok=True)
        (folder / f"s{index}_{re.sub('[^A-Za-z_]', '', title)}.py").write_text(
            text, encoding="utf-8"
        )
    assert complaints(tmp_path, black=False) == ""
    assert complaints(tmp_path / "both") == ""


@pytest.mark.framework
@pytest.mark.parametrize("backend", BACKENDS)
def test_hostile_models_can_be_built(backend: str, tmp_path: Path) -> None:
    """Each script is imported, and its model built and called; no text of a spec does anything."""
    tasks = {}
    scripts = {
        t: s for t, s in text_scripts(backend).items() if t.endswith(("_code", "_statement"))
    }
    names = {
        t: s for t, s in name_scripts(backend).items() if t in BUILT or t.startswith("trained_")
    }
    for index, (title, text) in enumerate((scripts | names).items()):
        path = tmp_path / f"s{index}.py"
        path.write_text(text, encoding="utf-8")
        shape = (
            {"text": [8], "csv": [8]}.get(title.partition("_")[0], [8, 8, 1])
            if title in scripts
            else [4]
        )
        whole = title.startswith("text_") and title in scripts
        tasks[title] = {
            "script": str(path),
            "call": shape,
            "dtype": "int32" if whole else "float32",
        }
    (tmp_path / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    command = [sys.executable, str(ROOT / "tests" / "spec_runner.py"), backend, "tasks.json"]
    env = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", timeout=600
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line[2:]) for line in done.stdout.splitlines() if line.startswith("=>")]
    assert len(results) == len(tasks)
    failed = [
        f"{r['name']}: {r['error'].strip().splitlines()[-1]}" for r in results if "error" in r
    ]
    assert failed == []
    assert not list(tmp_path.rglob("pwned"))
