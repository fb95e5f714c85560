"""Weights of a spec: drawn without a framework, shown, compared, and moved between what Keras and torch save.

The one package of dslc that knows numpy, and h5py where a file of Keras is read or written (the extra `weights`);
commands import it when they are called. No framework is needed, and no pickle is executed.
"""
