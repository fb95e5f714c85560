"""Random specs whose shapes always fit: blocks in blocks, with parameters, `match`, `repeat`, merges and shared
layers."""

from __future__ import annotations

from hypothesis import strategies as st

ACTIVATIONS = ("relu", "gelu", "tanh", "leaky_relu(0.2)")


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A model and a few blocks. Every step keeps height and width, so that all channels fit everywhere."""
    count = draw(st.integers(1, 4))
    blocks = [_block(draw, i) for i in range(count)]
    flow = _steps(draw, count, names=False)
    classes = draw(st.integers(1, 5))
    model = f"""model Net(classes = {classes}) {{
  input x: 4x4x{draw(st.integers(1, 6))}
  y = x -> {flow}
  z = y -> Conv2D(classes + 1, 1x1)
  concat(y, z) -> GlobalAvgPool2D -> Dense(classes)
}}
"""
    if draw(st.booleans()):
        model += "defaults { init = he_normal  bias = false }\n"
    return "\n".join([*blocks, model])


def _block(draw: st.DrawFn, index: int) -> str:
    shape = draw(st.sampled_from(["", ": (H, W, C)", ": (H, H, C)"]))
    lines = [f"  input x{shape}"]
    if draw(st.booleans()):
        lines.append(f"  h = {_whole(draw, True)}")
    else:
        lines.append("  h = n + 1")
    lines.append(f"  y = x -> {_steps(draw, index, names=True)}")
    match draw(st.integers(0, 5)):
        case 0:
            end = ["out = x -> Conv2D(h, 1x1) -> concat(y) -> act"]
        case 1:
            end = [
                "s = match { y.channels != x.channels: x -> Conv2D(y.channels, 1x1)  else: x }",
                "out = add(y, s) -> act",
            ]
        case 2:
            end = [
                "shared = Conv2D(h, k, padding=same, bias=flag)",
                "out = concat(y -> shared, y -> Conv2D(y.channels, 1x1) -> shared)",
            ]
        case 3:
            end = [
                "y -> Conv2D(h, 1x1) as inner",
                "out = inner -> act -> Conv2D(h, 1x1) -> add(inner)",
            ]
        case 4:
            arm = "Conv2D(h, 1x1) -> act  else: Conv2D(h, 1x1)"
            end = [f"out = y -> match {{ {_condition(draw)}: {arm} }}"]
        case _:
            end = ["out = y -> Dropout(rate) -> Conv2D(x.channels + 2, k, padding=same)"]
    use = "used = x -> Conv2D(h, k, padding=same, bias=flag) -> Dropout(rate) -> act"
    lines += [f"  {line}" for line in (*end, use, "assert used.channels == h and n > 0")]
    lines.append(draw(st.sampled_from(["  concat(used, out)", "  used -> concat(out, y) -> act"])))
    head = f"block B{index}(n, k = 3x3, act = relu, flag = true, rate = 0.1) {{"
    return "\n".join([head, *lines, "}"])


def _steps(draw: st.DrawFn, blocks: int, *, names: bool) -> str:
    return " -> ".join(_step(draw, blocks, names) for _ in range(draw(st.integers(1, 3))))


def _step(draw: st.DrawFn, blocks: int, names: bool, depth: int = 0) -> str:
    kinds = ["conv", "plain"] + ["block"] * 3 * bool(blocks)
    if depth < 2:
        kinds += ["repeat", "times"] + ["match"] * names
    match draw(st.sampled_from(kinds)):
        case "conv":
            return f"Conv2D({_whole(draw, names)}, {draw(st.sampled_from(['1x1', '3x3', '3']))}, padding=same)"
        case "plain":
            return draw(st.sampled_from(["BatchNorm", "relu", *(["act"] if names else [])]))
        case "block":
            return _use(draw, blocks, names)
        case "times":
            inner = _step(draw, blocks, names, depth + 1)
            alone = inner.startswith("B") and "*" not in inner and inner[-1] == ")"
            body = inner if alone else f"({inner})"
            return f"{body} * {_times(draw, names)}"
        case "repeat":
            steps = " -> ".join(
                _step(draw, blocks, names, depth + 1) for _ in range(draw(st.integers(1, 2)))
            )
            return f"repeat {_times(draw, names)} {{ {steps} }}"
        case _:
            arms = [_arm(draw, blocks, names) for _ in range(2)]
            return f"match {{ {_condition(draw)}: {arms[0]}  else: {arms[1]} }}"


def _arm(draw: st.DrawFn, blocks: int, names: bool) -> str:
    if blocks and draw(st.booleans()):
        return f"{_use(draw, blocks, names)} * {_times(draw, names)} -> relu"
    return f"Conv2D({_whole(draw, names)}, 1x1) -> relu"


def _use(draw: st.DrawFn, blocks: int, names: bool) -> str:
    arguments = [_whole(draw, names)]
    if draw(st.booleans()):
        arguments.append(
            "k=" + draw(st.sampled_from(["1x1", "3", "1x3", *(["k"] if names else [])]))
        )
    if draw(st.booleans()):
        arguments.append(
            "act=" + draw(st.sampled_from([*ACTIVATIONS, *(["act"] if names else [])]))
        )
    if draw(st.booleans()):
        arguments.append(
            "flag=" + draw(st.sampled_from(["false", *(["flag", "n > 3"] if names else [])]))
        )
    if draw(st.booleans()):
        arguments.append(
            "rate=" + draw(st.sampled_from(["0.5", *(["rate", "rate / 2"] if names else [])]))
        )
    return f"B{draw(st.integers(0, blocks - 1))}({', '.join(arguments)})"


def _whole(draw: st.DrawFn, names: bool) -> str:
    plain = str(draw(st.integers(1, 8)))
    if not names:
        return plain
    return draw(
        st.sampled_from(
            [plain, "n", "2 * n", "n + 3", "x.channels", "n // 2 + 1", "x.channels + n"]
        )
    )


def _times(draw: st.DrawFn, names: bool) -> str:
    return draw(st.sampled_from(["1", "2", "3", *(["(n % 3 + 1)"] if names else [])]))


def _condition(draw: st.DrawFn) -> str:
    return draw(
        st.sampled_from(
            [
                "n > 3",
                "x.channels == n",
                "flag",
                "n % 2 == 0 and x.channels > 2",
                "rate < 0.3",
                "not flag",
            ]
        )
    )
