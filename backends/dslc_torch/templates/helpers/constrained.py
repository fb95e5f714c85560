def constrained(layer, **rules):
    """The layer with constraints of its own, which `constrain` applies."""
    for part in layer.modules():
        names = [name for name in rules if getattr(part, name, None) is not None]
        part.constraints = {name: rules[name] for name in names}
    return layer
