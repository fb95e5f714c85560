import torch
from same_pads import same_pads
from torch import nn
from torch.nn import functional as F


class AvgPool3dSame(nn.AvgPool3d):
    """A pooling of ⌈size / stride⌉ places along each axis, as in TensorFlow.

    Each mean is that of the values inside of the input.
    """

    def forward(self, x):
        pads = same_pads(x, self.kernel_size, self.stride)
        inside = super().forward(F.pad(torch.ones_like(x[:1, :1]), pads))
        return super().forward(F.pad(x, pads)) / inside
