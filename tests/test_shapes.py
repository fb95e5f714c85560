"""Shape rules on names: what a layer says of `(H, W, 3)` is what it says of every image of that kind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shape_cases import CASES, Case

from dslc.vocab.dims import Dim, Sym, evaluate, symbol
from dslc.vocab.kinds import BareName, Param, Whole
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor
from dslc.vocab.word import kind_of, words

SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=40,
    suppress_health_check=list(HealthCheck),
)


def layer(name: str, **parameters: Any) -> FlowWord:
    found = words("flow")[name](**parameters)
    assert isinstance(found, FlowWord)
    return found


def shape_of(result: Tensor | Mismatch) -> tuple[Dim, ...]:
    assert isinstance(result, Tensor), result
    return result.shape


def refusal(result: Tensor | Mismatch) -> Mismatch:
    assert isinstance(result, Mismatch), result
    return result


class Names:
    """Numbers under names, one name for each number, so that equal sizes stay equal."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def name(self, size: int) -> Sym:
        self.values[f"n{size}"] = size
        return symbol(f"n{size}", generic=True)

    def hide(self, size: int, chosen: bool) -> Dim:
        return self.name(size) if chosen and size > 1 else size  # a 1 may be there to be repeated


@pytest.mark.parametrize("word", CASES)
def test_inference_commutes_with_substitution(word: str) -> None:
    """Sizes and whole parameters of a block are names; put in their values, and the same comes out."""

    @SETTINGS
    @given(CASES[word], st.randoms(use_true_random=False))
    def run(case: Case, random: Any) -> None:
        bound = case.bound()
        if isinstance(bound, str):
            return
        result = bound.infer(*case.tensors())
        if isinstance(result, Mismatch):
            return
        names = Names()
        xs = [
            Tensor(tuple(names.hide(n, random.random() < 0.6) for n in x.shape), x.dtype)
            for x in case.tensors()
        ]
        values = dict(bound)
        for name, field in type(bound).model_fields.items():
            plain = isinstance(kind_of(field), Whole) and name != "axis"
            if plain and isinstance(values[name], int) and random.random() < 0.4:
                values[name] = names.name(values[name])
        general = type(bound)(**values)
        symbolic = general.infer(*xs)
        assert isinstance(symbolic, Tensor), symbolic
        assert symbolic.dtype == result.dtype
        assert [evaluate(n, names.values) for n in symbolic.shape] == list(result.shape)
        exact = bound.arrays(*case.tensors())
        hidden = general.arrays(*xs)
        assert list(exact) == list(hidden)
        for one, other in zip(exact.values(), hidden.values(), strict=True):
            assert tuple(evaluate(n, names.values) for n in other.shape) == one.shape
            if one.fans is not None and other.fans is not None:
                assert tuple(evaluate(n, names.values) for n in other.fans) == one.fans
        work = general.multiply_adds(symbolic, *xs)
        assert evaluate(work, names.values) == bound.multiply_adds(result, *case.tensors())

    run()


H, W = symbol("H", 32), symbol("W")
PHOTO = Tensor((H, W, 3))


def test_sizes_of_photos_stay_expressions() -> None:
    x = layer("Conv2D", filters=8, kernel=3, stride=2, padding=1).infer(PHOTO)
    assert str(x) == "(H/2, (W + 1)//2, 8)"
    x = layer("MaxPool2D", size=2).infer(Tensor(shape_of(x)))
    assert str(x) == "(H/4, (W + 1)//4, 8)"
    x = layer("Upsample", factor=4).infer(Tensor(shape_of(x)))
    assert str(x) == "(H, 4*((W + 1)//4), 8)"


def test_unknown_sizes_stop_where_weights_need_a_number() -> None:
    flat = layer("Flatten").infer(PHOTO)
    assert str(flat) == "3*H*W"
    problem = refusal(layer("Dense", units=10).infer(Tensor(shape_of(flat))))
    assert problem.code == "E0308"
    assert "GlobalAvgPool2D" in problem.help
    pooled = shape_of(layer("GlobalAvgPool2D").infer(PHOTO))
    assert shape_of(layer("Dense", units=10).infer(Tensor(pooled))) == (10,)


def test_names_that_may_differ_are_not_added() -> None:
    a, b = Tensor((H, W, 3)), Tensor((H, symbol("V"), 3))
    assert refusal(layer("add").infer(a, b)).code == "E0302"
    assert shape_of(layer("add").infer(a, a)) == a.shape


def test_sizes_of_a_block_are_taken_on_trust() -> None:
    c = symbol("c", generic=True)
    a, b = Tensor((H, W, c)), Tensor((H, W, 64))
    assert shape_of(layer("add").infer(a, b)) == (H, W, 64)
    assert shape_of(layer("Conv2D", filters=c, kernel=3, groups=c).infer(a))[-1] == c
    weights = layer("Dense", units=4 * c).arrays(Tensor((c,)))
    assert weights["kernel"].shape == (c, 4 * c)


def test_parameters_that_a_block_leaves_open() -> None:
    x = Tensor((28, 28, 3))
    y = layer("Conv2D", filters=8, kernel=Param("k"), padding=Param("p")).infer(x)
    assert isinstance(y, Tensor)
    assert y.channels == 8
    assert shape_of(layer("Dropout", rate=Param("rate")).infer(x)) == x.shape
    assert isinstance(layer("MaxPool2D", size=Param("k"), ceil=Param("c")).infer(x), Tensor)
    assert isinstance(layer("ZeroPad", amount=Param("n")).infer(x), Tensor)
    assert isinstance(layer("Upsample", factor=Param("n")).infer(x), Tensor)
    assert isinstance(layer("Reshape", shape=Param("s")).infer(x), Tensor)
    assert isinstance(layer("Permute", order=Param("o")).infer(x), Tensor)
    assert isinstance(layer("LSTM", units=4, sequences=Param("s")).infer(Tensor((5, 3))), Tensor)


@pytest.mark.parametrize(
    ("word", "parameters", "shapes", "code", "text"),
    [
        ("Dense", {"units": 3}, [(8, 8, 3)], "E0301", "GlobalAvgPool2D"),
        ("Conv2D", {"filters": 3, "kernel": 3}, [(28, 28)], "E0301", "28x28x1"),
        ("Conv2D", {"filters": 3, "kernel": 3}, [(10,)], "E0301", "before them"),
        ("LSTM", {"units": 3}, [(8, 8, 3)], "E0301", "becomes a step"),
        ("add", {}, [(32, 32, 16), (32, 32, 32)], "E0302", "Conv2D(32, 1x1)"),
        ("add", {}, [(32, 32, 64), (32, 32, 32)], "E0302", "Conv2D(64, 1x1)"),
        ("add", {}, [(32, 32, 16), (16, 16, 32)], "E0302", "Conv2D(32, 1x1, stride=2)"),
        ("add", {}, [(28, 28, 64), (55, 55, 16)], "E0302", "Conv2D(64, 1x1, stride=2)"),
        ("add", {}, [(10, 8), (9, 8)], "E0302", "length"),
        ("add", {}, [(8,), (16,)], "E0302", "Dense(16)"),
        ("Conv2D", {"filters": 3, "kernel": 5}, [(4, 4, 1)], "E0303", "padding=same"),
        (
            "Conv2D",
            {"filters": 3, "kernel": 3, "dilation": 4},
            [(8, 8, 1)],
            "E0303",
            "padding=same",
        ),
        ("MaxPool2D", {"size": 2}, [(1, 1, 64)], "E0303", "padding=same"),
        ("Crop", {"amount": 4}, [(8, 8, 1)], "E0303", "cut less"),
        ("concat", {}, [(28, 28, 8), (26, 26, 8)], "E0304", "padding=same"),
        ("concat", {"axis": 0}, [(8,), (8,)], "E0309", "from 1"),
        ("GroupNorm", {"groups": 4}, [(8, 8, 6)], "E0311", "3 or 6"),
        ("MultiHeadAttention", {"heads": 5}, [(10, 64)], "E0311", "4 or 8"),
        ("Reshape", {"shape": (28, 28, 3)}, [(784,)], "E0312", "-1"),
        ("Permute", {"order": (2, 1)}, [(8, 8, 3)], "E0309", "height"),
        ("ZeroPad", {"amount": (1, 1, 1)}, [(8, 8, 3)], "E0309", "height"),
        ("PositionEmbedding", {"length": 10}, [(20, 4)], "E0310", "length=20"),
        ("Embedding", {"vocabulary": 9, "dim": 2}, [(20,)], "E0313", "first layer"),
        ("multiply", {}, [(8, 8, 3), (8, 4, 3)], "E0302", "size 1"),
        ("dot", {}, [(8,), (9,)], "E0302", ""),
        ("add", {}, [(8,)], "E0403", "add(x, y)"),
    ],
)
def test_refusals_say_what_to_type(
    word: str, parameters: dict[str, Any], shapes: list[tuple[int, ...]], code: str, text: str
) -> None:
    problem = refusal(layer(word, **parameters).infer(*map(Tensor, shapes)))
    assert problem.code == code
    assert f"`{word}`" in problem.message
    assert text in problem.help
    from dslc.codes import all_codes

    assert code in all_codes() or code.startswith("E04")


@pytest.mark.parametrize(
    ("word", "parameters", "shape", "insert"),
    [
        ("Dense", {"units": 3}, (8, 8, 3), "Flatten"),
        ("LSTM", {"units": 3}, (8, 8, 3), "Reshape((-1, 3))"),
        ("Conv1D", {"filters": 3, "kernel": 3}, (30,), "Reshape((30, 1))"),
        ("Conv2D", {"filters": 3, "kernel": 3}, (28, 28), "Reshape((28, 28, 1))"),
    ],
)
def test_inserting_the_cure_cures(
    word: str, parameters: dict[str, Any], shape: tuple[int, ...], insert: str
) -> None:
    problem = refusal(layer(word, **parameters).infer(Tensor(shape)))
    assert problem.insert == insert
    name, _, rest = insert.partition("((")
    sizes = tuple(int(n) for n in rest.rstrip(")").split(", ")) if rest else None
    between = layer(name, shape=sizes) if sizes else layer(name)
    cured = between.infer(Tensor(shape))
    assert isinstance(layer(word, **parameters).infer(Tensor(shape_of(cured))), Tensor)


def test_token_ids_are_not_numbers() -> None:
    ids = Tensor((20,), "int")
    problem = refusal(layer("Dense", units=3).infer(ids))
    assert problem.code == "E0313"
    assert "Embedding" in problem.help
    vectors = layer("Embedding", vocabulary=9, dim=4).infer(ids)
    assert vectors == Tensor((20, 4))
    assert layer("concat").infer(ids, ids) == Tensor((40,), "int")
    assert refusal(layer("concat").infer(ids, Tensor((3,)))).operand == 0
    assert refusal(layer("add").infer(Tensor((20,)), ids)).operand == 1


def test_the_rules_of_padding() -> None:
    def out(n: int, **parameters: Any) -> int:
        word = layer("Conv1D", filters=1, **parameters)
        first = shape_of(word.infer(Tensor((n, 1))))[0]
        assert isinstance(first, int)
        return first

    assert out(11, kernel=3, stride=2, padding=BareName("same")) == 6
    assert out(12, kernel=3, stride=2, padding=BareName("same")) == 6
    assert out(12, kernel=3, stride=2, padding=1) == 6
    assert out(11, kernel=3, stride=2) == 5
    assert out(11, kernel=3, padding=BareName("causal"), dilation=4) == 11


def test_googlenet_pools_with_the_ceiling() -> None:
    pool = layer("MaxPool2D", size=3, stride=2, ceil=True)
    sizes = [112]
    for _ in range(4):
        sizes.append(shape_of(pool.infer(Tensor((sizes[-1], sizes[-1], 1))))[0])  # type: ignore[arg-type]
    assert sizes == [112, 56, 28, 14, 7]


def test_work_is_counted_in_multiply_adds() -> None:
    def work(name: str, *shapes: tuple[int, ...], **parameters: Any) -> Dim:
        word, xs = layer(name, **parameters), [Tensor(s) for s in shapes]
        y = word.infer(*xs)
        assert isinstance(y, Tensor)
        return word.multiply_adds(y, *xs)

    assert work("Dense", (784,), units=10) == 7840
    assert work("Conv2D", (224, 224, 3), filters=64, kernel=7, stride=2, padding=3) == 118_013_952
    assert work("Conv2D", (8, 8, 4), filters=8, kernel=3, groups=2, padding=1) == 64 * 9 * 2 * 8
    assert work("DepthwiseConv2D", (8, 8, 4), kernel=3, padding=1) == 64 * 9 * 4
    assert work("SeparableConv2D", (8, 8, 4), filters=6, kernel=3, padding=1) == 64 * 4 * (9 + 6)
    assert work("LSTM", (10, 8), units=16) == 10 * 4 * 16 * 24
    assert work("MultiHeadAttention", (10, 8), heads=2) == 4 * 10 * 8 * 8 + 2 * 100 * 8
    assert work("relu", (10, 8)) == 0
