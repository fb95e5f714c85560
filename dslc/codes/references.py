"""Where to read on about a code: pages of the documentation, and papers.

A code without an entry has that of its family, the longest beginning of its name.
"""

from __future__ import annotations

LANGUAGE = "docs/language.md"
WORDS = "docs/words.md"
OPTIMISERS = f"{LANGUAGE}#optimisers-schedules-updates"
CALLBACKS = f"{LANGUAGE}#callbacks-and-where-a-run-is-recorded"
REGULARISATION = f"{LANGUAGE}#regularisation-first-weights-defaults"
ATTENTION = "https://arxiv.org/abs/1706.03762"  # Vaswani et al. 2017
CONVOLUTIONS = "https://arxiv.org/abs/1603.07285"  # Dumoulin and Visin 2016

REFERENCES: dict[str, tuple[str, ...]] = {
    "E01": (f"{LANGUAGE}#a-model",),
    "E0103": (f"{LANGUAGE}#values",),
    "E0104": (f"{LANGUAGE}#values",),
    "E0105": (f"{LANGUAGE}#values",),
    "E0106": ("docs/getting-started.md#1-a-spec",),
    "E0112": (f"{LANGUAGE}#values",),
    "E0113": (f"{LANGUAGE}#sections",),
    "E0119": (f"{LANGUAGE}#sections",),
    "E0121": (f"{LANGUAGE}#limits",),
    "E0122": (f"{LANGUAGE}#limits",),
    "E0124": (f"{LANGUAGE}#values",),
    "E0125": (f"{LANGUAGE}#several-tensors",),
    "E013": ("docs/getting-started.md#2-check-it",),
    "E0134": (f"{LANGUAGE}#limits",),
    "E014": ("docs/formatting.md",),
    "E02": (f"{LANGUAGE}#a-model",),
    "E0201": (WORDS,),
    "E0202": (WORDS,),
    "E0203": (WORDS,),
    "E0204": (WORDS,),
    "E0206": (f"{LANGUAGE}#blocks",),
    "E0209": (f"{LANGUAGE}#imports",),
    "E0210": (f"{LANGUAGE}#imports",),
    "E0211": (f"{LANGUAGE}#imports", f"{LANGUAGE}#blocks"),
    "E0212": (WORDS,),
    "E0213": (f"{LANGUAGE}#sections",),
    "E0214": (f"{LANGUAGE}#sections",),
    "E0215": (f"{LANGUAGE}#values",),
    "E0217": (f"{LANGUAGE}#values",),
    "E0218": (f"{LANGUAGE}#several-tensors",),
    "E0219": (f"{LANGUAGE}#values",),
    "E0220": (f"{LANGUAGE}#blocks",),
    "E0225": (f"{LANGUAGE}#sections",),
    "E0226": (f"{LANGUAGE}#sections",),
    "E03": (f"{LANGUAGE}#shapes",),
    "E0301": (f"{LANGUAGE}#shapes", CONVOLUTIONS),
    "E0302": (f"{LANGUAGE}#several-tensors", "https://arxiv.org/abs/1512.03385"),  # He et al. 2015
    "E0303": (f"{LANGUAGE}#shapes", CONVOLUTIONS),
    "E0304": (f"{LANGUAGE}#several-tensors", "https://arxiv.org/abs/1409.4842"),  # Szegedy 2014
    "E0306": (f"{LANGUAGE}#several-tensors",),
    "E0307": (f"{LANGUAGE}#blocks",),
    "E0310": (f"{LANGUAGE}#shapes", ATTENTION),
    "E0311": (f"{LANGUAGE}#shapes", ATTENTION),
    "E0314": (f"{LANGUAGE}#augmentation",),
    "E04": (f"{LANGUAGE}#sections",),
    "E0401": (f"{LANGUAGE}#a-model",),
    "E0402": (f"{LANGUAGE}#several-tensors",),
    "E0403": (f"{LANGUAGE}#several-tensors",),
    "E0404": (f"{LANGUAGE}#limits",),
    "E0405": (f"{LANGUAGE}#blocks",),
    "E0409": (CALLBACKS,),
    "E0412": (f"{LANGUAGE}#evaluation",),
    "E0414": (f"{LANGUAGE}#a-model",),
    "E0415": (f"{LANGUAGE}#blocks",),
    "E0418": (OPTIMISERS,),
    "E0419": (OPTIMISERS, "https://arxiv.org/abs/1502.03167"),  # Ioffe and Szegedy 2015
    "E0420": (OPTIMISERS,),
    "E0422": (CALLBACKS,),
    "E0423": (CALLBACKS,),
    "E0424": (CALLBACKS,),
    "E0425": (REGULARISATION,),
    "E0426": (REGULARISATION,),
    "E0427": (f"{LANGUAGE}#several-tensors",),
    "E043": (f"{LANGUAGE}#augmentation",),
    "E0432": (f"{LANGUAGE}#augmentation", "https://arxiv.org/abs/1710.09412"),  # Zhang et al. 2017
    "E0435": (f"{LANGUAGE}#pretrained-networks",),
    "E0436": (f"{LANGUAGE}#pretrained-networks",),
    "E0437": (f"{LANGUAGE}#pretrained-networks",),
    "E0438": (f"{LANGUAGE}#pretrained-networks",),
    "E0439": (f"{LANGUAGE}#pretrained-networks",),
    "E044": (f"{LANGUAGE}#transfer-and-fine-tuning",),
    "E0442": (
        f"{LANGUAGE}#transfer-and-fine-tuning",
        "https://arxiv.org/abs/1411.1792",  # Yosinski et al. 2014
    ),
    "E0447": (f"{LANGUAGE}#evaluation",),
    "E0448": (f"{LANGUAGE}#evaluation",),
    "E0449": (
        f"{LANGUAGE}#evaluation",
        "https://doi.org/10.1080/01621459.1997.10474007",  # Efron and Tibshirani 1997
    ),
    "E045": ("docs/numerics.md",),
    "E0450": (f"{LANGUAGE}#evaluation",),
    "E046": ("docs/diff.md",),
    "E047": ("docs/verify.md",),
    "E048": ("docs/lint.md#configuration",),
    "E05": (f"{LANGUAGE}#pretrained-networks",),
    "E0501": (WORDS,),
}


def references(code: str) -> tuple[str, ...]:
    """Where to read on about `code`."""
    beginnings = (code[:length] for length in range(len(code), 2, -1))
    return next((REFERENCES[start] for start in beginnings if start in REFERENCES), ())
