"""VGG19 in Keras 3, made from vgg19.dl.

Usage:
    python vgg19_keras.py    builds the model and counts its weights
"""

import math

import keras
from keras import layers


def stage(x, filters, convolutions):
    for _ in range(convolutions):
        x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(x)
        x = layers.ReLU()(x)
    return layers.MaxPooling2D(2)(x)


def build_model(classes=1000):
    """VGG19."""
    image = keras.Input((224, 224, 3), name="image")
    x = stage(image, 64, 2)  # (N, 112, 112, 64)
    x = stage(x, 128, 2)  # (N, 56, 56, 128)
    x = stage(x, 256, 4)  # (N, 28, 28, 256)
    x = stage(x, 512, 4)  # (N, 14, 14, 512)
    x = stage(x, 512, 4)  # (N, 7, 7, 512)
    x = layers.Flatten()(x)  # (N, 25088)
    x = layers.Dense(4096, kernel_initializer="he_normal")(x)  # (N, 4096)
    x = layers.ReLU()(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(4096, kernel_initializer="he_normal")(x)
    x = layers.ReLU()(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(classes)(x)  # (N, 1000)
    x = layers.Softmax()(x)
    return keras.Model(image, x, name="VGG19")


def main():
    model = build_model()
    count = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    print(f"VGG19: {count:,} weights")


if __name__ == "__main__":
    main()
