"""InceptionV3 in PyTorch, made from inception_v3.dl.

Usage:
    python inception_v3_torch.py    builds the model and counts its weights
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


class InceptionA(nn.Module):
    def __init__(self, in_channels, pool):
        super().__init__()
        self.branch1 = Conv(in_channels, 64)  # (N, 64, 35, 35)
        self.branch2 = nn.Sequential(
            Conv(in_channels, 48),  # (N, 48, 35, 35)
            Conv(48, 64, kernel=5, padding=2),  # (N, 64, 35, 35)
        )
        self.branch3 = nn.Sequential(
            Conv(in_channels, 64),  # (N, 64, 35, 35)
            Conv(64, 96, kernel=3, padding=1),  # (N, 96, 35, 35)
            Conv(96, 96, kernel=3, padding=1),
        )
        self.branch4 = nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
            Conv(in_channels, pool),
        )

    def forward(self, x):
        return torch.cat(
            [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1
        )


class ReductionA(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.branch1 = Conv(in_channels, 384, kernel=3, stride=2)  # (N, 384, 17, 17)
        self.branch2 = nn.Sequential(
            Conv(in_channels, 64),  # (N, 64, 35, 35)
            Conv(64, 96, kernel=3, padding=1),  # (N, 96, 35, 35)
            Conv(96, 96, kernel=3, stride=2),  # (N, 96, 17, 17)
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)  # (N, 288, 17, 17)

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x)], dim=1)


class InceptionB(nn.Module):
    def __init__(self, in_channels, c):
        super().__init__()
        self.branch1 = Conv(in_channels, 192)  # (N, 192, 17, 17)
        self.branch2 = nn.Sequential(
            Conv(in_channels, c),
            Conv(c, c, kernel=(1, 7), padding=(0, 3)),
            Conv(c, 192, kernel=(7, 1), padding=(3, 0)),  # (N, 192, 17, 17)
        )
        self.branch3 = nn.Sequential(
            Conv(in_channels, c),
            Conv(c, c, kernel=(7, 1), padding=(3, 0)),
            Conv(c, c, kernel=(1, 7), padding=(0, 3)),
            Conv(c, c, kernel=(7, 1), padding=(3, 0)),
            Conv(c, 192, kernel=(1, 7), padding=(0, 3)),  # (N, 192, 17, 17)
        )
        self.branch4 = nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
            Conv(in_channels, 192),  # (N, 192, 17, 17)
        )

    def forward(self, x):
        return torch.cat(
            [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1
        )


class ReductionB(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.branch1 = nn.Sequential(
            Conv(in_channels, 192),  # (N, 192, 17, 17)
            Conv(192, 320, kernel=3, stride=2),  # (N, 320, 8, 8)
        )
        self.branch2 = nn.Sequential(
            Conv(in_channels, 192),  # (N, 192, 17, 17)
            Conv(192, 192, kernel=(1, 7), padding=(0, 3)),
            Conv(192, 192, kernel=(7, 1), padding=(3, 0)),
            Conv(192, 192, kernel=3, stride=2),  # (N, 192, 8, 8)
        )
        self.branch3 = nn.MaxPool2d(3, stride=2)  # (N, 768, 8, 8)

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x)], dim=1)


class InceptionC(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.wide = Conv(in_channels, 384)  # (N, 384, 8, 8)
        self.deep = nn.Sequential(
            Conv(in_channels, 448),  # (N, 448, 8, 8)
            Conv(448, 384, kernel=3, padding=1),  # (N, 384, 8, 8)
        )
        self.branch1 = Conv(in_channels, 320)  # (N, 320, 8, 8)
        self.branch2 = Conv(384, 384, kernel=(1, 3), padding=(0, 1))
        self.branch3 = Conv(384, 384, kernel=(3, 1), padding=(1, 0))
        self.branch4 = Conv(384, 384, kernel=(1, 3), padding=(0, 1))
        self.branch5 = Conv(384, 384, kernel=(3, 1), padding=(1, 0))
        self.branch6 = nn.Sequential(
            nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
            Conv(in_channels, 192),  # (N, 192, 8, 8)
        )

    def forward(self, x):
        wide = self.wide(x)
        deep = self.deep(x)
        return torch.cat(
            [
                self.branch1(x),
                self.branch2(wide),
                self.branch3(wide),
                self.branch4(deep),
                self.branch5(deep),
                self.branch6(x),
            ],
            dim=1,
        )


class InceptionV3(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.features = nn.Sequential(
            Conv(3, 32, kernel=3, stride=2),  # (N, 32, 149, 149)
            Conv(32, 32, kernel=3),  # (N, 32, 147, 147)
            Conv(32, 64, kernel=3, padding=1),  # (N, 64, 147, 147)
            nn.MaxPool2d(3, stride=2),  # (N, 64, 73, 73)
            Conv(64, 80),  # (N, 80, 73, 73)
            Conv(80, 192, kernel=3),  # (N, 192, 71, 71)
            nn.MaxPool2d(3, stride=2),  # (N, 192, 35, 35)
            InceptionA(192, 32),  # (N, 256, 35, 35)
            InceptionA(256, 64),  # (N, 288, 35, 35)
            InceptionA(288, 64),
            ReductionA(288),  # (N, 768, 17, 17)
            InceptionB(768, 128),
            *[InceptionB(768, 160) for _ in range(2)],
            InceptionB(768, 192),
            ReductionB(768),  # (N, 1280, 8, 8)
            InceptionC(1280),  # (N, 2048, 8, 8)
            InceptionC(2048),
        )
        self.head = nn.Sequential(
            nn.Dropout(0.5),
            nn.Linear(2048, classes),  # (N, 1000)
            nn.Softmax(dim=-1),
        )

    def forward(self, image):
        x = self.features(image)
        x = x.mean((2, 3))  # (N, 2048)
        return self.head(x)


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, 0.0, 0.1, -0.2, 0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def build_model(classes=1000):
    return InceptionV3(classes).apply(init_weights)


def main():
    model = build_model()
    count = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    print(f"InceptionV3: {count:,} weights")


if __name__ == "__main__":
    main()
