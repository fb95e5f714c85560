"""Codes E05: what a backend cannot express."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0501",
        "The backend cannot do this",
        "A word means the same on every backend, down to paddings and epsilons. Where a framework has nothing that "
        "does the same, its backend refuses rather than doing something else; the message says why and what to use "
        "in its place. The other backend may well have it.",
        "dslc compile net.dl --backend torch   # with a layer that only Keras has",
        "dslc compile net.dl --backend keras",
    ),
    Code(
        "E0502",
        "Weights that this backend cannot read",
        "Files with weights belong to one framework: Keras reads `.keras` and `.h5`, PyTorch state dicts in "
        "`.pt`, `.pth` and `.safetensors`. One spec serves both when the path has no ending: each backend then reads "
        "a file with the ending that its own scripts write, and `{backend}` in the path becomes keras or torch.",
        'photo -> ResNet50(weights="runs/photos-torch/best.pt") -> …   # compiled for Keras',
        'photo -> ResNet50(weights="runs/photos-{backend}/best") -> …',
    ),
)
