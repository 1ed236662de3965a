"""Pictures at Booking.com: uploaded whole or in chunks, downloaded whole or in ranges.

"Uploading and downloading attachments", read in full by the reference (section 10). What the page
leaves open is answered so that either reading works: sizes stay below a decimal megabyte, and what
a range's ``to`` means is learned from the first answer.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridgebot.errors import ProviderError
from bridgebot.model import ConversationId, Picture, PictureLimits, PropertyId
from bridgebot.providers.booking_api import BookingApi
from bridgebot.providers.reading import as_text_or_none

DIRECT = 999_999
"""Bytes that go up in one request: "up to 1 MB", which may be 10^6 or 2^20."""

CHUNK = 900_000
"""Bytes of a chunk: "at most 1 MB" in the table, "less than 1 MB" in the text."""

RANGE = 4_500_000
"""Bytes of a download by range: one call gives at most 5 MB."""

WITHOUT_RANGE = 999_999
"""Bytes asked for without a range: "for more than 1 MB set ``from`` to 0", says the table."""

MOST_FETCHED = 30_000_000
"""Bytes downloaded at all. What guests may send is not documented; this is three uploads' worth."""

Send = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
Part = Callable[[tuple[int, int] | None], Awaitable[bytes]]

LIMITS = PictureLimits(
    # "image/jpeg" and "image/png"; PDF and others are not allowed.
    kinds=frozenset({"image/jpeg", "image/png"}),
    # "up to 10 MB" in chunks.
    largest=9_999_999,
    # Not documented; ten is what one message in Slack can have.
    per_message=10,
    # "Pre-reservation messaging": the attachment endpoints answer 400 there.
    not_in=frozenset({"request_to_book"}),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingAttachments:
    """Moves pictures of one machine account's conversations."""

    api: BookingApi

    @property
    def limits(self) -> PictureLimits:
        """Tell what may be uploaded; see ``Attachments.limits``."""
        return LIMITS

    async def fetch(
        self, property_id: PropertyId, conversation_id: ConversationId, attachment_id: str
    ) -> Picture:
        """Ask about a file, then download it; see ``Attachments.fetch``."""
        about = await self.api.attachment_info(property_id, conversation_id, attachment_id)
        size = _size(about.get("file_size"))
        if size > MOST_FETCHED:
            raise ProviderError("an attachment is too large", code="too_large", permanent=True)

        async def part(span: tuple[int, int] | None) -> bytes:
            return _content(
                await self.api.attachment(property_id, conversation_id, attachment_id, span)
            )

        data = await part(None) if size <= WITHOUT_RANGE else await _ranges(part, size)
        if size and len(data) != size:
            raise ProviderError("an attachment came incomplete", code="incomplete")
        return Picture(
            name=as_text_or_none(about.get("file_name")) or "",
            kind=as_text_or_none(about.get("file_type")) or "",
            data=data,
        )

    async def upload(
        self, property_id: PropertyId, conversation_id: ConversationId, picture: Picture
    ) -> str:
        """Upload in one request, or in chunks; see ``Attachments.upload``."""
        about = {
            "file_name": picture.name,
            "file_type": picture.kind,
            "file_size": len(picture.data),
        }

        async def send(way: str, more: Mapping[str, Any]) -> Mapping[str, Any]:
            attachment = {**about, **more}
            return await self.api.upload(way, property_id, conversation_id, attachment)

        try:
            if len(picture.data) <= DIRECT:
                data = await send("attachments", {"file_content": _encoded(picture.data)})
            else:
                data = await _in_chunks(send, picture.data)
        except ProviderError as error:
            # Whatever became of it: a file that no message names reaches nobody.
            error.certain = True
            raise
        attachment_id = as_text_or_none(data.get("attachment_id"))
        if attachment_id is None:
            raise ProviderError("Booking.com's answer names no attachment", code="unclear")
        return attachment_id


async def _in_chunks(send: Send, data: bytes) -> Mapping[str, Any]:
    """Send a file chunk by chunk; after an error all begins again, so nothing is kept."""
    upload: object = None
    starts = range(0, len(data), CHUNK)
    for number, start in enumerate(starts):
        part = data[start : start + CHUNK]
        last = number == len(starts) - 1
        chunk = {
            "chunk_number": number,
            "chunk_content": _encoded(part),
            "chunk_size": len(part),
        }
        action = "start" if number == 0 else "finish" if last else "resume"
        more = {} if upload is None else {"upload_id": upload}
        answer = await send("attachment_chunks", {"action": action, **more, "chunk": chunk})
        # A text in the example, an object in the table: it goes back as it came.
        upload = upload or answer.get("upload_id")
        if last:
            return dict(answer)
        if not upload:
            raise ProviderError("Booking.com's answer names no upload", code="unclear")
    raise AssertionError("unreachable")


async def _ranges(part: Part, size: int) -> bytes:
    """Download by ranges, whether ``to`` names the last byte or the one behind it.

    The first answer tells; until then ``to`` is a byte that is there under both readings.
    """
    data, behind = bytearray(), 0
    while len(data) < size:
        start = len(data)
        end = min(start + RANGE, size - 1 + behind)
        got = await part((start, end))
        if not got and not behind:
            behind = 1
            continue
        if not got or len(got) > end - start + 1:
            raise ProviderError("an attachment came incomplete", code="incomplete")
        behind = int(len(got) == end - start)
        data += got
    return bytes(data)


def _content(answer: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(answer.get("file_content") or ""), validate=True)
    except (binascii.Error, ValueError):
        raise ProviderError("an attachment cannot be decoded", code="incomplete") from None


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _size(value: object) -> int:
    """Read a size; 0 where none is said."""
    text = str(value)
    return int(text) if text.isdecimal() else 0
