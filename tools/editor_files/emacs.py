"""The word lists of `dslc-mode` in Emacs."""

from __future__ import annotations

from textwrap import wrap

from editor_files import words


def keywords() -> str:
    """`dslc-words.el`."""
    lists = {
        "definitions": [*words.DEFINITIONS, "import"],
        "keywords": [w for w in words.keywords() if w not in (*words.DEFINITIONS, "import")],
        "sections": [*words.sections(), *words.inner_sections()],
        "settings": words.settings(),
        "constants": [*words.FLAGS, *_all(words.flow_choices(), words.section_choices())],
        **{f"{kind}-words": spelled for kind, spelled in words.flow_words().items()},
        "section-words": _all(*words.section_words().values()),
    }
    parts = [_constant(name, spelled) for name, spelled in lists.items()]
    return "\n\n".join([HEAD, *parts, FOOT])


HEAD = """\
;;; dslc-words.el --- The words of dslc  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Made by tools/regen.py from the vocabulary of dslc: edit that.

;;; Code:"""
FOOT = """\
(provide 'dslc-words)
;;; dslc-words.el ends here
"""


def _all(*lists: list[str]) -> list[str]:
    return list(dict.fromkeys(word for spelled in lists for word in spelled))


def _constant(name: str, spelled: list[str]) -> str:
    lines = wrap(" ".join(f'"{word}"' for word in spelled), 76)
    inside = "\n    ".join(lines)
    return f'(defconst dslc-{name}\n  \'({inside})\n  "{_doc(name)}")'


def _doc(name: str) -> str:
    return f"The {name.replace('-', ' ')} of dslc."
