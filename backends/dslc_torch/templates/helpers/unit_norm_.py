import torch


def unit_norm_(weight, units=0):
    """Give the weights of every unit the length 1, as Keras does."""
    axes = [axis for axis in range(weight.ndim) if axis != units]
    weight.div_(1e-7 + torch.linalg.vector_norm(weight, dim=axes, keepdim=True))
