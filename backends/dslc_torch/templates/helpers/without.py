def without(layer, name):
    """The layer without one of its parameters, where torch offers both or none."""
    layer.register_parameter(name, None)
    return layer
