"""What people write who come from Keras or PyTorch, and what it is called here."""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Edit, Fix, error
from dslc.spec.elsewhere import FACTOR_ARGUMENTS, PARAMETER_HINTS, WORD_ARGUMENTS
from dslc.syntax import tree
from dslc.vocab.kinds import SizeOf, Sizes
from dslc.vocab.word import Word, kind_of, parameters, words

# What other libraries call a parameter: the fix-it that follows from it.
PARAMETER_ALIASES = {
    "out_features": "units",
    "hidden_size": "units",
    "out_channels": "filters",
    "kernel_size": "kernel",
    "strides": "stride",
    "pool_size": "size",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "kernel_initializer": "init",
    "bias_initializer": "bias_init",
    "kernel_regularizer": "regularizer",
    "embeddings_regularizer": "regularizer",
    "kernel_constraint": "constraint",
    "embeddings_constraint": "constraint",
    "recurrent_initializer": "recurrent_init",
    "learning_rate": "lr",
    "eps": "epsilon",
    "p": "rate",
    "num_heads": "heads",
    "num_groups": "groups",
    "num_embeddings": "vocabulary",
    "input_dim": "vocabulary",
    "embedding_dim": "dim",
    "output_dim": "dim",
    "return_sequences": "sequences",
    "negative_slope": "slope",
    "restore_best_weights": "restore_best",
    "include_top": "top",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "initial_accumulator_value": "start",
    "initial_learning_rate": "lr",
    "max_lr": "lr",
    "eta_min": "end",
    "step_size": "every",
    "gamma": "factor",
    "decay_rate": "factor",
    "milestones": "at",
    "boundaries": "at",
    "warmup_epochs": "warmup",
    "pct_start": "rise",
    "T_0": "first",
    "T_mult": "growth",
    "t_mul": "growth",
    "m_mul": "decay",
    "shift_limit": "shift",
    "scale_limit": "scale",
    "rotate_limit": "rotate",
    "degrees": "rotate",
    "translate_percent": "translate",
    "brightness_limit": "brightness",
    "contrast_limit": "contrast",
    "clip_limit": "clip",
    "tile_grid_size": "tiles",
    "blur_limit": "limit",
    "sigma_limit": "sigma",
    "std_range": "std",
    "max_holes": "holes",
    "num_holes_range": "holes",
    "num_ops": "n",
    "magnitude": "m",
    "prob": "p",
    "probability": "p",
    "wd": "weight_decay",
    "max_norm": "limit",
    "clip_value": "limit",
}

# Settings of a section that stand elsewhere here.
SETTING_HINTS = {
    "lr": "it belongs to the optimiser: optimizer = Adam(lr=1e-3)",
    "learning_rate": "it belongs to the optimiser: optimizer = Adam(lr=1e-3)",
    "weight_decay": "it belongs to the optimiser: optimizer = AdamW(lr=1e-3, weight_decay=0.01)",
    "momentum": "it belongs to the optimiser: optimizer = SGD(lr=0.1, momentum=0.9)",
    "scheduler": "it is the learning rate of the optimiser: optimizer = SGD(lr=cosine(0.1))",
    "schedule": "it is the learning rate of the optimiser: optimizer = SGD(lr=cosine(0.1))",
    "trainable": "write strategy = classifier, or freeze = all in a phase of it",
    "clipnorm": "write clip = norm(1.0)",
    "global_clipnorm": "write clip = global_norm(1.0)",
    "clipvalue": "write clip = value(0.5)",
    "callbacks": "callbacks stand in `train` on their own: EarlyStopping(patience=4)",
    "validation_split": "it is part of the split: split = stratified(70, 15, 15)",
    "validation": "it is part of the split: split = stratified(70, 15, 15)",
    "test_size": "it is part of the split: split = stratified(70, 15, 15)",
}
SETTING_ALIASES = {
    "batch_size": "batch",
    "criterion": "loss",
    "dataset": "source",
    "num_epochs": "epochs",
    "num_workers": "workers",
    "gradient_accumulation_steps": "accumulate",
    "accumulate_grad_batches": "accumulate",
    "mixed_precision": "precision",
    "ema_momentum": "ema",
    "random_state": "seed",
    "normalize": "scale",
    "kernel_initializer": "init",
    "kernel_regularizer": "regularizer",
    "kernel_constraint": "constraint",
    "class_weights": "class_weight",
    "use_bias": "bias",
}

# torch.nn names whose first argument is the number of input channels, which dslc infers.
INPUT_FIRST = frozenset(
    "Linear LazyLinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d".split()
)
# torch.nn names whose only positional argument is that number.
INPUT_ONLY = frozenset("BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm2d".split())
# Parameters of other libraries that say what dslc infers.
INFERRED = frozenset(
    "in_features in_channels input_shape input_size num_features normalized_shape name dtype "
    "data_format batch_first inplace device".split()
)


def alias_fix(node: tree.Name | tree.Call, word: str) -> Fix:
    """Write `word` for the name of another library, and leave out the input size that torch asks for."""
    if isinstance(node, tree.Name):
        return Fix(f"write `{word}`", (Edit(node.span, word),), safe=True)
    rename = Edit(node.name.span, word)
    given = node.arguments
    unnamed = [a for a in given if a.name is None]
    if node.name.text in INPUT_FIRST and len(unnamed) >= 2:
        gone = given[0].span.source.span(given[0].span.start, given[1].span.start)
        return Fix(
            f"write `{word}` without the number of inputs, which is inferred",
            (rename, Edit(gone, "")),
            safe=True,
        )
    if node.name.text in INPUT_ONLY and len(given) == len(unnamed) == 1:
        whole = Edit(node.span, word)
        return Fix(f"write `{word}`: the number of inputs is inferred", (whole,), safe=True)
    renamed = _renamed_arguments(node)
    if renamed:
        shown = ", ".join(edit.text.removesuffix("=") for edit in renamed)
        return Fix(f"write `{word}`, with `{shown}`", (rename, *renamed))
    return Fix(f"write `{word}`", (rename,), safe=True)


def _renamed_arguments(node: tree.Call) -> tuple[Edit, ...]:
    """The edits that give the arguments of a word of another library the names of ours."""
    ours = WORD_ARGUMENTS.get(node.name.text, {})
    edits: list[Edit] = []
    for at, argument in enumerate(node.arguments):
        key = argument.name.text if argument.name is not None else at
        factor = argument.value.value if isinstance(argument.value, tree.Number) else 0
        pattern = FACTOR_ARGUMENTS.get(node.name.text) if key in (0, "factor") else None
        if pattern is not None and 0 < factor <= 0.5:
            text = pattern.format(degrees=360 * factor, low=1 - factor, high=1 + factor)
            edits.append(Edit(argument.span, text))
        elif key in ours and argument.name is not None:
            edits.append(Edit(argument.name.span, ours[key]))
        elif key in ours:
            edits.append(Edit(argument.span.before(), f"{ours[key]}="))
    return tuple(edits)


def argument_gone(argument: tree.Argument, given: tuple[tree.Argument, ...]) -> Edit:
    """The edit that takes `argument` and its comma out of a call."""
    source = argument.span.source
    at = given.index(argument)
    if len(given) == 1:
        return Edit(argument.span, "")
    if at == 0:
        return Edit(source.span(argument.span.start, given[1].span.start), "")
    return Edit(source.span(given[at - 1].span.end, argument.span.end), "")


def other_library(owner: str, argument: tree.Argument, node: tree.Call) -> Fix | None:
    """What an argument of an optimiser of another library is here: `betas` are two."""
    name = argument.name.text if argument.name is not None else ""
    known = words("optimizer").get(owner)
    if name == "pooling" and isinstance(argument.value, tree.Name | tree.String):
        kind = "Max" if "max" in argument.value.span.text else "Avg"
        behind = Edit(node.span.after(), f" -> Global{kind}Pool2D")
        edits = (argument_gone(argument, node.arguments), behind)
        return Fix(f"write -> Global{kind}Pool2D behind `{owner}`", edits)
    if name == "betas" and known is not None and "beta1" in parameters(known):
        pair = argument.value
        if isinstance(pair, tree.Tuple) and len(pair.items) == 2:
            first, second = (item.span.text for item in pair.items)
            text = f"beta1={first}, beta2={second}"
            return Fix(f"write {text}", (Edit(argument.span, text),), safe=False)
        return Fix("write beta1=0.9, beta2=0.999")
    hint = PARAMETER_HINTS.get(("optimizer" if known is not None else owner, name))
    return Fix(hint) if hint is not None else None


def misread_arguments(word: type[Word], node: tree.Call | tree.Name) -> Diagnostic | None:
    """`Reshape(8, 8)` and `Reshape(8, x.channels)` for a size, `relu(Dense(3))` for a step behind a step."""
    given = node.arguments if isinstance(node, tree.Call) else ()
    unnamed = [a.value for a in given if a.name is None]
    fields = [*parameters(word).values()]
    first = kind_of(fields[0]) if fields else None
    whole = all(isinstance(v, tree.Number) and isinstance(v.value, int) for v in unnamed)
    sizes = (tree.Number, tree.Name, tree.Attribute, tree.Binary)
    if (
        len(unnamed) > 1
        and all(isinstance(v, sizes) for v in unnamed)
        and word.positional == 1
        and isinstance(first, (Sizes, SizeOf))
    ):
        span = unnamed[0].span.to(unnamed[-1].span)
        joined = whole and "such as (" not in first.describe
        numbers = [v.span.text for v in unnamed]
        text = "x".join(numbers) if joined else f"({', '.join(numbers)})"
        message = f"`{word.word}` takes its numbers as one argument"
        return error("E0221", message, span, fixes=[Fix(f"write {text}", (Edit(span, text),))])
    inner = unnamed[0] if len(unnamed) == 1 and word.kind == "activation" else None
    if isinstance(inner, tree.Call) and inner.name.text in words("flow"):
        assert isinstance(node, tree.Call)
        rest = [a.span.text for a in given if a.value is not inner]
        call = f"{node.name.text}({', '.join(rest)})" if rest else node.name.text
        text = f"{inner.span.text} -> {call}"
        message = f"`{inner.name.text}` is a step of its own, in front of `{word.word}`"
        fix = Fix(f"write {' '.join(text.split())}", (Edit(node.span, text),))
        return error("E0221", message, inner.span, fixes=[fix])
    return None
