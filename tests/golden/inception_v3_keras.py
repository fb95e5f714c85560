"""InceptionV3 in Keras 3, made from inception_v3.dl.

Usage:
    python inception_v3_keras.py    builds the model and counts its weights
"""

import keras
from keras import layers


def conv(x):
    # (N, 149, 149, 32)
    x = layers.Conv2D(
        32,
        3,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv2(x):
    # (N, 147, 147, 32)
    x = layers.Conv2D(
        32,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv3(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 147, 147, 64)
    x = layers.Conv2D(
        64,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv4(x):
    # (N, 73, 73, 80)
    x = layers.Conv2D(
        80,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv5(x):
    # (N, 71, 71, 192)
    x = layers.Conv2D(
        192,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv6(x):
    # (N, 35, 35, 64)
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv7(x):
    # (N, 35, 35, 48)
    x = layers.Conv2D(
        48,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv8(x):
    x = layers.ZeroPadding2D(2)(x)
    # (N, 35, 35, 64)
    x = layers.Conv2D(
        64,
        5,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv9(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 35, 35, 96)
    x = layers.Conv2D(
        96,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv10(x):
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(
        96,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv11(x):
    # (N, 35, 35, 32)
    x = layers.Conv2D(
        32,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptiona(x):
    branch1 = conv6(x)  # (N, 35, 35, 64)
    branch2 = conv7(x)  # (N, 35, 35, 48)
    branch2 = conv8(branch2)  # (N, 35, 35, 64)
    branch3 = conv6(x)  # (N, 35, 35, 64)
    branch3 = conv9(branch3)  # (N, 35, 35, 96)
    branch3 = conv10(branch3)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv11(branch4)  # (N, 35, 35, 32)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv12(x):
    # (N, 35, 35, 64)
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv13(x):
    # (N, 35, 35, 48)
    x = layers.Conv2D(
        48,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptiona2(x):
    branch1 = conv12(x)  # (N, 35, 35, 64)
    branch2 = conv13(x)  # (N, 35, 35, 48)
    branch2 = conv8(branch2)  # (N, 35, 35, 64)
    branch3 = conv12(x)  # (N, 35, 35, 64)
    branch3 = conv9(branch3)  # (N, 35, 35, 96)
    branch3 = conv10(branch3)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv12(branch4)  # (N, 35, 35, 64)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv14(x):
    # (N, 35, 35, 64)
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv15(x):
    # (N, 35, 35, 48)
    x = layers.Conv2D(
        48,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptiona3(x):
    branch1 = conv14(x)  # (N, 35, 35, 64)
    branch2 = conv15(x)  # (N, 35, 35, 48)
    branch2 = conv8(branch2)  # (N, 35, 35, 64)
    branch3 = conv14(x)  # (N, 35, 35, 64)
    branch3 = conv9(branch3)  # (N, 35, 35, 96)
    branch3 = conv10(branch3)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv14(branch4)  # (N, 35, 35, 64)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv16(x):
    # (N, 17, 17, 384)
    x = layers.Conv2D(
        384,
        3,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv17(x):
    # (N, 17, 17, 96)
    x = layers.Conv2D(
        96,
        3,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def reductiona(x):
    branch1 = conv16(x)  # (N, 17, 17, 384)
    branch2 = conv14(x)  # (N, 35, 35, 64)
    branch2 = conv9(branch2)  # (N, 35, 35, 96)
    branch2 = conv17(branch2)  # (N, 17, 17, 96)
    branch3 = layers.MaxPooling2D(3, strides=2)(x)  # (N, 17, 17, 288)
    return layers.Concatenate()([branch1, branch2, branch3])


def conv18(x):
    # (N, 17, 17, 192)
    x = layers.Conv2D(
        192,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv19(x):
    # (N, 17, 17, 128)
    x = layers.Conv2D(
        128,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv20(x):
    x = layers.ZeroPadding2D((0, 3))(x)
    x = layers.Conv2D(
        128,
        (1, 7),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv21(x):
    x = layers.ZeroPadding2D((3, 0))(x)
    # (N, 17, 17, 192)
    x = layers.Conv2D(
        192,
        (7, 1),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv22(x):
    x = layers.ZeroPadding2D((3, 0))(x)
    x = layers.Conv2D(
        128,
        (7, 1),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv23(x):
    x = layers.ZeroPadding2D((0, 3))(x)
    # (N, 17, 17, 192)
    x = layers.Conv2D(
        192,
        (1, 7),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptionb(x):
    branch1 = conv18(x)  # (N, 17, 17, 192)
    branch2 = conv19(x)  # (N, 17, 17, 128)
    branch2 = conv20(branch2)
    branch2 = conv21(branch2)  # (N, 17, 17, 192)
    branch3 = conv19(x)  # (N, 17, 17, 128)
    branch3 = conv22(branch3)
    branch3 = conv20(branch3)
    branch3 = conv22(branch3)
    branch3 = conv23(branch3)  # (N, 17, 17, 192)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv18(branch4)  # (N, 17, 17, 192)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv24(x):
    # (N, 17, 17, 160)
    x = layers.Conv2D(
        160,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv25(x):
    x = layers.ZeroPadding2D((0, 3))(x)
    x = layers.Conv2D(
        160,
        (1, 7),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv26(x):
    x = layers.ZeroPadding2D((3, 0))(x)
    # (N, 17, 17, 192)
    x = layers.Conv2D(
        192,
        (7, 1),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv27(x):
    x = layers.ZeroPadding2D((3, 0))(x)
    x = layers.Conv2D(
        160,
        (7, 1),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv28(x):
    x = layers.ZeroPadding2D((0, 3))(x)
    # (N, 17, 17, 192)
    x = layers.Conv2D(
        192,
        (1, 7),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptionb2(x):
    branch1 = conv18(x)  # (N, 17, 17, 192)
    branch2 = conv24(x)  # (N, 17, 17, 160)
    branch2 = conv25(branch2)
    branch2 = conv26(branch2)  # (N, 17, 17, 192)
    branch3 = conv24(x)  # (N, 17, 17, 160)
    branch3 = conv27(branch3)
    branch3 = conv25(branch3)
    branch3 = conv27(branch3)
    branch3 = conv28(branch3)  # (N, 17, 17, 192)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv18(branch4)  # (N, 17, 17, 192)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv29(x):
    x = layers.ZeroPadding2D((0, 3))(x)
    x = layers.Conv2D(
        192,
        (1, 7),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv30(x):
    x = layers.ZeroPadding2D((3, 0))(x)
    x = layers.Conv2D(
        192,
        (7, 1),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptionb3(x):
    branch1 = conv18(x)  # (N, 17, 17, 192)
    branch2 = conv18(x)  # (N, 17, 17, 192)
    branch2 = conv29(branch2)
    branch2 = conv30(branch2)
    branch3 = conv18(x)  # (N, 17, 17, 192)
    branch3 = conv30(branch3)
    branch3 = conv29(branch3)
    branch3 = conv30(branch3)
    branch3 = conv29(branch3)
    branch4 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch4 = conv18(branch4)  # (N, 17, 17, 192)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv31(x):
    # (N, 8, 8, 320)
    x = layers.Conv2D(
        320,
        3,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv32(x):
    # (N, 8, 8, 192)
    x = layers.Conv2D(
        192,
        3,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def reductionb(x):
    branch1 = conv18(x)  # (N, 17, 17, 192)
    branch1 = conv31(branch1)  # (N, 8, 8, 320)
    branch2 = conv18(x)  # (N, 17, 17, 192)
    branch2 = conv29(branch2)
    branch2 = conv30(branch2)
    branch2 = conv32(branch2)  # (N, 8, 8, 192)
    branch3 = layers.MaxPooling2D(3, strides=2)(x)  # (N, 8, 8, 768)
    return layers.Concatenate()([branch1, branch2, branch3])


def conv33(x):
    # (N, 8, 8, 384)
    x = layers.Conv2D(
        384,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv34(x):
    # (N, 8, 8, 448)
    x = layers.Conv2D(
        448,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv35(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 8, 8, 384)
    x = layers.Conv2D(
        384,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv36(x):
    # (N, 8, 8, 320)
    x = layers.Conv2D(
        320,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv37(x):
    x = layers.ZeroPadding2D((0, 1))(x)
    x = layers.Conv2D(
        384,
        (1, 3),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv38(x):
    x = layers.ZeroPadding2D((1, 0))(x)
    x = layers.Conv2D(
        384,
        (3, 1),
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv39(x):
    # (N, 8, 8, 192)
    x = layers.Conv2D(
        192,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptionc(x):
    wide = conv33(x)  # (N, 8, 8, 384)
    deep = conv34(x)  # (N, 8, 8, 448)
    deep = conv35(deep)  # (N, 8, 8, 384)
    branch1 = conv36(x)  # (N, 8, 8, 320)
    branch2 = conv37(wide)
    branch3 = conv38(wide)
    branch4 = conv37(deep)
    branch5 = conv38(deep)
    branch6 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch6 = conv39(branch6)  # (N, 8, 8, 192)
    return layers.Concatenate()([branch1, branch2, branch3, branch4, branch5, branch6])


def conv40(x):
    # (N, 8, 8, 384)
    x = layers.Conv2D(
        384,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv41(x):
    # (N, 8, 8, 448)
    x = layers.Conv2D(
        448,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv42(x):
    # (N, 8, 8, 320)
    x = layers.Conv2D(
        320,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv43(x):
    # (N, 8, 8, 192)
    x = layers.Conv2D(
        192,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inceptionc2(x):
    wide = conv40(x)  # (N, 8, 8, 384)
    deep = conv41(x)  # (N, 8, 8, 448)
    deep = conv35(deep)  # (N, 8, 8, 384)
    branch1 = conv42(x)  # (N, 8, 8, 320)
    branch2 = conv37(wide)
    branch3 = conv38(wide)
    branch4 = conv37(deep)
    branch5 = conv38(deep)
    branch6 = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    branch6 = conv43(branch6)  # (N, 8, 8, 192)
    return layers.Concatenate()([branch1, branch2, branch3, branch4, branch5, branch6])


def build_model(classes=1000):
    """InceptionV3."""
    image = keras.Input((299, 299, 3), name="image")
    x = conv(image)  # (N, 149, 149, 32)
    x = conv2(x)  # (N, 147, 147, 32)
    x = conv3(x)  # (N, 147, 147, 64)
    x = layers.MaxPooling2D(3, strides=2)(x)  # (N, 73, 73, 64)
    x = conv4(x)  # (N, 73, 73, 80)
    x = conv5(x)  # (N, 71, 71, 192)
    x = layers.MaxPooling2D(3, strides=2)(x)  # (N, 35, 35, 192)
    x = inceptiona(x)  # (N, 35, 35, 256)
    x = inceptiona2(x)
    for _ in range(1):
        x = inceptiona3(x)
    x = reductiona(x)  # (N, 17, 17, 768)
    x = inceptionb(x)
    for _ in range(2):
        x = inceptionb2(x)
    x = inceptionb3(x)
    x = reductionb(x)  # (N, 8, 8, 1280)
    x = inceptionc(x)
    for _ in range(1):
        x = inceptionc2(x)
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
    count = model.count_params()
    print(f"InceptionV3: {count:,} weights")


if __name__ == "__main__":
    main()
