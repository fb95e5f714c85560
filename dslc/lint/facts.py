"""What a rule sees of one file: its text, tree, bound spec, models with their layers, and training plan.

Facts are made of a spec without errors, so that nothing in them is unknown. What takes time is computed when a rule
asks for it first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dslc.check.summary import Summary
from dslc.graph import Graph
from dslc.lint.edits import Editor
from dslc.lint.layers import Layer, layers_of
from dslc.lint.suppress import Suppression, suppressions
from dslc.lint.trees import walk
from dslc.plan.training import TrainingPlan
from dslc.source import Source
from dslc.spec import ir
from dslc.syntax import parse, tree


@dataclass(eq=False)
class Model:
    """One model of the file."""

    definition: ir.Definition
    graph: Graph
    summary: Summary

    @property
    def name(self) -> str:
        return self.definition.name

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers in the order in which it computes, those inside of blocks and repeats too, inputs first."""
        return layers_of(self.graph)

    @cached_property
    def outputs(self) -> dict[str, Layer]:
        """The layer that gives each result."""
        known = {layer.node.index: layer for layer in self.layers}
        found = self.graph.outputs.items()
        return {name: known[index] for name, index in found if index is not None}


class Facts:
    """One file that checks. `edit` makes the edits of fixes; `budgets` are the limits of the configuration."""

    def __init__(
        self,
        file: tree.File,
        spec: ir.Spec,
        models: Sequence[Model],
        budgets: Mapping[str, int | float] | None = None,
    ) -> None:
        self.file = file
        self.spec = spec
        self.models = tuple(models)
        self.budgets = dict(budgets or {})
        self.edit = Editor(file)
        self.judged: frozenset[str] = (
            frozenset()
        )  # the codes of the rules that run before late ones

    @property
    def source(self) -> Source:
        return self.file.source

    @property
    def main(self) -> Model | None:
        """The model that the sections are about: the last one."""
        return self.models[-1] if self.models else None

    @property
    def layers(self) -> Iterator[Layer]:
        """The layers of all models. A word under a repeat or in a block comes once for each use; what is found at one
        place several times is reported once."""
        for model in self.models:
            yield from model.layers

    @cached_property
    def training(self) -> TrainingPlan | None:
        """All that is trained, with every default: phases, optimiser, what is logged. None where nothing is."""
        from dslc.plan.experiment import plan_training

        return None if self.main is None else plan_training(self.spec, self.main.graph)

    # ----------------------------------------------------------------- comments for rules

    @cached_property
    def known(self) -> dict[str, str]:
        """The code of every rule, by code and by name."""
        from dslc.lint.registry import all_rules

        rules = all_rules().values()
        return {rule.code: rule.code for rule in rules} | {rule.name: rule.code for rule in rules}

    @cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The comments for rules in the file."""
        return suppressions(self.file, self.known)

    def suppressions_in(self, source: Source) -> tuple[Suppression, ...]:
        """Those of the file, or of one that it imports."""
        if source is self.source:
            return self.suppressions
        file, _ = parse(source)
        return () if file is None else suppressions(file, self.known)

    # ----------------------------------------------------------------- sections

    def section(self, name: str) -> ir.SectionSpec | None:
        """A section that is written: `data`, `train`, `augment`, `finetune`, …"""
        return self.spec.sections.get(name)

    def setting(self, section: str, key: str) -> ir.Setting | None:
        """A setting that is written; None where its default holds. `.value` is bound, `.span` the place of the value,
        `.key_span` that of the key."""
        return written(self.section(section), key)

    def value(self, section: str, key: str) -> Any:
        """The value of a setting, its default where it is not written; None where there is no such section."""
        found = self.spec.sections.get(section)
        setting = found.settings.get(key) if found is not None else None
        return None if setting is None else setting.value

    # ----------------------------------------------------------------- the tree

    def nodes(self) -> Iterator[tree.Node]:
        """Everything in the tree of the file, in the order of the text."""
        return walk(*self.file.declarations)


def written(section: ir.SectionSpec | None, key: str) -> ir.Setting | None:
    """A setting of a section that is written; None where its default holds."""
    setting = section.settings.get(key) if section is not None else None
    if section is None or setting is None or setting.key_span == section.span:
        return None
    return setting
