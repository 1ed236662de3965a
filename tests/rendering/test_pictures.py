"""Pictures are known by their content, bounded before they are decoded, and tell no place."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bridgebot.errors import PictureError
from bridgebot.model import Picture
from bridgebot.rendering.pictures import JPEG, PNG, inspect, safe_name, to_guest
from tests.e2e.snaps import bomb, jpeg, png


def _of(data: bytes, name: str = "a.jpg") -> Picture:
    return Picture(name=name, kind="", data=data)


def _open(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


@pytest.mark.parametrize(("data", "kind"), [(jpeg(), JPEG), (png(), PNG)])
def test_a_picture_that_fits_stays_as_it_is(data: bytes, kind: str) -> None:
    """Byte for byte, under the ending of what it is."""
    got = to_guest(_of(data, "photo.gif"), 10_000)

    assert (got.data, got.kind, inspect(data).kind) == (data, kind, kind)
    assert got.name == ("photo.jpg" if kind == JPEG else "photo.png")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "type"),
        (b"GIF89a", "type"),
        (b"%PDF-1.4", "type"),
        (b"<svg onload=alert(1)>", "type"),
        (b"PK\x03\x04" + bytes(1_000_000), "type"),
        (b"\xff\xd8\xff" + bytes(1_000_000), "broken"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 1_000_000, "broken"),
        (jpeg()[:300], "broken"),
        (png()[:60], "broken"),
        (bomb(), "too_many_pixels"),
        (bomb(9_000, 9_000), "too_many_pixels"),
        (bomb(100, 100), "broken"),
        (b"\xff\xd8\xff" + bytes(40_000_000), "too_large"),
    ],
    ids=range(14),
)
def test_what_is_no_picture_is_refused(data: bytes, code: str) -> None:
    """Malformed files, other types in disguise and bombs have each their reason."""
    with pytest.raises(PictureError) as told:
        to_guest(_of(data), 10_000_000)

    assert told.value.code == code


def test_a_bomb_is_refused_by_its_header() -> None:
    """Nothing is decoded for it, also where a picture is only looked at."""
    with pytest.raises(PictureError, match="million pixels"):
        inspect(bomb())


@pytest.mark.parametrize("largest", [10_000_000, 900])
def test_a_photograph_tells_no_place_and_stands_upright(largest: int) -> None:
    """What the camera noted is taken out, whether it fits or not; the turn is carried out."""
    got = to_guest(_of(jpeg(120, 80, told=True)), largest)

    assert _open(got).size == (80, 120)
    assert not _open(got).getexif()
    assert b"Exif" not in got.data


def test_a_drawing_tells_nothing_either() -> None:
    """A PNG keeps its holes, and loses its notes."""
    out, about = io.BytesIO(), Image.Exif()
    about.get_ifd(0x8825)[1] = "N"
    Image.open(io.BytesIO(png())).save(out, "PNG", exif=about)
    got = to_guest(_of(out.getvalue()), 10_000_000)

    assert (got.kind, _open(got).mode, dict(_open(got).getexif())) == (PNG, "RGBA", {})


def test_a_large_picture_is_scaled_until_it_fits() -> None:
    """Its sides shrink together; one that never fits is refused."""
    large = jpeg(2000, 1500, noise=100)
    largest = len(large) * 2 // 5
    got = to_guest(_of(large), largest)

    assert len(got.data) <= largest
    assert _open(got).size == (1600, 1200)
    with pytest.raises(PictureError) as told:
        to_guest(_of(large), 1000)
    assert told.value.code == "too_large"


def test_a_drawing_that_is_too_large_becomes_a_photograph_on_white() -> None:
    """A JPEG has no holes."""
    out = io.BytesIO()
    noise = Image.effect_noise((300, 300), 100).convert("RGB")
    noise.putalpha(0)
    noise.save(out, "PNG")
    got = to_guest(_of(out.getvalue(), "plan.png"), 20_000)

    assert (got.kind, got.name) == (JPEG, "plan.jpg")
    assert _open(got).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("view.png", "view.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\x\\IMG 1.JPEG", "IMG 1.jpg"),
        ("a\u202egnp.exe", "agnp.jpg"),
        ("x\x00\ny.png", "xy.jpg"),
        ("<!channel>*.png", "channel.jpg"),
        ("..", "picture.jpg"),
        ("", "picture.jpg"),
        ("é中文.png", "é中文.jpg"),
        ("a" * 500 + ".png", "a" * 60 + ".jpg"),
    ],
)
def test_names_are_no_paths_and_hide_nothing(name: str, safe: str) -> None:
    """Only the last part is kept, with letters that can be seen."""
    assert safe_name(name, JPEG) == safe
