"""What layers use that say nothing themselves: the rules of `defaults { … }`, from the general to the special.

A layer's own argument counts most; then what its role says (`output { … }`, `hidden { … }`), then what its kind
says (`Conv2D { … }`), then what stands in `defaults` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from dslc.spec import ir
from dslc.vocab.sections import OF_FILE, ROLES
from dslc.vocab.word import Word, parameters

W = TypeVar("W", bound=Word)
Values = Mapping[str, Any]

# The defaults of parameters that most layers have: only these give way to a rule that names no layer.
USUAL = {"init": "glorot_uniform", "bias_init": "zeros"}


def speaks_for(word: type[Word], name: str) -> bool:
    """Whether a rule that names no layer holds for a parameter of `word`. An embedding or a `prelu` has first
    values of its own kind."""
    info = parameters(word).get(name)
    if info is None or info.is_required():
        return False
    return bool(getattr(info.default, "word", info.default) == USUAL.get(name, info.default))


@dataclass(frozen=True)
class LayerDefaults:
    """The rules of one spec: for all layers, by name of the layer, and by role."""

    general: Values = field(default_factory=dict)
    kinds: Mapping[str, Values] = field(default_factory=dict)
    roles: Mapping[str, Values] = field(default_factory=dict)

    def settle(self, word: W, role: str = "") -> W:
        """`word` with every parameter that it does not give itself (`model_fields_set`) as the rules say."""
        if not self.general and not self.kinds and not (role and self.roles):
            return word
        values = {
            name: value
            for name, value in self._of(type(word), role).items()
            if name not in word.model_fields_set
        }
        for name, value in word:
            if isinstance(value, Word) and value.kind == "layer":  # `Bidirectional(LSTM(64))`
                values[name] = self.settle(value, role)
        if not values:
            return word
        made = type(word).model_construct(word.model_fields_set, **{**dict(word), **values})
        return cast("W", made)

    def _of(self, word: type[Word], role: str) -> dict[str, Any]:
        found = {name: v for name, v in self.general.items() if speaks_for(word, name)}
        found |= self.kinds.get(word.word, {})
        found |= {n: v for n, v in self.roles.get(role, {}).items() if speaks_for(word, n)}
        return found


def layer_defaults(spec: ir.Spec) -> LayerDefaults:
    """What the `defaults` section says."""
    section = spec.sections.get("defaults")
    if section is None:
        return LayerDefaults()
    general = {
        name: s.value
        for name, s in section.settings.items()
        if s.value is not None and name not in OF_FILE
    }
    rules = {
        name: {key: setting.value for key, setting in part.settings.items()}
        for name, part in section.parts.items()
    }
    roles = {name: rules.pop(name) for name in ROLES if name in rules}
    return LayerDefaults(general, rules, roles)


def wants_stock(spec: ir.Spec) -> bool:
    """Whether scripts take the frameworks' own classes: `defaults { numerics = stock }`."""
    section = spec.sections.get("defaults")
    setting = section.settings.get("numerics") if section is not None else None
    return setting is not None and setting.value == "stock"
