import keras
from keras import layers


def true_variance(network):
    """Let an EfficientNet use the statistics of its pixels that were loaded.

    Those of ImageNet are deviations where variances belong: Keras makes up for that by
    one layer more, but only with weights="imagenet".
    """
    (norm,) = (x for x in network.layers if isinstance(x, layers.Normalization))
    if keras.ops.all(keras.ops.abs(norm.adapt_variance - [0.229, 0.224, 0.225]) < 1e-4):
        norm.adapt_variance.assign(norm.adapt_variance**2)
    norm.finalize_state()
    return network
