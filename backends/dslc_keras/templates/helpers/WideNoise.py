import keras
from keras import layers


@keras.saving.register_keras_serializable()
class WideNoise(layers.GaussianNoise):
    """GaussianNoise with a deviation above 1, which Keras refuses."""

    def __init__(self, stddev, **kwargs):
        super().__init__(1.0, **kwargs)
        self.stddev = stddev
