"""Sizes that may be unknown: whole-number arithmetic on names.

A `Dim` is an `int` or a `Sym`, a polynomial in named sizes with rational coefficients that always has a whole
value. Division is exact where divisibility is known (`H % 32 == 0` makes `H // 2` the polynomial `H/2`) and an
opaque floor otherwise. Two `Sym` are equal exactly when their normal forms are.

This module knows nothing of layers; it must stay free of sympy (start-up) and of recursion over chains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm, prod


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named size, at least 1 and a multiple of `multiple`. `generic` marks a block's own parameter or input
    size: it stands for many values, so that an undecided question about it is not an error."""

    name: str
    multiple: int = 1
    generic: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """`numerator // denominator` that cannot be simplified."""

    numerator: Sym
    denominator: Dim


Atom = Symbol | Floor
Monomial = tuple[tuple[Atom, int], ...]  # atoms with powers, sorted; () is the constant 1


@dataclass(frozen=True, slots=True)
class Sym:
    """A symbolic whole number: `terms` maps monomials to coefficients, sorted, none zero, not constant."""

    terms: tuple[tuple[Monomial, Fraction], ...]

    def __add__(self, other: Dim) -> Dim:
        return _combine(self, other, 1)

    __radd__ = __add__

    def __sub__(self, other: Dim) -> Dim:
        return _combine(self, other, -1)

    def __rsub__(self, other: Dim) -> Dim:
        return _combine(-self, other, 1)

    def __neg__(self) -> Sym:
        return Sym(tuple((m, -c) for m, c in self.terms))

    def __mul__(self, other: Dim) -> Dim:
        sums: dict[Monomial, Fraction] = {}
        for m1, c1 in self.terms:
            for m2, c2 in _terms(other):
                m = _product(m1, m2)
                sums[m] = sums.get(m, Fraction(0)) + c1 * c2
        return _normal(sums)

    __rmul__ = __mul__

    def __floordiv__(self, other: Dim) -> Dim:
        return _floordiv(self, other)

    def __rfloordiv__(self, other: Dim) -> Dim:
        return symbol_floor(other, self)

    def __mod__(self, other: Dim) -> Dim:
        return self - other * (self // other)

    def __rmod__(self, other: Dim) -> Dim:
        return other - self * (other // self)

    def __str__(self) -> str:
        return _show(self)


Dim = int | Sym


def symbol(name: str, multiple: int = 1, *, generic: bool = False) -> Sym:
    """The size called `name`."""
    return Sym(((((Symbol(name, multiple, generic), 1),), Fraction(1)),))


def symbols(dim: Dim) -> tuple[Symbol, ...]:
    """The names that `dim` depends on, each once, in order of appearance."""
    found: dict[Symbol, None] = {}
    todo: list[Dim] = [dim]
    while todo:
        current = todo.pop()
        if isinstance(current, int):
            continue
        for monomial, _ in current.terms:
            for atom, _power in monomial:
                if isinstance(atom, Symbol):
                    found[atom] = None
                else:
                    todo += [atom.numerator, atom.denominator]
    return tuple(found)


def is_generic(*dims: Dim) -> bool:
    """Whether any of `dims` stands for many values (see `Symbol.generic`)."""
    return any(s.generic for d in dims for s in symbols(d))


def equal(a: Dim, b: Dim) -> bool | None:
    """True or False when decided, None when it depends on the values of names."""
    difference = a - b
    return difference == 0 if isinstance(difference, int) else None


def differs(a: Dim, b: Dim) -> bool:
    """Whether `a` and `b` must be refused where equal sizes are needed: they are known to differ, or nothing
    says that they are equal and neither stands for many values."""
    verdict = equal(a, b)
    return not is_generic(a, b) if verdict is None else not verdict


def less(a: Dim, b: Dim) -> bool | None:
    """Whether `a < b`; None when undecided. Names are at least 1 and at least their multiple."""
    difference = a - b
    if isinstance(difference, int):
        return difference < 0
    if (least := _least(difference)) is not None and least >= 0:
        return False
    most = _least(-difference)
    return True if most is not None and most > 0 else None


def _least(dim: Dim) -> Fraction | None:
    """A number that `dim` is never below, when all of its terms grow with their names."""
    if isinstance(dim, int):
        return Fraction(dim)
    total = Fraction(0)
    for monomial, coefficient in dim.terms:
        if monomial and coefficient < 0:
            return None
        term = coefficient
        for atom, power in monomial:
            if isinstance(atom, Symbol):
                term *= atom.multiple**power
                continue
            top = _least(atom.numerator)
            if top is None or top < 0 or not isinstance(atom.denominator, int):
                return None
            term *= Fraction(top // atom.denominator) ** power
        total += term
    return total


def divisible(a: Dim, b: Dim) -> bool | None:
    """Whether `a % b == 0`; None when undecided."""
    remainder = a % b
    return remainder == 0 if isinstance(remainder, int) else None


def ceil_div(a: Dim, b: Dim) -> Dim:
    """The quotient rounded up."""
    return (a + b - 1) // b


def product(dims: Iterable[Dim]) -> Dim:
    result: Dim = 1
    for dim in dims:
        result = result * dim
    return result


def evaluate(dim: Dim, values: Mapping[str, int]) -> int:
    """The number that `dim` is when every name has its value.

    Raises:
        KeyError: a name has no value.
    """
    if isinstance(dim, int):
        return dim
    total = Fraction(0)
    for monomial, coefficient in dim.terms:
        term = coefficient
        for atom, power in monomial:
            if isinstance(atom, Symbol):
                number = values[atom.name]
            else:
                number = evaluate(atom.numerator, values) // evaluate(atom.denominator, values)
            term *= Fraction(number) ** power
        total += term
    assert total.denominator == 1, f"{dim} is not whole under {dict(values)}"
    return total.numerator


def substitute(dim: Dim, values: Mapping[str, Dim]) -> Dim:
    """`dim` with names replaced by sizes; names without an entry stay."""
    if isinstance(dim, int):
        return dim
    scale = lcm(*(c.denominator for _, c in dim.terms))
    total: Dim = 0
    for monomial, coefficient in dim.terms:
        term: Dim = int(coefficient * scale)
        for atom, power in monomial:
            if isinstance(atom, Symbol):
                factor: Dim = values.get(atom.name, Sym(((((atom, 1),), Fraction(1)),)))
            else:
                factor = substitute(atom.numerator, values) // substitute(atom.denominator, values)
            for _ in range(power):
                term = term * factor
        total = total + term
    return total if scale == 1 else _exact(total, scale)


# --------------------------------------------------------------------------- normal form


def _terms(dim: Dim) -> tuple[tuple[Monomial, Fraction], ...]:
    return (((), Fraction(dim)),) if isinstance(dim, int) else dim.terms


def _key(monomial: Monomial) -> tuple[int, int, str]:
    floors = sum(isinstance(atom, Floor) for atom, _ in monomial)
    return (-sum(p for _, p in monomial), floors, repr(monomial))


def _normal(sums: Mapping[Monomial, Fraction]) -> Dim:
    kept = {m: c for m, c in sums.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        constant = kept[()]
        if constant.denominator == 1:
            return constant.numerator
    return Sym(tuple(sorted(kept.items(), key=lambda item: _key(item[0]))))


def _combine(a: Dim, b: Dim, sign: int) -> Dim:
    sums = dict(_terms(a))
    for monomial, coefficient in _terms(b):
        sums[monomial] = sums.get(monomial, Fraction(0)) + sign * coefficient
    return _normal(sums)


def _product(a: Monomial, b: Monomial) -> Monomial:
    powers: dict[Atom, int] = {}
    for atom, power in a + b:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: repr(item[0])))


def _known_multiple(monomial: Monomial) -> int:
    """A whole number that the value of `monomial` is a multiple of."""
    return prod(a.multiple**power for a, power in monomial if isinstance(a, Symbol))


def _exact(dim: Dim, divisor: int) -> Dim:
    return _normal({m: c / divisor for m, c in _terms(dim)})


def _floordiv(a: Sym, b: Dim) -> Dim:
    """The one normal form of ⌊a / b⌋: whole parts in front, what is left below the divisor, fractions reduced,
    floors of floors joined."""
    if not isinstance(b, int):
        return symbol_floor(a, b)
    if b < 0:
        return _floordiv(-a, -b)
    if b == 1:
        return a
    exact: dict[Monomial, Fraction] = {}
    rest: dict[Monomial, Fraction] = {}
    common = b  # divides the divisor and every term that is left, but for the constant
    for monomial, coefficient in a.terms:
        multiple = _known_multiple(monomial)
        if (coefficient * multiple / b).denominator == 1:
            exact[monomial] = coefficient / b
            continue
        wholes, left = divmod(coefficient, b)
        exact[monomial] = Fraction(wholes)
        rest[monomial] = left
        if monomial:
            content = left * multiple
            common = gcd(common, content.numerator) if content.denominator == 1 else 1
    if common > 1:
        rest = {m: c / common if m else Fraction(c // common) for m, c in rest.items()}
    return _normal(exact) + _proper_floor(_normal(rest), b // common)


def _proper_floor(a: Dim, b: int) -> Dim:
    """⌊a / b⌋ where nothing whole can be taken out of `a` any more."""
    if isinstance(a, int) or b == 1:
        return a // b
    for monomial, coefficient in a.terms:
        if len(monomial) != 1 or coefficient != 1:
            continue
        atom, power = monomial[0]
        if isinstance(atom, Floor) and power == 1 and isinstance(atom.denominator, int):
            others = _normal({m: c for m, c in a.terms if m != monomial})
            return (others * atom.denominator + atom.numerator) // (b * atom.denominator)
    return symbol_floor(a, b)


def symbol_floor(a: Dim, b: Dim) -> Dim:
    """`a // b` kept as it is, but for the quotient of a multiple of `b`."""
    if isinstance(b, Sym) and len(b.terms) == 1:
        monomial, coefficient = b.terms[0]
        quotient: dict[Monomial, Fraction] = {}
        for m, c in _terms(a):
            powers = dict(m)
            if (
                coefficient.denominator != 1
                or c % coefficient
                or any(powers.get(atom, 0) < power for atom, power in monomial)
            ):
                break
            for atom, power in monomial:
                powers[atom] -= power
            left = tuple((atom, p) for atom, p in powers.items() if p)
            quotient[left] = c / coefficient
        else:
            return _normal(quotient)
    numerator = a if isinstance(a, Sym) else Sym((((), Fraction(a)),))
    return Sym((((((Floor(numerator, b), 1)),), Fraction(1)),))


# --------------------------------------------------------------------------- text


def write(dim: Dim, name: Callable[[str], str], times: str, divide: str, space: str = " ") -> str:
    """`dim` as an expression: `name` spells a symbol, `times` and `divide` the operators.

    With `divide="//"` this is Python: the numerator of a fraction is written before its division.
    """
    if isinstance(dim, int):
        return str(dim)
    parts: list[str] = []
    for monomial, coefficient in dim.terms:
        factors: list[str] = []
        for atom, power in monomial:
            if isinstance(atom, Symbol):
                text = name(atom.name)
            else:
                top = write(atom.numerator, name, times, divide, space)
                bottom = write(atom.denominator, name, times, divide, space)
                if len(atom.numerator.terms) > 1 or not top.isidentifier():
                    top = f"({top})"
                if not (bottom.isidentifier() or bottom.isdigit()):
                    bottom = f"({bottom})"
                text = f"{top}{space}//{space}{bottom}"
                if len(monomial) > 1 or power > 1 or abs(coefficient) != 1:
                    text = f"({text})"
            factors += [text] * power
        number = abs(coefficient)
        if number.numerator != 1 or not factors:
            factors.insert(0, str(number.numerator))
        text = f"{space}{times}{space}".join(factors) if times.strip() else times.join(factors)
        if number.denominator != 1:
            text = f"{text}{space}{divide}{space}{number.denominator}"
        sign = "-" if coefficient < 0 else "+"
        if parts:
            parts.append(f" {sign} {text}")
        elif sign == "-":
            parts.append(f"-({text})" if "//" in text else f"-{text}")
        else:
            parts.append(text)
    return "".join(parts)


def _show(sym: Sym) -> str:
    return write(sym, lambda n: n, "*", "/", "")


def show(dims: Iterable[Dim]) -> str:
    """A shape as the language writes it: `28x28x1`, `(H/2, W/2, 64)`, `10`."""
    items = tuple(dims)
    if not items:
        return "scalar"
    if all(isinstance(d, int) for d in items):
        return "x".join(str(d) for d in items)
    if len(items) == 1:
        return str(items[0])
    return "(" + ", ".join(str(d) for d in items) + ")"
