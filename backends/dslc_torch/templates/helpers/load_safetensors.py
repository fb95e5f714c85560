from safetensors.torch import load_file

from take_weights import take_weights


def load_safetensors(module, path):
    """Fill `module` from a file in the format safetensors."""
    try:
        saved = load_file(path)
    except FileNotFoundError:
        raise SystemExit(f"there are no weights at {path}") from None
    except Exception as error:
        raise SystemExit(f"{path} is no file in the format safetensors") from error
    return take_weights(module, saved, path)
