"""Whole models: arms that differ in kind, several outputs, skips, volumes and sequences between blocks."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.framework

MODELS = {
    "arms": """
block Head(flat, units) { input x
  x -> match { flat: Flatten
               else: GlobalAvgPool2D } -> Dense(units)
}
block Down(pooled) { input x
  y = match { pooled: x -> MaxPool2D(3x3, stride=2, padding=same)
              else: x -> Conv2D(x.channels, 3x3, stride=2, padding=same) }
  y -> LayerNorm -> relu
}
model Net { input x: 12x11x4
  d = x -> Down(true) -> Down(false)
  a = d -> Head(true, 3)
  b = d -> Head(false, 3)
  output left: a
  output right: b
}""",
    "volume": """
block V(n) { input x
  x -> Conv3D(n, 3x3x3, padding=same, bias=false) -> BatchNorm -> relu
}
model Net { input x: 6x5x4x2
  a = x -> V(3)
  b = x -> V(5) -> Conv3D(3, 1x1x1)
  add(a, b) -> V(4) * 2 -> GlobalAvgPool3D -> Dense(2)
}""",
    "unet": """
block Double(n) { input x
  x -> repeat 2 { Conv2D(n, 3x3, padding=same) -> BatchNorm -> relu } }
model Net { input x: 12x16x3
  a = x -> Double(4)
  b = a -> MaxPool2D(2) -> Double(8)
  c = b -> MaxPool2D(2) -> Double(12)
  d = c -> Conv2DTranspose(8, 2x2, stride=2)
  e = concat(b, d) -> Double(8)
  f = e -> Upsample(2) -> Conv2D(4, 2x2, padding=same)
  concat(a, f) -> Double(4) -> Conv2D(2, 1x1)
}""",
    "mixed": """
model Net { input x: 16x4
  a = x -> Conv1D(6, 3, padding=same) -> relu as early -> MaxPool1D(2) -> Conv1D(6, 3, stride=2, padding=same)
  b = early -> AvgPool1D(4)
  add(a, b) -> LayerNorm -> Permute((2, 1)) -> Flatten -> Dense(2)
}""",
    "growing": """
block DenseLayer(growth) { input x
  y = x -> BatchNorm -> relu -> Conv2D(growth, 3x3, padding=same, bias=false)
  concat(x, y)
}
model Net(growth = 3) { input x: 8x8x3
  x -> DenseLayer(growth) * 4 -> MaxPool2D(2x2) -> DenseLayer(2) * 3 -> GlobalAvgPool2D -> Dense(2)
}""",
    "residual": """
block Inverted(filters, stride = 1, expand = 2) { input x
  z = x -> Conv2D(expand * x.channels, 1x1, bias=false) -> BatchNorm -> relu6
  -> DepthwiseConv2D(3x3, stride=stride, padding=1, bias=false) -> BatchNorm -> relu6
  -> Conv2D(filters, 1x1, bias=false) -> BatchNorm
  match { stride == 1 and x.channels == filters: (x, z) -> add
          else: z -> Conv2D(filters, 1x1) }
}
model Net { input x: 9x9x3
  x -> Inverted(4, stride=2) -> Inverted(4) * 2 -> Inverted(6) -> Flatten -> Dense(2)
}""",
    "nested": """
model Net { input x: 8x8x4
  add(concat(x -> Conv2D(4, 1x1) -> Flatten -> Dense(3), x -> Flatten -> Dense(3) -> tanh),
      x -> Flatten -> Dense(5) -> relu -> Dense(6))
}""",
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model(name: str) -> None:
    from parity import compare

    compare(MODELS[name])
