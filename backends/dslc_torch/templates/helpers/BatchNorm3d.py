import torch
from torch import nn


class BatchNorm3d(nn.BatchNorm3d):
    """BatchNorm whose running variance takes the biased variance of a batch."""

    def forward(self, x):
        kept = self.running_var * (1 - self.momentum)
        n = x.numel() / x.shape[1]
        # torch refuses one value a channel; two alike have its mean and variance.
        alone = self.training and n == 1
        y = super().forward(torch.cat([x, x]) if alone else x)[: len(x)]
        if self.training:
            # A new tensor: backward still needs the one that torch has updated.
            self.running_var = kept + (self.running_var - kept) * (n - 1) / n
        return y
