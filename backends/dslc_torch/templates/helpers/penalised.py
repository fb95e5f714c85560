def penalised(layer, name="weight", l1=0.0, l2=0.0):
    """The layer with a regulariser of its own, which `penalty` adds to the loss."""
    for part in layer.modules():
        if getattr(part, name, None) is not None:
            part.penalties = {**getattr(part, "penalties", {}), name: (l1, l2)}
    return layer
