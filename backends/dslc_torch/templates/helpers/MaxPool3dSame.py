import torch
from same_pads import same_pads
from torch import nn
from torch.nn import functional as F


class MaxPool3dSame(nn.MaxPool3d):
    """A pooling of ⌈size / stride⌉ places along each axis, as in TensorFlow."""

    def forward(self, x):
        pads = same_pads(x, self.kernel_size, self.stride)
        return super().forward(F.pad(x, pads, value=-torch.inf))
