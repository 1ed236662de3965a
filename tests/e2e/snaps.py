"""Small pictures to send about, good and bad."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def jpeg(width: int = 32, height: int = 24, *, told: bool = False, noise: int = 0) -> bytes:
    """Make a photograph; ``told`` ones say where they were taken, and lie on their side."""
    out = io.BytesIO()
    plain = Image.effect_noise((width, height), noise) if noise else Image.new("L", (width, height))
    about: dict[str, Image.Exif] = {}
    if told:
        about["exif"] = exif = Image.Exif()
        exif[0x0112] = 6  # turned by 90 degrees
        exif.get_ifd(0x8825)[1] = "N"  # north of the equator
    plain.convert("RGB").save(out, "JPEG", quality=95, **about)
    return out.getvalue()


def png(width: int = 16, height: int = 16) -> bytes:
    """Make a drawing with a hole in it."""
    out = io.BytesIO()
    Image.new("RGBA", (width, height), (200, 30, 30, 120)).save(out, "PNG")
    return out.getvalue()


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """Make a file of some hundred bytes that says it is gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
