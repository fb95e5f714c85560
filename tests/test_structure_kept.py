"""The script is as short as the spec: blocks are one class or function, repeats are loops, matches are branches."""

from __future__ import annotations

import pytest
from sections import written

GROWING = """
block DenseLayer(growth) { input x
  y = x -> Conv2D(growth, 3x3, padding=same)
  concat(x, y)
}
model Net(growth = 12) { input image: 8x8x24
  image -> DenseLayer(growth) * 6 -> GlobalAvgPool2D -> Dense(2)
}"""
CHOOSING = """
block Residual(filters, stride = 1) { input x
  z = x -> Conv2D(filters, 3x3, stride=stride, padding=1)
  match { stride == 1 and x.channels == filters: (x, z) -> add
          else: z }
}
model Net { input x: 9x9x3
  x -> Residual(4, stride=2) -> Residual(4) * 2 -> Residual(6) -> Flatten -> Dense(2)
}"""
SIZED = """
block Tower(units) { input x
  x -> Conv2D(8, 3x3) -> Flatten -> Dense(units)
}
model Net { input x: 10x10x3  x -> Tower(4) }"""
DEPENDENT = """
model Net { input x: (H, W, 3) where H % 4 == 0
  x -> Conv2D(4, 3x3, padding=same)
}"""


@pytest.mark.parametrize(
    ("spec", "backend", "line"),
    [
        (GROWING, "torch", "*[DenseLayer(24 + growth * i, growth) for i in range(6)]"),
        (GROWING, "keras", "for _ in range(6):\n        x = dense_layer(x, growth)"),
        (CHOOSING, "torch", "self.choice = stride == 1 and in_channels == filters"),
        (CHOOSING, "torch", "if self.choice:\n            x = x + z"),
        (CHOOSING, "torch", "*[Residual(4, 4) for _ in range(2)]"),
        (CHOOSING, "keras", "if stride == 1 and in_channels == filters:"),
        (SIZED, "torch", "def __init__(self, in_channels, units):"),
        (SIZED, "torch", "nn.Linear(512, units)"),
        (DEPENDENT, "torch", "# H % 4 == 0"),
        (DEPENDENT, "keras", "# H % 4 == 0"),
    ],
)
def test_structure_is_kept(spec: str, backend: str, line: str) -> None:
    assert line in written(spec, backend)


@pytest.mark.parametrize("backend", ["keras", "torch"])
def test_a_block_is_written_once(backend: str) -> None:
    text = written(CHOOSING, backend)
    assert text.count("class Residual(" if backend == "torch" else "def residual(") == 1
