import torch

from take_weights import take_weights


def load_weights(module, path):
    """Fill `module` from a file that `torch.save` wrote."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        saved = saved.get("model", saved)
    except FileNotFoundError:
        raise SystemExit(f"there are no weights at {path}") from None
    except Exception as error:
        raise SystemExit(f"{path} is no file with weights of PyTorch") from error
    return take_weights(module, saved, path)
