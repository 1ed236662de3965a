"""Tags: what the property's side has read, and what needs no reply."""

from __future__ import annotations

from typing import Any, Final

from bridgebot.sandbox.messaging.answers import Answer, Call
from bridgebot.sandbox.messaging.booking import Conversation, Message
from bridgebot.sandbox.messaging.conversations import conversation_of
from bridgebot.sandbox.messaging.payloads import envelope

NO_REPLY: Final = "no_reply_needed"
READ: Final = "read"
_KNOWN: Final = (
    {"tag": NO_REPLY, "description": "No reply is needed", "usage": "conversation"},
    {"tag": READ, "description": "A participant has read it", "usage": "message"},
)


def known(call: Call) -> Answer:
    """List the tags that can be set; this family's answers carry no ``ok``."""
    if call.path["property"] not in call.account.properties:
        return call.refused(403)
    return 200, envelope({"tags": list(_KNOWN)})


def set_no_reply(call: Call) -> Answer:
    """Say that a conversation needs no reply."""
    return _tag(call, NO_REPLY, is_set=True)


def unset_no_reply(call: Call) -> Answer:
    """Take that back."""
    return _tag(call, NO_REPLY, is_set=False)


def set_read(call: Call) -> Answer:
    """Mark messages as read by a participant."""
    return _tag(call, READ, is_set=True)


def unset_read(call: Call) -> Answer:
    """Mark messages as not read; a DELETE with a body."""
    return _tag(call, READ, is_set=False)


def set_any(call: Call) -> Answer:
    """Set the tag that the body names, by the experimental endpoint."""
    return _tag(call, str(call.body.get("tag")), is_set=True)


def unset_any(call: Call) -> Answer:
    """Remove the tag that the body names, by the experimental endpoint."""
    return _tag(call, str(call.body.get("tag")), is_set=False)


def _tag(call: Call, tag: str, *, is_set: bool) -> Answer:
    found = conversation_of(call)
    if not isinstance(found, Conversation):
        return found
    if found.kind == "request_to_book":
        # Tagging is disabled there; the status is a guess, that of attachments.
        return call.refused(400)
    if tag == NO_REPLY:
        found.no_reply_needed = is_set
    elif tag != READ or not _mark(found, call.body, is_set=is_set):
        return call.refused(400)
    call.booking.changed(type="tag", conversation=found.conversation_id, tag=tag)
    return 200, envelope({"tag": tag, "is_set": is_set})


def _mark(conversation: Conversation, body: Any, *, is_set: bool) -> bool:  # noqa: ANN401
    """Mark messages as read or not; nothing is marked where one of them is unknown."""
    ids, reader = body.get("message_ids"), body.get("participant_id")
    if not isinstance(ids, list) or reader not in {conversation.guest_id, conversation.hotel_id}:
        return False
    there: dict[str, Message] = {each.message_id: each for each in conversation.messages}
    if not ids or not all(each in there for each in ids):
        return False
    for each in ids:
        if is_set:
            there[each].read_by.add(reader)
        else:
            there[each].read_by.discard(reader)
    return True
