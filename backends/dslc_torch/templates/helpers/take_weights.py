def take_weights(module, saved, path):
    """Fill `module` from the state of its like, or of a model that it was part of."""
    wanted = {
        name: value.shape
        for name, value in module.state_dict().items()
        if not name.endswith("num_batches_tracked")  # old files lack it
    }
    first = next(iter(wanted))
    starts = [name.removesuffix(first) for name in saved if name.endswith(first)]
    fitting = [
        start
        for start in starts
        if all(
            start + name in saved and saved[start + name].shape == shape
            for name, shape in wanted.items()
        )
    ]
    if len(fitting) != 1:
        found = f"{len(fitting)} parts" if fitting else "no part"
        raise SystemExit(f"{path} has {found} with the weights of this network")
    (start,) = fitting
    module.load_state_dict({name: saved[start + name] for name in wanted}, strict=False)
    module.apply = lambda fn: module  # `init_weights` keeps off
    return module
