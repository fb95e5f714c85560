"""What editors need to know of the language, written from the vocabulary: words that are not in it are in no editor."""

from __future__ import annotations

import json

from editor_files.emacs import keywords
from editor_files.textmate import grammar
from editor_files.vim import syntax


def pages() -> dict[str, str]:
    """The generated files of editors/ by their path in the checkout."""
    return {
        "editors/vscode/syntaxes/dslc.tmLanguage.json": json.dumps(grammar(), indent=2) + "\n",
        "editors/neovim/syntax/dslc.vim": syntax(),
        "editors/emacs/dslc-words.el": keywords(),
    }
