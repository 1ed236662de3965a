"""The pictures of both sides, as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bridgebot.sandbox.messaging.booking import Booking, Message
from bridgebot.sandbox.slack.workspace import Workspace

Rows = list[dict[str, object]]


def of_message(booking: Booking, message: Message) -> Rows:
    """List the pictures of a message on a guest's phone."""
    kept = (booking.attachments.get(each) for each in message.attachment_ids)
    return [
        _row("booking", each.attachment_id, each.name, len(each.data))
        for each in kept
        if each is not None
    ]


def of_post(files: Iterable[Mapping[str, Any]]) -> Rows:
    """List the files of a message in Slack."""
    return [
        _row("slack", str(each["id"]), str(each.get("title") or ""), int(each.get("size") or 0))
        for each in files
    ]


def picture_bytes(booking: Booking, workspace: Workspace, side: str, name: str) -> bytes | None:
    """Find a picture's bytes by its side and id."""
    if side == "booking":
        kept = booking.attachments.get(name)
        return kept.data if kept is not None else None
    stored = workspace.files.get(name) if side == "slack" else None
    return stored.data if stored is not None else None


def _row(side: str, key: str, name: str, size: int) -> dict[str, object]:
    return {"id": key, "name": name, "size": size, "url": f"/sandbox/pictures/{side}/{key}"}
