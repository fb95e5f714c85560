"""dslc: a declarative model-spec compiler for Keras 3 and PyTorch."""

__version__ = "0.1.0"
