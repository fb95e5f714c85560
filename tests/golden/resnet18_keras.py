"""ResNet18 in Keras 3, made from resnet18.dl.

Usage:
    python resnet18_keras.py    builds the model and counts its weights
"""

import math

import keras
from keras import layers


def basic(x, filters, stride=1):
    if stride != 1 or x.shape[-1] != filters:
        shortcut = layers.Conv2D(
            filters,
            1,
            strides=stride,
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)
        shortcut = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(shortcut)
    else:
        shortcut = x
    y = layers.ZeroPadding2D(1)(x)
    y = layers.Conv2D(
        filters,
        3,
        strides=stride,
        use_bias=False,
        kernel_initializer="he_normal",
    )(y)
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y)
    y = layers.ReLU()(y)
    y = layers.ZeroPadding2D(1)(y)
    y = layers.Conv2D(filters, 3, use_bias=False, kernel_initializer="he_normal")(y)
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y)
    x = layers.Add()([y, shortcut])
    return layers.ReLU()(x)


def build_model(classes=1000):
    """ResNet18."""
    image = keras.Input((224, 224, 3), name="image")
    x = layers.ZeroPadding2D(3)(image)
    # (N, 112, 112, 64)
    x = layers.Conv2D(
        64,
        7,
        strides=2,
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    x = layers.ReLU()(x)
    x = keras.ops.pad(
        x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=float("-inf")
    )
    x = layers.MaxPooling2D(3, strides=2)(x)  # (N, 56, 56, 64)
    for _ in range(2):
        x = basic(x, 64)
    x = basic(x, 128, stride=2)  # (N, 28, 28, 128)
    x = basic(x, 128)
    x = basic(x, 256, stride=2)  # (N, 14, 14, 256)
    x = basic(x, 256)
    x = basic(x, 512, stride=2)  # (N, 7, 7, 512)
    x = basic(x, 512)
    x = layers.GlobalAveragePooling2D()(x)  # (N, 512)
    x = layers.Dense(classes)(x)  # (N, 1000)
    x = layers.Softmax()(x)
    return keras.Model(image, x, name="ResNet18")


def main():
    model = build_model()
    count = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    print(f"ResNet18: {count:,} weights")


if __name__ == "__main__":
    main()
