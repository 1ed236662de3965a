"""Files at the Booking.com stand-in: uploads whole and in chunks, downloads whole and in ranges."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bridgebot.sandbox.messaging.attachments import guest_sends
from tests.sandbox.messaging.side import LIST, ONE, Serve, Side

PNG = b"\x89PNG\r\n\x1a\n"
WHOLE, CHUNKS = f"{ONE}/attachments", f"{ONE}/attachment_chunks"
MB = 1_000_000


def _about(data: bytes, **more: object) -> dict[str, Any]:
    about = {"file_name": "a.png", "file_type": "image/png", "file_size": len(data)}
    return {**about, "file_content": base64.b64encode(data).decode(), **more}


def _chunk(action: str, number: object, data: bytes, size: int, upload: object) -> dict[str, Any]:
    content = base64.b64encode(data).decode()
    chunk = {"chunk_number": number, "chunk_content": content, "chunk_size": len(data)}
    about = {"file_name": "a.png", "file_type": "image/png", "file_size": size, "chunk": chunk}
    return {"attachment": {"action": action, **about, **({"upload_id": upload} if upload else {})}}


async def _info(side: Side, attachment: str) -> dict[str, Any]:
    return await side.data("GET", f"{WHOLE}/{attachment}/file_info")


async def test_a_small_file_goes_up_in_one_request_and_comes_down_again(side: Side) -> None:
    """The answers have the documented keys; the one about the file carries no ``ok``."""
    up = await side.data("POST", WHOLE, json={"attachment": _about(PNG)})
    down = await side.data("GET", f"{WHOLE}/{up['attachment_id']}")

    assert up == {"attachment_id": up["attachment_id"], "ok": "true"}
    assert down == {
        "file_content": base64.b64encode(PNG).decode(),
        "attachment_id": up["attachment_id"],
        "conversation_id": "c1",
        "ok": "true",
    }
    told = {"file_name": "a.png", "file_type": "image/png", "file_size": len(PNG)}
    assert await _info(side, up["attachment_id"]) == told
    assert side.booking.conversations["c1"].messages == []


async def test_a_large_file_goes_up_in_chunks(side: Side) -> None:
    """Start gives an upload id, resume gives nothing, finish gives the attachment."""
    data = PNG + bytes(2_400_000)
    parts = [data[at : at + MB] for at in range(0, len(data), MB)]
    first = await side.data("POST", CHUNKS, json=_chunk("start", 0, parts[0], len(data), None))
    upload = first["upload_id"]
    second = await side.data("POST", CHUNKS, json=_chunk("resume", 1, parts[1], len(data), upload))
    last = await side.data("POST", CHUNKS, json=_chunk("finish", "2", parts[2], len(data), upload))

    assert first == {"upload_id": upload, "attachment_id": None, "ok": "true"}
    assert second == {"upload_id": None, "attachment_id": None, "ok": "true"}
    assert last["upload_id"] is None
    assert (await _info(side, last["attachment_id"]))["file_size"] == len(data)


@pytest.mark.parametrize(
    ("action", "number", "size"),
    [("resume", 2, 3 * MB), ("resume", 0, 3 * MB), ("finish", 1, 3 * MB), ("start", 1, 3 * MB)],
)
async def test_a_chunk_out_of_order_ends_the_upload(
    side: Side, action: str, number: int, size: int
) -> None:
    """After any error the upload begins again from its first chunk."""
    part = bytes(MB)
    begun = await side.data("POST", CHUNKS, json=_chunk("start", 0, part, size, None))
    wrong = _chunk(action, number, part, size, begun["upload_id"])
    assert (await side.call("POST", CHUNKS, json=wrong)).status_code == 400

    right = _chunk("resume", 1, part, size, begun["upload_id"])
    again = await side.call("POST", CHUNKS, json=right)
    assert again.status_code == (200 if action == "start" else 400)


@pytest.mark.parametrize(
    "wrong",
    [
        _about(PNG, file_type="application/pdf"),
        _about(PNG, file_type="image/gif"),
        _about(PNG, file_size=5),
        _about(PNG, file_content="not base64!"),
        _about(PNG, file_name=""),
        _about(bytes(MB + 1)),
        "junk",
        None,
    ],
    ids=range(8),
)
async def test_what_is_no_small_picture_is_refused(side: Side, wrong: object) -> None:
    """Type, size and base64 are looked at; more than 1 MB goes in chunks."""
    assert (await side.call("POST", WHOLE, json={"attachment": wrong})).status_code == 400
    assert side.booking.attachments == {}


async def test_more_than_ten_megabytes_is_refused_at_the_first_chunk(serve: Serve) -> None:
    """The status is not documented, so it is a switch."""
    for status in (400, 413, 415):
        side = await serve(upload_refused=status)
        body = _chunk("start", 0, b"x", 10 * MB + 1, None)
        assert (await side.call("POST", CHUNKS, json=body)).status_code == status


@pytest.mark.parametrize(
    ("switch", "size", "status"),
    [
        ({"megabyte": "decimal"}, MB + 1, 400),
        ({"megabyte": "binary"}, MB + 1, 200),
        ({"megabyte": "binary"}, (1 << 20) + 1, 400),
    ],
)
async def test_a_megabyte_has_two_readings(
    serve: Serve, switch: dict[str, str], size: int, status: int
) -> None:
    """Which one holds is not documented."""
    side = await serve(**switch)
    answer = await side.call("POST", WHOLE, json={"attachment": _about(bytes(size))})
    assert answer.status_code == status


async def test_a_chunk_may_have_to_be_smaller_than_a_megabyte(serve: Serve) -> None:
    """One sentence says "less than", the table says "at most"."""
    side = await serve(chunk_size="less")
    for size, status in ((MB, 400), (MB - 1, 200)):
        body = _chunk("start", 0, bytes(size), 2 * MB, None)
        assert (await side.call("POST", CHUNKS, json=body)).status_code == status


@pytest.mark.parametrize(("end", "length"), [("exclusive", 4), ("inclusive", 5)])
async def test_a_range_has_two_readings(serve: Serve, end: str, length: int) -> None:
    """Whether ``to`` is the last byte is not documented; wrong ranges are refused."""
    side = await serve(range_end=end)
    side.keep_file("a1", b"0123456789")
    path = f"{WHOLE}/a1"
    part = await side.data("GET", path, params={"from": "2", "to": "6"})

    assert base64.b64decode(part["file_content"]) == b"0123456789"[2 : 2 + length]
    for wrong in ({"from": "x", "to": "6"}, {"from": "6", "to": "2"}, {"from": "-1"}):
        assert (await side.call("GET", path, params=wrong)).status_code == 400


async def test_more_than_five_megabytes_come_in_ranges(serve: Serve) -> None:
    """One call gives 5 MB at most; under another reading of the table, 1 MB without a range."""
    side = await serve()
    side.keep_file("a1", bytes(5 * MB + 1))
    assert (await side.call("GET", f"{WHOLE}/a1")).status_code == 400
    wide = {"from": "0", "to": str(5 * MB + 1)}
    assert (await side.call("GET", f"{WHOLE}/a1", params=wide)).status_code == 400

    strict = await serve(plain_download="1 MB")
    strict.keep_file("a1", bytes(MB + 1))
    assert (await strict.call("GET", f"{WHOLE}/a1")).status_code == 400
    whole = {"from": "0", "to": str(MB + 1)}
    assert (await strict.call("GET", f"{WHOLE}/a1", params=whole)).status_code == 200


async def test_who_may_not_see_a_file_does_not(side: Side) -> None:
    """Another conversation, an unknown id, a booking request."""
    side.keep_file("a1")
    other = f"{LIST}/c2/attachments/a1"
    assert (await side.call("GET", other)).status_code == 404
    assert (await side.call("GET", f"{WHOLE}/none/file_info")).status_code == 404
    side.booking.conversations["c1"].kind = "request_to_book"
    for path in (f"{WHOLE}/a1", f"{WHOLE}/a1/file_info"):
        assert (await side.call("GET", path)).status_code == 400
    assert (await side.call("POST", WHOLE, json={"attachment": _about(PNG)})).status_code == 400


async def test_a_message_names_attachments_that_are_there(serve: Serve) -> None:
    """Unknown ones are refused; the number and a second use are switches."""
    side = await serve(most_attachments=2, attachment_again="400")
    for each in "abc":
        side.keep_file(each)

    async def status(*ids: str) -> int:
        body = {"message": {"content": "See", "attachment_ids": list(ids)}}
        return (await side.call("POST", ONE, json=body)).status_code

    assert [await status("x"), await status("a", "b", "c")] == [400, 400]
    assert [await status("a", "b"), await status("a"), await status("c")] == [200, 400, 200]
    side.booking.conversations["c1"].kind = "request_to_book"
    assert await status("x") == 200
    assert side.booking.conversations["c1"].messages[-1].attachment_ids == ()


async def test_a_guest_sends_a_picture(side: Side) -> None:
    """It stands in the queue by its id; its bytes are not written into the wire's log."""
    message, attachment = guest_sends(side.booking, "c1", "../view.png", PNG, "The view")
    (entry,) = (await side.latest())["messages"]
    await side.data("GET", f"{WHOLE}/{attachment}")

    assert (entry["message_id"], entry["attachment_ids"]) == (message, [attachment])
    assert (await _info(side, attachment))["file_name"] == "../view.png"
    assert base64.b64encode(PNG).decode() not in str(side.booking.wire)
