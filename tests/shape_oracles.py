"""What Keras and torch make of a case: shape and number of weights, or a refusal.

Every function builds the layer from the parameters of a case and applies it to inputs without data: Keras to a
`KerasTensor`, torch on the meta device (channels first).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import torch
from shape_cases import Case
from torch import nn


@dataclass(frozen=True)
class Answer:
    """Shape without the batch, channels last; numbers of weights (None: not comparable)."""

    shape: tuple[int, ...]
    trainable: int | None
    frozen: int | None = 0


class Inexpressible(Exception):
    """The framework has no such layer; nothing is compared."""


def named(padding: Any) -> bool:
    return isinstance(padding, str)


def each(value: Any, axes: int) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) * axes


# --------------------------------------------------------------------------- keras

L = keras.layers


def pads(value: Any, axes: int) -> Any:
    sides = tuple((p, p) for p in each(value, axes))
    return getattr(L, f"ZeroPadding{axes}D")(sides[0] if axes == 1 else sides)


def keras_conv(case: Case) -> list[Any]:
    p = dict(case.parameters)
    name = case.word
    axes = int(name[-2])
    padding, bias = p.pop("padding"), p.pop("bias")
    front = [] if named(padding) else [pads(padding, axes)]
    renamed = {"kernel": "kernel_size", "stride": "strides", "dilation": "dilation_rate"}
    renamed["multiplier"] = "depth_multiplier"
    arguments = {renamed.get(k, k): v for k, v in p.items()}
    kernels = {"DepthwiseConv2D": ["depthwise"], "SeparableConv2D": ["depthwise", "pointwise"]}
    arguments |= {f"{kernel}_initializer": "zeros" for kernel in kernels.get(name, ["kernel"])}
    layer = getattr(L, name)(
        **arguments, padding=str(padding) if named(padding) else "valid", use_bias=bias
    )
    return [*front, layer]


def keras_transposed(case: Case) -> list[Any]:
    p = case.parameters
    if any(each(p["output_padding"], 2)) or not named(p["padding"]):
        raise Inexpressible
    layer = L.Conv2DTranspose(
        p["filters"],
        p["kernel"],
        p["stride"],
        str(p["padding"]),
        use_bias=p["bias"],
        kernel_initializer="zeros",
    )
    return [layer]


def keras_pool(case: Case) -> list[Any]:
    p = case.parameters
    if p["ceil"] or not named(p["padding"]):
        raise Inexpressible
    return [getattr(L, case.word)(p["size"], p.get("stride"), str(p["padding"]))]


def keras_recurrent(case: Case) -> Any:
    zeros = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    p = case.parameters
    return getattr(L, case.word)(p["units"], return_sequences=p["sequences"], **zeros)


def keras_bidirectional(case: Case) -> list[Any]:
    inner = case.parameters["layer"]
    p = {"units": inner.units, "sequences": inner.sequences}
    return [L.Bidirectional(keras_recurrent(Case(inner.word, p, ())))]


def keras_attention(case: Case) -> Any:
    p = case.parameters
    channels = case.shapes[0][-1]
    if "key_dim" not in p and channels % p["heads"]:
        raise ValueError("heads do not divide the channels")
    layer = L.MultiHeadAttention(
        p["heads"],
        p.get("key_dim", channels // p["heads"]),
        use_bias=p["bias"],
        dropout=p["dropout"],
        kernel_initializer="zeros",
    )

    def call(*xs: Any) -> Any:
        return layer(xs[0], xs[-1], use_causal_mask=p["causal"])

    return layer, call


def keras_dropout(case: Case) -> list[Any]:
    return [L.Dropout(case.parameters["rate"])]


def keras_spatial(case: Case) -> list[Any]:
    axes = len(case.shapes[0]) - 1
    return [getattr(L, f"SpatialDropout{axes}D")(case.parameters["rate"])]


def keras_sides(case: Case) -> list[Any]:
    axes = len(case.shapes[0]) - 1
    name = {"ZeroPad": "ZeroPadding", "Crop": "Cropping"}[case.word]
    amount = case.parameters["amount"]
    if axes == 1 and isinstance(amount, tuple) and len(amount) == 1:
        amount = amount[0]
    return [getattr(L, f"{name}{axes}D")(amount)]


def keras_upsample(case: Case) -> list[Any]:
    p = case.parameters
    axes = len(case.shapes[0]) - 1
    factor = each(p["factor"], axes)
    if axes == 2:
        return [L.UpSampling2D(factor, interpolation=str(p["method"]))]
    if p["method"] != "nearest":
        raise ValueError("bilinear is for images")
    if len(factor) != axes:
        raise ValueError("one factor for each axis")
    return [getattr(L, f"UpSampling{axes}D")(factor[0] if axes == 1 else factor)]


def keras_prelu(case: Case) -> list[Any]:
    shared = list(range(1, len(case.shapes[0])))
    return [L.PReLU(alpha_initializer="zeros", shared_axes=shared or None)]


def keras_merge(layer: Any) -> Any:
    return layer, lambda *xs: layer(list(xs))


KERAS_ACTIVATIONS = {
    "gelu": lambda p: L.Activation(
        lambda x: keras.activations.gelu(x, approximate=p["approximate"] == "tanh")
    ),
    "leaky_relu": lambda p: L.LeakyReLU(negative_slope=p["slope"]),
    "elu": lambda p: L.ELU(alpha=p["alpha"]),
    "hard_swish": lambda p: L.Activation("hard_silu"),
    "identity": lambda p: L.Identity(),
}

KERAS: dict[str, Callable[[Case], Any]] = {
    "Dense": lambda c: [L.Dense(c.parameters["units"], use_bias=c.parameters["bias"])],
    **dict.fromkeys(
        ("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D"), keras_conv
    ),
    "Conv2DTranspose": keras_transposed,
    **{f"{kind}Pool{n}D": keras_pool for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **{
        f"Global{kind}Pool{n}D": lambda c: [getattr(L, c.word)()]
        for kind in ("Max", "Avg")
        for n in (1, 2, 3)
    },
    "BatchNorm": lambda c: [L.BatchNormalization(**c.parameters)],
    "LayerNorm": lambda c: [L.LayerNormalization()],
    "GroupNorm": lambda c: [L.GroupNormalization(c.parameters["groups"])],
    "RMSNorm": lambda c: [L.RMSNormalization()],
    "Dropout": keras_dropout,
    "SpatialDropout": keras_spatial,
    "GaussianNoise": lambda c: [L.GaussianNoise(c.parameters["std"])],
    "GaussianDropout": lambda c: [L.GaussianDropout(c.parameters["rate"])],
    "AlphaDropout": lambda c: [L.AlphaDropout(c.parameters["rate"])],
    "Flatten": lambda c: [L.Flatten()],
    "Reshape": lambda c: [L.Reshape(each(c.parameters["shape"], 1))],
    "Permute": lambda c: [L.Permute(c.parameters["order"])],
    "ZeroPad": keras_sides,
    "Crop": keras_sides,
    "Upsample": keras_upsample,
    "Embedding": lambda c: [
        L.Embedding(c.parameters["vocabulary"], c.parameters["dim"], embeddings_initializer="zeros")
    ],
    "SimpleRNN": lambda c: [keras_recurrent(c)],
    "LSTM": lambda c: [keras_recurrent(c)],
    "GRU": lambda c: [keras_recurrent(c)],
    "Bidirectional": keras_bidirectional,
    "MultiHeadAttention": keras_attention,
    "prelu": keras_prelu,
    **{
        name: lambda c: [L.Activation(c.word)]
        for name in (
            "relu",
            "relu6",
            "selu",
            "silu",
            "mish",
            "sigmoid",
            "hard_sigmoid",
            "tanh",
            "softplus",
            "softmax",
        )
    },
    **{name: lambda c: [KERAS_ACTIVATIONS[c.word](c.parameters)] for name in KERAS_ACTIVATIONS},
    "add": lambda c: keras_merge(L.Add()),
    "subtract": lambda c: keras_merge(L.Subtract()),
    "average": lambda c: keras_merge(L.Average()),
    "maximum": lambda c: keras_merge(L.Maximum()),
    "multiply": lambda c: keras_merge(L.Multiply()),
    "concat": lambda c: keras_merge(L.Concatenate(axis=c.parameters["axis"])),
    "dot": lambda c: keras_merge(L.Dot(axes=1, normalize=c.parameters["normalize"])),
}


def ask_keras(case: Case) -> Answer | None:
    """None where Keras refuses, or leaves nothing.

    Raises:
        Inexpressible: Keras has no such layer.
    """
    if case.word not in KERAS:
        raise Inexpressible
    dtype = "int32" if case.dtype == "int" else "float32"
    xs = [keras.KerasTensor((2, *shape), dtype=dtype) for shape in case.shapes]
    try:
        built = KERAS[case.word](case)
        if isinstance(built, list):
            layers, y = built, xs[0]
            for layer in layers:
                y = layer(y)
        else:
            layers, y = [built[0]], built[1](*xs)
    except Inexpressible:
        raise
    except Exception:
        return None
    if 0 in y.shape:
        return None
    trainable = sum(numbers(layer.trainable_weights) for layer in layers)
    frozen = sum(numbers(layer.non_trainable_weights) for layer in layers)
    return Answer(tuple(y.shape[1:]), trainable, frozen)


def numbers(weights: list[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


# --------------------------------------------------------------------------- torch


def torch_padding(padding: Any) -> Any:
    if padding == "causal":
        raise Inexpressible
    if padding == "valid":
        return 0
    return str(padding) if named(padding) else padding


def torch_conv(case: Case) -> nn.Module:
    p = case.parameters
    axes = int(case.word[-2])
    if p["padding"] == "same" and any(s > 1 for s in each(p["stride"], axes)):
        raise Inexpressible
    channels = case.shapes[0][-1]
    return getattr(nn, f"Conv{axes}d")(
        channels,
        p["filters"],
        p["kernel"],
        p["stride"],
        torch_padding(p["padding"]),
        p["dilation"],
        p["groups"],
        p["bias"],
        device="meta",
    )


def torch_depthwise(case: Case) -> nn.Module:
    p = case.parameters
    if p["padding"] == "same" and any(s > 1 for s in each(p["stride"], 2)):
        raise Inexpressible
    channels = case.shapes[0][-1]
    wide = channels * p["multiplier"]
    separable = case.word == "SeparableConv2D"
    first = nn.Conv2d(
        channels,
        wide,
        p["kernel"],
        p["stride"],
        torch_padding(p["padding"]),
        p["dilation"],
        channels,
        p["bias"] and not separable,
        device="meta",
    )
    if not separable:
        return first
    return nn.Sequential(first, nn.Conv2d(wide, p["filters"], 1, bias=p["bias"], device="meta"))


def torch_transposed(case: Case) -> nn.Module:
    p = case.parameters
    if named(p["padding"]):
        raise Inexpressible
    return nn.ConvTranspose2d(
        case.shapes[0][-1],
        p["filters"],
        p["kernel"],
        p["stride"],
        p["padding"],
        p["output_padding"],
        bias=p["bias"],
        device="meta",
    )


def torch_pool(case: Case) -> nn.Module:
    p = case.parameters
    if p["padding"] == "same":
        raise Inexpressible
    padding = 0 if named(p["padding"]) else p["padding"]
    *places, _ = case.shapes[0]
    if case.word == "AvgPool3D" and any(
        n < k for n, k in zip(places, each(p["size"], 3), strict=False)
    ):
        raise Inexpressible  # torch compares the window with the input before padding, here alone
    name = f"{case.word[:7]}{case.word[7]}d"
    more = {} if "Max" in name else {"count_include_pad": False}
    return getattr(nn, name)(p["size"], p.get("stride"), padding, ceil_mode=p["ceil"], **more)


class Global(nn.Module):
    def __init__(self, kind: str, axes: int) -> None:
        super().__init__()
        self.kind, self.axes = kind, axes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() != self.axes + 2:
            raise ValueError("wrong rank")
        places = tuple(range(2, x.dim()))
        return x.amax(places) if self.kind == "Max" else x.mean(places)


class Last(nn.Module):
    """A recurrent layer of torch on (N, C, T): the last state, or all of them."""

    def __init__(self, name: str, channels: int, units: int, sequences: bool, both: bool) -> None:
        super().__init__()
        module = getattr(nn, {"SimpleRNN": "RNN"}.get(name, name))
        self.layer = module(channels, units, batch_first=True, bidirectional=both, device="meta")
        self.sequences = sequences

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() != 3:
            raise ValueError("needs a sequence")
        y, _ = self.layer(x.movedim(1, -1))
        return y.movedim(-1, 1) if self.sequences else y[:, -1]


def torch_recurrent(case: Case) -> nn.Module:
    p = case.parameters
    return Last(case.word, case.shapes[0][-1], p["units"], p["sequences"], False)


def torch_bidirectional(case: Case) -> nn.Module:
    inner = case.parameters["layer"]
    return Last(inner.word, case.shapes[0][-1], inner.units, inner.sequences, True)


class OnLast(nn.Module):
    """A module that works on the last axis, for channels first."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x.movedim(1, -1)).movedim(-1, 1)


class Attention(nn.Module):
    def __init__(self, case: Case) -> None:
        super().__init__()
        p = case.parameters
        query, value = case.shapes[0], case.shapes[-1]
        if "key_dim" in p and p["key_dim"] * p["heads"] != query[-1]:
            raise Inexpressible
        if len(query) != 2 or len(value) != 2:
            raise ValueError("needs sequences")
        self.layer = nn.MultiheadAttention(
            query[-1],
            p["heads"],
            p["dropout"],
            p["bias"],
            kdim=value[-1],
            vdim=value[-1],
            batch_first=True,
            device="meta",
        )

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        q, v = xs[0].movedim(1, -1), xs[-1].movedim(1, -1)
        return self.layer(q, v, v, need_weights=False)[0].movedim(-1, 1)


class Positions(nn.Module):
    def __init__(self, case: Case) -> None:
        super().__init__()
        steps, channels = case.shapes[0]
        length = case.parameters.get("length", steps)
        self.table = nn.Parameter(torch.empty(length, channels, device="meta"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = self.table[: x.shape[2]]
        if rows.shape[0] < x.shape[2]:
            raise ValueError("too long")
        return x + rows.T


class Function(nn.Module):
    """A function of channels-last tensors."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *xs: torch.Tensor) -> torch.Tensor:
        y = self.function(*(x.movedim(1, -1) for x in xs))
        return y.movedim(-1, 1) if y.dim() > 2 else y


def equal_shapes(*xs: torch.Tensor) -> None:
    if len({tuple(x.shape) for x in xs}) > 1:
        raise ValueError("unequal shapes")


def torch_batch_norm(case: Case) -> nn.Module:
    axes = max(len(case.shapes[0]) - 1, 1)
    if not (case.parameters["scale"] and case.parameters["center"]):
        raise Inexpressible
    return getattr(nn, f"BatchNorm{axes}d")(case.shapes[0][-1], device="meta")


def torch_upsample(case: Case) -> nn.Module:
    factor, axes = case.parameters["factor"], len(case.shapes[0]) - 1
    return nn.Upsample(
        scale_factor=tuple(map(float, each(factor, axes))), mode=str(case.parameters["method"])
    )


def torch_sides(case: Case) -> nn.Module:
    axes, amount = len(case.shapes[0]) - 1, case.parameters["amount"]
    if isinstance(amount, tuple) and axes == 1 and not isinstance(amount[0], tuple):
        amount = (amount,)
    pairs = [a if isinstance(a, tuple) else (a, a) for a in each(amount, axes)]
    if len(pairs) != axes or not axes:
        raise ValueError("wrong number of axes")
    sign = 1 if case.word == "ZeroPad" else -1
    flat = tuple(sign * w for pair in reversed(pairs) for w in pair)
    return Function(lambda x: nn.functional.pad(x, (0, 0, *flat)))


def scaled_product(*xs: torch.Tensor) -> torch.Tensor:
    """Channels last; features (C) at every place."""
    rank = max(x.dim() for x in xs)
    if any(x.dim() not in (2, rank) for x in xs):
        raise ValueError("ranks")
    wide = [x.reshape(x.shape[0], *[1] * (rank - x.dim()), *x.shape[1:]) for x in xs]
    y = wide[0]
    for x in wide[1:]:
        y = y * x
    return y


def torch_concat(case: Case) -> nn.Module:
    axis = case.parameters["axis"]
    if axis == 0:
        raise Inexpressible
    return Function(lambda *xs: torch.cat(xs, axis))


def dot(*xs: torch.Tensor) -> torch.Tensor:
    equal_shapes(*xs)
    if xs[0].dim() != 2:
        raise ValueError("vectors only")
    return (xs[0] * xs[1]).sum(1, keepdim=True)


TORCH: dict[str, Callable[[Case], nn.Module]] = {
    "Dense": lambda c: OnLast(
        nn.Linear(c.shapes[0][-1], c.parameters["units"], c.parameters["bias"], device="meta")
    ),
    "Conv1D": torch_conv,
    "Conv2D": torch_conv,
    "Conv3D": torch_conv,
    "DepthwiseConv2D": torch_depthwise,
    "SeparableConv2D": torch_depthwise,
    "Conv2DTranspose": torch_transposed,
    **{f"{kind}Pool{n}D": torch_pool for kind in ("Max", "Avg") for n in (1, 2, 3)},
    **{
        f"Global{kind}Pool{n}D": lambda c: Global(c.word[6:9], int(c.word[-2]))
        for kind in ("Max", "Avg")
        for n in (1, 2, 3)
    },
    "BatchNorm": torch_batch_norm,
    "LayerNorm": lambda c: OnLast(nn.LayerNorm(c.shapes[0][-1], device="meta")),
    "RMSNorm": lambda c: OnLast(nn.RMSNorm(c.shapes[0][-1], device="meta")),
    "GroupNorm": lambda c: nn.GroupNorm(c.parameters["groups"], c.shapes[0][-1], device="meta"),
    "Dropout": lambda c: nn.Dropout(c.parameters["rate"]),
    "SpatialDropout": lambda c: getattr(nn, f"Dropout{len(c.shapes[0]) - 1}d")(
        c.parameters["rate"]
    ),
    "AlphaDropout": lambda c: nn.AlphaDropout(c.parameters["rate"]),
    "Flatten": lambda c: nn.Flatten(),
    "Reshape": lambda c: Function(lambda x: x.reshape(x.shape[0], *each(c.parameters["shape"], 1))),
    "Permute": lambda c: Function(lambda x: x.permute(0, *c.parameters["order"])),
    "ZeroPad": torch_sides,
    "Crop": torch_sides,
    "Upsample": torch_upsample,
    "Embedding": lambda c: nn.Embedding(
        c.parameters["vocabulary"], c.parameters["dim"], device="meta"
    ),
    "PositionEmbedding": Positions,
    "SimpleRNN": torch_recurrent,
    "LSTM": torch_recurrent,
    "GRU": torch_recurrent,
    "Bidirectional": torch_bidirectional,
    "MultiHeadAttention": Attention,
    "relu": lambda c: nn.ReLU(),
    "relu6": lambda c: nn.ReLU6(),
    "leaky_relu": lambda c: nn.LeakyReLU(c.parameters["slope"]),
    "prelu": lambda c: nn.PReLU(c.shapes[0][-1], device="meta"),
    "elu": lambda c: nn.ELU(c.parameters["alpha"]),
    "selu": lambda c: nn.SELU(),
    "gelu": lambda c: nn.GELU(str(c.parameters["approximate"])),
    "silu": lambda c: nn.SiLU(),
    "mish": lambda c: nn.Mish(),
    "sigmoid": lambda c: nn.Sigmoid(),
    "hard_sigmoid": lambda c: nn.Hardsigmoid(),
    "hard_swish": lambda c: nn.Hardswish(),
    "tanh": lambda c: nn.Tanh(),
    "softplus": lambda c: nn.Softplus(),
    "softmax": lambda c: nn.Softmax(1),
    "identity": lambda c: nn.Identity(),
    "add": lambda c: Function(lambda *xs: (equal_shapes(*xs), sum(xs))[1]),
    "subtract": lambda c: Function(lambda *xs: (equal_shapes(*xs), xs[0] - xs[1])[1]),
    "average": lambda c: Function(lambda *xs: torch.stack(xs).mean(0)),
    "maximum": lambda c: Function(lambda *xs: torch.stack(xs).amax(0)),
    "multiply": lambda c: Function(scaled_product),
    "concat": torch_concat,
    "dot": lambda c: Function(dot),
}


def torch_count(case: Case, module: nn.Module) -> int:
    """Trainable numbers; of the two biases of torch's LSTM and RNN the language has one."""
    named_sizes = [(name, p.numel()) for name, p in module.named_parameters()]
    inner = case.parameters.get("layer")
    word = inner.word if inner is not None else case.word
    if word in ("LSTM", "SimpleRNN"):
        named_sizes = [(name, size) for name, size in named_sizes if "bias_hh" not in name]
    return sum(size for _, size in named_sizes)


def ask_torch(case: Case) -> Answer | None:
    """None where torch refuses, or leaves nothing.

    Raises:
        Inexpressible: torch has no such module.
    """
    if case.word not in TORCH:
        raise Inexpressible
    ids = case.dtype == "int"
    try:
        module = TORCH[case.word](case)
        if ids:
            y = module(torch.empty((2, *case.shapes[0]), dtype=torch.long, device="meta"))
        else:
            y = module(*(torch.empty((2, s[-1], *s[:-1]), device="meta") for s in case.shapes))
    except Inexpressible:
        raise
    except Exception:
        return None
    if 0 in y.shape:
        return None
    shape = tuple(y.shape[1:]) if ids else (*y.shape[2:], y.shape[1])
    running = sum(b.numel() for name, b in module.named_buffers() if "num_batches" not in name)
    return Answer(shape, torch_count(case, module), running)
