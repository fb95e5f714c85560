"""Inputs that are not scaled.

First weights are drawn so that inputs of about -1 to 1 give sums of about the same size. With pixels of 0 to 255 the
first layer gives numbers in the hundreds: activations are saturated, gradients are large, and a learning rate that
suits the other layers throws the first one about. With columns of different units the one with the largest numbers
decides: the proline of a wine goes up to 1,680, its hue to 1.7. `scale = 0..1` and `zscore` put that right, with what
they need to know taken from the training part alone.

Nothing is said where a normalisation stands in front of the first layer with weights or right behind it, which takes
the size away, nor of files whose numbers are not known here.

Reference: LeCun et al. (1998), Efficient BackProp, section 4.3, in Neural networks: tricks of the trade.
"""

from __future__ import annotations

from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.layers import Layer
from dslc.lint.places import NORMS
from dslc.lint.rule import Finding, rule
from dslc.vocab.data import BreastCancer, Wine
from dslc.vocab.layers.backbones import Backbone

LARGE = 2.0


@rule(
    "L308",
    fix="unsafe",
    wrong="""
        data {
          source = digits
          split  = stratified(70, 15, 15)
          batch  = 32
        }
    """,
    right="""
        data {
          source = digits
          split  = stratified(70, 15, 15)
          batch  = 32
          scale  = 0..1
        }
    """,
)
def check(facts: Facts) -> Iterator[Finding]:
    plan, setting = facts.training, facts.setting("data", "source")
    if plan is None or setting is None or facts.main is None or plan.scale is not None:
        return
    levels, uneven = plan.source.value_range, isinstance(plan.source, (Wine, BreastCancer))
    if not uneven and (levels is None or max(map(abs, levels)) <= LARGE):
        return
    inputs = [layer for layer in facts.main.layers if layer.word is None]
    if not any(_meets_weights(layer) for layer in inputs):
        return
    text = "zscore" if uneven or levels is None else "0..1"
    said = (
        "numbers of very different size"
        if levels is None
        else f"numbers of {levels[0]:g} to {levels[1]:g}"
    )
    message = f"`{plan.source.word}` gives {said}, which nothing scales"
    edits = facts.edit.add_setting(facts.edit.section("data"), "scale", text)
    fix = Fix(f"write scale = {text}", edits)
    yield Finding(setting.span, message, "weights begin for -1 to 1", fixes=(fix,))


def _meets_weights(layer: Layer) -> bool:
    """Whether what an input gives decides how large numbers are: it reaches a kernel, and is not normalised right in
    front of it or right behind it."""
    todo, seen = list(layer.outputs), {layer}
    while todo:
        here = todo.pop()
        if here in seen or isinstance(here.word, NORMS):
            continue
        seen.add(here)
        if isinstance(here.word, Backbone):
            if not _normalises(here.word):
                return True
        elif not here.has_kernel:
            todo += here.outputs
        elif not here.outputs or not all(isinstance(it.word, NORMS) for it in here.outputs):
            return True
    return False


def _normalises(word: Backbone) -> bool:
    """Whether a network does not mind the scale, or is told of it by `scale-of-weights`."""
    networks = [n for n in (word.network("keras"), word.network("torch")) if n is not None]
    return word.weights != "none" or any(n.norm is not None for n in networks)
