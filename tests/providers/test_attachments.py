"""Booking.com's attachments, both ways, under every switch that concerns files."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridgebot.errors import ProviderError
from bridgebot.model import Picture
from bridgebot.providers.base import Attachments
from bridgebot.providers.booking_attachments import (
    CHUNK,
    DIRECT,
    LIMITS,
    MOST_FETCHED,
    RANGE,
    _ranges,
)
from bridgebot.sandbox.messaging.attachments import guest_sends
from bridgebot.sandbox.messaging.switches import Switches
from tests.providers.conftest import OF_FILES
from tests.providers.side import C1, HOTEL, VARIANTS, Side, serve

PNG = b"\x89PNG\r\n\x1a\n"
FILES = sorted(each for each in VARIANTS if each == "default" or each.startswith(OF_FILES))


@pytest.fixture(params=FILES)
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    """Serve the stand-in under one setting that concerns files."""
    async with serve(VARIANTS[request.param]) as each:
        yield each


def _of(side: Side) -> Attachments:
    assert side.provider.attachments is not None
    return side.provider.attachments


def _picture(size: int) -> Picture:
    return Picture(name="a.png", kind="image/png", data=PNG + bytes(size - len(PNG)))


def _calls(side: Side, what: str) -> int:
    return sum(str(each["what"]) == what for each in side.booking.wire)


async def _goes_up(side: Side, size: int) -> None:
    picture = _picture(size)
    made = await _of(side).upload(HOTEL, C1, picture)
    kept = side.booking.attachments[made]
    assert (kept.data, kept.name, kept.kind) == (picture.data, "a.png", "image/png")


@pytest.mark.parametrize("size", [100, DIRECT, LIMITS.largest])
async def test_a_picture_of_any_allowed_size_goes_up_whole(plain: Side, size: int) -> None:
    """One request up to 1 MB, chunks up to 10 MB."""
    await _goes_up(plain, size)
    chunked = _calls(plain, "attachments.chunk")
    assert chunked == (0 if size <= DIRECT else -(-size // CHUNK))


async def test_pictures_move_whatever_is_not_documented(side: Side) -> None:
    """Up in chunks and into a message; down by ranges, byte for byte."""
    await _goes_up(side, DIRECT + 1)
    (made,) = side.booking.attachments
    assert side.provider.replies is not None
    await side.provider.replies.send(
        property_id=HOTEL, conversation_id=C1, content="See", attachment_ids=[made]
    )
    assert side.booking.conversations["c1"].messages[-1].attachment_ids == (made,)

    data = PNG + bytes(range(256)) * 4_000
    _, attachment = guest_sends(side.booking, "c1", "view.png", data)
    got = await _of(side).fetch(HOTEL, C1, attachment)
    assert (got.name, got.kind, got.data) == ("view.png", "image/png", data)


@pytest.mark.parametrize("behind", [0, 1], ids=["exclusive", "inclusive"])
@pytest.mark.parametrize("size", [1, 2, RANGE, RANGE + 1, RANGE + 2, 2 * RANGE, 2 * RANGE + 3])
async def test_ranges_make_a_whole_whatever_their_end_means(size: int, behind: int) -> None:
    """No byte is missing or doubled, under either reading."""
    data = bytes(range(251)) * (size // 251 + 1)
    asked: list[tuple[int, int]] = []

    async def part(span: tuple[int, int] | None) -> bytes:
        assert span is not None
        asked.append(span)
        return data[:size][span[0] : span[1] + behind]

    assert await _ranges(part, size) == data[:size]
    assert len(asked) <= size // RANGE + 3


async def test_a_download_that_ends_early_is_no_picture() -> None:
    """Nothing incomplete is passed on, and nobody asks for ever."""

    async def part(_span: tuple[int, int] | None) -> bytes:
        return b""

    with pytest.raises(ProviderError, match="incomplete"):
        await _ranges(part, 5)


async def test_an_upload_whose_answer_is_lost_may_be_repeated(plain: Side) -> None:
    """The failure says that nothing happened: an upload that nobody names reaches nobody."""
    for endpoint, size in (("attachments.upload", 100), ("attachments.chunk", DIRECT + 1)):
        plain.stand_in.faults.add(endpoint, "drop_after")
        with pytest.raises(ProviderError) as told:
            await _of(plain).upload(HOTEL, C1, _picture(size))
        assert (told.value.certain, told.value.permanent) == (True, False)
        assert _calls(plain, endpoint) == 1
        await _of(plain).upload(HOTEL, C1, _picture(size))
    assert plain.booking.conversations["c1"].messages == []


async def test_after_an_error_the_chunks_begin_again(plain: Side) -> None:
    """No chunk is repeated by itself; the next upload starts with the first."""
    plain.stand_in.faults.add("attachments.chunk", "delay")
    plain.stand_in.faults.add("attachments.chunk", "500")
    with pytest.raises(ProviderError):
        await _of(plain).upload(HOTEL, C1, _picture(3 * CHUNK))
    assert _calls(plain, "attachments.chunk") == 2
    await _of(plain).upload(HOTEL, C1, _picture(3 * CHUNK))
    actions = [
        each["sent"]["attachment"]["action"]
        for each in plain.booking.wire
        if each["what"] == "attachments.chunk"
    ]
    assert actions == ["start", "resume", "start", "resume", "finish"]


async def test_a_download_is_tried_again(plain: Side) -> None:
    """It changes nothing."""
    _, attachment = guest_sends(plain.booking, "c1", "view.png", PNG)
    plain.stand_in.faults.add("attachments.download", "503")
    plain.stand_in.faults.add("attachments.download", "drop_before")
    plain.stand_in.faults.add("attachments.download", "html")
    assert (await _of(plain).fetch(HOTEL, C1, attachment)).data == PNG


async def test_what_is_refused_is_refused_for_good() -> None:
    """A wrong type, an attachment that is not there, a booking request, an endless file."""
    async with serve(Switches(upload_refused=415)) as side:
        pdf = Picture(name="a.pdf", kind="application/pdf", data=b"%PDF")
        with pytest.raises(ProviderError) as told:
            await _of(side).upload(HOTEL, C1, pdf)
        assert (told.value.code, told.value.permanent) == ("http_415", True)
        with pytest.raises(ProviderError) as told:
            await _of(side).fetch(HOTEL, C1, "none")
        assert (told.value.code, told.value.permanent) == ("http_404", True)
        _, large = guest_sends(side.booking, "c1", "a.png", bytes(MOST_FETCHED + 1))
        with pytest.raises(ProviderError) as told:
            await _of(side).fetch(HOTEL, C1, large)
        assert (told.value.code, told.value.permanent) == ("too_large", True)
        side.booking.conversations["c1"].kind = "request_to_book"
        with pytest.raises(ProviderError) as told:
            await _of(side).upload(HOTEL, C1, _picture(100))
        assert (told.value.code, told.value.permanent) == ("http_400", True)
