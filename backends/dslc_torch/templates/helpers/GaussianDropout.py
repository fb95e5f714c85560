import torch
from torch import nn


class GaussianDropout(nn.Module):
    """Multiplies by normal noise in training, with the variance that dropout has."""

    def __init__(self, rate):
        super().__init__()
        self.std = (rate / (1 - rate)) ** 0.5

    def forward(self, x):
        return x * (1 + self.std * torch.randn_like(x)) if self.training else x
