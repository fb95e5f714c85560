"""ResNet50 in PyTorch, made from resnet50.dl.

Usage:
    python resnet50_torch.py    builds the model and counts its weights
"""

import torch
import torch.nn.functional as F
from torch import nn


def he_normal_(tensor):
    """Normal of variance 2 / fan_in, cut at two standard deviations."""
    std = (2 / tensor[0].numel()) ** 0.5 / 0.8796256610342398  # less by the cut
    return nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)


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


class Bottleneck(nn.Module):
    def __init__(self, in_channels, filters, stride=1):
        super().__init__()
        if stride != 1 or in_channels != 4 * filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, 4 * filters, 1, stride=stride, bias=False),
                BatchNorm2d(4 * filters),
            )
        else:
            self.shortcut = nn.Identity()
        self.y = nn.Sequential(
            nn.Conv2d(in_channels, filters, 1, bias=False),
            BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, stride=stride, padding=1, bias=False),
            BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, 4 * filters, 1, bias=False),
            BatchNorm2d(4 * filters),
        )

    def forward(self, x):
        shortcut = self.shortcut(x)
        y = self.y(x)
        return F.relu(y + shortcut)


class ResNet50(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),  # (N, 64, 112, 112)
            BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),  # (N, 64, 56, 56)
            Bottleneck(64, 64),  # (N, 256, 56, 56)
            *[Bottleneck(256, 64) for _ in range(2)],
            Bottleneck(256, 128, stride=2),  # (N, 512, 28, 28)
            *[Bottleneck(512, 128) for _ in range(3)],
            Bottleneck(512, 256, stride=2),  # (N, 1024, 14, 14)
            *[Bottleneck(1024, 256) for _ in range(5)],
            Bottleneck(1024, 512, stride=2),  # (N, 2048, 7, 7)
            *[Bottleneck(2048, 512) for _ in range(2)],
        )
        self.head = nn.Sequential(
            nn.Linear(2048, classes),  # (N, 1000)
            nn.Softmax(dim=-1),
        )

    def forward(self, image):
        x = self.features(image)
        x = x.mean((2, 3))  # (N, 2048)
        return self.head(x)


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, nn.Conv2d):
        he_normal_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def build_model(classes=1000):
    return ResNet50(classes).apply(init_weights)


def main():
    model = build_model()
    count = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    print(f"ResNet50: {count:,} weights")


if __name__ == "__main__":
    main()
