"""The client in which providers are called: what is sent once, and what a failure says."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

import httpx
import pytest

from bridgebot.providers.http import NOT_SENT
from bridgebot.providers.wire import SHORT, Wire, open_http

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[[asyncio.StreamWriter, int], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """Reads requests and answers each as it is told; ``requests`` are their first lines."""

    address: str
    requests: list[str] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    """Serve on loopback; ``answer`` is given the number of the request on its connection."""
    server = Server("")
    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        served.append(cast("asyncio.Task[None]", asyncio.current_task()))
        number = 0
        while head := await _head(reader):
            number += 1
            length = next(
                (int(line.split(":")[1]) for line in head if line.lower().startswith("content-l")),
                0,
            )
            await reader.readexactly(length)
            server.requests.append(head[0])
            await answer(writer, number)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        server.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/x"
        yield server
    # The caller's connections are closed by then, so each of these comes to its end.
    await asyncio.gather(*served)


async def _head(reader: asyncio.StreamReader) -> list[str]:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return []


async def _fine(writer: asyncio.StreamWriter, _number: int) -> None:
    writer.write(OK)


async def _silence(_writer: asyncio.StreamWriter, _number: int) -> None:
    await asyncio.sleep(0)


async def _hang_up(writer: asyncio.StreamWriter, _number: int) -> None:
    writer.close()


async def _half(writer: asyncio.StreamWriter, _number: int) -> None:
    writer.write(OK[:-1])
    writer.close()


async def _once(writer: asyncio.StreamWriter, number: int) -> None:
    """Answer the first request of a connection, and close it at the second, unanswered."""
    if number == 1:
        writer.write(OK)
    else:
        writer.close()


async def test_a_post_and_its_answer_come_whole() -> None:
    """Also one that is packed, and on a connection that is kept."""
    packed = gzip.compress(b'{"ok": true}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"

    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(head.encode() + packed)

    async with serving(answer) as server, open_http() as http:
        answers = [await http.post(server.address, json={"a": "é"}) for _ in range(3)]

    assert [each.json() for each in answers] == [{"ok": True}] * 3
    assert (server.connections, len(server.requests)) == (1, 3)


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
async def test_nothing_is_sent_twice_where_a_kept_connection_is_closed(method: str) -> None:
    """A confirm by count takes away what nobody has seen, if it is made twice."""
    async with serving(_once) as server, open_http() as http:
        await http.request(method, server.address)
        with pytest.raises(httpx.TransportError) as failed:
            await http.request(method, server.address)

    assert not isinstance(failed.value, NOT_SENT)
    assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize("answer", [_hang_up, _half])
async def test_what_was_sent_and_has_no_whole_answer_may_have_arrived(answer: Answer) -> None:
    """So it is looked up before it is sent again."""
    async with serving(answer) as server, open_http() as http:
        with pytest.raises(httpx.ReadError) as failed:
            await http.post(server.address, json={})

    assert not isinstance(failed.value, NOT_SENT)
    assert len(server.requests) == 1


async def test_an_answer_that_does_not_come_in_time_may_have_been_given() -> None:
    """The time is the one of the call."""
    async with serving(_silence) as server, open_http() as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.post(server.address, json={}, timeout=httpx.Timeout(5, read=0.05))


async def test_where_nobody_listens_nothing_was_sent() -> None:
    """It may be sent again at once."""
    async with serving(_fine) as server:
        address = server.address
    async with open_http() as http:
        with pytest.raises(NOT_SENT):
            await http.post(address, json={})
        with pytest.raises(NOT_SENT):
            await http.post("ftp://127.0.0.1/", json={})


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_process_that_stood_still_sends_nothing(method: str) -> None:
    """It is asked when the connection is there: waiting for one may take long."""
    async with serving(_fine) as server, open_http(lambda: False) as http:
        with pytest.raises(NOT_SENT):
            await http.request(method, server.address)

    assert server.requests == []


async def test_only_short_posts_go_the_short_way() -> None:
    """What aiohttp would send twice, and what is too long to be written in one piece, does not."""
    seen: list[tuple[str, int]] = []

    def other(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, len(request.content)))
        return httpx.Response(200, json={})

    async with serving(_fine) as server, open_http() as opened:
        session = opened._transport._session  # type: ignore[attr-defined]
        wire = Wire(session, httpx.MockTransport(other))
        async with httpx.AsyncClient(transport=wire) as http:
            await http.post(server.address, content=b"x" * SHORT)
            await http.post(server.address, content=b"x" * (SHORT + 1))
            await http.put(server.address)

    assert seen == [("POST", SHORT + 1), ("PUT", 0)]
    assert len(server.requests) == 1


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """As httpx has it."""

    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(OK)

    async with serving(answer) as server:
        monkeypatch.setenv("HTTP_PROXY", server.address.removesuffix("/x"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with open_http() as http:
            await http.post("http://provider.example/messages", json={})

    assert server.requests == ["POST http://provider.example/messages HTTP/1.1"]


async def test_a_name_and_a_password_in_an_address_come_as_a_header() -> None:
    """As httpx has it."""
    seen: list[str] = []

    async def answer(writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(OK)

    async with serving(answer) as server, open_http() as http:
        seen.append((await http.post(server.address.replace("//", "//me:secret@"))).text)

    assert seen == ["{}"]


async def test_an_address_that_is_none_was_never_called() -> None:
    """It comes in httpx's words, as everything does."""
    async with open_http() as http:
        with pytest.raises(NOT_SENT):
            await http.post("http://127.0.0.1:99999/", json={})
