"""What dslc will have and does not have yet: named as such, never taken for a slip of the pen."""

from __future__ import annotations

from dslc.diagnostics import Diagnostic, Fix, error
from dslc.syntax import tree

SECTIONS = {
    "finetune": "train the whole model: train { … }",
    "phase": "train the whole model at once: train { … }",
    "evaluate": "the test part of the split is what is evaluated: split = stratified(70, 15, 15)",
}
MODELS = ("ResNet", "VGG", "Inception", "MobileNet", "EfficientNet", "DenseNet", "Xception", "BERT")


def later_section(node: tree.Section) -> Diagnostic | None:
    """A section that is not part of dslc yet."""
    text = node.keyword.text
    if text not in SECTIONS:
        return None
    fixes = [Fix(f"remove it; {SECTIONS[text]}")]
    return error("E0214", f"`{text}` is not yet part of dslc", node.keyword.span, fixes=fixes)


def later_scale(node: tree.Name) -> Diagnostic:
    message = "`scale = backbone` is not yet part of dslc"
    fixes = [Fix("write scale = 0..1, or scale = zscore")]
    return error("E0217", message, node.span, fixes=fixes)


def later_model(name: tree.Name, node: tree.Name | tree.Call) -> Diagnostic | None:
    """`ResNet50(weights=imagenet)`: a network with weights that were trained elsewhere."""
    given = node.arguments if isinstance(node, tree.Call) else ()
    pretrained = any(a.name is not None and a.name.text in ("weights", "pretrained") for a in given)
    if not pretrained or not name.text.startswith(MODELS):
        return None
    message = "networks with pretrained weights are not yet part of dslc"
    notes = ["models such as ResNet-50 are written out among the example specs: specs/zoo"]
    fixes = [Fix(f"write a block `{name.text}`, or import one, and train it from the start")]
    return error("E0201", message, name.span, notes=notes, fixes=fixes)
