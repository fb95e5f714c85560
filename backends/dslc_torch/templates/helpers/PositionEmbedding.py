import torch
from torch import nn


class PositionEmbedding(nn.Module):
    """Adds a learned vector to each step of a sequence."""

    def __init__(self, length, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(length, channels))

    def forward(self, x):
        return x + self.weight[: x.shape[1]]
