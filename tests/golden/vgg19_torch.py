"""VGG19 in PyTorch, made from vgg19.dl.

Usage:
    python vgg19_torch.py    builds the model and counts its weights
"""

from torch import nn


def he_normal_(tensor):
    """Normal of variance 2 / fan_in, cut at two standard deviations."""
    std = (2 / tensor[0].numel()) ** 0.5 / 0.8796256610342398  # less by the cut
    return nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)


def own_init(layer, **laws):
    """The layer with first weights of its own, which `init_weights` prefers."""
    for part in layer.modules():
        names = [name for name in laws if getattr(part, name, None) is not None]
        part.own_init = {name: laws[name] for name in names}
    return layer


class Stage(nn.Module):
    def __init__(self, in_channels, filters, convolutions):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Sequential(
                nn.Conv2d(in_channels, filters, 3, padding="same"), nn.ReLU()
            ),
            *[
                nn.Sequential(nn.Conv2d(filters, filters, 3, padding="same"), nn.ReLU())
                for _ in range(convolutions - 1)
            ],
            nn.MaxPool2d(2),
        )

    def forward(self, x):
        return self.layers(x)


class VGG19(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.features = nn.Sequential(
            Stage(3, 64, 2),  # (N, 64, 112, 112)
            Stage(64, 128, 2),  # (N, 128, 56, 56)
            Stage(128, 256, 4),  # (N, 256, 28, 28)
            Stage(256, 512, 4),  # (N, 512, 14, 14)
            Stage(512, 512, 4),  # (N, 512, 7, 7)
        )
        self.head = nn.Sequential(
            nn.Linear(25088, 4096),  # (N, 4096)
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            # (N, 1000)
            own_init(nn.Linear(4096, classes), weight=nn.init.xavier_uniform_),
            nn.Softmax(dim=-1),
        )

    def forward(self, image):
        x = self.features(image)
        x = x.permute(0, 2, 3, 1).flatten(1)  # channels last, as in the spec
        return self.head(x)


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        he_normal_(module.weight)
        nn.init.zeros_(module.bias)
    for name, fill in getattr(module, "own_init", {}).items():
        fill(getattr(module, name))


def build_model(classes=1000):
    return VGG19(classes).apply(init_weights)


def main():
    model = build_model()
    count = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    print(f"VGG19: {count:,} weights")


if __name__ == "__main__":
    main()
