from collections import OrderedDict

from torch import nn


class DenseNetBackbone(nn.Sequential):
    """A DenseNet of torchvision up to its last feature map, under its own names."""

    def __init__(self, network):
        # torchvision calls this relu in `forward`: it is no layer of the network.
        super().__init__(OrderedDict(features=network.features, relu=nn.ReLU()))

    def apply(self, fn):
        return self  # its first weights are torchvision's: `init_weights` keeps off
