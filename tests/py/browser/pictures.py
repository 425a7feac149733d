"""Images to upload, made here."""

from __future__ import annotations

import math
import random
import struct
import zlib


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, rows: list[bytes], level: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    data = zlib.compress(b"".join(b"\0" + row for row in rows), level)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def plain_png(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (40, 120, 200)) -> bytes:
    """One colour; a few hundred bytes."""
    return _png(width, height, [bytes(colour) * width] * height, 9)


def noisy_png(width: int, height: int) -> bytes:
    """Noise, which does not compress: 3 bytes a pixel."""
    noise = random.Random(4)
    return _png(width, height, [noise.randbytes(width * 3) for _ in range(height)], 0)


def _mix(low: tuple[int, int, int], high: tuple[int, int, int], share: float) -> tuple[float, ...]:
    return tuple(a + (b - a) * share for a, b in zip(low, high))


def landscape_png(width: int = 760, height: int = 340) -> bytes:
    """Hills before a morning sky, for the screenshots."""
    hills = [
        (0.60, 0.075, 1.7, 0.4, (128, 158, 170)),
        (0.70, 0.060, 2.6, 2.1, (86, 128, 128)),
        (0.81, 0.050, 3.4, 4.0, (46, 92, 84)),
        (0.92, 0.035, 5.0, 1.2, (20, 56, 48)),
    ]
    edges = [
        [
            base + swing * math.sin(x / width * waves * math.pi + shift) + swing * 0.3 * math.sin(x / width * waves * 9)
            for base, swing, waves, shift, _ in hills
        ]
        for x in range(width)
    ]
    sun_x, sun_y, sun_r = 0.68 * width, 0.40 * height, 0.075 * height
    rows = []
    for y in range(height):
        sky = _mix((118, 168, 205), (252, 214, 160), min(1.0, y / height * 1.5))
        row = bytearray()
        for x in range(width):
            colour: tuple[float, ...] = sky
            away = math.hypot(x - sun_x, y - sun_y)
            glow = max(0.0, 1 - away / (sun_r * 5)) ** 2 * 0.7 + (1.0 if away < sun_r else 0.0)
            colour = tuple(min(255.0, c + (t - c) * min(1.0, glow)) for c, t in zip(colour, (255, 244, 214)))
            for edge, hill in zip(edges[x], hills):
                if y / height > edge:
                    colour = hill[4]
            row += bytes(int(c) for c in colour)
        rows.append(bytes(row))
    return _png(width, height, rows, 9)
