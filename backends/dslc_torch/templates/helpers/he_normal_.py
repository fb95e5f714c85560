from torch import nn


def he_normal_(tensor):
    """Normal of variance 2 / fan_in, cut at two standard deviations."""
    std = (2 / tensor[0].numel()) ** 0.5 / 0.8796256610342398  # less by the cut
    return nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)
