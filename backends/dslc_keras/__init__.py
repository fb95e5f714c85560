"""Keras 3, as a backend of dslc."""

from dslc.codegen.backend import Backend
from dslc_keras.model import write_model
from dslc_keras.training import TARGET
from dslc_keras.words import TABLE

BACKEND = Backend("keras", "Keras 3", TABLE, TARGET, write_model)
