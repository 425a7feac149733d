"""Images to upload: small ones made here byte by byte, and those of tests/vectors/images."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from support.paths import VECTORS


class Picture(NamedTuple):
    file_name: str
    type: str
    bytes: bytes
    width: int
    height: int


def png(width: int = 32, height: int = 24, *, padding: int = 0, claimed: tuple[int, int] | None = None) -> bytes:
    """A PNG of one colour; `padding` adds a text chunk of that many bytes, `claimed` is the size its header tells."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x20\x80\xc0" * width for _ in range(height))
    shown = claimed or (width, height)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *shown, 8, 2, 0, 0, 0))
        + (chunk(b"tEXt", b"Comment\0" + b"SECRET " * (padding // 7)) if padding else b"")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def vector(name: str, kind: str, width: int, height: int) -> Picture:
    return Picture(name, kind, (VECTORS / "images" / name).read_bytes(), width, height)


def all_types() -> list[Picture]:
    """One of each type that is taken. The photo is stored lying and is to be shown upright."""
    return [
        Picture("small.png", "image/png", png(), 32, 24),
        Picture("large.png", "image/png", png(1500, 900), 1500, 900),
        vector("photo.jpg", "image/jpeg", 500, 800),
        vector("animated.gif", "image/gif", *gif_size("animated.gif")),
        vector("alpha.webp", "image/webp", *webp_size("alpha.webp")),
    ]


def gif_size(name: str) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", (VECTORS / "images" / name).read_bytes(), 6)
    return width, height


def webp_size(name: str) -> tuple[int, int]:
    """Of the extended format, which images with transparency have."""
    head = (VECTORS / "images" / name).read_bytes()[:30]
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    assert head[12:16] == b"VP8X", head
    return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
