from keras import layers


class WideNoise(layers.GaussianNoise):
    """GaussianNoise with a deviation above 1, which Keras refuses."""

    def __init__(self, stddev):
        super().__init__(1.0)
        self.stddev = stddev
