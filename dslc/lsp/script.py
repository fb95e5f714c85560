"""The script of a model beside its spec: its text, and which lines belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dslc.codegen.backend import backend_names, load_backend
from dslc.driver import choose_model, compile_model, model_section
from dslc.lsp.document import Document
from dslc.lsp.sourcemap import source_map


def script(
    document: Document, backend: str | None = None, model: str | None = None
) -> dict[str, Any]:
    """What `dslc.openScript` answers: `text` (null where there is none, then `problems` says why), its `language`, the
    `backend`, `model` and `name` of the file that `dslc compile` would write, and for each line of one text the first
    and last line of the other that belong to it, from 0 (`toScript`, `toSpec`; null where none does)."""
    names = backend_names()
    wanted = backend if backend in names else next(iter(names), None)
    found = load_backend(wanted) if wanted is not None else None
    answer: dict[str, Any] = {
        "uri": document.uri, "version": document.version, "language": "python", "backend": wanted,
        "backends": names, "model": model, "name": "", "text": None, "problems": [], "toScript": [], "toSpec": [],
    }  # fmt: skip
    analysis = document.analysis
    if found is None or (backend is not None and backend != wanted):
        return answer | {"problems": [f"there is no backend `{backend}`"]}
    if analysis is None or not analysis.ok or analysis.spec is None or analysis.file is None:
        problems = analysis.diagnostics if analysis is not None else []
        said = [d.message for d in problems if d.severity == "error"]
        return answer | {"problems": said or ["the spec could not be checked"]}
    chosen, problems = choose_model(analysis, model)
    if chosen is None:
        return answer | {"problems": [d.message for d in problems]}
    stem = Path(document.source.name).name.removesuffix(".dl") or "model"
    text, problems = compile_model(analysis, chosen, found, stem)
    answer |= {"model": chosen.definition.name, "name": f"{stem}_{found.name}.py"}
    if text is None:
        return answer | {"problems": [d.message for d in problems]}
    _, section, _ = model_section(analysis, chosen, found)
    lines = source_map(text, section, document.source, analysis.file)
    return answer | {
        "text": text,
        "toScript": _listed(lines.to_script, len(document.source.line_starts)),
        "toSpec": _listed(lines.to_spec, text.count("\n") + 1),
    }


def _listed(lines: dict[int, tuple[int, int]], count: int) -> list[list[int] | None]:
    return [list(lines[i]) if i in lines else None for i in range(count)]
