"""The syntax file of Vim and Neovim: colours without the language server, and in versions without its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from editor_files import words

GROUPS = {  # groups of ours: the standard group whose colours they take
    "dslcKeyword": "Keyword",
    "dslcDefinition": "Structure",
    "dslcOperatorWord": "Operator",
    "dslcSection": "Structure",
    "dslcFlag": "Boolean",
    "dslcLayer": "Function",
    "dslcActivation": "Function",
    "dslcMerge": "Function",
    "dslcType": "Type",
    "dslcWord": "Type",
    "dslcChoice": "Constant",
    "dslcLabel": "Label",
    "dslcName": "Identifier",
    "dslcNumber": "Number",
    "dslcString": "String",
    "dslcPlaceholder": "Special",
    "dslcOperator": "Operator",
    "dslcComment": "Comment",
    "dslcDirective": "SpecialComment",
    "dslcTodo": "Todo",
}
INSIDE = "ALLBUT,dslcSectionBody,dslcPlaceholder,dslcTodo,dslcDirective"  # of sections
HEAD = """" Syntax of dslc specs (*.dl)
" made by tools/regen.py from the vocabulary of dslc: edit that
if exists("b:current_syntax")
  finish
endif
syntax case match
syntax sync minlines=200
"""
PATTERNS = r"""
syntax match dslcName /\%([({,]\s*\|^\s*\|\s\)\@1<=\K\k*\ze\s*=\%([^=]\|$\)/
syntax match dslcLabel /\%(\<as\s\+\)\@<=\K\k*/
syntax match dslcType /\%(^\%(model\|block\)\s\+\)\@<=\K\k*/
syntax match dslcOperator /->\|\.\.\|[-+*\/%=<>!]=\?/
syntax match dslcNumber /\<\d[0-9_]*\%(\.\d[0-9_]*\)\?\%([eE][+-]\?\d\+\)\?[kMG]\?\>/
syntax match dslcNumber /\<\d\+\%(x\d\+\)\+\>/
syntax match dslcPlaceholder /{[^{}"]*}/ contained
syntax region dslcString start=/"/ skip=/\\./ end=/"/ oneline contains=dslcPlaceholder
syntax keyword dslcTodo TODO FIXME contained
syntax match dslcDirective /dslc:\s*ignore\%(-file\)\?\s*\%(\[[^\]]*\]\)\?/ contained
syntax match dslcComment /#.*$/ contains=dslcTodo,dslcDirective,@Spell
"""


def syntax() -> str:
    """`syntax/dslc.vim`."""
    logic, definitions = set(words.LOGIC), {*words.DEFINITIONS, "import"}
    rest = [word for word in words.keywords() if word not in logic | definitions]
    flow = words.flow_words()
    others = [word for spelled in words.section_words().values() for word in spelled]
    taken = {word for spelled in flow.values() for word in spelled}
    inside = [word for word in words.inner_sections() if word not in words.keywords()]
    sections = r"\|".join(words.sections())
    parts = [
        HEAD,
        *_keyword("dslcDefinition", sorted(definitions)),
        *_keyword("dslcKeyword", rest),
        *_keyword("dslcOperatorWord", words.LOGIC),
        *_keyword("dslcFlag", words.FLAGS),
        *(
            line
            for kind, spelled in flow.items()
            for line in _keyword(f"dslc{kind.capitalize()}", spelled)
        ),
        '" Words of sections mean nothing in a model, where they may be names.',
        rf"syntax region dslcSectionBody matchgroup=dslcSection start=/^\%({sections}\)\>[^{{#]*{{/"
        rf" end=/}}/ contains={INSIDE}",
        rf"syntax region dslcPart start=/{{/ end=/}}/ contained contains={INSIDE}",
        *_keyword("dslcInner", inside, "contained"),
        *_keyword("dslcWord", [word for word in others if word not in taken], "contained"),
        *_keyword("dslcChoice", _free(words.section_choices(), taken, others), "contained"),
        PATTERNS.rstrip("\n"),
        '" What a parameter of a layer is set to.',
        *_values("dslcWord", [word for spelled in words.call_words().values() for word in spelled]),
        *_values("dslcChoice", words.flow_choices()),
        "highlight default link dslcInner Structure",
        *(f"highlight default link {ours} {theirs}" for ours, theirs in GROUPS.items()),
        "",
        'let b:current_syntax = "dslc"',
    ]
    return "\n".join(part.rstrip("\n") if part != HEAD else part for part in parts) + "\n"


def _free(spelled: Iterable[str], *taken: Iterable[str]) -> list[str]:
    used = {word for group in taken for word in group}
    return [word for word in spelled if word not in used]


def _values(group: str, spelled: Iterable[str]) -> list[str]:
    head = rf"syntax match {group} /\%(=\s*\)\@<=\%("
    lines = wrap(" ".join(spelled), 60)
    return [head + line.replace(" ", r"\|") + r"\)\>/" for line in lines]


def _keyword(group: str, spelled: Iterable[str], options: str = "") -> list[str]:
    head = f"syntax keyword {group} {options}".rstrip()
    return [f"{head} {line}" for line in wrap(" ".join(spelled), 100 - len(head))]
