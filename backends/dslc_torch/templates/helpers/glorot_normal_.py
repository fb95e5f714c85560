from torch import nn


def glorot_normal_(tensor):
    """Normal of variance 2 / (fan_in + fan_out), cut at two standard deviations."""
    fans = tensor[0].numel() + tensor[:, 0].numel()
    std = (2 / fans) ** 0.5 / 0.8796256610342398  # less by the cut
    return nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)
