"""The import block of a generated script."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from python_oracles import assert_fixed_point, ruff

from dslc.codegen.imports import collect, render_imports
from dslc.codegen.nodes import Assign, Def, Import, Ref, Return, call, ref

steady = settings(derandomize=True, deadline=None, max_examples=40)


x = Ref("x")


def test_imports_are_collected_from_what_is_used_and_sorted() -> None:
    nn = Import("torch", "nn")
    layer = call(ref("nn.Linear", nn), ref("np.pi", Import("numpy", alias="np")))
    path = Assign((x,), call(ref("Path", Import("pathlib", "Path"))))
    body = Def(
        "f", (), (Return(layer), path), decorators=(ref("cache", Import("functools", "cache")),)
    )
    assert render_imports(collect(body, path) | {Import("torch")}) == (
        "from functools import cache\n"
        "from pathlib import Path\n"
        "\n"
        "import numpy as np\n"
        "import torch\n"
        "from torch import nn\n"
    )


MODULES = ["os", "os.path", "json", "numpy", "torch", "torch.nn.functional", "sklearn.utils"]
MEMBERS = ["Path", "layers", "nn", "CONST", "train_test_split", "X", "a10", "a9", "_private"]
imports = st.one_of(
    st.builds(Import, st.sampled_from(MODULES)),
    st.builds(Import, st.sampled_from(MODULES), st.sampled_from(MEMBERS)),
    st.builds(Import, st.sampled_from(MODULES), st.sampled_from(MEMBERS), st.just("F")),
    st.builds(Import, st.just("numpy"), st.none(), st.just("np")),
    st.builds(Import, st.just("__future__"), st.just("annotations")),
)


@steady
@given(st.sets(imports, min_size=1, max_size=20))
def test_isort_and_the_formatters_leave_imports_alone(wanted: set[Import]) -> None:
    text = render_imports(wanted)
    assert ruff("check", "--select", "I", "--fix", "--quiet", text=text) == text
    assert_fixed_point(text)


def test_long_imports_are_wrapped() -> None:
    wanted = [Import("sklearn.metrics", f"a_metric_with_a_long_name_{i}") for i in range(5)]
    text = render_imports(wanted)
    assert text.startswith("from sklearn.metrics import (\n    a_metric_with_a_long_name_0,\n")
    assert_fixed_point(text)
