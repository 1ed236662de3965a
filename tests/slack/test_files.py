"""Bytes to and from Slack: repeatable, bounded, and the token goes to Slack alone."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.errors import PictureError, SlackError
from bridgebot.slack.files import Files
from bridgebot.slack.gateway import Gateway
from tests.slack.stub import Stub, drop, ok, page, refuse

DATA = b"\xff\xd8\xff picture"


@pytest.fixture
def files(gateway: Gateway, client: AsyncWebClient) -> Files:
    """Give what moves files."""
    return Files(gateway, client)


def _data(data: bytes = DATA, status: int = 200, **headers: str) -> Any:
    return lambda _r, _a: web.Response(body=data, status=status, headers=headers)


def _about(stub: Stub, **more: object) -> dict[str, object]:
    return {"id": "F1", "url_private_download": f"{stub.url}/api/bytes", **more}


def _on_upload(stub: Stub) -> None:
    url = f"{stub.url}/api/upload"
    stub.on("files.getUploadURLExternal", ok(upload_url=url, file_id="F1"))


async def test_a_file_is_uploaded_and_seen_by_nobody(stub: Stub, files: Files) -> None:
    """The address takes the bytes; nothing is shared by that."""
    _on_upload(stub)
    assert await files.put("view.jpg", b"bytes", alt_text="The view") == "F1"

    asked = stub.last("files.getUploadURLExternal")
    assert (asked["filename"], asked["length"], asked["alt_txt"]) == ("view.jpg", "5", "The view")
    assert [name for name, _, _ in stub.calls] == ["files.getUploadURLExternal", "upload"]


@pytest.mark.parametrize("fault", [drop(), page(503), _data(status=500)], ids=range(3))
async def test_a_failed_upload_may_be_repeated(stub: Stub, files: Files, fault: Any) -> None:
    """Wherever the answer is lost: it counts as not done."""
    _on_upload(stub)
    for method in ("upload", "files.getUploadURLExternal"):
        stub.on(method, fault)
        with pytest.raises(SlackError) as told:
            await files.put("view.jpg", b"bytes", alt_text="")
        assert (told.value.certain, told.value.permanent) == (True, False)


async def test_a_file_is_downloaded_with_the_bots_token(stub: Stub, files: Files) -> None:
    """Of a file of another organisation Slack is asked first."""
    stub.on("bytes", _data())
    assert await files.get(_about(stub), most=100) == DATA

    stub.on("files.info", ok(file=_about(stub)))
    hidden = {"id": "F1", "file_access": "check_file_info"}
    assert await files.get(hidden, most=100) == DATA
    assert stub.last("files.info")["file"] == "F1"


@pytest.mark.parametrize(
    "about",
    [
        {"url_private_download": "https://evil.example/x"},
        {"url_private_download": "https://slack.com.evil.example/x"},
        {"url_private_download": "https://evilslack.com/x"},
        {"url_private_download": "http://files.slack.com/x"},
        {"url_private_download": "https://[broken"},
        {"url_private_download": None},
        {"is_external": True},
    ],
    ids=range(7),
)
async def test_the_token_goes_to_slack_alone(
    stub: Stub, files: Files, about: dict[str, object]
) -> None:
    """A file can be a link to anywhere; nothing is asked there."""
    with pytest.raises(PictureError) as told:
        await files.get(_about(stub, **about), most=100)

    assert told.value.code == "elsewhere"
    assert stub.calls == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (page(200), "no_access"),
        (_data(status=302, Location="https://evil.example/"), "elsewhere"),
        (_data(status=404), "deleted"),
        (_data(bytes(101)), "too_large"),
    ],
    ids=range(4),
)
async def test_what_cannot_be_had_is_said_in_words(
    stub: Stub, files: Files, answer: Any, code: str
) -> None:
    """A page to log in at, a way elsewhere, a deleted file, more than is wanted."""
    stub.on("bytes", answer)
    with pytest.raises(PictureError) as told:
        await files.get(_about(stub), most=100)

    assert told.value.code == code
    assert stub.count("bytes") == 1


async def test_a_deleted_file_of_another_organisation(stub: Stub, files: Files) -> None:
    """Slack says so when it is asked about it."""
    stub.on("files.info", refuse("file_deleted"))
    with pytest.raises(PictureError, match="deleted"):
        await files.get({"id": "F1", "file_access": "check_file_info"}, most=100)


@pytest.mark.parametrize("answer", [page(503), drop()], ids=range(2))
async def test_a_passing_failure_is_worth_another_attempt(
    stub: Stub, files: Files, answer: Any
) -> None:
    """It says so, and that nothing happened."""
    stub.on("bytes", answer)
    with pytest.raises(SlackError) as told:
        await files.get(_about(stub), most=100)

    assert (told.value.permanent, told.value.certain) == (False, True)
