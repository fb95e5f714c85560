"""A picture as SVG, drawn without any other program. Text is set in a monospaced font, so that its width is known."""

from __future__ import annotations

from xml.sax.saxutils import escape

from dslc.draw.layout import Layout, lay_out
from dslc.draw.picture import Arrow, Box, Group, Picture, Role

MARGIN = 24.0
EM = 0.602  # width of a character of a monospaced font, in its size
TITLE, SMALL, LABEL = 13.0, 11.0, 10.0
PAD_X, PAD_Y, LEAD = 14.0, 9.0, 16.0
GAP = 50.0  # between two layers, for arrows and their shapes
STEM = 23.0  # an arrow ends straight, beside its shape
HEAD = 34.0  # the line with the name of the model
COLOURS: dict[Role, tuple[str, str, str]] = {  # paper, border, ink
    "input": ("#e8eaed", "#80868b", "#202124"),
    "output": ("#e8eaed", "#80868b", "#202124"),
    "weights": ("#dbeafe", "#3b82f6", "#172554"),
    "layer": ("#f1f5f9", "#94a3b8", "#0f172a"),
    "activation": ("#dcfce7", "#22c55e", "#052e16"),
    "merge": ("#fef3c7", "#f59e0b", "#451a03"),
    "block": ("#ede9fe", "#8b5cf6", "#2e1065"),
}
STYLE = """\
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;text-anchor:middle}
.arrow{fill:none;stroke:#64748b;stroke-width:1.4}
.shape{font-size:10px;fill:#475569;text-anchor:start}
.shape-back{fill:#ffffff;fill-opacity:.85}
.group{fill:#8b5cf6;fill-opacity:.05;stroke:#8b5cf6;stroke-opacity:.5;stroke-dasharray:4 3}
.group-name{font-size:10px;fill:#6d28d9;text-anchor:start}"""


def svg(picture: Picture) -> str:
    """The drawing as an SVG document."""
    crowd: dict[str, list[float]] = {}
    for arrow in picture.arrows:
        crowd.setdefault(arrow.target, []).append(_text_width(arrow.text, LABEL) + 14)
    sizes = {name: _size(box, crowd.get(name, [])) for name, box in picture.boxes.items()}
    layout = lay_out(picture, sizes, GAP + 12.0 * max(0, _deepest(picture)))
    frames = _frames(picture, layout, sizes)
    left = min([0.0, *(x for x, _, _, _ in frames.values())])
    labels = max((_text_width(a.text, LABEL) for a in picture.arrows), default=0.0)
    right = max([layout.width + labels / 2, *(x + w for x, _, w, _ in frames.values())])
    right = max(right, _text_width(picture.title, 15.0))
    low = max([layout.height, *(y + h for _, y, _, h in frames.values())])
    width, height = right - left + 2 * MARGIN, low + 2 * MARGIN + HEAD
    title = escape(_clean(picture.title))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_n(width)}" height="{_n(height)}" '
        f'viewBox="0 0 {_n(width)} {_n(height)}">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0.5 8 4 0 7.5z" fill="#64748b"/></marker></defs>',
        f'<rect width="{_n(width)}" height="{_n(height)}" rx="10" fill="#ffffff"/>',
        f'<text x="{_n(MARGIN)}" y="{_n(MARGIN + 12)}" font-size="15" font-weight="700" fill="#0f172a" '
        f'style="text-anchor:start">{title}</text>',
        f'<g transform="translate({_n(MARGIN - left)} {_n(MARGIN + HEAD)})">',
    ]
    parts += [_frame(picture.groups[name], place) for name, place in frames.items()]
    ports = _ports(picture, layout, sizes)
    drawn = [
        _arrow(arrow, layout, sizes, ports, len(crowd[arrow.target]) > 2)
        for arrow in picture.arrows
    ]
    parts += [path for path, _ in drawn]
    parts += [_box(box, layout.centre[name], sizes[name]) for name, box in picture.boxes.items()]
    parts += [text for _, text in drawn]
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _n(number: float) -> str:
    """A number, short and the same on every machine."""
    return f"{number:.1f}".removesuffix(".0")


def _clean(text: str) -> str:
    return "".join(c for c in text if c.isprintable())


def _text_width(text: str, size: float) -> float:
    return len(text) * size * EM


def _size(box: Box, labels: list[float]) -> tuple[float, float]:
    """Of a box; one that many arrows reach has room for their shapes side by side."""
    wide = max(_text_width(t, TITLE if i == 0 else SMALL) for i, t in enumerate(box.text))
    crowd = max(labels) * len(labels) if len(labels) > 2 else 0.0
    return max(wide + 2 * PAD_X, crowd, 64.0), 2 * PAD_Y + LEAD * len(box.text) - 2


def _box(box: Box, centre: tuple[float, float], size: tuple[float, float]) -> str:
    x, y, (wide, tall) = centre[0] - size[0] / 2, centre[1] - size[1] / 2, size
    paper, border, ink = COLOURS[box.role]
    round_ = tall / 2 if box.role in ("input", "output") else 6
    rect = (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(tall)}" rx="{_n(round_)}" '
        f'fill="{paper}" stroke="{border}"/>'
    )
    parts = [rect]
    if box.times > 1:  # sheets behind the first
        sheet = rect.replace(f'x="{_n(x)}" y="{_n(y)}"', f'x="{_n(x + 5)}" y="{_n(y + 5)}"', 1)
        parts.insert(0, sheet)
    for number, line in enumerate(box.text):
        style = (
            f'font-size="{_n(TITLE)}" font-weight="600"'
            if not number
            else f'font-size="{_n(SMALL)}"'
        )
        base = y + PAD_Y + LEAD * number + 11
        parts.append(
            f'<text x="{_n(centre[0])}" y="{_n(base)}" {style} fill="{ink}">{escape(_clean(line))}</text>'
        )
    return "".join(parts)


def _ports(
    picture: Picture, layout: Layout, sizes: dict[str, tuple[float, float]]
) -> dict[tuple[Arrow, str], float]:
    """Where arrows leave and reach a box: side by side, in the order of where they come from."""
    found: dict[tuple[Arrow, str], float] = {}
    for end in ("source", "target"):
        groups: dict[str, list[Arrow]] = {}
        for arrow in picture.arrows:
            groups.setdefault(getattr(arrow, end), []).append(arrow)
        for name, arrows in groups.items():

            def toward(arrow: Arrow, end: str = end) -> float:
                bends = layout.bends[arrow]
                if bends:
                    return bends[0 if end == "source" else -1][0]
                return layout.centre[arrow.target if end == "source" else arrow.source][0]

            arrows.sort(key=toward)
            step = min(26.0, (sizes[name][0] - 24) / max(1, len(arrows) - 1))
            if end == "target" and len(arrows) > 2:
                step = sizes[name][0] / len(arrows)
            for at, arrow in enumerate(arrows):
                shift = (at - (len(arrows) - 1) / 2) * step
                found[arrow, end] = layout.centre[name][0] + shift
    return found


def _arrow(
    arrow: Arrow,
    layout: Layout,
    sizes: dict[str, tuple[float, float]],
    ports: dict[tuple[Arrow, str], float],
    crowded: bool,
) -> tuple[str, str]:
    """The line, and the shape written beside its end."""
    x, y = ports[arrow, "source"], layout.centre[arrow.source][1] + sizes[arrow.source][1] / 2
    end_x = ports[arrow, "target"]
    end_y = layout.centre[arrow.target][1] - sizes[arrow.target][1] / 2
    path = [f"M{_n(x)} {_n(y)}"]
    for bend_x, top, bottom in layout.bends[arrow]:
        path += [_curve(x, y, bend_x, top), f"L{_n(bend_x)} {_n(bottom)}"]
        x, y = bend_x, bottom
    path += [_curve(x, y, end_x, end_y - STEM), f"L{_n(end_x)} {_n(end_y - 1)}"]
    line = f'<path class="arrow" d="{" ".join(path)}" marker-end="url(#tip)"/>'
    text = _clean(arrow.text)
    wide = _text_width(text, LABEL)
    left_half = end_x < layout.centre[arrow.target][0] - 1 and not crowded
    at = end_x - wide - 6 if left_half else end_x + 6
    back = f'<rect class="shape-back" x="{_n(at - 2)}" y="{_n(end_y - 22)}" width="{_n(wide + 4)}" height="12"/>'
    return (
        line,
        f'{back}<text class="shape" x="{_n(at)}" y="{_n(end_y - 12)}">{escape(text)}</text>',
    )


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    if abs(x - to_x) < 0.5:
        return f"L{_n(to_x)} {_n(to_y)}"
    middle = (y + to_y) / 2
    return f"C{_n(x)} {_n(middle)} {_n(to_x)} {_n(middle)} {_n(to_x)} {_n(to_y)}"


# ------------------------------------------------------------------------------------ frames of blocks
Place = tuple[float, float, float, float]  # x, y, width, height


def _frames(
    picture: Picture, layout: Layout, sizes: dict[str, tuple[float, float]]
) -> dict[str, Place]:
    """The rectangle around each block, but for those that would cut another block or a box."""
    inside: dict[str, set[str]] = {name: set() for name in picture.groups}
    depth = _depths(picture)
    for box in picture.boxes.values():
        group_name = box.group
        while group_name is not None:
            inside[group_name].add(box.name)
            group_name = picture.groups[group_name].parent
    deepest = _deepest(picture)
    found: dict[str, Place] = {}
    for name, members in inside.items():
        if not members:
            continue
        inner = deepest - depth[name]
        pad = 7.0 + 5.0 * inner
        corners = [(layout.centre[m], sizes[m]) for m in members]
        x = min(c[0] - s[0] / 2 for c, s in corners) - pad
        y = min(c[1] - s[1] / 2 for c, s in corners) - pad - 9 - 8 * inner
        right = max(c[0] + s[0] / 2 for c, s in corners) + pad
        bottom = max(c[1] + s[1] / 2 for c, s in corners) + pad
        place = (
            x,
            y,
            max(right - x, _text_width(picture.groups[name].title, LABEL) + 12),
            bottom - y,
        )
        strangers = (b for b in picture.boxes if b not in members)
        if not any(_touch(place, layout.centre[b], sizes[b]) for b in strangers):
            found[name] = place
    return found


def _depths(picture: Picture) -> dict[str, int]:
    depth: dict[str, int] = {}
    for name, group in picture.groups.items():  # a frame comes after the frame around it
        depth[name] = 0 if group.parent is None else depth[group.parent] + 1
    return depth


def _deepest(picture: Picture) -> int:
    return max(_depths(picture).values(), default=0)


def _touch(place: Place, centre: tuple[float, float], size: tuple[float, float]) -> bool:
    x, y, wide, tall = place
    return (
        x < centre[0] + size[0] / 2
        and centre[0] - size[0] / 2 < x + wide
        and y < centre[1] + size[1] / 2
        and centre[1] - size[1] / 2 < y + tall
    )


def _frame(group: Group, place: Place) -> str:
    x, y, wide, tall = place
    return (
        f'<rect class="group" x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(tall)}" rx="8"/>'
        f'<text class="group-name" x="{_n(x + 6)}" y="{_n(y + 11)}">{escape(_clean(group.title))}</text>'
    )
