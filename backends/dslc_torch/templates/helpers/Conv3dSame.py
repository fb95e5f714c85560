from same_pads import same_pads
from torch import nn
from torch.nn import functional as F


class Conv3dSame(nn.Conv3d):
    """A convolution of ⌈size / stride⌉ places along each axis, as in TensorFlow."""

    def forward(self, x):
        pads = same_pads(x, self.kernel_size, self.stride, self.dilation)
        return super().forward(F.pad(x, pads))
