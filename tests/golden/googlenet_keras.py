"""GoogLeNet in Keras 3, made from googlenet.dl.

Usage:
    python googlenet_keras.py    builds the model and counts its weights
"""

import keras
from keras import layers


def conv(x):
    x = layers.ZeroPadding2D(3)(x)
    # (N, 112, 112, 64)
    x = layers.Conv2D(
        64,
        7,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv2(x):
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv3(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 56, 56, 192)
    x = layers.Conv2D(
        192,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv4(x):
    # (N, 28, 28, 64)
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv5(x):
    # (N, 28, 28, 96)
    x = layers.Conv2D(
        96,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv6(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 28, 28, 128)
    x = layers.Conv2D(
        128,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv7(x):
    # (N, 28, 28, 16)
    x = layers.Conv2D(
        16,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv8(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 28, 28, 32)
    x = layers.Conv2D(
        32,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv9(x):
    # (N, 28, 28, 32)
    x = layers.Conv2D(
        32,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception(x):
    branch1 = conv4(x)  # (N, 28, 28, 64)
    branch2 = conv5(x)  # (N, 28, 28, 96)
    branch2 = conv6(branch2)  # (N, 28, 28, 128)
    branch3 = conv7(x)  # (N, 28, 28, 16)
    branch3 = conv8(branch3)  # (N, 28, 28, 32)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv9(branch4)  # (N, 28, 28, 32)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv10(x):
    # (N, 28, 28, 128)
    x = layers.Conv2D(
        128,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv11(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 28, 28, 192)
    x = layers.Conv2D(
        192,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv12(x):
    # (N, 28, 28, 32)
    x = layers.Conv2D(
        32,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv13(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 28, 28, 96)
    x = layers.Conv2D(
        96,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv14(x):
    # (N, 28, 28, 64)
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception2(x):
    branch1 = conv10(x)  # (N, 28, 28, 128)
    branch2 = conv10(x)  # (N, 28, 28, 128)
    branch2 = conv11(branch2)  # (N, 28, 28, 192)
    branch3 = conv12(x)  # (N, 28, 28, 32)
    branch3 = conv13(branch3)  # (N, 28, 28, 96)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv14(branch4)  # (N, 28, 28, 64)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv15(x):
    # (N, 14, 14, 192)
    x = layers.Conv2D(
        192,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv16(x):
    # (N, 14, 14, 96)
    x = layers.Conv2D(
        96,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv17(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 208)
    x = layers.Conv2D(
        208,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv18(x):
    # (N, 14, 14, 16)
    x = layers.Conv2D(
        16,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv19(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 48)
    x = layers.Conv2D(
        48,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv20(x):
    # (N, 14, 14, 64)
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception3(x):
    branch1 = conv15(x)  # (N, 14, 14, 192)
    branch2 = conv16(x)  # (N, 14, 14, 96)
    branch2 = conv17(branch2)  # (N, 14, 14, 208)
    branch3 = conv18(x)  # (N, 14, 14, 16)
    branch3 = conv19(branch3)  # (N, 14, 14, 48)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv20(branch4)  # (N, 14, 14, 64)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv21(x):
    # (N, 14, 14, 160)
    x = layers.Conv2D(
        160,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv22(x):
    # (N, 14, 14, 112)
    x = layers.Conv2D(
        112,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv23(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 224)
    x = layers.Conv2D(
        224,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv24(x):
    # (N, 14, 14, 24)
    x = layers.Conv2D(
        24,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv25(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 64)
    x = layers.Conv2D(
        64,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv26(x):
    # (N, 14, 14, 64)
    x = layers.Conv2D(
        64,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception4(x):
    branch1 = conv21(x)  # (N, 14, 14, 160)
    branch2 = conv22(x)  # (N, 14, 14, 112)
    branch2 = conv23(branch2)  # (N, 14, 14, 224)
    branch3 = conv24(x)  # (N, 14, 14, 24)
    branch3 = conv25(branch3)  # (N, 14, 14, 64)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv26(branch4)  # (N, 14, 14, 64)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv27(x):
    # (N, 14, 14, 128)
    x = layers.Conv2D(
        128,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv28(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 256)
    x = layers.Conv2D(
        256,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception5(x):
    branch1 = conv27(x)  # (N, 14, 14, 128)
    branch2 = conv27(x)  # (N, 14, 14, 128)
    branch2 = conv28(branch2)  # (N, 14, 14, 256)
    branch3 = conv24(x)  # (N, 14, 14, 24)
    branch3 = conv25(branch3)  # (N, 14, 14, 64)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv26(branch4)  # (N, 14, 14, 64)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv29(x):
    # (N, 14, 14, 144)
    x = layers.Conv2D(
        144,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv30(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 288)
    x = layers.Conv2D(
        288,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv31(x):
    # (N, 14, 14, 32)
    x = layers.Conv2D(
        32,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv32(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 64)
    x = layers.Conv2D(
        64,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception6(x):
    branch1 = conv22(x)  # (N, 14, 14, 112)
    branch2 = conv29(x)  # (N, 14, 14, 144)
    branch2 = conv30(branch2)  # (N, 14, 14, 288)
    branch3 = conv31(x)  # (N, 14, 14, 32)
    branch3 = conv32(branch3)  # (N, 14, 14, 64)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv26(branch4)  # (N, 14, 14, 64)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv33(x):
    # (N, 14, 14, 256)
    x = layers.Conv2D(
        256,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv34(x):
    # (N, 14, 14, 160)
    x = layers.Conv2D(
        160,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv35(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 320)
    x = layers.Conv2D(
        320,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv36(x):
    # (N, 14, 14, 32)
    x = layers.Conv2D(
        32,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv37(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 14, 14, 128)
    x = layers.Conv2D(
        128,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv38(x):
    # (N, 14, 14, 128)
    x = layers.Conv2D(
        128,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception7(x):
    branch1 = conv33(x)  # (N, 14, 14, 256)
    branch2 = conv34(x)  # (N, 14, 14, 160)
    branch2 = conv35(branch2)  # (N, 14, 14, 320)
    branch3 = conv36(x)  # (N, 14, 14, 32)
    branch3 = conv37(branch3)  # (N, 14, 14, 128)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv38(branch4)  # (N, 14, 14, 128)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv39(x):
    # (N, 7, 7, 256)
    x = layers.Conv2D(
        256,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv40(x):
    # (N, 7, 7, 160)
    x = layers.Conv2D(
        160,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv41(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 7, 7, 320)
    x = layers.Conv2D(
        320,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv42(x):
    # (N, 7, 7, 32)
    x = layers.Conv2D(
        32,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv43(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 7, 7, 128)
    x = layers.Conv2D(
        128,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv44(x):
    # (N, 7, 7, 128)
    x = layers.Conv2D(
        128,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception8(x):
    branch1 = conv39(x)  # (N, 7, 7, 256)
    branch2 = conv40(x)  # (N, 7, 7, 160)
    branch2 = conv41(branch2)  # (N, 7, 7, 320)
    branch3 = conv42(x)  # (N, 7, 7, 32)
    branch3 = conv43(branch3)  # (N, 7, 7, 128)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv44(branch4)  # (N, 7, 7, 128)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def conv45(x):
    # (N, 7, 7, 384)
    x = layers.Conv2D(
        384,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv46(x):
    # (N, 7, 7, 192)
    x = layers.Conv2D(
        192,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv47(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 7, 7, 384)
    x = layers.Conv2D(
        384,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv48(x):
    # (N, 7, 7, 48)
    x = layers.Conv2D(
        48,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def conv49(x):
    x = layers.ZeroPadding2D(1)(x)
    # (N, 7, 7, 128)
    x = layers.Conv2D(
        128,
        3,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def inception9(x):
    branch1 = conv45(x)  # (N, 7, 7, 384)
    branch2 = conv46(x)  # (N, 7, 7, 192)
    branch2 = conv47(branch2)  # (N, 7, 7, 384)
    branch3 = conv48(x)  # (N, 7, 7, 48)
    branch3 = conv49(branch3)  # (N, 7, 7, 128)
    branch4 = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branch4 = conv44(branch4)  # (N, 7, 7, 128)
    return layers.Concatenate()([branch1, branch2, branch3, branch4])


def build_model(classes=1000):
    """GoogLeNet."""
    image = keras.Input((224, 224, 3), name="image")
    x = conv(image)  # (N, 112, 112, 64)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)  # (N, 56, 56, 64)
    x = conv2(x)
    x = conv3(x)  # (N, 56, 56, 192)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)  # (N, 28, 28, 192)
    x = inception(x)  # (N, 28, 28, 256)
    x = inception2(x)  # (N, 28, 28, 480)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)  # (N, 14, 14, 480)
    x = inception3(x)  # (N, 14, 14, 512)
    x = inception4(x)
    x = inception5(x)
    x = inception6(x)  # (N, 14, 14, 528)
    x = inception7(x)  # (N, 14, 14, 832)
    x = layers.MaxPooling2D(2, padding="same")(x)  # (N, 7, 7, 832)
    x = inception8(x)
    x = inception9(x)  # (N, 7, 7, 1024)
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
    count = model.count_params()
    print(f"GoogLeNet: {count:,} weights")


if __name__ == "__main__":
    main()
