"""The size of a picture, read off the first bytes of its file: PNG, JPEG, GIF, BMP and WebP."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # JPEG's start of a frame


@dataclass(frozen=True, slots=True)
class Picture:
    """Width, height, whether it is grey, and the bits of a channel."""

    width: int
    height: int
    grey: bool
    bits: int = 8


def read_picture(path: Path) -> Picture | None:
    """What the head of the file says; None where it says nothing that can be read."""
    try:
        with path.open("rb") as file:
            found = _read(file)
    except (OSError, struct.error, IndexError):
        return None
    return found if found is not None and found.width > 0 and found.height > 0 else None


def _read(file: IO[bytes]) -> Picture | None:
    head = file.read(32)
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        width, height, bits, color = struct.unpack(">IIBB", head[16:26])
        return Picture(width, height, color in (0, 4), bits)
    if head.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack("<HH", head[6:10])
        return Picture(width, height, False)
    if head.startswith(b"BM"):
        width, height = struct.unpack("<ii", head[18:26])
        return Picture(width, abs(height), False)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    if head.startswith(b"\xff\xd8"):
        return _jpeg(file)
    return None


def _webp(head: bytes) -> Picture | None:
    kind = head[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return Picture(width & 0x3FFF, height & 0x3FFF, False)
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", head[21:25])
        return Picture((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, False)
    if kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        return Picture(width, int.from_bytes(head[27:30], "little") + 1, False)
    return None


def _jpeg(file: IO[bytes]) -> Picture | None:
    """Goes from marker to marker until the one that holds the size."""
    file.seek(2)
    while True:
        byte = file.read(1)
        while byte and byte != b"\xff":
            byte = file.read(1)
        while byte == b"\xff":
            byte = file.read(1)
        if not byte:
            return None
        marker = byte[0]
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        if marker in (0xD9, 0xDA):
            return None
        (length,) = struct.unpack(">H", file.read(2))
        if marker in FRAMES:
            bits, height, width, parts = struct.unpack(">BHHB", file.read(6))
            return Picture(width, height, parts == 1, bits)
        file.seek(length - 2, 1)
