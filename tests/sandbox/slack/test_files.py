"""Uploads in three steps, shares, and downloads with the bot's token."""

from __future__ import annotations

import io
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bridgebot.sandbox.slack.files import person_uploads
from tests.sandbox.slack.listener import listening
from tests.sandbox.slack.stand import ANNA, BOT, DESK, OFFICE, OTHER, PAT, POOR, Stand

PNG = b"\x89PNG" + bytes(2_000_000)


async def upload(stand: Stand, data: bytes = b"hello", name: str = "a.txt", **more: Any) -> str:
    """Do the first two steps; return the file's id."""
    answer = await stand.client.files_getUploadURLExternal(filename=name, length=len(data), **more)
    async with stand.session.post(answer["upload_url"], data=data) as sent:
        assert sent.status == 200
        assert await sent.text() == f"OK - {len(data)}"
    return str(answer["file_id"])


async def download(stand: Stand, url: str, token: str = BOT.bot_token) -> tuple[str, bytes]:
    """Fetch a file; return its content type and its bytes."""
    headers = {"Authorization": f"Bearer {token}"}
    async with stand.session.get(url, headers=headers) as got:
        return got.content_type, await got.read()


# The official client hands aiohttp the bytes whole; its warning about that is not ours to mend.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_the_official_client_uploads_into_a_thread(stand: Stand) -> None:
    """Two megabytes arrive whole, as one message that comes back as an event."""
    root = await stand.post("root")
    async with listening(stand) as app:
        answer = await stand.client.files_upload_v2(
            channel=DESK,
            thread_ts=root,
            content=PNG,
            filename="room.png",
            title="The room",
            initial_comment="R&D",
        )
        event = await app.event(subtype="file_share")

    assert (event["subtype"], event["thread_ts"], event["text"]) == (
        "file_share",
        root,
        "R&amp;D",
    )
    assert (event["bot_id"], event["upload"], event["display_as_bot"]) == (BOT.bot_id, True, False)
    assert "team" not in event
    file = event["files"][0]
    assert (file["id"], file["title"], file["mimetype"]) == (
        answer["file"]["id"],
        "The room",
        "image/png",
    )
    assert await download(stand, file["url_private_download"]) == ("image/png", PNG)
    assert await download(stand, file["url_private"]) == ("image/png", PNG)


async def test_only_files_info_tells_where_a_file_stands(stand: Stand) -> None:
    """The event comes without shares; afterwards ``files.info`` has the message's ts."""
    file = await upload(stand, name="plan.pdf", alt_txt="A plan")
    async with listening(stand) as app:
        await stand.client.files_completeUploadExternal(
            files=[{"id": file, "title": "Plan"}], channel_id=DESK
        )
        event = await app.event(subtype="file_share")

    shown = (await stand.client.files_info(file=file))["file"]
    assert "shares" not in event["files"][0]
    assert shown["shares"] == {"public": {DESK: [{"ts": event["ts"]}]}}
    assert (shown["channels"], shown["is_public"], shown["alt_txt"]) == ([DESK], True, "A plan")


async def test_a_file_of_a_private_channel_is_not_public(stand: Stand) -> None:
    """Its shares are private ones, its channel is listed as a group."""
    file = await upload(stand)
    await stand.client.files_completeUploadExternal(files=[{"id": file}], channel_id=OFFICE)

    shown = (await stand.client.files_info(file=file))["file"]
    assert (shown["groups"], shown["is_public"]) == ([OFFICE], False)
    assert shown["title"] == "a.txt"


async def test_a_person_shares_a_file(stand: Stand) -> None:
    """The event is a ``file_share`` as Slack sends it, and the bot can fetch the bytes."""
    await stand.client.auth_test()
    about = person_uploads(stand.workspace, ANNA, "key.txt", b"4711")
    async with listening(stand) as app:
        ts = stand.workspace.person_writes(ANNA, DESK, "the key", files=[about])
        event = await app.event(ts=ts)

    assert (event["subtype"], event["user"]) == ("file_share", ANNA)
    assert "client_msg_id" in event
    assert "team" not in event
    assert await download(stand, event["files"][0]["url_private"]) == ("text/plain", b"4711")


async def test_another_organisations_file_is_only_named(stand: Stand) -> None:
    """What it is, ``files.info`` tells."""
    await stand.client.auth_test()
    about = person_uploads(stand.workspace, PAT, "key.txt", b"4711")
    async with listening(stand) as app:
        ts = stand.workspace.person_writes(PAT, DESK, "the key", files=[about])
        event = await app.event(ts=ts)

    assert event["files"] == [{"id": about["id"], "file_access": "check_file_info"}]
    shown = (await stand.client.files_info(file=about["id"]))["file"]
    assert (await download(stand, shown["url_private"]))[1] == b"4711"


@pytest.mark.parametrize("token", ["", "xoxb-wrong", POOR.bot_token])
async def test_who_may_not_read_files_gets_a_page_to_log_in(stand: Stand, token: str) -> None:
    """The answer is a page with status 200, as Slack's is; the content type tells."""
    await stand.client.auth_test()
    about = person_uploads(stand.workspace, ANNA, "key.txt", b"4711")

    kind, page = await download(stand, about["url_private"], token)

    assert kind == "text/html"
    assert b"4711" not in page


async def test_a_download_can_be_made_to_fail(stand: Stand) -> None:
    """A page in place of the file, an error, a connection that is cut."""
    await stand.client.auth_test()
    url = person_uploads(stand.workspace, ANNA, "key.txt", b"4711")["url_private"]
    stand.slack.faults.add("files.download", "html")
    stand.slack.faults.add("files.download", "503")

    assert (await download(stand, url))[0] == "text/html"
    assert (await download(stand, url))[0] == "application/json"
    assert await download(stand, url) == ("text/plain", b"4711")
    assert (await download(stand, stand.url + "/files/F0NONE"))[1] == b"no such file"


async def test_an_upload_must_have_the_length_that_was_said(stand: Stand) -> None:
    """Other lengths, unknown addresses and finished uploads are refused; forms are taken."""
    first = await stand.client.files_getUploadURLExternal(filename="a.bin", length=3)
    url = first["upload_url"]
    for data, status in ((b"abcd", 400), ({"file": io.BytesIO(b"abc")}, 200)):
        async with stand.session.post(url, data=data) as sent:
            assert sent.status == status
    done = await stand.client.files_completeUploadExternal(files=[{"id": first["file_id"]}])

    assert done["files"] == [{"id": first["file_id"], "title": "a.bin"}]
    for late in (url, stand.url + "/upload/F0NONE"):
        async with stand.session.post(late, data=b"abc") as sent:
            assert sent.status == 404
    assert (await download(stand, stand.url + f"/files/{first['file_id']}"))[1] == b"abc"


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("files.getUploadURLExternal", {"filename": "a", "length": 0}, "missing_argument"),
        ("files.getUploadURLExternal", {"length": 5}, "missing_argument"),
        (
            "files.getUploadURLExternal",
            {"filename": "a", "length": 1 << 31},
            "file_upload_size_restricted",
        ),
        ("files.completeUploadExternal", {}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": "[5"}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": ["F0NONE"]}, "file_not_found"),
        ("files.completeUploadExternal", {"files": [{"id": "F0NONE"}]}, "file_not_found"),
        ("files.info", {"file": "F0NONE"}, "file_not_found"),
    ],
)
async def test_calls_about_files_are_refused(
    stand: Stand, method: str, arguments: dict[str, Any], error: str
) -> None:
    """What Slack would refuse is refused, under the same name."""
    assert await stand.refusal(method, **arguments) == error


async def test_a_refused_share_leaves_the_file_unshared(stand: Stand) -> None:
    """The channel and the thread are looked at before the files; another try then works."""
    file = await upload(stand)
    ask = {"files": [{"id": file}]}

    complete = "files.completeUploadExternal"
    assert await stand.refusal(complete, **ask, channel_id=OTHER) == "not_in_channel"
    wrong = await stand.refusal(complete, **ask, channel_id=DESK, thread_ts="1.0")
    assert wrong == "thread_not_found"
    assert await stand.refusal("files.info", file=file) == "file_not_found"
    assert await stand.refusal(complete, **ask, channel_id=DESK) == "ok"


async def test_a_file_whose_bytes_never_came_cannot_be_shared(stand: Stand) -> None:
    """Neither can another app's; both are not found."""
    empty = await stand.client.files_getUploadURLExternal(filename="a", length=3)
    about = person_uploads(stand.workspace, ANNA, "key.txt", b"4711")

    for file in (empty["file_id"], about["id"]):
        with pytest.raises(SlackApiError) as told:
            await stand.client.files_completeUploadExternal(files=[{"id": file}])
        assert told.value.response["error"] == "file_not_found"
