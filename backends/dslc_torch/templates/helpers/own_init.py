def own_init(layer, **laws):
    """The layer with first weights of its own, which `init_weights` prefers."""
    for part in layer.modules():
        names = [name for name in laws if getattr(part, name, None) is not None]
        part.own_init = {name: laws[name] for name in names}
    return layer
