"""A picture as a Mermaid flowchart, which GitHub and many editors draw."""

from __future__ import annotations

from dslc.draw.picture import Box, Picture, Role

SHAPES: dict[Role, tuple[str, str]] = {
    "input": ("([", "])"),
    "output": ("([", "])"),
    "block": ("[[", "]]"),
    "merge": ("{{", "}}"),
    "activation": ("(", ")"),
}
STYLES: dict[Role, str] = {
    "input": "fill:#e8eaed,stroke:#5f6368,color:#202124",
    "output": "fill:#e8eaed,stroke:#5f6368,color:#202124",
    "weights": "fill:#dbeafe,stroke:#2563eb,color:#172554",
    "layer": "fill:#f1f5f9,stroke:#64748b,color:#0f172a",
    "activation": "fill:#dcfce7,stroke:#16a34a,color:#052e16",
    "merge": "fill:#fef3c7,stroke:#d97706,color:#451a03",
    "block": "fill:#ede9fe,stroke:#7c3aed,color:#2e1065",
}


def mermaid(picture: Picture) -> str:
    """The flowchart as text. Names of the spec stand in quotes and cannot end them."""
    lines = ["---", f"title: {_quoted(picture.title)}", "---", "flowchart TD"]
    # Frames and their boxes, depth first; what is still to be written stands last first.
    todo: list[tuple[int, str | None, str]] = [(1, None, "open")]
    while todo:
        depth, group, state = todo.pop()
        pad = "  " * depth
        if state == "close":
            lines.append(f"{'  ' * (depth - 1)}end")
            continue
        if group is not None:
            title = picture.groups[group].title
            lines.append(f"{'  ' * (depth - 1)}subgraph {group}[{_quoted(title)}]")
            todo.append((depth, group, "close"))
        lines += [pad + _box(box) for box in picture.inside(group)]
        todo += [(depth + 1, g.name, "open") for g in reversed([*picture.groups_in(group)])]
    lines += [f"  {a.source} -->|{_quoted(a.text)}| {a.target}" for a in picture.arrows]
    roles = dict.fromkeys(box.role for box in picture.boxes.values())
    lines += [f"  classDef {role} {STYLES[role]}" for role in roles]
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    left, right = SHAPES.get(box.role, ("[", "]"))
    return f'{box.name}{left}"{"<br/>".join(map(_escaped, box.text))}"{right}:::{box.role}'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """`text` with everything that Mermaid or HTML would obey as a character entity."""
    return "".join(
        c if c.isalnum() or c in " ()=,.×x_-+*/:^" else f"#{ord(c)};"
        for c in text
        if c.isprintable()
    )
