"""Random specs are the same model in both frameworks, and so are those that once were not."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from compiled import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from fuzz import shrink
from fuzz.fault import Fault, fault
from fuzz.grow import ask, grow
from fuzz.run import Tally, write

FUZZED = sorted((ROOT / "tests" / "fuzzed").glob("*.dl"))
SEED, COUNT, SECONDS = 90_001, 220, 60


def test_a_seed_gives_one_spec() -> None:
    assert grow(7).text == grow(7).text != grow(8).text


def test_grown_specs_are_valid_and_use_the_whole_language() -> None:
    texts = [grow(seed).text for seed in range(25)]
    assert all(ask(text).ok for text in texts)
    together = "\n".join(texts)
    for sign in ("block ", "match {", "repeat ", ") * ", " as s", "concat(", "output o", "assert "):
        assert sign in together, sign
    assert re.search(r"input \w+: \(.*[A-Z]", together)


LARGE = """
block Unit(n = 4) {
  input a1: (H, W, C)
  a1 -> Conv2D(n, 3x3, padding=same) -> BatchNorm -> relu as s1
  a1 -> Conv2D(n, 1x1) -> add(s1)
}

model Net(w = 8) {
  input x1: 7x9x3
  input x2: 12
  v3 = x1 -> Unit(n=w) * 2 -> repeat 2 { MaxPool2D(2, 1) -> tanh } -> GlobalAvgPool2D
  v4 = match { w > 4: x2 -> Dense(8) -> relu  else: x2 }
  v5 = v4 -> LayerNorm(epsilon=1e-3) -> GroupNorm(4) -> softplus as s9
  assert v5.channels == 8
  output o6: concat(v3, v5) -> Dense(5)
  output o7: v5
}

defaults { init = he_normal }
"""


def test_a_failing_spec_becomes_small() -> None:
    """Whatever the failure is: here, that a spec normalises layers."""

    def judge(text: str) -> Fault | None:
        return fault("numbers", "norm 0.25 apart") if "LayerNorm" in text else None

    found = judge(LARGE)
    assert found is not None and ask(LARGE).ok
    small = shrink.shrink(LARGE, found, judge, seconds=30)
    assert ask(small).ok and "LayerNorm" in small
    assert len(small.split()) <= 16, small


def test_a_spec_that_crashes_check_becomes_small() -> None:
    text = "model A { input x: 3  x -> Dense(4) -> relu }\nmodel Bad { input y: 8x8x3  y -> relu }"

    def judge(text: str) -> Fault | None:
        return fault("crash in check", ValueError("no")) if "Bad" in text else None

    found = judge(text)
    assert found is not None
    assert "".join(shrink.shrink(text, found, judge).split()) == "modelBad{}"


def test_faults_are_told_apart_without_their_numbers() -> None:
    one, two = (
        fault("numbers", "gradient of `v12`: 0.25 apart"),
        fault("numbers", "gradient of `v3`: 1e-3 apart"),
    )
    assert one.same(two) and not one.same(fault("numbers", "training: 0.25 apart"))
    assert not one.same(None)


def test_runs_of_seeds_in_a_row_are_joined(tmp_path: Path) -> None:
    first = Tally(1, count=2, seconds=3.0, rounding=[2], commits=["a"])
    behind = Tally(3, count=4, seconds=5.0, rounding=[5], commits=["a", "b"])
    behind.words["relu"] = 3
    with pytest.raises(ValueError, match="go on with 7"):
        behind.join(first)
    first.join(behind)
    write(first, tmp_path / "both.json")
    told = Tally.load(tmp_path / "both.json").report()
    assert told["seeds"] == [1, 6] and told["specs"] == 6 and told["seconds"] == 8.0
    assert told["rounding"] == [2, 5] and told["commits"] == ["a", "b"]
    assert told["words"] == {"relu": 3}


@pytest.fixture(scope="module")
def worker() -> object:
    from fuzz.pool import Worker

    found = Worker()
    yield found
    found.close()


@pytest.mark.framework
@pytest.mark.parametrize("path", FUZZED, ids=lambda path: path.stem)
def test_what_was_found_stays_mended(path: Path, worker: object) -> None:
    """Each file tells what was wrong, and what is expected now where that is a refusal."""
    text = path.read_text(encoding="utf-8")
    wanted = re.search(r"^# expect: (\S+)(?: (\S+))?$", text, re.MULTILINE)
    found = worker.judge(text).fault  # type: ignore[attr-defined]
    if wanted is None:
        assert found is None, found.detail
    else:
        code, backend = wanted.groups()
        assert found is not None
        assert found.kind == f"refused by {backend or 'check'}", found.detail
        assert backend or found.detail.startswith(code)


@pytest.mark.framework
def test_random_specs() -> None:
    """`make fuzz N=5000` runs more of them."""
    from fuzz.run import run, summary

    tally = run(COUNT, Tally(SEED), seconds=SECONDS, quiet=True)
    assert not tally.faults, summary(tally)
    assert tally.count > 30


@pytest.mark.framework
def test_weights_find_their_places() -> None:
    """What `dslc weights` says of the files of both frameworks is so for random specs: names, layouts, numbers."""
    from fuzz.weights import misplaced

    for seed in range(80_001, 80_021):
        assert misplaced(grow(seed).text) == "", grow(seed).text


@pytest.mark.framework
def test_a_planted_difference_is_no_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part in a million in one layer of torch, and the judge says so."""
    from dataclasses import replace

    from fuzz import judge

    original = judge.code_of

    def planted(analysis: object, chosen: object, backend: object) -> object:
        code = original(analysis, chosen, backend)  # type: ignore[arg-type]
        if backend.target.name == "keras":  # type: ignore[attr-defined]
            return code

        def run() -> dict[str, object]:
            found = dict(code.run())
            build = found["build_model"]

            def build_model() -> object:
                model = build()
                layer = next(m for m in model.modules() if type(m).__name__ == "Linear")
                layer.register_forward_hook(lambda *given: given[-1] * (1 + 1e-6))
                return model

            return {**found, "build_model": build_model}

        return replace(code, run=run)

    text = "model Net {\n  input x: 6\n  x -> Dense(4) -> BatchNorm -> tanh -> Dense(3)\n}\n"
    assert judge.judge(text) is None
    monkeypatch.setattr(judge, "code_of", planted)
    found = judge.judge(text)
    assert found is not None and found.kind == "numbers: prediction"
