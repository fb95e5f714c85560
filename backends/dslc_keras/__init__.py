"""Keras 3, as a backend of dslc."""

from dslc.codegen.backend import Backend, Places
from dslc_keras import optimizers, training
from dslc_keras.model import write_model
from dslc_keras.places import entries, holders
from dslc_keras.training import TARGET
from dslc_keras.words import TABLE, sequence

BACKEND = Backend(
    "keras",
    "Keras 3",
    TABLE,
    TARGET,
    write_model,
    Places(holders, entries),
    (sequence.SPARSE, optimizers.EVERY_BATCH, training.BATCH_MEANS),
)
