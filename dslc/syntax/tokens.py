"""The pieces of a spec's text, as the scanner hands them to the parser."""

from __future__ import annotations

OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}
TEXTS = {"LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}"}
KEYWORDS = frozenset(
    "MODEL BLOCK IMPORT INPUT OUTPUT ASSERT MATCH ELSE REPEAT AS WHERE AND OR NOT".split()
)
SPELLED = {
    "LPAR": "(",
    "RPAR": ")",
    "RSQB": "]",
    "LBRACE": "{",
    "RBRACE": "}",
    "COMMA": ",",
    "COLON": ":",
    "EQUAL": "=",
    "ARROW": "->",
    "ELSE": "else",
}  # the signs that an error message may ask for, the most telling ones first
WORDS = frozenset({"NAME", "CALLNAME", "SECTION"})
LITERALS = frozenset({"NUMBER", "SIZE", "STRING"})
ENDERS = WORDS | LITERALS | frozenset(CLOSERS)  # an expression may end here
OPERATORS = frozenset("EQ NE LE GE LT GT PLUS MINUS STAR FLOOR SLASH PERCENT AND OR".split())
CONTINUING = OPERATORS | frozenset("ARROW DOT COMMA COLON EQUAL RANGE AS WHERE".split())


class Token:
    """One word, sign or literal. `first` says that it begins its line; `depth` counts the brackets around it;
    `virtual` that it stands for text that is missing."""

    __slots__ = ("depth", "end", "first", "start", "text", "type", "virtual")

    def __init__(
        self, type: str, text: str, start: int, end: int, first: bool, virtual: bool = False
    ) -> None:
        self.type = type
        self.text = text
        self.start = start
        self.end = end
        self.first = first
        self.depth = 0
        self.virtual = virtual

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.text!r}, {self.start})"
