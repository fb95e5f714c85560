"""What a comparison found, in plain values: for the table, for JSON, and for the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field

from dslc.source import Span


@dataclass(frozen=True)
class Figures:
    """The largest difference: absolute, and relative to the largest value; what is allowed, and of what it is."""

    gap: float
    share: float
    allowed: float
    of: str = ""

    @property
    def ok(self) -> bool:
        return self.gap <= self.allowed


@dataclass(frozen=True)
class Check:
    """One line of the table: what was compared, and how far it is apart in each precision."""

    what: str
    figures: dict[str, Figures]
    note: str = ""

    @property
    def ok(self) -> bool:
        return all(figures.ok for figures in self.figures.values())


@dataclass(frozen=True)
class LayerRow:
    """One application of a word. Figures are by mode and precision, such as `training float64`."""

    where: str
    shape: str
    figures: dict[str, Figures]
    span: Span

    @property
    def ok(self) -> bool:
        return all(figures.ok for figures in self.figures.values())


@dataclass(frozen=True)
class Finding:
    """The first difference: where in the spec, and what it is."""

    where: str
    message: str
    span: Span | None = None
    notes: tuple[str, ...] = ()


@dataclass
class Verdict:
    """All that was found."""

    checks: list[Check] = field(default_factory=list)
    layers: list[LayerRow] = field(default_factory=list)
    arrays: dict[str, dict[str, Figures]] = field(
        default_factory=dict
    )  # by key, then as `gradient float64`
    finding: Finding | None = None
    notes: list[str] = field(default_factory=list)
    expected: bool = False  # differences that the spec asks for

    @property
    def ok(self) -> bool:
        return self.finding is None
