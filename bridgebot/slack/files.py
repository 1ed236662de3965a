"""Moves the bytes of files to and from Slack.

Slack's own address takes them without a token; what people share is read with the bot's, which goes
to Slack's hosts alone: a file may also be a link to somewhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.errors import PictureError, SlackError
from bridgebot.slack.faults import DEFAULT_WAIT, from_network
from bridgebot.slack.gateway import UNREADABLE, Gateway

HOSTS = ("slack.com", "slack-files.com", "slack-gov.com")
"""Where Slack keeps files, by their own names or as hosts below them."""

UPLOAD, DOWNLOAD = "the upload of a file", "the download of a file"
_PIECE = 1 << 16


class Files:
    """Uploads for the bot, downloads what people share; each raises ``SlackError``.

    Nothing that is done here is seen by anybody, so all of it may be repeated.
    """

    def __init__(self, gateway: Gateway, client: AsyncWebClient) -> None:
        assert client.session is not None  # noqa: S101 - ``make_client`` gives it one
        self._gateway = gateway
        self._client = client
        self._session = client.session

    async def put(self, name: str, data: bytes, *, alt_text: str) -> str:
        """Upload a file that nobody sees yet, and return its id."""
        try:
            url, file = await self._gateway.upload_url(name, len(data), alt_text)
            async with self._answered(UPLOAD, "POST", url, data=data):
                return file
        except SlackError as error:
            error.certain = True
            raise

    async def get(self, about: Mapping[str, Any], *, most: int) -> bytes:
        """Download what somebody shared; raises ``PictureError`` where it cannot be had at all."""
        if about.get("file_access") == "check_file_info":
            # Of a file of another organisation the event tells the id alone.
            about = await self._about(str(about.get("id")))
        url = str(about.get("url_private_download") or about.get("url_private") or "")
        if about.get("is_external") or not self._is_slacks(url):
            raise PictureError("is kept outside Slack", code="elsewhere")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        async with self._answered(DOWNLOAD, "GET", url, headers=headers) as answer:
            if answer.content_type == "text/html":
                # A page to log in at, with status 200: this is how Slack says no.
                raise PictureError(
                    "cannot be read by bridgebot: its app needs the permission files:read "
                    "(install it again)",
                    code="no_access",
                )
            return await _read(answer, most)

    async def _about(self, file: str) -> Mapping[str, Any]:
        try:
            return await self._gateway.file(file)
        except SlackError as error:
            if error.code in {"file_not_found", "file_deleted", "not_visible"}:
                raise _gone() from error
            raise

    @asynccontextmanager
    async def _answered(
        self,
        what: str,
        method: str,
        url: str,
        **request: Any,  # noqa: ANN401 - as aiohttp takes it
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Make a request that follows nobody elsewhere; yield an answer that is a success."""
        proxy = self._client.proxy
        try:
            async with self._session.request(
                method, url, allow_redirects=False, proxy=proxy, **request
            ) as answer:
                _check(what, answer)
                yield answer
        except UNREADABLE as error:
            failure = from_network(what, error)
            failure.certain = True
            raise failure from error

    def _is_slacks(self, url: str) -> bool:
        """Tell whether an address is Slack's, or that of the Web API we were given."""
        try:
            found, ours = urlsplit(url), urlsplit(self._client.base_url)
            same = (found.scheme, found.netloc) == (ours.scheme, ours.netloc)
            host = found.hostname or ""
        except ValueError:
            return False
        below = any(host == each or host.endswith(f".{each}") for each in HOSTS)
        return same or (found.scheme == "https" and below)


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    data = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        data += piece
        if len(data) > most:
            raise PictureError(f"has more than {most // 1_000_000} MB", code="too_large")
    return bytes(data)


def _check(what: str, answer: aiohttp.ClientResponse) -> None:
    """Raise what an answer that is no success means."""
    status = answer.status
    if status == HTTPStatus.OK:
        return
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and what == DOWNLOAD:
        raise _gone()
    if status == HTTPStatus.FORBIDDEN and what == DOWNLOAD:
        raise PictureError("may not be fetched: Slack refuses it to the bridge", code="no_access")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise PictureError("is kept outside Slack", code="elsewhere")
    after = DEFAULT_WAIT if status == HTTPStatus.TOO_MANY_REQUESTS else None
    raise SlackError(f"{what} was answered {status}", code=f"http_{status}", after=after)


def _gone() -> PictureError:
    return PictureError("was deleted", code="deleted")
