"""A database server that is away for the moment, and one that a person must see to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bridgebot.errors import StoreAwayError, StoreError
from bridgebot.store.database import Store
from bridgebot.store.engine import is_away


@asynccontextmanager
async def _refusing(code: str) -> AsyncIterator[str]:
    """Serve as PostgreSQL does that takes nobody: each start of a session is answered by an error.

    (https://www.postgresql.org/docs/current/protocol-message-formats.html)
    """
    fields = f"SFATAL\0C{code}\0Mthe server's reason\0\0".encode()
    answer = b"E" + (4 + len(fields)).to_bytes(4, "big") + fields

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(4), "big")
        await reader.readexactly(length - 4)
        # The first message of eight bytes asks for TLS.
        writer.write(b"N" if length == 8 else answer)
        if length == 8:
            length = int.from_bytes(await reader.readexactly(4), "big")
            await reader.readexactly(length - 4)
            writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"postgresql://bridgebot@127.0.0.1:{server.sockets[0].getsockname()[1]}/bridgebot"


@pytest.mark.parametrize(
    ("code", "is_waited_for"),
    [
        ("57P03", True),  # it is starting up
        ("57P01", True),  # it is going down
        ("53300", True),  # it has no connection left
        ("28P01", False),  # the password is wrong
        ("3D000", False),  # there is no such database
    ],
)
async def test_a_server_that_comes_is_told_from_one_that_refuses(
    code: str, *, is_waited_for: bool
) -> None:
    """What passes by itself is an error of its own; both say the server's words."""
    async with _refusing(code) as address:
        with pytest.raises(StoreError, match="the server's reason") as told:
            await Store.open(address)

    assert isinstance(told.value, StoreAwayError) is is_waited_for


async def test_a_refused_connection_is_away() -> None:
    """Nothing listens there, or not yet."""
    with pytest.raises(StoreAwayError, match="cannot be opened"):
        await Store.open("postgresql://nobody@127.0.0.1:1/nowhere")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), True),
        (OSError("Multiple exceptions: [Errno 111] …"), True),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), True),
        (socket.gaierror(socket.EAI_NONAME, "no such name"), False),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), False),
    ],
)
def test_what_a_network_says(error: OSError, *, expected: bool) -> None:
    """A name that nobody knows and a certificate that is wrong stay so."""
    assert is_away(error) is expected


async def test_a_file_is_never_away(tmp_path: Path) -> None:
    """What is wrong with SQLite's file is for a person to mend, whatever the system calls it."""
    with pytest.raises(StoreError) as told:
        await Store.open(f"sqlite:///{tmp_path}")

    assert not isinstance(told.value, StoreAwayError)
