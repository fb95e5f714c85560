from pathlib import Path

import keras


def load_weights(part, path):
    """Fill `part` from weights of its like, or from a model that it was part of."""
    if not Path(path).is_file():
        raise SystemExit(f"there are no weights at {path}")
    try:
        if path.endswith(".h5"):
            part.load_weights(path)
            return part
        saved = keras.models.load_model(path, compile=False).weights
    except Exception as error:
        raise SystemExit(f"{path} has no weights of this network") from error
    shapes, theirs = [w.shape for w in part.weights], [w.shape for w in saved]
    fitting = [
        start
        for start in range(len(theirs) - len(shapes) + 1)
        if theirs[start : start + len(shapes)] == shapes
    ]
    if len(fitting) != 1:
        found = f"{len(fitting)} parts" if fitting else "no part"
        raise SystemExit(f"{path} has {found} with the weights of this network")
    for weight, value in zip(part.weights, saved[fitting[0] :]):
        weight.assign(value)
    return part
