"""GoogLeNet in PyTorch, made from googlenet.dl.

Usage:
    python googlenet_torch.py    builds the model and counts its weights
"""

import torch
from torch import nn


class BatchNorm2d(nn.BatchNorm2d):
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


class Conv(nn.Module):
    def __init__(self, in_channels, filters, kernel=1, stride=1, padding=0):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(
                in_channels, filters, kernel, stride=stride, padding=padding, bias=False
            ),
            BatchNorm2d(filters, eps=1e-3),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


class Inception(nn.Module):
    def __init__(self, in_channels, a, b_in, b, c_in, c, d):
        super().__init__()
        self.branch1 = Conv(in_channels, a)
        self.branch2 = nn.Sequential(
            Conv(in_channels, b_in), Conv(b_in, b, kernel=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            Conv(in_channels, c_in), Conv(c_in, c, kernel=3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), Conv(in_channels, d)
        )

    def forward(self, x):
        return torch.cat(
            [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1
        )


class GoogLeNet(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.features = nn.Sequential(
            Conv(3, 64, kernel=7, stride=2, padding=3),  # (N, 64, 112, 112)
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 64, 56, 56)
            Conv(64, 64),
            Conv(64, 192, kernel=3, padding=1),  # (N, 192, 56, 56)
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 192, 28, 28)
            Inception(192, 64, 96, 128, 16, 32, 32),  # (N, 256, 28, 28)
            Inception(256, 128, 128, 192, 32, 96, 64),  # (N, 480, 28, 28)
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 480, 14, 14)
            Inception(480, 192, 96, 208, 16, 48, 64),  # (N, 512, 14, 14)
            Inception(512, 160, 112, 224, 24, 64, 64),
            Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64),  # (N, 528, 14, 14)
            Inception(528, 256, 160, 320, 32, 128, 128),  # (N, 832, 14, 14)
            nn.MaxPool2d(2, ceil_mode=True),  # (N, 832, 7, 7)
            Inception(832, 256, 160, 320, 32, 128, 128),
            Inception(832, 384, 192, 384, 48, 128, 128),  # (N, 1024, 7, 7)
        )
        self.head = nn.Sequential(
            nn.Dropout(0.2),
            nn.Linear(1024, classes),  # (N, 1000)
            nn.Softmax(dim=-1),
        )

    def forward(self, image):
        x = self.features(image)
        x = x.mean((2, 3))  # (N, 1024)
        return self.head(x)


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, 0.0, 0.01, -0.02, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def build_model(classes=1000):
    return GoogLeNet(classes).apply(init_weights)


def main():
    model = build_model()
    count = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    print(f"GoogLeNet: {count:,} weights")


if __name__ == "__main__":
    main()
