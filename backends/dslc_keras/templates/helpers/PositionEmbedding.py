import keras
from keras import layers


@keras.saving.register_keras_serializable()
class PositionEmbedding(layers.Layer):
    """Adds a learned vector to each step of a sequence."""

    def __init__(self, length, initializer="uniform", **kwargs):
        super().__init__(**kwargs)
        self.length = length
        self.initializer = initializer

    def get_config(self):
        own = {"length": self.length, "initializer": self.initializer}
        return super().get_config() | own

    def build(self, shape):
        self.embeddings = self.add_weight(
            (self.length, shape[-1]), self.initializer, name="embeddings"
        )

    def call(self, x):
        return x + self.embeddings[: keras.ops.shape(x)[1]]
