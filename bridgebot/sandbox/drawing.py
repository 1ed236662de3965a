"""Draws small pictures to send about, without a library: a lake below hills at some hour."""

from __future__ import annotations

import struct
import zlib
from typing import Final

_WIDTH, _HEIGHT = 160, 100
_SKIES: Final = {"morning": (255, 214, 170), "noon": (150, 205, 245), "evening": (235, 140, 120)}
_HILLS, _LAKE = (70, 110, 90), (60, 120, 165)


def lake(hour: str = "noon") -> bytes:
    """Draw the lake as a PNG; ``hour`` is morning, noon or evening."""
    rows = bytearray()
    for y in range(_HEIGHT):
        rows.append(0)
        for x in range(_WIDTH):
            rows += bytes(_colour(x, y, _SKIES[hour]))
    head = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _colour(x: int, y: int, sky: tuple[int, int, int]) -> tuple[int, int, int]:
    shore = _HEIGHT * 3 // 5
    if y >= shore:
        return _LAKE
    return _HILLS if y > shore - abs((x % 80) - 40) // 2 - 8 else sky


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
