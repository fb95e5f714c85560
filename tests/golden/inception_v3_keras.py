"""InceptionV3 in Keras 3, made from inception_v3.dl.

Usage:
    python inception_v3_keras.py    builds the model and counts its weights
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
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception_a(x, pool):
    branch1 = conv(x, 64)  # (N, 35, 35, 64)
    branch2 = conv(x, 48)  # (N, 35, 35, 48)
    branch2 = conv(branch2, 64, kernel=5, padding=2)  # (N, 35, 35, 64)
    branch3 = conv(x, 64)  # (N, 35, 35, 64)
    branch3 = conv(branch3, 96, kernel=3, padding=1)  # (N, 35, 35, 96)
    branch3 = conv(branch3, 96, kernel=3, padding=1)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv(branch4, pool)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def reduction_a(x):
    branch1 = conv(x, 384, kernel=3, stride=2)  # (N, 17, 17, 384)
    branch2 = conv(x, 64)  # (N, 35, 35, 64)
    branch2 = conv(branch2, 96, kernel=3, padding=1)  # (N, 35, 35, 96)
    branch2 = conv(branch2, 96, kernel=3, stride=2)  # (N, 17, 17, 96)
    branch3 = layers.MaxPooling2D(3, strides=2)(x)  # (N, 17, 17, 288)
    return layers.Concatenate()([branch1, branch2, branch3])


def inception_b(x, c):
    branch1 = conv(x, 192)  # (N, 17, 17, 192)
    branch2 = conv(x, c)
    branch2 = conv(branch2, c, kernel=(1, 7), padding=(0, 3))
    branch2 = conv(branch2, 192, kernel=(7, 1), padding=(3, 0))  # (N, 17, 17, 192)
    branch3 = conv(x, c)
    branch3 = conv(branch3, c, kernel=(7, 1), padding=(3, 0))
    branch3 = conv(branch3, c, kernel=(1, 7), padding=(0, 3))
    branch3 = conv(branch3, c, kernel=(7, 1), padding=(3, 0))
    branch3 = conv(branch3, 192, kernel=(1, 7), padding=(0, 3))  # (N, 17, 17, 192)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv(branch4, 192)  # (N, 17, 17, 192)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def reduction_b(x):
    branch1 = conv(x, 192)  # (N, 17, 17, 192)
    branch1 = conv(branch1, 320, kernel=3, stride=2)  # (N, 8, 8, 320)
    branch2 = conv(x, 192)  # (N, 17, 17, 192)
    branch2 = conv(branch2, 192, kernel=(1, 7), padding=(0, 3))
    branch2 = conv(branch2, 192, kernel=(7, 1), padding=(3, 0))
    branch2 = conv(branch2, 192, kernel=3, stride=2)  # (N, 8, 8, 192)
    branch3 = layers.MaxPooling2D(3, strides=2)(x)  # (N, 8, 8, 768)
    return layers.Concatenate()([branch1, branch2, branch3])


def inception_c(x):
    wide = conv(x, 384)  # (N, 8, 8, 384)
    deep = conv(x, 448)  # (N, 8, 8, 448)
    deep = conv(deep, 384, kernel=3, padding=1)  # (N, 8, 8, 384)
    branch1 = conv(x, 320)  # (N, 8, 8, 320)
    branch2 = conv(wide, 384, kernel=(1, 3), padding=(0, 1))
    branch3 = conv(wide, 384, kernel=(3, 1), padding=(1, 0))
    branch4 = conv(deep, 384, kernel=(1, 3), padding=(0, 1))
    branch5 = conv(deep, 384, kernel=(3, 1), padding=(1, 0))
    branch6 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch6 = conv(branch6, 192)  # (N, 8, 8, 192)
    return layers.Concatenate()([branch1, branch2, branch3, branch4, branch5, branch6])


def build_model(classes=1000):
    """InceptionV3."""
    image = keras.Input((299, 299, 3), name="image")
    x = conv(image, 32, kernel=3, stride=2)  # (N, 149, 149, 32)
    x = conv(x, 32, kernel=3)  # (N, 147, 147, 32)
    x = conv(x, 64, kernel=3, padding=1)  # (N, 147, 147, 64)
    x = layers.MaxPooling2D(3, strides=2)(x)  # (N, 73, 73, 64)
    x = conv(x, 80)  # (N, 73, 73, 80)
    x = conv(x, 192, kernel=3)  # (N, 71, 71, 192)
    x = layers.MaxPooling2D(3, strides=2)(x)  # (N, 35, 35, 192)
    x = inception_a(x, 32)  # (N, 35, 35, 256)
    for _ in range(2):
        x = inception_a(x, 64)
    x = reduction_a(x)  # (N, 17, 17, 768)
    x = inception_b(x, 128)
    for _ in range(2):
        x = inception_b(x, 160)
    x = inception_b(x, 192)
    x = reduction_b(x)  # (N, 8, 8, 1280)
    for _ in range(2):
        x = inception_c(x)
    x = layers.GlobalAveragePooling2D()(x)  # (N, 2048)
    x = layers.Dropout(0.5)(x)
    # (N, 1000)
    x = layers.Dense(
        classes,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.Softmax()(x)
    return keras.Model(image, x, name="InceptionV3")


def main():
    model = build_model()
    count = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    print(f"InceptionV3: {count:,} weights")


if __name__ == "__main__":
    main()
