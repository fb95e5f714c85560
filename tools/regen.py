"""Write the generated pages of the documentation (docs/words.md, docs/codes.md, docs/rules.md, the tables of
docs/numerics.md) and the word lists of the editors (in editors/).

python tools/regen.py            write them
python tools/regen.py --check    only say which of them are stale, with exit code 1
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for place in (ROOT, ROOT / "backends"):
    sys.path.insert(0, str(place))

import editor_files  # noqa: E402
from fuzz import page as fuzzing  # noqa: E402
from numerics_page import filled  # noqa: E402

from dslc.cli.explain import codes_markdown  # noqa: E402
from dslc.cli.rules_page import rules_markdown  # noqa: E402
from dslc.codegen.backend import backend_names, load_backend  # noqa: E402
from dslc.files import write_atomic  # noqa: E402
from dslc.reference import markdown  # noqa: E402

NOTE = "<!-- made by tools/regen.py from the sources: edit those -->\n\n"


def pages() -> dict[str, str]:
    """The generated pages by their path in the checkout."""
    backends = [backend for name in backend_names() if (backend := load_backend(name))]
    numerics = (ROOT / "docs" / "numerics.md").read_text(encoding="utf-8")
    return {
        "docs/codes.md": NOTE + codes_markdown(),
        "docs/rules.md": NOTE + rules_markdown(),
        "docs/words.md": NOTE + markdown(backends),
        "docs/numerics.md": filled(numerics, backends),
        fuzzing.PAGE: fuzzing.filled((ROOT / fuzzing.PAGE).read_text(encoding="utf-8")),
        **editor_files.pages(),
    }


def stale() -> list[str]:
    """The pages that are not as they would be written now."""
    found = []
    for name, text in pages().items():
        path = ROOT / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            found.append(name)
    return found


def main(arguments: Sequence[str]) -> int:
    if arguments == ["--check"]:
        late = stale()
        for name in late:
            print(f"{name} is stale: run `make regen`")
        return 1 if late else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    for name, text in pages().items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(ROOT / name, text)
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
