"""Do the transforms of `augment` fit the pictures, the model and the loss? Sizes are followed from the stored picture
through every crop to the input of the model."""

from __future__ import annotations

from dslc.check.outputs import by_output, losses_by_output
from dslc.diagnostics import Diagnostic, Edit, Fix, Label, error
from dslc.graph import Graph
from dslc.spec import ir
from dslc.vocab.experiment import Loss, Source
from dslc.vocab.tensor import Tensor
from dslc.vocab.transform import Size, Transform, shown
from dslc.vocab.transforms import CenterCrop, RandomCrop

EXAMPLE = {"images": 'images("photos/", size=256x256)', "npz": 'npz("file.npz", values=0..255)'}


def check_augment(
    augment: ir.SectionSpec | None, data: ir.SectionSpec, train: ir.SectionSpec, graph: Graph
) -> list[Diagnostic]:
    """Everything about `augment`, and about sources whose pictures have another size than the model's input."""
    setting = data.settings.get("source")
    if setting is None or not isinstance(setting.value, Source):
        return []
    source = setting.value
    steps = [] if augment is None else _steps(augment)
    if not graph.inputs:
        return []  # which is said already
    several = len(graph.inputs) > 1 or len(graph.outputs) > 1
    if several and source.several and source.value_range is not None:
        return [_whose_values(setting, graph)]
    if augment is not None:
        refused = _no_pictures(source, setting, augment, graph)
        if refused is not None:
            return [refused]
    tensor = _picture(graph)
    size = None if tensor is None else _size(tensor)
    if tensor is None or size is None or (augment is not None and augment.torn):
        return []
    found = _order(steps)
    if not found:
        found = _sizes(source, setting, steps, size, tensor, graph)
    channels = tensor.shape[2]
    assert isinstance(channels, int)
    if not found:
        found = _misfits(steps, source.picture_size or size, channels)
    return [*found, *_mixes(steps, data, train, graph)]


def crops(augment: ir.SectionSpec | None) -> bool:
    """Whether the pictures of the data may be larger than the model's input."""
    return augment is not None and any(word.crops for word, _ in _steps(augment))


Step = tuple[Transform, ir.Bound]


def _steps(augment: ir.SectionSpec) -> list[Step]:
    return [(b.word, b) for b in augment.words if isinstance(b.word, Transform)]


def _picture(graph: Graph) -> Tensor | None:
    """The only input, where it is one."""
    if len(graph.inputs) != 1:
        return None
    tensor = graph.tensor(next(iter(graph.inputs.values())))
    return tensor if tensor is not None and tensor.rank == 3 else None


def _size(tensor: Tensor) -> Size | None:
    height, width, channels = tensor.shape
    if isinstance(height, int) and isinstance(width, int) and isinstance(channels, int):
        return height, width
    return None


# --------------------------------------------------------------------------- pictures


def _no_pictures(
    source: Source, setting: ir.Setting, augment: ir.SectionSpec, graph: Graph
) -> Diagnostic | None:
    """What is there to change, if not pictures of one input in a known range."""
    name, statement = next(iter(graph.inputs)), graph.root.definition.inputs[0]
    tensor = _picture(graph)
    span = statement.shape.span if statement.shape is not None else setting.span
    label, notes = "", [f"`{augment.name}` works on one input of pictures, {name}: HxWx1 or HxWx3"]
    flat = source.features is not None and len(source.features) != 3
    if source.dtype == "int" or flat or source.word == "csv":
        message, span = f"`{source.word}` has no pictures that `augment` could change", setting.span
        fix = Fix("remove `augment`; layers such as GaussianNoise or Dropout work on any numbers")
    elif len(graph.inputs) > 1:
        message, span = (
            f"`augment` changes one input, the model has {len(graph.inputs)}",
            augment.span,
        )
        fix = Fix("change the pictures beforehand, or make one model of one input")
    elif len(graph.outputs) > 1:
        message = f"`augment` is for one output, the model has {len(graph.outputs)}"
        span, fix = augment.span, Fix("change the pictures beforehand, or train one output")
    elif tensor is None or tensor.dtype == "int" or tensor.shape[2] not in (1, 3):
        known = graph.tensor(graph.inputs[name])
        if known is None:
            return None
        message = f"`augment` changes pictures with 1 or 3 channels, but the input is {known}"
        fix = Fix(f"write input {name}: 28x28x1, or remove `augment`")
    elif _size(tensor) is None:
        message = f"`augment` needs to know the size of `{name}`, which is {tensor}"
        fix = Fix(f"write numbers: input {name}: 224x224x{tensor.shape[2]}")
    elif source.value_range is None:
        message, span = (
            f"`{source.word}` does not say from where to where its values go",
            setting.span,
        )
        label = "what is black, what is white?"
        end = setting.span.source.span(setting.span.end - 1, setting.span.end - 1)
        fix = Fix(f"write {EXAMPLE['npz']}", (Edit(end, ", values=0..255"),))
    else:
        return _maps(augment, graph)
    place = [] if span == augment.span else [Label(augment.span, "changes pictures")]
    return error("E0430", message, span, label, secondary=place, notes=notes, fixes=[fix])


def _whose_values(setting: ir.Setting, graph: Graph) -> Diagnostic:
    """A range of values for several arrays."""
    assert isinstance(setting.value, Source)
    inputs, outputs = len(graph.inputs), len(graph.outputs)
    message = f"`values` of `{setting.value.word}` is for a model with one input and one output"
    notes = [
        f"the model has {inputs} input{'s' * (inputs > 1)} and {outputs} output{'s' * (outputs > 1)}"
    ]
    fix = Fix("remove `values`: each array is scaled by its own least and largest values then")
    return error("E0408", message, setting.span, notes=notes, fixes=[fix])


def _maps(augment: ir.SectionSpec, graph: Graph) -> Diagnostic | None:
    """A target for every pixel would have to move with its picture."""
    for name, index in graph.outputs.items():
        tensor = graph.tensor(index)
        if tensor is None or index is None or tensor.rank < 2:
            continue
        message = (
            f"`augment` changes pictures, not what is told of their pixels: `{name}` is {tensor}"
        )
        place = [Label(graph.node(index).span, f"makes {tensor}")]
        fix = Fix("remove `augment`, or change pictures and targets beforehand")
        return error("E0430", message, augment.span, secondary=place, fixes=[fix])
    return None


# --------------------------------------------------------------------------- sizes


def _sizes(
    source: Source,
    setting: ir.Setting,
    steps: list[Step],
    wanted: Size,
    tensor: Tensor,
    graph: Graph,
) -> list[Diagnostic]:
    """From the stored picture through every crop to the input of the model."""
    start = source.picture_size or wanted
    chain, size = [f"{source.word} {shown(start)}"], start
    for word, bound in steps:
        if not word.crops:
            continue
        problem = word.misfit(size, 0) or _cuts_nothing(word, size, source, start)
        if problem is not None:
            return [_crop(problem, word, bound, setting, chain, size)]
        size = word.result(size)
        chain.append(f"{word.word} {shown(size)}")
    name, statement = next(iter(graph.inputs)), graph.root.definition.inputs[0]
    if statement.shape is None:
        return []
    span = statement.shape.span
    told = [" -> ".join([*chain, f"{name} {shown(wanted)}"])] if len(chain) > 1 else []
    last = next((b for w, b in reversed(steps) if w.crops), None)
    place = Label(setting.span, f"gives {shown(start)}")
    if last is not None:
        place = Label(last.span, f"makes {shown(size)}")
    if size != wanted:
        made = "x".join(map(str, (*size, tensor.shape[2])))
        message = f"the pictures of the training part are {made}, but the model takes {tensor}"
        fixes = [Fix(f"write input {name}: {made}", (Edit(span, made),))]
        if last is None and start[0] >= wanted[0] and start[1] >= wanted[1]:
            fixes = [Fix(f"cut them: augment {{ RandomCrop({shown(wanted)}) }}"), *fixes]
        return [error("E0314", message, span, secondary=[place], notes=told, fixes=fixes)]
    if start[0] < wanted[0] or start[1] < wanted[1]:
        message = f"the validation part is cut out of the middle of {shown(start)}: {shown(wanted)} is larger"
        fix = Fix(
            f"give the pictures a size of at least {shown(wanted)}, or the model a smaller input"
        )
        return [error("E0314", message, span, secondary=[place], notes=told, fixes=[fix])]
    return []


def _cuts_nothing(word: Transform, size: Size, source: Source, start: Size) -> str | None:
    padded = isinstance(word, RandomCrop) and word.padding
    if not isinstance(word, RandomCrop | CenterCrop) or padded or word.size != size:
        return None
    return f"`{word.word}` cuts nothing off: the pictures are {shown(size)} already"


def _crop(
    problem: str,
    word: Transform,
    bound: ir.Bound,
    setting: ir.Setting,
    chain: list[str],
    size: Size,
) -> Diagnostic:
    """A crop that does not fit what comes to it, of this size."""
    source, first = setting.value, len(chain) == 1
    assert isinstance(source, Source)
    place = [Label(setting.span, f"gives {chain[0].split()[-1]}")]
    notes = [] if first else [" -> ".join(chain)]
    fix = Fix(f"cut out less than {shown(size)}")
    if first and "size" in type(source).model_fields:
        wide = getattr(word, "size", size)
        larger = f"{wide[0] * 8 // 7}x{wide[1] * 8 // 7}"
        fix = Fix(f"say how large the pictures are: {source.word}(…, size={larger})")
        if setting.span.text.endswith(")") and "size" not in setting.span.text:
            end = setting.span.source.span(setting.span.end - 1, setting.span.end - 1)
            fix = Fix(f"give the pictures a size: {larger}", (Edit(end, f", size={larger}"),))
    elif "cuts nothing" in problem:
        fix = Fix("remove it; RandomCrop(…, padding=2) would shift the pictures")
    return error("E0314", problem, bound.span, secondary=place, notes=notes, fixes=[fix])


def _misfits(steps: list[Step], start: Size, channels: int) -> list[Diagnostic]:
    """Transforms that have no meaning for pictures of this size or without colour."""
    found: list[Diagnostic] = []
    size = start
    for word, bound in steps:
        problem = None if word.crops else word.misfit(size, channels)
        if problem is not None:
            span = bound.arguments.get(word.blamed, bound.span)
            fix = Fix(word.way_out(size))
            message = f"`{word.word}` of {shown(size)}x{channels}: {problem}"
            found.append(error("E0431", message, span, fixes=[fix]))
        size = word.result(size)
    return found


# --------------------------------------------------------------------------- mixes


def _order(steps: list[Step]) -> list[Diagnostic]:
    """Each mix once, and behind all transforms of single pictures."""
    found: list[Diagnostic] = []
    mixes: dict[str, ir.Bound] = {}
    for word, bound in steps:
        if word.mixes:
            first = mixes.setdefault(word.word, bound)
            if first is not bound:
                there = [Label(first.span, "first written here")]
                message = f"`{word.word}` is given twice"
                fix = Fix("keep one of them")
                found.append(error("E0205", message, bound.span, secondary=there, fixes=[fix]))
        elif mixes:
            mix, first = next(iter(mixes.items()))
            there = [Label(first.span, "works on whole batches")]
            message = f"`{word.word}` changes single pictures: it stands in front of `{mix}`"
            fix = Fix(f"move `{mix}` to the end")
            found.append(error("E0433", message, bound.span, secondary=there, fixes=[fix]))
    return found


def _mixes(
    steps: list[Step], data: ir.SectionSpec, train: ir.SectionSpec, graph: Graph
) -> list[Diagnostic]:
    """Labels can be mixed where they are classes, one for each picture."""
    mix = next((step for step in steps if step[0].mixes), None)
    if mix is None:
        return []
    word, bound = mix
    losses = losses_by_output(train, graph)
    name, setting = next(iter(losses.items()), ("", None))
    tensor = graph.tensor(graph.outputs[name]) if name else None
    weights = by_output(train, "class_weight", graph).get(name)
    if setting is not None and isinstance(setting.value, Loss) and setting.value.task != "classes":
        message = f"`{word.word}` mixes classes, but `{setting.value.word}` has none to share"
        place, label = setting.span, "not cross_entropy"
        fix = Fix("use Dense(n) -> softmax with cross_entropy")
    elif tensor is not None and tensor.rank != 1:
        return []
    elif weights is not None and weights.value is not None:
        message = f"`{word.word}` makes pictures of two classes: there is no weight for that"
        place, label = weights.span, "one weight for each class"
        fix = Fix(f"remove `class_weight`, or `{word.word}`")
    elif getattr(data.settings.get("batch"), "value", None) == 1:
        message = f"`{word.word}` mixes the pictures of a batch, but a batch has one"
        place, label = data.settings["batch"].span, "one picture"
        fix = Fix("use larger batches: batch = 32")
    else:
        return []
    there = [Label(place, label)]
    return [error("E0432", message, bound.span, secondary=there, fixes=[fix])]
