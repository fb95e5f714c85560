def own_init(layer, **laws):
    """The layer with first weights of its own, which `init_weights` prefers."""
    for part in layer.modules():
        part.own_init = {
            name: fill for name, fill in laws.items() if hasattr(part, name)
        }
    return layer
