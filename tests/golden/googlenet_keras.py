"""GoogLeNet in Keras 3, made from googlenet.dl.

Usage:
    python googlenet_keras.py    builds the model and counts its weights
"""

import math

import keras
from keras import layers


def conv(x, filters, kernel=1, stride=1, padding=0):
    x = layers.ZeroPadding2D(padding)(x)
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception(x, a, b_in, b, c_in, c, d):
    branch1 = conv(x, a)
    branch2 = conv(x, b_in)
    branch2 = conv(branch2, b, kernel=3, padding=1)
    branch3 = conv(x, c_in)
    branch3 = conv(branch3, c, kernel=3, padding=1)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv(branch4, d)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def build_model(classes=1000):
    """GoogLeNet."""
    image = keras.Input((224, 224, 3), name="image")
    x = conv(image, 64, kernel=7, stride=2, padding=3)  # (N, 112, 112, 64)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)  # (N, 56, 56, 64)
    x = conv(x, 64)
    x = conv(x, 192, kernel=3, padding=1)  # (N, 56, 56, 192)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)  # (N, 28, 28, 192)
    x = inception(x, 64, 96, 128, 16, 32, 32)  # (N, 28, 28, 256)
    x = inception(x, 128, 128, 192, 32, 96, 64)  # (N, 28, 28, 480)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)  # (N, 14, 14, 480)
    x = inception(x, 192, 96, 208, 16, 48, 64)  # (N, 14, 14, 512)
    x = inception(x, 160, 112, 224, 24, 64, 64)
    x = inception(x, 128, 128, 256, 24, 64, 64)
    x = inception(x, 112, 144, 288, 32, 64, 64)  # (N, 14, 14, 528)
    x = inception(x, 256, 160, 320, 32, 128, 128)  # (N, 14, 14, 832)
    x = layers.MaxPooling2D(2, padding="same")(x)  # (N, 7, 7, 832)
    x = inception(x, 256, 160, 320, 32, 128, 128)
    x = inception(x, 384, 192, 384, 48, 128, 128)  # (N, 7, 7, 1024)
    x = layers.GlobalAveragePooling2D()(x)  # (N, 1024)
    x = layers.Dropout(0.2)(x)
    # (N, 1000)
    x = layers.Dense(
        classes,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.Softmax()(x)
    return keras.Model(image, x, name="GoogLeNet")


def main():
    model = build_model()
    count = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    print(f"GoogLeNet: {count:,} weights")


if __name__ == "__main__":
    main()
