"""What cannot be equal in Keras and PyTorch, whatever a script says: named where a spec uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dslc.graph import Graph, Node
from dslc.numerics.measured import measured
from dslc.plan.training import TrainingPlan
from dslc.source import Span
from dslc.spec import ir
from dslc.vocab import activations, merges, optimizers
from dslc.vocab.layers import backbones, conv, core, noise, norm, sequence, shape
from dslc.vocab.regularizers import Regularizer
from dslc.vocab.word import Word

# Where it shows: always, in float32 alone (rounding that grows), or in float64 alone (a constant of Keras is float32).
Shows = Literal["always", "float32", "float64"]


@dataclass(frozen=True)
class Limit:
    """Something at `span` that differs between the backends; `size` is the largest difference that was measured
    (None: there is no number), `of` what of, `setup` where."""

    span: Span
    word: str
    key: str
    what: str
    shows: Shows
    size: float | None
    of: str
    setup: str


@dataclass(frozen=True)
class Rule:
    """Why a word cannot be equal, where `applies` says so of its values."""

    key: str
    what: str
    shows: Shows = "always"
    applies: Callable[[Any], bool] = lambda word: True
    where: str = ""  # for the docs, where `WORDS` does not say it


MASKS = Rule(
    "random_masks",
    "the same law, but other draws from the same seed: to compare numbers, switch it off",
)
CONSTANT = "in float64 Keras keeps a constant of it in float32"
WORDS: Mapping[type[Word], tuple[Rule, ...]] = {
    noise.Dropout: (MASKS,),
    noise.SpatialDropout: (MASKS,),
    noise.GaussianDropout: (MASKS,),
    noise.AlphaDropout: (MASKS,),
    noise.GaussianNoise: (MASKS,),
    sequence.MultiHeadAttention: (
        Rule(MASKS.key, MASKS.what, applies=lambda word: bool(word.dropout)),
        Rule("attention_scale", CONSTANT, "float64"),
    ),
    activations.PReLU: (Rule("prelu_at_zero", "the gradient at exactly 0 differs"),),
    activations.SELU: (Rule("selu_at_zero", "the gradient at exactly 0 differs"),),
    activations.GELU: (Rule("gelu", CONSTANT, "float64"),),
    activations.LeakyReLU: (Rule("leaky_relu", CONSTANT, "float64"),),
    activations.Softplus: (Rule("softplus", "above 20 torch gives back its input", "float64"),),
    merges.Dot: (
        Rule(
            "cosine_of_zero",
            "a vector of zeros has no direction: its gradient differs",
            applies=lambda word: bool(word.normalize),
        ),
    ),
    merges.Maximum: (
        Rule("maximum_ties", "where values are equal the gradient is divided otherwise"),
    ),
    shape.Upsample: (
        Rule("bilinear", CONSTANT, "float64", lambda word: word.method == "bilinear"),
    ),
}
NETWORK = Rule(
    "networks",
    "each library has a network of its own, with weights of its own",
    where="pretrained networks",
)
PENALTY = Rule(
    "penalty",
    "in float64 Keras keeps its factor in float32",
    "float64",
    where="`l1`, `l2`, `l1_l2`",
)
MIXED = Rule(
    "mixed",
    "whole layers are bfloat16 in Keras, single operations in PyTorch",
    where="`precision = mixed`",
)
NUMBERS = Rule(
    "hyperparameters",
    "in float64 Keras keeps its numbers in float32",
    "float64",
    where="optimisers",
)
LOST_BIAS = Rule(
    "lost_bias",
    "BatchNorm takes the bias in front of it away: its gradient is rounding, of which an adaptive optimiser makes "
    "steps; write bias=false",
    "float32",
    where="`BatchNorm` behind a bias",
)
ROUNDING = Rule(
    "rounding",
    "sums are taken in another order, and a training carries what is rounded on",
    "float32",
    where="every training",
)
RULES: tuple[Rule, ...] = (
    *dict.fromkeys(rule for rules in WORDS.values() for rule in rules),
    NETWORK, PENALTY, MIXED, NUMBERS, LOST_BIAS, ROUNDING,
)  # fmt: skip


def limits(spec: ir.Spec, graph: Graph, plan: TrainingPlan | None) -> list[Limit]:
    """What cannot be equal in scripts for this model and its training, in the order of the spec."""
    found = [
        _made(rule, span, word)
        for rule, span, word in (*_of_model(graph, plan), *_of_training(spec, plan))
    ]
    unique = {(limit.span, limit.key): limit for limit in found}
    return sorted(unique.values(), key=lambda d: (d.span.source.name, d.span.start, d.key))


def _made(rule: Rule, span: Span, word: str) -> Limit:
    size = measured(rule.key)
    return Limit(span, word, rule.key, rule.what, rule.shows, size.size, size.of, size.setup)


Found = Iterator[tuple[Rule, Span, str]]


def _of_model(graph: Graph, plan: TrainingPlan | None) -> Found:
    for node in graph.nodes():
        word = node.word
        if word is None:
            continue
        if isinstance(word, backbones.Backbone):
            yield NETWORK, node.span, word.word
        for rule in WORDS.get(type(word), ()):
            if rule.applies(word):
                yield rule, node.span, word.word
        if any(isinstance(value, Regularizer) for _, value in word):
            yield PENALTY, node.span, word.word
        if _loses_bias(graph, node, plan):
            yield LOST_BIAS, node.span, word.word


def _loses_bias(graph: Graph, node: Node, plan: TrainingPlan | None) -> bool:
    """Whether it is a BatchNorm behind a bias that an adaptive optimiser trains."""
    if not isinstance(node.word, norm.BatchNorm) or plan is None:
        return False
    if all(isinstance(phase.optimizer, optimizers.SGD) for phase in plan.phases):
        return False
    before = graph.node(node.inputs[0]).word
    kinds = (core.Dense, conv.Conv1D, conv.Conv2D, conv.Conv3D, conv.DepthwiseConv2D,
             conv.SeparableConv2D, conv.Conv2DTranspose)  # fmt: skip
    return isinstance(before, kinds) and bool(before.bias)


def _of_training(spec: ir.Spec, plan: TrainingPlan | None) -> Found:
    if plan is None:
        return
    train = spec.sections["train"]
    if plan.mixed:
        yield MIXED, train.settings["precision"].span, "mixed"
    finetune = spec.sections.get("finetune")
    for section in (train, *(finetune.inner if finetune is not None else ())):
        setting = section.settings.get("optimizer")
        if setting is not None and isinstance(setting.value, Word):
            yield NUMBERS, setting.span, setting.value.word
