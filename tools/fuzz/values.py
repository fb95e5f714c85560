"""Random words with random parameters, from the registry alone: a new word, parameter or kind is drawn by itself.

Values of every form are proposed, likely ones first, and the kind of the parameter says which it takes. What a word
then makes of its inputs is asked of the word.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from dslc.codegen.backend import Backend, backend_names, load_backend
from dslc.vocab.dims import product
from dslc.vocab.kinds import BareName, Kind
from dslc.vocab.tensor import FlowWord, Tensor
from dslc.vocab.word import Word, kind_of, parameters, words

MOST_VALUES = 1500  # of a tensor: models stay tiny
MOST_WEIGHTS = 20_000  # of a layer
TRIES = 60

# Parameters that leave the numbers of a model alone are drawn less often.
SELDOM = ("init", "regularizer", "constraint", "epsilon", "momentum")
NUMBERS = (0.1, 0.25, 0.5, 0.9, 0.01, 1e-3, 1e-5, 1.0, 1.5, 0.0, -0.5, 3.0)


@dataclass(frozen=True)
class Drawn:
    """A word with its parameters, as an object and as a spec writes it."""

    word: Word
    values: dict[str, Any]

    def text(self, dice: random.Random | None = None, scalars: dict[str, int] | None = None) -> str:
        """The call; whole numbers may be written with the help of names that hold numbers."""
        cls = type(self.word)
        arguments: list[str] = []
        in_row = True
        for at, (name, field) in enumerate(parameters(cls).items()):
            if name not in self.values:
                in_row = False
                continue
            value = self.values[name]
            shown = spelled(value, dice, scalars or {})
            required = field.is_required()
            bare = (
                in_row and at < cls.positional and (dice is None or required or dice.random() < 0.7)
            )
            in_row = in_row and bare
            arguments.append(shown if bare else f"{name}={shown}")
        return f"{cls.word}({', '.join(arguments)})" if arguments else cls.word


def spelled(value: Any, dice: random.Random | None, scalars: dict[str, int]) -> str:
    """A value as a spec writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Drawn):
        return value.text(dice, scalars)
    if isinstance(value, tuple):
        plain = len(value) > 1 and all(type(item) is int and item > 0 for item in value)
        if plain and (dice is None or dice.random() < 0.7):
            return "x".join(map(str, value))
        inner = ", ".join(spelled(item, dice, scalars) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if type(value) is int and dice is not None and scalars and dice.random() < 0.4:
        return _by_names(value, dice, scalars)
    return repr(value) if isinstance(value, float) else str(value)


def _by_names(value: int, dice: random.Random, scalars: dict[str, int]) -> str:
    name = dice.choice(sorted(scalars))
    known = scalars[name]
    if known == value:
        return name
    if known > 0 and value % known == 0:
        return f"{value // known} * {name}"
    if known > 0 and value > 0 and known % value == 0:
        return f"{name} // {known // value}"
    return f"{name} + {value - known}" if value > known else f"{name} - {known - value}"


def value(kind: Kind, dice: random.Random, x: Tensor | None, word_name: str = "") -> Any:
    """A value that `kind` takes; a word comes with the way it is written.

    Raises:
        LookupError: none was found.
    """
    for _ in range(TRIES):
        proposed = _proposal(kind, dice, x)
        bound = proposed.word if isinstance(proposed, Drawn) else proposed
        try:
            kind.accept(bound)
        except (ValueError, TypeError):
            continue
        return proposed
    raise LookupError(f"{word_name}: nothing fits {kind.describe}")


def _proposal(kind: Kind, dice: random.Random, x: Tensor | None) -> Any:
    shape = tuple(d for d in x.shape if isinstance(d, int)) if x is not None else ()
    axes = max(len(shape) - 1, 1)
    small = (1, 2, 2, 3, 3, 4, 5, 6, 8)

    def whole() -> int:
        return dice.choice(small)

    forms = [whole, whole, lambda: dice.choice((True, False)), lambda: dice.choice(NUMBERS)]
    if kind.choices:
        forms += [lambda: BareName(dice.choice(kind.choices))] * 3
    if kind.word_kinds:
        forms += [lambda: word_of(dice.choice(kind.word_kinds), dice)] * 4
    forms += [
        lambda: dice.randint(0, 2),
        lambda: tuple(whole() for _ in range(axes)),
        lambda: tuple(dice.randint(1, 3) for _ in range(axes)),
        lambda: tuple(dice.randint(0, 2) for _ in range(dice.randint(1, 3))),
        lambda: tuple((dice.randint(0, 2), dice.randint(0, 2)) for _ in range(axes)),
        lambda: tuple(dice.sample(range(1, len(shape) + 1), len(shape))),
        lambda: _other_shape(shape, dice),
        lambda: _other_shape(shape, dice),
    ]
    return dice.choice(forms)()


def _other_shape(shape: tuple[int, ...], dice: random.Random) -> tuple[int, ...]:
    """Sizes with the same product, perhaps one of them left to be found."""
    rest, sizes = int(str(product(shape))), []
    for _ in range(dice.randint(0, 3)):
        size = dice.choice([d for d in range(1, rest + 1) if rest % d == 0])
        sizes.append(size)
        rest //= size
    sizes.insert(dice.randint(0, len(sizes)), rest)
    if dice.random() < 0.3:
        sizes[dice.randrange(len(sizes))] = -1
    return tuple(sizes)


def word_of(kind: str, dice: random.Random, x: Tensor | None = None) -> Drawn:
    """A random word of `kind` whose parameters are right together."""
    for _ in range(TRIES):
        found = draw(dice.choice(list(words(kind).values())), dice, x)
        if found is not None:
            return found
    raise LookupError(kind)


def draw(cls: type[Word], dice: random.Random, x: Tensor | None) -> Drawn | None:
    """The word with random parameters; None when they do not go together."""
    values: dict[str, Any] = {}
    for name, field in parameters(cls).items():
        chance = 0.1 if any(part in name for part in SELDOM) else 0.4
        if field.is_required() or dice.random() < chance:
            try:
                values[name] = value(kind_of(field), dice, x, f"{cls.word}({name})")
            except LookupError:
                return None
    bound = {n: v.word if isinstance(v, Drawn) else v for n, v in values.items()}
    try:
        word = cls(**bound)
    except ValueError:
        return None
    return None if any(word.problems()) else Drawn(word, values)


# --------------------------------------------------------------------------- steps of a flow


def flow_words() -> dict[str, type[FlowWord]]:
    """Every word of a flow but the networks of libraries, which are too large to build by the thousand."""
    found = {n: w for n, w in words("flow").items() if issubclass(w, FlowWord) and not w.gives_way}
    return found


@cache
def _by_kind() -> tuple[tuple[list[type[FlowWord]], list[float]], ...]:
    """The words that are no activations, then those that are; more often those with many parameters."""
    known = flow_words().values()
    parts = (
        [w for w in known if w.kind != "activation"],
        [w for w in known if w.kind == "activation"],
    )
    return tuple((part, [1 + 0.3 * len(parameters(w)) for w in part]) for part in parts)


def step(
    dice: random.Random, xs: tuple[Tensor, ...], cls: type[FlowWord] | None = None
) -> tuple[Drawn, Tensor] | None:
    """A word that takes `xs`, with its result: of any word, or of `cls`."""
    layers, activations = _by_kind()
    for _ in range(TRIES // 4):
        known, weights = layers if len(xs) > 1 or dice.random() < 0.88 else activations
        wanted = cls or dice.choices(known, weights)[0]
        least, most = wanted.inputs
        if len(xs) < least or (most is not None and len(xs) > most):
            continue
        for _ in range(TRIES // 6):
            drawn = draw(wanted, dice, xs[0])
            if drawn is None:
                continue
            assert isinstance(drawn.word, FlowWord)
            y = result(drawn.word, xs)
            if y is not None:
                return drawn, y
    return None


def result(word: FlowWord, xs: tuple[Tensor, ...]) -> Tensor | None:
    """What `word` makes of `xs`, when that is small and both backends can write it."""
    y = word.infer(*xs)
    if not isinstance(y, Tensor) or not small(y):
        return None
    weights = sum(_number(w.shape, 4) for w in word.arrays(*xs).values())
    if weights > MOST_WEIGHTS or _number(y.shape, 8) * max(1, weights) > 20_000_000:
        return None
    return None if any(b.table.refusal(word, xs) is not None for b in backends()) else y


@cache
def backends() -> tuple[Backend, ...]:
    """The backends that a spec must suit."""
    return tuple(b for name in backend_names() if (b := load_backend(name)) is not None)


def small(x: Tensor) -> bool:
    return _number(x.shape, 8) <= MOST_VALUES


def _number(shape: Any, unknown: int) -> int:
    """How many values a shape holds, sizes that vary taken as `unknown`."""
    total = 1
    for size in shape:
        total *= size if isinstance(size, int) else unknown
    return total
