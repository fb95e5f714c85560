"""Specs of any size and depth end in bounded time: long flows are fine, endless ones are refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dslc.driver import Analysis, analyse, analyse_source
from dslc.plan.walk import plan_model
from dslc.source import Source


def seconds(text: str) -> tuple[Analysis, float]:
    start = time.process_time()
    analysis = analyse_source(Source("large.dl", text))
    return analysis, time.process_time() - start


def codes(text: str) -> list[str]:
    analysis, took = seconds(text)
    assert took < 5
    return [d.code for d in analysis.diagnostics]


def model(body: str, head: str = "model M") -> str:
    return f"{head} {{\n  input x: 8\n{body}\n}}\n"


LONG = {
    "2,000 steps": model("  x\n" + "  -> Dense(8) -> relu\n" * 1000),
    "1,000 values": model(
        "".join(f"  v{i} = {f'v{i - 1}' if i else 'x'} -> Dense(8)\n" for i in range(1000))
        + "  v999 -> Dense(2)"
    ),
    "1,000 numbers": model(
        "".join(f"  n{i} = {f'n{i - 1}' if i else 'x.channels'} + 1\n" for i in range(1000))
        + "  x -> Dense(n999)"
    ),
    "30 blocks in each other": "".join(
        f"block B{i} {{ input x  x -> {f'B{i - 1}' if i else 'Dense(8)'} -> relu }}\n"
        for i in range(30)
    )
    + model("  x -> B29"),
    "1,000 labels": model(
        "  x\n" + "".join(f"  -> Dense(8) as l{i}\n" for i in range(1000)) + "  -> Dense(2)"
    ),
    "500 merges": model("  x\n" + "  -> Dense(8) -> add(x)\n" * 500),
}


@pytest.mark.parametrize("name", LONG)
def test_large_specs_take_linear_time(name: str) -> None:
    analysis, took = seconds(LONG[name])
    assert [d.message for d in analysis.diagnostics if d.severity == "error"] == []
    assert took < 4
    assert analysis.spec is not None
    start = time.process_time()
    planned = plan_model(analysis.spec, analysis.models[0].graph)
    assert time.process_time() - start < 4
    assert planned.model.results


def doubling(inner: str, depth: int = 40) -> str:
    """Blocks that use the one before twice: 2⁴⁰ uses of the innermost."""
    blocks = [f"block B0 {{ input x  {inner} }}"]
    blocks += [
        f"block B{i} {{ input x  x -> B{i - 1} -> B{i - 1} }}" for i in range(1, min(depth, 30))
    ]
    return "\n".join(blocks) + "\n" + model(f"  x -> B{min(depth, 30) - 1}")


ENDLESS = {
    "a huge repeat": (model("  x -> Dense(8) * 1000000000"), ["E0404"]),
    "a huge repeat of nothing": (
        "block Same { input x  y = x  output z: y }\n"
        + model("  x -> Same * 15000 -> repeat 15000 { Same * 15000 }"),
        ["E0404"],
    ),
    "blocks that double": (doubling("x -> Dense(8)"), ["E0404"]),
    "blocks that double nothing": (doubling("y = x  output z: y"), ["E0404"]),
    "blocks nested too deep": (
        "".join(
            f"block B{i} {{ input x  x -> {f'B{i - 1}' if i else 'Dense(8)'} }}\n"
            for i in range(50)
        )
        + model("  x -> B49"),
        ["E0404"],
    ),
    "sizes that explode": (
        "model M {\n  input x: (H, W, 4)\n"
        + "".join(
            f"  n{i} = {f'n{i - 1} * n{i - 1}' if i else 'x.height + x.width'}\n" for i in range(40)
        )
        + "  x -> match { n39 == 3: relu  else: gelu }\n}",
        ["E0218"],
    ),
    "an axis that explodes": (
        model("  x -> Reshape((8, 1)) -> Upsample(1000) * 30 -> Flatten"),
        ["E0404"],
    ),
    "a number that explodes": (
        model(
            "  a = 999999\n"
            + "".join(f"  a{i} = a{i - 1 if i else ''} * 999999\n" for i in range(9))
            + "  x -> Dense(a8)"
        ),
        ["E0218"],
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_specs_are_refused_soon(name: str) -> None:
    text, wanted = ENDLESS[name]
    assert codes(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        model("  x -> " + "(" * 2000 + "relu" + ")" * 2000),
        model("  y = " + "(" * 60 + "x -> Dense(8)" + ")" * 60 + "\n  y -> relu"),
        model("  x -> Dense(" + "1 + " * 3000 + "1)"),
        model("  x -> Dense(" + "-" * 3000 + "1)"),
        model("  x" + " -> (Dense(8)" * 60 + ")" * 60),
        model("  concat(" * 60 + "x, x" + ")" * 60),
        model("  x -> " + "match { true: " * 60 + "relu" + " }" * 60),
        "",
        "# nothing\n",
        "\x00\x01\x02" * 100,
        "{" * 5000,
        "model M {" * 500,
    ],
    ids=lambda text: text[:40].strip().replace("\n", " ") or "empty",
)
def test_deep_and_strange_texts_are_diagnostics(text: str) -> None:
    analysis, took = seconds(text)
    assert took < 5
    assert len(analysis.diagnostics) <= 101


def test_nested_blocks_of_nested_flows_do_not_exhaust_the_stack() -> None:
    """The deepest that the grammar allows, in every one of thirty blocks."""

    def inside(step: str) -> str:
        return "concat(x, " * 30 + f"x -> {step}" + ")" * 30

    blocks = [f"block B0 {{ input x  {inside('relu')} }}"]
    blocks += [f"block B{i} {{ input x  {inside(f'B{i - 1}')} }}" for i in range(1, 31)]
    assert codes("\n".join(blocks) + "\n" + model("  x -> B30")) == ["E0404"]


# --------------------------------------------------------------------------- files


def test_files_that_are_no_specs(tmp_path: Path) -> None:
    cases = {
        "empty.dl": b"",
        "binary.dl": bytes(range(256)) * 40,
        "large.dl": b"# a comment\n" * 900_000,
        "utf16.dl": "model M { input x: 4 }".encode("utf-16"),
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        start = time.process_time()
        found = analyse(tmp_path / name).diagnostics
        assert len(found) == 1, name
        assert time.process_time() - start < 3
    assert [d.code for d in analyse(tmp_path / "none.dl").diagnostics] == ["E0130"]
    assert [d.code for d in analyse(tmp_path).diagnostics] == ["E0131"]
