"""Rules about models, over whole networks: those of papers are left alone, long ones take no longer than they are."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import lint_cases
import pytest

from dslc.driver import analyse, analyse_source, facts_of
from dslc.lint.registry import all_rules
from dslc.lint.run import run_rules
from dslc.source import Source

RULES = [rule for rule in all_rules().values() if rule.code[:2] == "L1" or rule.code[:3] == "L41"]
NETWORKS = sorted((Path(__file__).resolve().parent / "cases" / "networks").glob("*.dl"))
CHAINS = ("Dense(8) -> tanh", "relu", "Dropout(0.1)", "Flatten", "BatchNorm -> sigmoid")
ENDS = ("Dense(2) -> softmax", "identity")


@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_a_network_of_a_paper_is_left_alone(path: Path) -> None:
    facts = facts_of(analyse(path))
    assert facts is not None
    assert [f"{d.code} {d.message}" for d in run_rules(facts, RULES)] == []


def test_the_defaults_of_a_file_hold_for_the_blocks_that_it_imports() -> None:
    text = """
        import "siamese.dl" (Tower)
        model Example(classes = 10) {
          input image: 8x8x1
          image -> Tower(32) -> Dense(classes) -> softmax
        }
    """
    (found,) = lint_cases.lint(text, [all_rules()["L130"]])
    assert found.primary is not None
    assert Path(found.primary.span.source.name).name == "siamese.dl"
    assert [fix.message for fix in found.fixes] == [
        "write defaults { hidden { init = he_normal } }"
    ]
    he = text + "\n        defaults { hidden { init = he_normal } }\n"
    assert lint_cases.lint(he, [all_rules()["L130"]]) == []


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("step", CHAINS)
def test_a_long_flow_takes_no_longer_than_it_is(step: str, end: str) -> None:
    def seconds(count: int) -> float:
        flow = f"  -> {step}\n" * count
        text = f"model M {{\n  input x: 8\n  x -> Dense(8)\n{flow}  -> {end}\n}}\n"
        facts = facts_of(analyse_source(Source("long.dl", text)))
        assert facts is not None
        gc.collect()
        gc.disable()  # what other tests left behind is not swept meanwhile
        try:
            start = time.process_time()
            run_rules(facts, RULES)
            return time.process_time() - start
        finally:
            gc.enable()

    short, long = (min(seconds(count) for _ in range(3)) for count in (100, 1000))
    assert long < 40 * max(short, 0.005)
