"""Pictures, looked at by their content: what they are, and as a guest may receive them.

Only Pillow's readers of JPEG and PNG are ever called, and nothing is decoded before its header has
said how large it will be: a file of some kilobytes can unfold to gigabytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridgebot.errors import PictureError
from bridgebot.model import Picture
from bridgebot.rendering.literal import neutral

if TYPE_CHECKING:
    from PIL import Image

JPEG, PNG = "image/jpeg", "image/png"
_SIGNS = ((b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
_ENDINGS = {JPEG: ".jpg", PNG: ".png"}

MOST_PIXELS = 50_000_000
"""A telephone's largest photographs; decoded they take 150 MB."""

MOST_SCALED = 40_000_000
"""Bytes of a file that is looked at for scaling at all."""

_SIDES = (4096, 2560, 1600)
"""The longer side, in pixels, that is tried one after the other where a picture is too large."""
_QUALITY = 85

# Where a camera writes when and where it was, and with which settings.
_TELLING = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif", "photoshop"})
# What Pillow raises for a file that only looks like a picture.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError)
_UNNAMEABLE = re.compile(r"[^\w .()+-]")
_LONGEST_NAME = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a picture's header says."""

    kind: str
    width: int
    height: int


def kind_of(data: bytes) -> str:
    """Tell the media type by the content; raises ``PictureError``."""
    for sign, kind in _SIGNS:
        if data.startswith(sign):
            return kind
    raise PictureError("is no JPEG or PNG picture", code="type")


def inspect(data: bytes) -> Seen:
    """Read a picture's header; raises ``PictureError`` for what is none, or is a bomb."""
    kind, image = kind_of(data), _open(data)
    return Seen(kind=kind, width=image.width, height=image.height)


def to_guest(picture: Picture, largest: int) -> Picture:
    """Make of a picture what a guest may receive; raises ``PictureError``.

    It is decoded, so that nothing broken is sent. One that fits stays as it is; one that is too
    large is scaled down. Where a camera noted place and time, these are taken out.
    """
    if len(picture.data) > MOST_SCALED:
        raise PictureError(f"has more than {MOST_SCALED // 1_000_000} MB", code="too_large")
    kind, image = kind_of(picture.data), _open(picture.data)
    try:
        _decode(image)
        # Looked at when all is read: such notes may stand behind the picture.
        telling = image.format == "MPO" or bool(_TELLING & image.info.keys())
        if len(picture.data) <= largest and not telling:
            return Picture(name=safe_name(picture.name, kind), kind=kind, data=picture.data)
        for data, made in _smaller(_open(picture.data), kind):
            if len(data) <= largest:
                return Picture(name=safe_name(picture.name, made), kind=made, data=data)
    except _BROKEN as error:
        raise PictureError("cannot be read: the file is damaged", code="broken") from error
    raise PictureError("is too large, even when it is scaled down", code="too_large")


def safe_name(name: str, kind: str) -> str:
    """Make a name that is no path and hides nothing, with the ending of what it is."""
    last = re.split(r"[/\\]", neutral(name))[-1]
    stem = last.rpartition(".")[0] or last
    plain = _UNNAMEABLE.sub("", stem).strip(" .")[:_LONGEST_NAME].strip(" .")
    return (plain or "picture") + _ENDINGS[kind]


def _open(data: bytes) -> Image.Image:
    """Read the header and nothing else."""
    # Pillow is loaded with the first picture, not at every start.
    from PIL import Image  # noqa: PLC0415

    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except _BROKEN:
        raise PictureError("cannot be read: the file is damaged", code="broken") from None
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels()
    return image


def _too_many_pixels() -> PictureError:
    return PictureError(
        f"has more than {MOST_PIXELS // 1_000_000} million pixels", code="too_many_pixels"
    )


def _decode(image: Image.Image) -> None:
    """See that all of it can be read; a JPEG is decoded small, which is fast and reads it all."""
    image.draft("RGB", (image.width // 8, image.height // 8))
    image.load()


def _smaller(image: Image.Image, kind: str) -> Iterator[tuple[bytes, str]]:
    """Write a picture again without what it tells: as large as it is, then smaller and smaller."""
    if kind == PNG:
        yield _written(_bare(image), PNG), PNG
    for side in (max(image.size), *(each for each in _SIDES if each < max(image.size))):
        image.draft("RGB", (side, side))
        shown = _bare(image)
        shown.thumbnail((side, side))
        yield _written(_flat(shown), JPEG), JPEG


def _bare(image: Image.Image) -> Image.Image:
    """Turn a picture as its camera meant it, and leave out everything but its colours."""
    from PIL import ImageOps  # noqa: PLC0415

    shown = ImageOps.exif_transpose(image)
    kept = shown.info.get("icc_profile")
    shown.info = {"icc_profile": kept} if kept else {}
    return shown


def _flat(image: Image.Image) -> Image.Image:
    """Put a picture with holes on white: a JPEG has none."""
    if image.mode == "RGB":
        return image
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        from PIL import Image  # noqa: PLC0415

        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _written(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == PNG:
        image.save(out, "PNG")
    else:
        image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
