"""Differences as JSON: every layer, every array, no limit."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from dslc.diff.changes import Change, Difference
from dslc.diff.phrases import verdict
from dslc.vocab.dims import Sym
from dslc.vocab.libraries import spelled


def render_json(differences: Iterable[Difference]) -> str:
    """An array with an object for each pair of specs, those without a difference too."""
    return json.dumps([as_json(d) for d in differences], indent=2, ensure_ascii=False) + "\n"


def as_json(difference: Difference) -> dict[str, Any]:
    return {
        "spec": difference.name,
        "old": difference.old,
        "new": difference.new,
        "verdict": str(difference.verdict),
        "says": verdict(difference),
        "models": [_plain(model) for model in difference.models],
        "blocks": [_plain(block) for block in difference.blocks],
        "sections": [_plain(section) for section in difference.sections],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Change):
        before, after = value.usual
        return {
            "name": value.name,
            "old": value.old,
            "new": value.new,
            "old_is_default": before,
            "new_is_default": after,
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Sym)):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Sym):
        return spelled(value, str)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
