"""The base of every word of the language, and the registry that finds words by name.

A word is a frozen pydantic class: its fields are the parameters (type, range, default, unit), its docstring the
meaning with formula and source, its `examples` complete fragments that tests compile. A backend adds one
emission a word; nothing else in the project names a word.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from dslc.vocab.kinds import Kind

# Where the words of each kind live. A kind is imported when one of its words is first looked up.
MODULES: dict[str, tuple[str, ...]] = {
    "layer": (
        "layers.core",
        "layers.conv",
        "layers.pool",
        "layers.norm",
        "layers.shape",
        "layers.noise",
        "layers.recurrent",
        "layers.sequence",
        "layers.backbones",
        "activations",
        "merges",
    ),
    "initializer": ("initializers",),
    "regularizer": ("regularizers",),
    "constraint": ("constraints",),
    "loss": ("losses",),
    "metric": ("metrics",),
    "optimizer": ("optimizers",),
    "schedule": ("schedules",),
    "clip": ("clips",),
    "callback": ("callbacks",),
    "selector": ("selectors",),
    "strategy": ("selectors",),
    "source": ("data",),
    "split": ("data",),
    "scale": ("data",),
    "protocol": ("protocols",),
    "transform": ("transforms", "mixes"),
}
# Kinds whose words stand in a flow, so that one look-up finds them all.
FLOW_KINDS = ("layer", "activation", "merge")


def arg(doc: str, default: Any = ..., *, unit: str = "") -> Any:
    """A parameter of a word: what it means, its default (required without one), its unit."""
    extra: Any = {"unit": unit} if unit else None
    return Field(default, description=doc, json_schema_extra=extra)


class Example(str):
    """A complete flow that starts from `x`, with the shape of `x` that it is for."""

    __slots__ = ("dtype", "input")
    input: str
    dtype: Literal["float", "int"]

    def __new__(cls, input: str, text: str, dtype: Literal["float", "int"] = "float") -> Self:
        example = super().__new__(cls, text)
        example.input = input
        example.dtype = dtype
        return example


class Word(BaseModel):
    """A word with its parameters bound. Values may be symbolic inside a block (see `kinds.Symbolic`)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        validate_default=True,  # a default is spelled as in a spec: `stride=1` becomes (1, 1)
        defer_build=True,  # a word costs nothing until it is used
    )

    abstract: ClassVar[bool] = True  # not a word itself, only what some share; never inherited
    kind: ClassVar[str] = ""
    word: ClassVar[str] = ""  # as written in a spec
    aliases: ClassVar[tuple[str, ...]] = ()  # the names that other frameworks use
    positional: ClassVar[int] = 1  # how many parameters may be given without their name
    examples: ClassVar[tuple[str, ...]] = ()
    reference: ClassVar[str] = ""  # the paper or reference, as a citation or URL

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        if "word" not in cls.__dict__:
            cls.word = cls.__name__

    @classmethod
    def model_construct(  # type: ignore[override]
        cls, _fields_set: set[str] | None = None, **values: Any
    ) -> Self:
        """The word with `values` that are checked already; defaults become what a spec would bind."""
        given = set(values) if _fields_set is None else _fields_set
        return super().model_construct(given, **{**defaults(cls), **values})

    def problems(self) -> Iterator[str]:
        """What is wrong with the parameters taken together, each a sentence; nothing when all is well."""
        yield from ()


def parameters(word: type[Word]) -> dict[str, FieldInfo]:
    return word.__pydantic_fields__


@cache
def defaults(word: type[Word]) -> dict[str, Any]:
    """The default of every parameter that has one, as bound: `stride=1` of a `Conv2D` is (1, 1)."""
    return {
        name: field.default if field.default in (None, ()) else kind_of(field).accept(field.default)
        for name, field in word.model_fields.items()
        if not field.is_required()
    }


def kind_of(field: FieldInfo) -> Kind:
    """The `Kind` in the annotation of a parameter."""
    for item in field.metadata:
        if isinstance(item, Kind):
            return item
    raise TypeError(f"parameter {field!r} has no Kind")


def unit_of(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) and "unit" in extra else ""


@cache
def words(kind: str) -> dict[str, type[Word]]:
    """Every word of `kind` by its name, in the order of the reference. The kind `flow` holds all words that
    stand in a flow: layers, activations and merges."""
    found: dict[str, type[Word]] = {}
    wanted = FLOW_KINDS if kind == "flow" else (kind,)
    for module in MODULES["layer" if kind in (*FLOW_KINDS, "flow") else kind]:
        for value in vars(importlib.import_module(f"dslc.vocab.{module}")).values():
            if (
                isinstance(value, type)
                and issubclass(value, Word)
                and value.kind in wanted
                and value.__module__ == f"dslc.vocab.{module}"
                and not value.__name__.startswith("_")
                and not value.__dict__.get("abstract", False)
            ):
                assert found.get(value.word, value) is value, f"{value.word} is defined twice"
                found[value.word] = value
    return found


@cache
def aliases(kind: str) -> dict[str, str]:
    """The names of other frameworks, each with the word that dslc uses."""
    return {alias: name for name, word in words(kind).items() for alias in word.aliases}


def all_words() -> dict[str, dict[str, type[Word]]]:
    """Every word by kind: what the reference, the completion and the completeness test walk."""
    kinds = [k for k in MODULES if k != "layer"]
    return {kind: words(kind) for kind in (*FLOW_KINDS, *kinds)}
