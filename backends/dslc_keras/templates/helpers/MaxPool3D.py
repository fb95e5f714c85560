import keras
from keras import layers


@keras.saving.register_keras_serializable()
class MaxPool3D(layers.Layer):
    """The largest values of volumes: in each plane, then over the planes.

    TensorFlow's own pooling of volumes gives the gradient to every value that ties.
    """

    def __init__(self, size, strides=None, padding="valid", **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.strides = size if strides is None else strides
        self.padding = padding

    def get_config(self):
        own = {"size": self.size, "strides": self.strides, "padding": self.padding}
        return super().get_config() | own

    def call(self, x):
        axes = [
            (n,) * 3 if isinstance(n, int) else n for n in (self.size, self.strides)
        ]
        (deep, *size), (step, *strides) = axes
        _, depth, height, width, channels = keras.ops.shape(x)
        x = keras.ops.reshape(x, (-1, height, width, channels))
        x = keras.ops.max_pool(x, size, strides, self.padding)
        _, height, width, _ = keras.ops.shape(x)
        x = keras.ops.reshape(x, (-1, depth, height * width, channels))
        x = keras.ops.max_pool(x, (deep, 1), (step, 1), self.padding)
        depth = keras.ops.shape(x)[1]
        return keras.ops.reshape(x, (-1, depth, height, width, channels))
