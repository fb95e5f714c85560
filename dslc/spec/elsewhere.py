"""What has no name of its own here: the values, words and parameters of other libraries, each with what to write."""

from __future__ import annotations

# Values that other libraries give a choice.
CHOICE_ALIASES = {
    "fp16": "mixed",
    "bf16": "mixed",
    "float16": "mixed",
    "bfloat16": "mixed",
    "half": "mixed",
    "amp": "mixed",
    "mixed_float16": "mixed",
    "mixed_bfloat16": "mixed",
    "bf16-mixed": "mixed",
    "16-mixed": "mixed",
    "fp32": "float32",
    "single": "float32",
}

# Parameters without a counterpart, by the kind of their owner or by the owner itself.
PARAMETER_HINTS = {
    ("optimizer", "decay"): (
        "weights that decay are weight_decay=1e-4; a rate that falls is a schedule, lr=cosine(1e-3)"
    ),
}
