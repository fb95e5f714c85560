from torch import nn


class BatchNorm3d(nn.BatchNorm3d):
    """BatchNorm whose running variance takes the biased variance of a batch."""

    def forward(self, x):
        kept = self.running_var * (1 - self.momentum)
        y = super().forward(x)
        if self.training:
            n = x.numel() / x.shape[1]
            # A new tensor: backward still needs the one that torch has updated.
            self.running_var = kept + (self.running_var - kept) * (n - 1) / n
        return y
