"""The TextMate grammar: what VS Code colours before, and without, the language server.

Regions are those of the language (definitions, sections, calls), so that a word is only coloured where it means
something: `text` is a source in `data` and a plain name in a model. A region that is never closed ends where the next
declaration begins at the start of a line, so one forgotten bracket does not spoil the rest of the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dslc.lint.suppress import WORDS as DIRECTIVES
from editor_files import words

Rule = dict[str, Any]

NAME = r"[^\W\d]\w*"
ALONE = r"(?<![\w.])"  # a word begins here, and is not the size of a tensor: `x.channels`


def grammar() -> Rule:
    """The whole grammar, ready to be written as JSON."""
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "comment": "made by tools/regen.py from the vocabulary of dslc: edit that",
        "name": "dslc",
        "scopeName": "source.dslc",
        "fileTypes": ["dl"],
        "patterns": _use("comments", "import", "definition", "section", "strings", "illegal"),
        "repository": {
            "comments": {"patterns": _comments()},
            "strings": {"patterns": [_string()]},
            "numbers": {"patterns": _numbers()},
            "illegal": {"patterns": _illegal()},
            "operators": {"patterns": _operators()},
            "import": _import(),
            "definition": _definition(),
            "body": {"patterns": _use(*BODY)},
            "braces": _braces("body"),
            "parentheses": _parentheses("body"),
            "statements": {"patterns": _statements()},
            "steps": {"patterns": _steps()},
            "arguments": {"patterns": _arguments()},
            "names": {"patterns": _names()},
            "section": _section(),
            "settings": {"patterns": _use(*SETTINGS)},
            "inner": _inner(),
            "section-parentheses": _parentheses("settings"),
            "section-words": {"patterns": _section_words()},
        },
    }


BODY = (
    *("comments", "strings", "statements", "braces", "parentheses", "arguments", "numbers"),
    *("steps", "operators", "names", "illegal"),
)
SETTINGS = (
    *("comments", "strings", "inner", "section-parentheses", "section-words", "numbers"),
    *("operators", "names", "illegal"),
)


def _use(*names: str) -> list[Rule]:
    return [{"include": f"#{name}"} for name in names]


def _any(spelled: Iterable[str]) -> str:
    """One of these words, the longest first so that none hides another."""
    return "(?:" + "|".join(sorted(spelled, key=lambda word: (-len(word), word))) + ")"


def _word(spelled: Iterable[str], scope: str) -> Rule:
    return {"match": rf"{ALONE}{_any(spelled)}\b", "name": f"{scope}.dslc"}


def _captures(*scopes: str) -> Rule:
    return {str(i): {"name": f"{s}.dslc"} for i, s in enumerate(scopes, 1) if s}


def _next() -> str:
    """Where the next declaration begins, whatever is still open."""
    return rf"(?=^{_any((*words.DEFINITIONS, 'import', *words.sections()))}\b)"


def _braces(inside: str) -> Rule:
    return {
        "begin": r"\{",
        "beginCaptures": {"0": {"name": "punctuation.section.braces.begin.dslc"}},
        "end": rf"(\}})|{_next()}",
        "endCaptures": _captures("punctuation.section.braces.end"),
        "patterns": _use(inside),
    }


def _parentheses(inside: str) -> Rule:
    """Parentheses and brackets end at a closing brace too: then the closing one was forgotten."""
    return {
        "begin": r"[(\[]",
        "beginCaptures": {"0": {"name": "punctuation.section.parens.begin.dslc"}},
        "end": rf"([)\]])|(?=\}})|{_next()}",
        "endCaptures": _captures("punctuation.section.parens.end"),
        "patterns": [{"match": ",", "name": "punctuation.separator.dslc"}, *_use(inside)],
    }


def _comments() -> list[Rule]:
    directive = rf"(#)\s*(dslc:)\s*({_any(DIRECTIVES)})\s*(\[)([^\]#]*)(\])(.*)$"
    scopes = ("punctuation.definition.comment", "keyword.other.directive")
    brackets = "punctuation.section.brackets"
    return [
        {
            "match": directive,
            "name": "comment.line.number-sign.suppression.dslc",
            "captures": _captures(*scopes, scopes[1], brackets, "constant.other.rule", brackets),
        },
        {
            "match": r"(#).*$",
            "name": "comment.line.number-sign.dslc",
            "captures": _captures(scopes[0]),
        },
    ]


def _string() -> Rule:
    return {
        "name": "string.quoted.double.dslc",
        "begin": '"',
        "end": r'(")|($)',
        "beginCaptures": {"0": {"name": "punctuation.definition.string.begin.dslc"}},
        "endCaptures": _captures("punctuation.definition.string.end", "invalid.illegal.unclosed"),
        "patterns": [
            {"match": r"\\.", "name": "constant.character.escape.dslc"},
            {"match": r'\{[^{}"]*\}', "name": "constant.other.placeholder.dslc"},
        ],
    }


def _numbers() -> list[Rule]:
    return [
        {"match": words.terminal("SIZE"), "name": "constant.numeric.size.dslc"},
        {"match": words.terminal("NUMBER"), "name": "constant.numeric.dslc"},
    ]


def _illegal() -> list[Rule]:
    return [
        {"match": r"(?<!\w)[0-9]\w*", "name": "invalid.illegal.number.dslc"},
        {"match": r"'[^'\r\n]*'?", "name": "invalid.illegal.quote.dslc"},
        {"match": r"[;&|@$^~`?!\\]", "name": "invalid.illegal.character.dslc"},
    ]


def _operators() -> list[Rule]:
    return [
        {"match": "->", "name": "keyword.operator.flow.dslc"},
        {"match": r"\.\.", "name": "keyword.operator.range.dslc"},
        {"match": "[=!<>]=|[<>]", "name": "keyword.operator.comparison.dslc"},
        {"match": "=", "name": "keyword.operator.assignment.dslc"},
        {"match": "//|[-+*/%]", "name": "keyword.operator.arithmetic.dslc"},
        {"match": "[:,]", "name": "punctuation.separator.dslc"},
    ]


def _import() -> Rule:
    return {
        "begin": rf"{ALONE}(import)\b",
        "beginCaptures": _captures("keyword.control.import"),
        "end": rf"(?<=\))|{_next()}",
        "patterns": [
            *_use("comments", "strings"),
            {"match": "[()]", "name": "punctuation.section.parens.dslc"},
            {"match": ",", "name": "punctuation.separator.dslc"},
            {"match": NAME, "name": "entity.name.type.imported.dslc"},
        ],
    }


def _definition() -> Rule:
    return {
        "name": "meta.definition.dslc",
        "begin": rf"{ALONE}({_any(words.DEFINITIONS)})\b(?:\s+({NAME}))?",
        "beginCaptures": _captures("storage.type", "entity.name.type"),
        "end": rf"(?<=\}})|{_next()}",
        "patterns": [
            *_use("comments", "braces"),
            {
                "begin": r"\(",
                "end": rf"\)|(?=[{{}}])|{_next()}",
                "patterns": [
                    {
                        "match": rf"(?<=[(,])\s*({NAME})",
                        "captures": _captures("variable.parameter"),
                    },
                    *_use("comments", "strings", "numbers", "arguments", "steps", "operators"),
                    *_use("parentheses", "illegal"),
                ],
            },
        ],
    }


def _statements() -> list[Rule]:
    taken = {*words.DEFINITIONS, *words.NAMING, *words.LOGIC, "as", "import"}
    rest = [word for word in words.keywords() if word not in taken]
    return [
        {
            "match": rf"{ALONE}({_any(words.NAMING)})\b(?:[ \t]+({NAME}))?",
            "captures": _captures("keyword.other.declaration", "variable.parameter"),
        },
        {
            "match": rf"{ALONE}(as)\b(?:[ \t]+({NAME}))?",
            "captures": _captures("keyword.other.label", "entity.name.label"),
        },
        _word(rest, "keyword.control"),
        _word(words.LOGIC, "keyword.operator.logical"),
        _word((*words.DEFINITIONS, "import"), "invalid.illegal.nested"),
    ]


def _arguments() -> list[Rule]:
    """`init=he_normal`, `padding=same`: what a name is set to, and then any other name that is set."""
    found = [
        {
            "match": rf"({NAME})\s*(=)\s*({_any(spelled)})\b",
            "captures": _captures("variable.parameter", "keyword.operator.assignment", scope),
        }
        for spelled, scope in [
            *(
                (spelled, f"support.function.{kind}")
                for kind, spelled in words.call_words().items()
            ),
            (words.flow_choices(), "support.constant"),
        ]
    ]
    return [
        *found,
        {"match": rf"({NAME})\s*(?==[^=])", "captures": _captures("variable.parameter")},
    ]


def _steps() -> list[Rule]:
    flow = words.flow_words()
    known = _any(word for spelled in flow.values() for word in spelled)
    return [
        *(_word(spelled, f"support.function.{kind}") for kind, spelled in flow.items()),
        {
            "match": rf"(->)\s*(?!{known}\b)(\p{{Lu}}\w*)",
            "captures": _captures("keyword.operator.flow", "entity.name.function"),
        },
        {"match": rf"{ALONE}{NAME}(?=\()", "name": "entity.name.function.dslc"},
    ]


def _names() -> list[Rule]:
    return [
        {
            "match": rf"(\.)({NAME})",
            "captures": _captures("punctuation.accessor", "variable.other.property"),
        },
        _word(words.FLAGS, "constant.language"),
        {"match": NAME, "name": "variable.other.dslc"},
    ]


def _section() -> Rule:
    return {
        "name": "meta.section.dslc",
        "begin": rf"{ALONE}({_any(words.sections())})\b(?:[ \t]+({NAME}))?",
        "beginCaptures": _captures("storage.type.section", "entity.name.label"),
        "end": rf"(?<=\}})|{_next()}",
        "patterns": [*_use("comments"), _braces("settings")],
    }


def _inner() -> Rule:
    """A part of a section: one of the language, or one that the spec names (`loss { species = … }`)."""
    known = _any(words.inner_sections())
    return {
        "begin": rf"{ALONE}(?:({known})|({NAME}))\b(?:[ \t]+({NAME}))?(?=\s*\{{)",
        "beginCaptures": _captures(
            "storage.type.section", "entity.name.section", "entity.name.label"
        ),
        "end": rf"(?<=\}})|{_next()}",
        "patterns": [*_use("comments"), _braces("settings")],
    }


def _section_words() -> list[Rule]:
    """Settings and arguments before their `=`, then words by kind, then what is no word but a name to choose."""
    flow = [word for spelled in words.flow_words().values() for word in spelled]
    return [
        {
            "match": rf"{ALONE}({_any(words.settings())})\s*(?==[^=])",
            "captures": _captures("support.type.property-name"),
        },
        {"match": rf"({NAME})\s*(?==[^=])", "captures": _captures("variable.parameter")},
        *(
            _word(spelled, f"support.function.{kind}")
            for kind, spelled in words.section_words().items()
            if spelled
        ),
        _word(words.section_choices(), "support.constant"),
        _word(flow, "support.function.layer"),
    ]
