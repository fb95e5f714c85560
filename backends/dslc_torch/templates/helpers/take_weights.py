def take_weights(module, saved, path):
    """Fill `module` from the state of its like, or of a model that it was part of."""
    state = module.state_dict()
    # Old files lack the counters of batches.
    wanted = [name for name in state if not name.endswith("num_batches_tracked")]
    starts = [
        name.removesuffix(wanted[0]) for name in saved if name.endswith(wanted[0])
    ]
    fitting = [
        start
        for start in starts
        if all(
            start + name in saved and saved[start + name].shape == state[name].shape
            for name in wanted
        )
    ]
    if len(fitting) != 1:
        found = f"{len(fitting)} parts" if fitting else "no part"
        raise SystemExit(f"{path} has {found} with the weights of this network")
    (start,) = fitting
    found = {name: saved[start + name] for name in state if start + name in saved}
    module.load_state_dict(found, strict=False)
    module.apply = lambda fn: module  # `init_weights` keeps off
    return module
