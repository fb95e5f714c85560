"""Draw docs/editor.png: a spec with one mistake as an editor shows it.

python tools/make_editor_picture.py [FILE]

All that is drawn comes from a running `dslc lsp`: the colours from its semantic tokens, the hints, the lines over
the model, the mistake and its fix from its answers. Only the look of the editor is made here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
SPEC = """\
block Residual(filters) {
  input x: (H, W, C)

  y = x
  -> Conv2D(filters, 3x3, padding=same, bias=false) -> BatchNorm -> relu
  -> Conv2D(filters, 3x3, padding=same, bias=false) -> BatchNorm
  add(y, x) -> relu
}

model Photos(classes = 10) {
  input photo: 64x64x3

  photo
  -> Conv2D(64, 7x7, stride=2, padding=same, bias=false) -> BatchNorm -> relu
  -> MaxPool2D(2x2) -> Residual(64) * 3
  -> Conv2D(128, 3x3, stride=2, padding=same) -> relu -> Dropout(0.3)
  -> Dense(classes) -> softmax
}
"""
COLOURS = {
    "class": "#4ec9b0", "parameter": "#9cdcfe", "variable": "#9cdcfe", "typeParameter": "#4fc1ff",
    "namespace": "#4ec9b0", "keyword": "#c586c0", "type": "#4ec9b0", "function": "#dcdcaa", "property": "#9cdcfe",
    "number": "#b5cea8", "string": "#ce9178", "comment": "#6a9955", "operator": "#d4d4d4", "enumMember": "#4fc1ff",
}  # fmt: skip
GROUND, PAPER, TEXT, DIM, WRONG = "#1e1e1e", "#252526", "#d4d4d4", "#858585", "#f14c4c"
HINT, HINT_GROUND = "#a0a8b4", "#30353c"
SIZE, LEADING, MARGIN, GUTTER = 26, 42, 28, 76


class Server:
    """A `dslc lsp` and its open spec."""

    uri = "file:///specs/photos.dl"

    def __init__(self, text: str) -> None:
        command = [sys.executable, "-m", "dslc", "lsp"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        self.count = 0
        self.published: list[dict[str, Any]] = []
        told = self.ask("initialize", processId=None, rootUri=None, capabilities={})
        provider = told["capabilities"]["semanticTokensProvider"]
        self.types: list[str] = provider["legend"]["tokenTypes"]
        self.tell("initialized")
        item = {"uri": self.uri, "languageId": "dslc", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=item)

    def tell(self, method: str, **params: Any) -> None:
        self._write({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        """The answer; diagnostics that come before it are kept."""
        self.count += 1
        self._write({"id": self.count, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("method") == "textDocument/publishDiagnostics":
                self.published = message["params"]["diagnostics"]
            if message.get("id") == self.count and "method" not in message:
                return message["result"]

    def about(self, method: str, **params: Any) -> Any:
        """The answer to a question about the spec."""
        return self.ask(f"textDocument/{method}", textDocument={"uri": self.uri}, **params)

    def close(self) -> None:
        self.ask("shutdown")
        self.tell("exit")
        self.process.wait(20)

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while head := self.process.stdout.readline().strip():
            name, _, value = head.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise SystemExit("the server left before it answered")
        found: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return found


@dataclass
class Scene:
    """What the server said of the spec, by line (from 0)."""

    text: str
    colours: dict[tuple[int, int], str]
    hints: dict[int, list[tuple[int, str]]]
    above: dict[int, str]
    wrong: list[dict[str, Any]]
    fixes: list[str]


def scene(text: str) -> Scene:
    server = Server(text)
    lines = text.splitlines()
    whole = {
        "start": {"line": 0, "character": 0},
        "end": {"line": len(lines), "character": 0},
    }
    hints: dict[int, list[tuple[int, str]]] = {}
    for hint in server.about("inlayHint", range=whole):
        at = hint["position"]
        hints.setdefault(at["line"], []).append((at["character"], hint["label"]))
    above: dict[int, list[str]] = {}
    for lens in server.about("codeLens") or []:
        above.setdefault(lens["range"]["start"]["line"], []).append(lens["command"]["title"])
    packed = server.about("semanticTokens/full")["data"]
    wrong = [d for d in server.published if d["severity"] == 1]
    fixes = []
    for d in wrong:
        context = {"diagnostics": [d], "only": ["quickfix"]}
        fixes += [a["title"] for a in server.about("codeAction", range=d["range"], context=context)]
    server.close()
    titles = {line: "   |   ".join(said) for line, said in above.items()}
    return Scene(text, _colours(packed, server.types), hints, titles, wrong, fixes)


def _colours(packed: list[int], types: list[str]) -> dict[tuple[int, int], str]:
    """The colour of every character, by line and column."""
    found, line, column = {}, 0, 0
    for i in range(0, len(packed), 5):
        down, right, length, kind, _ = packed[i : i + 5]
        line, column = line + down, right + (0 if down else column)
        for at in range(column, column + length):
            found[line, at] = COLOURS.get(types[kind], TEXT)
    return found


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib, so that the picture is the same everywhere."""
    import matplotlib

    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{name}.ttf", size)


class Editor:
    """The picture, drawn line by line."""

    def __init__(self, scene: Scene, width: int) -> None:
        self.scene = scene
        self.mono, self.small = font("DejaVuSansMono", SIZE), font("DejaVuSansMono", SIZE - 6)
        self.advance = self.mono.getlength("m")
        rows = scene.text.count("\n") + len(scene.above) + len(self._box()) + 1
        self.image = Image.new("RGB", (width, (rows + 1) * LEADING + 2 * MARGIN), GROUND)
        self.pen = ImageDraw.Draw(self.image)
        self.y = MARGIN

    def draw(self) -> Image.Image:
        last = max((d["range"]["end"]["line"] for d in self.scene.wrong), default=-1)
        for number, text in enumerate(self.scene.text.splitlines()):
            if number in self.scene.above:
                self.pen.text((GUTTER + 20, self.y + 10), self.scene.above[number], DIM, self.small)
                self.y += LEADING
            self._line(number, text)
            if number == last:
                self._message()
        return self.image.crop((0, 0, self.image.width, self.y + MARGIN))

    def _line(self, number: int, text: str) -> None:
        label = str(number + 1)
        self.pen.text((GUTTER - 20 - self.mono.getlength(label), self.y), label, DIM, self.mono)
        x, xs = float(GUTTER + 20), []
        hints = dict(self.scene.hints.get(number, ()))
        for column, sign in enumerate(f"{text} "):
            if column in hints:
                x = self._hint(x, hints[column])
            xs.append(x)
            self.pen.text(
                (x, self.y), sign, self.scene.colours.get((number, column), TEXT), self.mono
            )
            x += self.advance
        for d in self.scene.wrong:
            start, end = d["range"]["start"], d["range"]["end"]
            if start["line"] == number:
                self._squiggle(xs[start["character"]], xs[end["character"] - 1] + self.advance)
        self.y += LEADING

    def _hint(self, x: float, label: str) -> float:
        width = self.small.getlength(label)
        box = (x + 5, self.y + 3, x + width + 19, self.y + LEADING - 7)
        self.pen.rounded_rectangle(box, 5, HINT_GROUND)
        self.pen.text((x + 12, self.y + 6), label, HINT, self.small)
        return x + width + 24

    def _squiggle(self, start: float, end: float) -> None:
        y = self.y + LEADING - 7
        points = [
            (start + 4 * i, y + (3 if i % 2 else 0)) for i in range(int((end - start) / 4) + 1)
        ]
        self.pen.line(points, WRONG, 3)

    def _box(self) -> list[tuple[str, str]]:
        """What is said below the mistake: its code and message, then its fixes."""
        said = [
            (f"{d['code']}  {line}", TEXT)
            for d in self.scene.wrong
            for line in d["message"].split("\n")[:1]
        ]
        fixes = [fix for fix in self.scene.fixes if not fix.startswith("Explain")]
        return [*said, *((f"Quick fix: {fix}", "#4daafc") for fix in fixes)]

    def _message(self) -> None:
        lines = self._box()
        x, width = GUTTER + 44, max(self.small.getlength(text) for text, _ in lines) + 40
        bottom = self.y + len(lines) * LEADING + 4
        self.pen.rounded_rectangle((x, self.y + 4, x + width, bottom), 6, PAPER, "#454545", 2)
        for text, colour in lines:
            self.pen.text((x + 20, self.y + 12), text, colour, self.small)
            self.y += LEADING
        self.y += 12


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    place = Path(arguments[0]) if arguments else ROOT / "docs" / "editor.png"
    Editor(scene(SPEC), 2050).draw().quantize(64).save(place, optimize=True)
    print(place)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
