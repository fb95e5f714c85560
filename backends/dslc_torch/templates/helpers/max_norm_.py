import torch


def max_norm_(weight, limit, units=0):
    """Shorten the weights of units that are longer than the limit, as Keras does."""
    axes = [axis for axis in range(weight.ndim) if axis != units]
    norm = torch.linalg.vector_norm(weight, dim=axes, keepdim=True)
    weight.mul_(norm.clamp(max=limit) / (1e-7 + norm))
