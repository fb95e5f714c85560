"""Random configurations of every word that stands in a flow: parameters and input shapes, right and wrong ones.

Framework-free: the same cases are held against Keras, against torch and against symbolic sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from dslc.vocab.kinds import BareName
from dslc.vocab.tensor import FlowWord, Mismatch, Tensor
from dslc.vocab.word import words

Strategy = st.SearchStrategy[Any]


@dataclass(frozen=True)
class Case:
    """One use of a word: its parameters as a spec gives them, and the shapes of its inputs."""

    word: str
    parameters: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    dtype: str = "float"

    def bound(self) -> FlowWord | str:
        """The word, or why its parameters are refused."""
        try:
            found = words("flow")[self.word](**self.parameters)
        except ValidationError as refusal:
            return str(refusal)
        assert isinstance(found, FlowWord)
        return next(found.problems(), found)

    def tensors(self) -> list[Tensor]:
        return [Tensor(shape, self.dtype) for shape in self.shapes]  # type: ignore[arg-type]

    def result(self) -> Tensor | Mismatch | str:
        found = self.bound()
        return found if isinstance(found, str) else found.infer(*self.tensors())


# --------------------------------------------------------------------------- parts

SMALL = st.integers(1, 6)
CHANNELS = st.sampled_from([1, 2, 3, 4, 6, 8, 12])
BOOLS = st.booleans()
RATES = st.sampled_from([0.0, 0.1, 0.5])


def mostly(common: Strategy, rare: Strategy, share: int = 9) -> Strategy:
    return st.integers(0, share).flatmap(lambda i: rare if i == share else common)


def space(axes: int) -> Strategy:
    return st.tuples(*[st.integers(1, 60 if axes == 1 else 14)] * axes)


def shape(axes: int) -> Strategy:
    """A shape with `axes` axes besides the channels."""
    return st.tuples(space(axes), CHANNELS).map(lambda p: (*p[0], p[1]))


ANY_SHAPE = st.integers(0, 3).flatmap(shape)


def maybe_wrong(axes: int) -> Strategy:
    return mostly(shape(axes), ANY_SHAPE)


def per_axis(axes: int, values: Strategy) -> Strategy:
    """One value for all axes, or one for each."""
    return st.one_of(values, st.tuples(*[values] * axes))


def padding(axes: int, names: tuple[str, ...]) -> Strategy:
    named = st.sampled_from([BareName(name) for name in names])
    return st.one_of(named, per_axis(axes, st.integers(0, 3)))


def cases(word: str, shapes: Strategy, dtype: str = "float", **parameters: Strategy) -> Strategy:
    """`shapes` draws one shape, or a list of them."""
    several = shapes.map(lambda s: tuple(s) if isinstance(s, list) else (s,))
    return st.builds(
        lambda p, s: Case(word, {k: v for k, v in p.items() if v is not ...}, s, dtype),
        st.fixed_dictionaries(parameters),
        several,
    )


def optional(values: Strategy) -> Strategy:
    """A parameter that may be left out."""
    return st.one_of(st.just(...), values)


def one_of_two(axes: int) -> Strategy:
    """Stride and dilation, seldom both above 1."""
    ones = st.just(1)
    upper = per_axis(axes, st.integers(1, 3))
    return mostly(
        st.one_of(st.tuples(upper, ones), st.tuples(ones, upper)), st.tuples(upper, upper), 14
    )


# --------------------------------------------------------------------------- words


def conv(word: str, axes: int, names: tuple[str, ...] = ("valid", "same")) -> Strategy:
    return st.builds(
        lambda case, pair: Case(
            word, {**case.parameters, "stride": pair[0], "dilation": pair[1]}, case.shapes
        ),
        cases(
            word,
            maybe_wrong(axes),
            filters=CHANNELS,
            kernel=per_axis(axes, st.integers(1, 5)),
            padding=padding(axes, names),
            groups=mostly(st.just(1), st.integers(1, 4), 3),
            bias=BOOLS,
        ),
        one_of_two(axes),
    )


def depthwise(word: str, **more: Strategy) -> Strategy:
    return st.builds(
        lambda case, pair: Case(
            word, {**case.parameters, "stride": pair[0], "dilation": pair[1]}, case.shapes
        ),
        cases(
            word,
            maybe_wrong(2),
            kernel=per_axis(2, st.integers(1, 5)),
            padding=padding(2, ("valid", "same")),
            multiplier=st.integers(1, 3),
            bias=BOOLS,
            **more,
        ),
        mostly(
            st.sampled_from([(1, 1), (2, 1), (3, 1), (1, 2), (1, (2, 1)), (1, 3)]), one_of_two(2)
        ),
    )


def pool(word: str, axes: int) -> Strategy:
    names = st.sampled_from([BareName("valid"), BareName("valid"), BareName("same")])
    widths = mostly(per_axis(axes, st.integers(0, 1)), per_axis(axes, st.integers(0, 2)), 4)
    return cases(
        word,
        maybe_wrong(axes),
        size=mostly(per_axis(axes, st.integers(2, 3)), per_axis(axes, st.integers(1, 5)), 2),
        stride=optional(per_axis(axes, st.integers(1, 4))),
        padding=mostly(names, widths, 1),
        ceil=mostly(st.just(False), st.just(True), 3),
    )


def recurrent(word: str) -> Strategy:
    short = st.tuples(st.integers(1, 9), CHANNELS)  # torch steps through the sequence one by one
    return cases(word, mostly(short, ANY_SHAPE, 14), units=st.integers(1, 12), sequences=BOOLS)


def bidirectional() -> Strategy:
    def wrap(case: Case) -> Case:
        return Case("Bidirectional", {"layer": case.bound()}, case.shapes)

    return st.sampled_from(["SimpleRNN", "LSTM", "GRU"]).flatmap(recurrent).map(wrap)


def permutation() -> Strategy:
    right = ANY_SHAPE.flatmap(
        lambda s: st.tuples(st.permutations(range(1, len(s) + 1)).map(tuple), st.just(s))
    )
    wrong = st.tuples(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple), ANY_SHAPE)
    return mostly(right, wrong, 4).map(lambda p: Case("Permute", {"order": p[0]}, (p[1],)))


def reshape() -> Strategy:
    def split(s: tuple[int, ...]) -> Strategy:
        values = 1
        for size in s:
            values *= size
        factors = [d for d in range(1, values + 1) if values % d == 0]
        first = st.sampled_from(factors)
        exact = first.flatmap(
            lambda a: st.sampled_from([d for d in factors if (values // a) % d == 0]).map(
                lambda b: (a, b, values // a // b)
            )
        )
        hidden = st.tuples(exact, st.integers(0, 2)).map(
            lambda p: tuple(-1 if i == p[1] else v for i, v in enumerate(p[0]))
        )
        wrong = st.lists(st.integers(-1, 6), min_size=1, max_size=4).map(tuple)
        flat = st.sampled_from([(values,), (-1,), (values, 1), -1])
        return mostly(st.one_of(exact, hidden, flat), wrong, 4).map(
            lambda target: Case("Reshape", {"shape": target}, (s,))
        )

    return ANY_SHAPE.flatmap(split)


def sides(word: str, high: int) -> Strategy:
    width = st.integers(0, high)
    pair = st.tuples(width, width)

    def of(axes: int) -> Strategy:
        forms = [width, st.tuples(*[pair] * axes)]
        forms.append(pair if axes == 1 else st.tuples(*[width] * axes))
        return cases(word, maybe_wrong(axes), amount=st.one_of(forms))

    return st.integers(1, 3).flatmap(of)


def upsample() -> Strategy:
    def of(axes: int) -> Strategy:
        factor = per_axis(axes, st.integers(1, 4))
        method = st.sampled_from([BareName("nearest"), BareName("bilinear")])
        return cases("Upsample", maybe_wrong(axes), factor=factor, method=method)

    return mostly(of(2), st.integers(1, 3).flatmap(of), 2)


def several(least: int, most: int, *, stretch: bool = False) -> Strategy:
    """Equal shapes, and some that differ in one axis or are features only."""

    def spoil(s: tuple[int, ...]) -> Strategy:
        same = st.lists(st.just(s), min_size=least, max_size=most)
        ones = st.tuples(*[st.sampled_from([size, size, 1]) for size in s])
        wide = st.lists(st.one_of(ones, st.just(s[-1:])), min_size=least, max_size=most)
        wrong = st.lists(ANY_SHAPE, min_size=least, max_size=most)
        return mostly(st.one_of(same, wide) if stretch else same, st.one_of(wide, wrong), 5)

    return ANY_SHAPE.flatmap(spoil)


def concat() -> Strategy:
    def along(s: tuple[int, ...]) -> Strategy:
        def build(axis: int) -> Strategy:
            place = axis - 1 if axis > 0 else len(s) + axis
            grow = st.lists(SMALL, min_size=2, max_size=4)
            return grow.map(
                lambda sizes: Case(
                    "concat",
                    {"axis": axis},
                    tuple((*s[:place], size, *s[place + 1 :]) for size in sizes),
                )
            )

        axes = [*range(1, len(s) + 1), *range(-len(s), 0)]
        return st.sampled_from(axes).flatmap(build)

    wrong = cases("concat", several(2, 3), axis=st.integers(-4, 4))
    return mostly(ANY_SHAPE.flatmap(along), wrong, 4)


def attention() -> Strategy:
    query = st.tuples(st.integers(1, 9), st.sampled_from([4, 6, 8, 12]))
    value = st.tuples(st.integers(1, 9), CHANNELS)
    shapes = st.one_of(query.map(lambda q: [q]), st.tuples(query, value).map(list))
    return cases(
        "MultiHeadAttention",
        mostly(shapes, ANY_SHAPE.map(lambda s: [s])),
        heads=st.sampled_from([1, 2, 2, 3, 4]),
        key_dim=optional(SMALL),
        causal=BOOLS,
        bias=BOOLS,
        dropout=RATES,
    )


def element(word: str, **parameters: Strategy) -> Strategy:
    return cases(word, ANY_SHAPE, **parameters)


def positions() -> Strategy:
    return cases("PositionEmbedding", maybe_wrong(1), length=optional(st.integers(1, 20)))


SLOPES = st.sampled_from([0.01, 0.1, 0.3])

CASES: dict[str, Strategy] = {
    "Dense": cases(
        "Dense",
        mostly(st.integers(0, 1).flatmap(shape), ANY_SHAPE),
        units=st.integers(1, 30),
        bias=BOOLS,
    ),
    "Conv1D": conv("Conv1D", 1, ("valid", "same", "causal")),
    "Conv2D": conv("Conv2D", 2),
    "Conv3D": conv("Conv3D", 3),
    "Conv2DTranspose": cases(
        "Conv2DTranspose",
        maybe_wrong(2),
        filters=CHANNELS,
        kernel=per_axis(2, st.integers(1, 5)),
        stride=per_axis(2, st.integers(1, 4)),
        padding=padding(2, ("valid", "same")),
        output_padding=mostly(st.just(0), per_axis(2, st.integers(0, 3)), 3),
        bias=BOOLS,
    ),
    "DepthwiseConv2D": depthwise("DepthwiseConv2D"),
    "SeparableConv2D": depthwise("SeparableConv2D", filters=CHANNELS),
    **{f"{kind}Pool{n}D": pool(f"{kind}Pool{n}D", n) for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **{
        f"Global{kind}Pool{n}D": cases(f"Global{kind}Pool{n}D", maybe_wrong(n))
        for kind in ("Max", "Avg")
        for n in (1, 2, 3)
    },
    "BatchNorm": element("BatchNorm", scale=BOOLS, center=BOOLS),
    "LayerNorm": element("LayerNorm"),
    "GroupNorm": element("GroupNorm", groups=st.sampled_from([1, 1, 2, 3, 4])),
    "RMSNorm": element("RMSNorm"),
    "Dropout": element("Dropout", rate=mostly(RATES, st.just(1.0))),
    "SpatialDropout": element("SpatialDropout", rate=RATES),
    "GaussianNoise": element("GaussianNoise", std=mostly(RATES, st.just(-1.0))),
    "GaussianDropout": element("GaussianDropout", rate=mostly(RATES, st.just(1.0))),
    "AlphaDropout": element("AlphaDropout", rate=mostly(RATES, st.just(1.0))),
    "Flatten": element("Flatten"),
    "Reshape": reshape(),
    "Permute": permutation(),
    "ZeroPad": sides("ZeroPad", 5),
    "Crop": sides("Crop", 2),
    "Upsample": upsample(),
    "Embedding": cases(
        "Embedding",
        st.lists(st.integers(1, 40), max_size=3).map(tuple),
        "int",
        vocabulary=st.integers(1, 50),
        dim=st.integers(1, 9),
    ),
    "PositionEmbedding": positions(),
    "SimpleRNN": recurrent("SimpleRNN"),
    "LSTM": recurrent("LSTM"),
    "GRU": recurrent("GRU"),
    "Bidirectional": bidirectional(),
    "MultiHeadAttention": attention(),
    **{
        name: element(name)
        for name in (
            "relu",
            "relu6",
            "prelu",
            "selu",
            "silu",
            "mish",
            "sigmoid",
            "hard_sigmoid",
            "hard_swish",
            "tanh",
            "softplus",
            "softmax",
            "identity",
        )
    },
    "leaky_relu": element("leaky_relu", slope=SLOPES),
    "elu": element("elu", alpha=SLOPES),
    "gelu": element("gelu", approximate=st.sampled_from([BareName("none"), BareName("tanh")])),
    **{name: cases(name, several(2, 4)) for name in ("add", "average", "maximum")},
    "subtract": cases("subtract", several(2, 2)),
    "multiply": cases("multiply", several(2, 3, stretch=True)),
    "concat": concat(),
    "dot": cases(
        "dot",
        mostly(
            st.integers(1, 400).flatmap(lambda n: st.just([(n,), (n,)])),
            st.lists(ANY_SHAPE, min_size=2, max_size=2),
        ),
        normalize=BOOLS,
    ),
}
