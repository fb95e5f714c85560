"""A picture in the DOT language of Graphviz."""

from __future__ import annotations

from dslc.draw.picture import Box, Picture, Role

SHAPES: dict[Role, str] = {
    "input": 'shape=oval fillcolor="#e8eaed"',
    "output": 'shape=oval fillcolor="#e8eaed"',
    "weights": 'fillcolor="#dbeafe"',
    "layer": 'fillcolor="#f1f5f9"',
    "activation": 'fillcolor="#dcfce7"',
    "merge": 'shape=hexagon fillcolor="#fef3c7"',
    "block": 'fillcolor="#ede9fe" peripheries=2',
}


def dot(picture: Picture) -> str:
    """The drawing as text for `dot`."""
    lines = [
        f"digraph {_quoted(picture.title)} {{",
        '  node [shape=box style="rounded,filled" fontname="monospace" fontsize=11]',
        '  edge [fontname="monospace" fontsize=9 color="#64748b"]',
    ]
    todo: list[tuple[int, str | None, str]] = [(1, None, "open")]
    while todo:
        depth, group, state = todo.pop()
        pad = "  " * depth
        if state == "close":
            lines.append(f"{'  ' * (depth - 1)}}}")
            continue
        if group is not None:
            lines.append(f"{'  ' * (depth - 1)}subgraph cluster_{group} {{")
            title = _quoted(picture.groups[group].title)
            lines.append(f'{pad}label={title} fontname="monospace" style=rounded color="#7c3aed"')
            todo.append((depth, group, "close"))
        lines += [pad + _box(box) for box in picture.inside(group)]
        todo += [(depth + 1, g.name, "open") for g in reversed([*picture.groups_in(group)])]
    lines += [f"  {a.source} -> {a.target} [label={_quoted(a.text)}]" for a in picture.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _box(box: Box) -> str:
    label = "\\n".join(_escaped(line) for line in box.text)
    return f'{box.name} [label="{label}" {SHAPES[box.role]}]'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    shown = "".join(c for c in text if c.isprintable())
    return shown.replace("\\", "\\\\").replace('"', '\\"')
