from collections import OrderedDict

from torch import nn


class Backbone(nn.Sequential):
    """A network of torchvision up to its last feature map, under its own names."""

    def __init__(self, network):
        head = ("AuxLogits", "avgpool", "dropout", "fc", "classifier")
        layers = network.named_children()
        super().__init__(
            OrderedDict((name, layer) for name, layer in layers if name not in head)
        )

    def apply(self, fn):
        return self  # its first weights are torchvision's: `init_weights` keeps off
