"""Good specs, and mistakes that people make in them, each on a line of its own."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A kind of mistake: `pattern` is what it needs on its line, `spoil` what becomes of one match of it.

    `apart`: it is seen only where what flows into it is known, so no other mistake may stand above it. `goes_on`: only
    where another line follows; behind a blank one the next statement would be part of this one."""

    name: str
    pattern: str
    spoil: str | Callable[[re.Match[str], random.Random], str]
    apart: bool = False
    goes_on: bool = False

    def on(self, line: str, dice: random.Random) -> str | None:
        """`line` with the mistake, or None where it does not apply."""
        code = line.split("#")[0].rstrip()
        places = list(re.finditer(self.pattern, code))
        if not places:
            return None
        match = dice.choice(places)
        spoil = self.spoil
        new = match.expand(spoil) if isinstance(spoil, str) else spoil(match, dice)
        return f"{code[: match.start()]}{new}{code[match.end() :]}"


def typo(match: re.Match[str], dice: random.Random) -> str:
    """The word with two letters swapped, one doubled or one lost, never its first."""
    word = match[0]
    while True:
        at = dice.randrange(1, len(word) - 1)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        new = dice.choice((swapped, word[:at] + word[at] + word[at:], word[:at] + word[at + 1 :]))
        if new != word:
            return new


LAYER = r"(?<=-> )(?:Conv2D|Dense|BatchNorm|Flatten|Dropout|MaxPool2D|LayerNorm|GlobalAvgPool2D|Embedding|LSTM)\b"
ARGUMENT = r"\b(?:padding|stride|monitor|patience|momentum|factor|restore_best|brightness|rotate|label_smoothing)(?==)"
SETTING = r"(?<=^  )(?:source|split|scale|batch|loss|optimizer|metrics|epochs|accumulate|precision)(?= +=)"
VALUE = r"(?<= )(?:cross_entropy|stratified|zscore|accuracy|he_normal|digits|Adam|SGD)\b"
CALLBACK = r"(?<=^  )(?:EarlyStopping|ReduceLROnPlateau|ModelCheckpoint)(?=\()"

FAULTS: tuple[Fault, ...] = (
    # words
    Fault("misspelt layer", LAYER, typo),
    Fault("misspelt activation", r"(?<=-> )(?:relu|softmax|sigmoid|tanh|gelu)\b", typo),
    Fault("misspelt parameter", ARGUMENT, typo),
    Fault("misspelt setting", SETTING, typo),
    Fault("misspelt value", VALUE, typo),
    Fault("misspelt callback", CALLBACK, typo),
    Fault("parameter of another library", r"\bpadding=same", "border_mode=same"),
    Fault("unknown word", r"(?<=-> )(?:relu|BatchNorm|Flatten)\b", "Frobnicate"),
    Fault("unknown value", r"(?<=padding=)same", "outside"),
    Fault("unknown monitor", r"(?<=monitor=)val_\w+", "val_beauty"),
    # values
    Fault("rate of more than one", r"Dropout\(0\.\d+\)", "Dropout(3)"),
    Fault("no units", r"Dense\(\d+\)", "Dense(0)"),
    Fault("units are no whole number", r"Dense\((\d+)\)", r"Dense(\1.5)"),
    Fault("text for a number", r"(?<=^  )(epochs|batch)( +)= \d+", r'\1\2= "many"'),
    Fault("no epochs", r"(?<=^  )epochs( +)= \d+", r"epochs\1= 0"),
    Fault("too many arguments", r"Dropout\((0\.\d+)\)", r"Dropout(\1, 2, 3)"),
    Fault("twice", r"padding=same", "padding=same, padding=same"),
    Fault("missing argument", r"Conv2D\((\d+), \dx\d", r"Conv2D(\1"),
    Fault("share below zero", r"stratified\(\d+, ", "stratified(-70, "),
    Fault("unknown name", r"(?<=^  )(?:image|x|tokens)(?= ->)", "nothing"),
    # signs
    Fault("lost comma", r"(?<=\d), (?=\d|\w)", " "),
    Fault("lost parenthesis", r"(?<=\w)\)(?= ->|$)", ""),
    Fault("lost opening parenthesis", r"(?<=[a-zD])\((?=\d)", " "),
    Fault("double parenthesis", r"(?<=\w)\)(?= ->|$)", "))"),
    Fault("arrow of a web page", r"->", "→"),
    Fault("half an arrow", r"->", "- >"),
    Fault("dangling arrow", r"(?<=\))$", " ->", goes_on=True),
    Fault("semicolon", r"(?<=[\w)])$", ";"),
    Fault("colon for equals", r"(?<=^  )(epochs|batch|loss|scale)( +)=", r"\1:"),
    Fault("lost equals", r"(?<=^  )(epochs|batch)( +)=", r"\1 "),
    Fault("no value", r"(?<=^  )(epochs|batch|scale)( +)= \S+", r"\1\2="),
    Fault("lost quote", r'(?<=\w)"(?=[,)])', ""),
    Fault("half a size", r"\b3x3\b", "3x"),
    Fault("odd sign", r"\b(?:relu|same|softmax)\b", "re§lu"),
    Fault("blank in a call", r"(?<=-> )(Conv2D|Dense)\(", r"\1 ("),
    Fault("star for a size", r"(?<=: )(\d+)x(\d+)x(\d+)$", r"\1*\2*\3x"),
    Fault("input without a colon", r"^  input (\w+): ", r"  input \1 "),
    Fault("method", r"(?<=[=:] )(\w+) -> (?=[A-Z])", r"\1."),
    Fault("other keyword", r"^(?:model|block)(?= )", "class"),
    Fault("misspelt keyword", r"^(?:model|block)(?= )", typo),
    Fault("lost brace", r" \{$", ""),
    # shapes
    Fault("window larger than the map", r"MaxPool2D\(2x2\)", "MaxPool2D(200x200)", apart=True),
    Fault("layer for sequences", r"(?<=-> )MaxPool2D\(2x2\)", "LSTM(8)", apart=True),
    Fault("window of another rank", r"(?<=MaxPool2D\()2x2", "2x2x2", apart=True),
)


def plant(text: str, count: int, dice: random.Random) -> tuple[str, dict[int, str]]:
    """`text` with `count` mistakes, and what they are by the numbers of their lines."""
    lines = text.split("\n")
    planted: dict[int, str] = {}
    numbers = [i for i, line in enumerate(lines) if line.split("#")[0].strip()]
    dice.shuffle(numbers)
    highest = -1  # the line of a mistake that needs all above it to be right
    for number in numbers:
        if len(planted) == count:
            break
        for fault in dice.sample(FAULTS, len(FAULTS)):
            new = fault.on(lines[number], dice)
            blank = fault.goes_on and not lines[number + 1].strip()
            if new is None or blank or number < highest or (fault.apart and planted):
                continue
            lines[number] = new
            planted[number + 1] = fault.name
            highest = number if fault.apart else highest
            break
    return "\n".join(lines), planted
