"""What the documents do not say, as switches with a stated default.

Each marks a ``?`` of the reference on Booking.com's Messaging API that a client can notice; a
client should pass its tests under every setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Switches:
    """How the stand-in behaves where the real service is not documented.

    ``confirm_mode``: does a confirm remove the first N now, or N of the batch fetched last?
    ``over_count``: what a confirm of more than there is does. ``put_without_get``: whether a
    confirm needs a fetch before it. ``access_off``: the queue's answer while access is switched
    off. ``property_id``: how queue entries carry the property. ``read_only_status``: the answer to
    a post into a closed conversation. ``unknown_status``: the answer for an unknown conversation.
    ``post_status``: the success status of a post. ``error_body``: the body of an error.
    ``retry_after``: whether a 429 says how long. ``empty_messages``: an empty conversation's
    ``messages``. ``last_page``: how the last page says so. ``page_ids``: their form.
    ``unknown_version``: what an unknown ``Accept-version`` means. ``strip_links``: whether links
    are removed from texts. ``tag_entries``: tag-only entries among messages. ``reply_to``: whether
    queue entries name the addressee. ``error_element``: an element of ``errors``.
    ``empty_content``: a post of nothing but white space. ``max_content``: the longest text in
    characters. ``guest_has_account``: its type. ``self_service``: whether reads other than the
    queue's show self-service requests by version 1.2 or the account's flag, or only by both; the
    documents say the one here and the other there. ``read_tags``: whether what a message was tagged
    with stands in an entry of its own after it, as in the sample, or inside it. ``search_pending``:
    what a search answers until it is ready. ``search_order``: the order if none is asked for.
    ``search_window``: what a window of more than 90 days does. ``search_expired``: the answer for
    a job that has expired. ``megabyte``: whether limits of attachments are in 10^6 or 2^20 bytes.
    ``chunk_size``: whether a chunk may have 1 MB or must be smaller. ``range_end``: whether ``to``
    of a download is the last byte or the one behind it. ``plain_download``: how much a download
    without a range gives; the table says "for more than 1 MB set ``from`` to 0" beside a limit of
    5 MB. ``upload_refused``: the answer to a file of the wrong type or size. ``upload_id``: its
    form. ``attachment_again``: whether a second message may name the same attachment.
    ``most_attachments``: how many a message may have. ``redacted_place``: where version 1.3 says
    that a message is redacted. ``redacted_text``: what is left of its text. ``redacted_again``:
    whether the queue delivers a message once more when it is redacted.
    """

    confirm_mode: Literal["head", "batch"] = "head"
    over_count: Literal["clamp", "400"] = "clamp"
    put_without_get: Literal["ok", "400"] = "ok"
    access_off: Literal["403", "empty"] = "403"
    property_id: Literal["number", "string", "absent"] = "string"
    read_only_status: Literal[403, 400, 409] = 403
    unknown_status: Literal[404, 403] = 404
    post_status: Literal[200, 201] = 200
    error_body: Literal["envelope", "plain", "empty"] = "envelope"
    retry_after: Literal["seconds", "absent"] = "seconds"
    empty_messages: Literal["list", "absent"] = "list"
    last_page: Literal["absent", "empty"] = "absent"
    page_ids: Literal["uuid", "base64"] = "uuid"
    unknown_version: Literal["1.0", "1.2", "400"] = "1.0"
    strip_links: Literal["off", "on"] = "off"
    tag_entries: Literal["off", "on"] = "off"
    reply_to: Literal["absent", "present"] = "absent"
    error_element: Literal["object", "string"] = "object"
    empty_content: Literal["400", "ok"] = "400"
    max_content: int | None = None
    guest_has_account: Literal["boolean", "string"] = "boolean"
    self_service: Literal["either", "both"] = "either"
    read_tags: Literal["entry", "inside"] = "entry"
    search_pending: Literal["status", "empty", "404", "202", "never"] = "status"
    search_order: Literal["desc", "asc"] = "desc"
    search_window: Literal["clamp", "400"] = "clamp"
    search_expired: Literal[410, 404] = 410
    megabyte: Literal["decimal", "binary"] = "decimal"
    chunk_size: Literal["at most", "less"] = "at most"
    range_end: Literal["exclusive", "inclusive"] = "exclusive"
    plain_download: Literal["5 MB", "1 MB"] = "5 MB"
    upload_refused: Literal[400, 413, 415] = 400
    upload_id: Literal["string", "object"] = "string"
    attachment_again: Literal["ok", "400"] = "ok"
    most_attachments: int | None = None
    redacted_place: Literal["beside", "attributes"] = "beside"
    redacted_text: Literal["masked", "kept", "empty"] = "masked"
    redacted_again: Literal["queued", "silent"] = "queued"

    @property
    def mega(self) -> int:
        """Return the bytes of a megabyte."""
        return 1_000_000 if self.megabyte == "decimal" else 1 << 20


_OTHERS: dict[str, tuple[Any, ...]] = {
    "confirm_mode": ("batch",),
    "over_count": ("400",),
    "put_without_get": ("400",),
    "access_off": ("empty",),
    "property_id": ("number", "absent"),
    "read_only_status": (400, 409),
    "unknown_status": (403,),
    "post_status": (201,),
    "error_body": ("plain", "empty"),
    "retry_after": ("absent",),
    "empty_messages": ("absent",),
    "last_page": ("empty",),
    "page_ids": ("base64",),
    "unknown_version": ("1.2", "400"),
    "strip_links": ("on",),
    "tag_entries": ("on",),
    "reply_to": ("present",),
    "error_element": ("string",),
    "empty_content": ("ok",),
    "max_content": (4000,),
    "guest_has_account": ("string",),
    "self_service": ("both",),
    "read_tags": ("inside",),
    "search_pending": ("empty", "404", "202", "never"),
    "search_order": ("asc",),
    "search_window": ("400",),
    "search_expired": (404,),
    "megabyte": ("binary",),
    "chunk_size": ("less",),
    "range_end": ("inclusive",),
    "plain_download": ("1 MB",),
    "upload_refused": (413, 415),
    "upload_id": ("object",),
    "attachment_again": ("400",),
    "most_attachments": (2,),
    "redacted_place": ("attributes",),
    "redacted_text": ("kept", "empty"),
    "redacted_again": ("silent",),
}


def variants() -> Iterator[tuple[str, Switches]]:
    """Yield the default and then each switch in each of its other settings."""
    yield "default", Switches()
    for field in fields(Switches):
        for value in _OTHERS[field.name]:
            yield f"{field.name}={value}", replace(Switches(), **{field.name: value})
