"""The endpoints of conversations: list, read, post."""

from __future__ import annotations

from typing import Any

from bridgebot.sandbox.messaging.answers import Answer, Call
from bridgebot.sandbox.messaging.booking import Conversation, Message
from bridgebot.sandbox.messaging.payloads import (
    PAGE,
    account_word,
    envelope,
    offset_of,
    page_id,
    thread_entry,
)


def by_property(call: Call) -> Answer:
    """List a property's conversations, newest activity first, newest message only."""
    number = call.path["property"]
    if number not in call.account.properties:
        return call.refused(403)
    offset = offset_of(call.query.get("page_id"))
    if offset is None:
        return call.refused(400)
    mine = [each for each in call.booking.conversations.values() if each.property_id == number]
    mine.sort(key=_activity, reverse=True)
    shown = [
        thread_entry(each, visible(call, each)[:1], call.version, call.switches, tagged=False)
        for each in mine[offset : offset + PAGE]
    ]
    data = {"conversations": shown, "ok": "true", **_next(call, offset, len(mine))}
    return 200, envelope(data)


def by_id(call: Call) -> Answer:
    """Read a conversation by its id."""
    return _whole(call, call.booking.conversations.get(call.path["conversation"]))


def by_reference(call: Call) -> Answer:
    """Read the conversation of a reservation or of a booking request."""
    reference = call.query.get("conversation_reference")
    if not reference:
        return call.refused(400)
    wanted = (call.path["property"], call.path["kind"], reference)
    for each in call.booking.conversations.values():
        if (each.property_id, each.kind, each.reference) == wanted:
            return _whole(call, each)
    return _whole(call, None)


def post(call: Call) -> Answer:
    """Post a message as the property; its echo is queued before the answer is written."""
    found = conversation_of(call)
    if not isinstance(found, Conversation):
        return found
    status, content = _content(call)
    if status:
        return call.refused(status)
    if found.access == "read_only":
        return call.refused(call.switches.read_only_status)
    attachments = _attachments(call, found)
    if attachments is None:
        return call.refused(400)
    message_id = call.booking.property_writes(
        found.conversation_id, content, api=True, attachment_ids=attachments
    )
    data = {
        "message_id": message_id,
        "guest_has_account": account_word(has=found.has_account, switches=call.switches),
        "ok": "true",
    }
    return call.switches.post_status, envelope(data)


def conversation_of(call: Call) -> Conversation | Answer:
    """Find the conversation of the path, or the answer that refuses it."""
    if call.path["property"] not in call.account.properties:
        return call.refused(403)
    found = call.booking.conversations.get(call.path["conversation"])
    if found is None or found.property_id != call.path["property"]:
        return call.refused(call.switches.unknown_status)
    return found


def visible(call: Call, conversation: Conversation) -> list[Message]:
    """List messages newest first; self-service requests by version and the account's flag."""
    messages = conversation.messages[::-1]
    if shows_self_service(call):
        return messages
    return [each for each in messages if each.kind != "self_service_event"]


def shows_self_service(call: Call) -> bool:
    """Tell whether reads other than the queue's show self-service requests."""
    by_version, by_flag = call.version >= "1.2", call.account.self_service
    if call.switches.self_service == "both":
        return by_version and by_flag
    return by_version or by_flag


def _whole(call: Call, found: Conversation | None) -> Answer:
    number = call.path["property"]
    if number not in call.account.properties:
        return call.refused(403)
    if found is None or found.property_id != number:
        return call.refused(call.switches.unknown_status)
    offset = offset_of(call.query.get("page_id"))
    if offset is None:
        return call.refused(400)
    messages = visible(call, found)
    shown = messages[offset : offset + PAGE]
    entry = thread_entry(found, shown, call.version, call.switches)
    data = {"conversation": entry, "ok": "true", **_next(call, offset, len(messages))}
    return 200, envelope(data)


def _content(call: Call) -> tuple[int, str]:
    """Read what is to be posted: a status that refuses it (0 for none), and the text."""
    message = call.body.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str):
        return 400, ""
    if not content.strip() and call.switches.empty_content == "400":
        return 400, content
    most = call.switches.max_content
    return (400 if most is not None and len(content) > most else 0), content


def _attachments(call: Call, found: Conversation) -> tuple[str, ...] | None:
    """Read the attachments a message names; ``None`` where one cannot be sent.

    In a booking request what is said of attachments is ignored.
    """
    ids: Any = call.body["message"].get("attachment_ids")
    if found.kind == "request_to_book" or not isinstance(ids, list):
        return ()
    most, files = call.switches.most_attachments, call.booking.attachments
    used = {each for message in found.messages for each in message.attachment_ids}
    for each in map(str, ids):
        mine = each in files and files[each].conversation_id == found.conversation_id
        if not mine or (call.switches.attachment_again == "400" and each in used):
            return None
    return None if most is not None and len(ids) > most else tuple(map(str, ids))


def _activity(conversation: Conversation) -> float:
    return conversation.messages[-1].at.timestamp() if conversation.messages else 0.0


def _next(call: Call, offset: int, count: int) -> dict[str, str]:
    if offset + PAGE < count:
        return {"next_page_id": page_id(offset + PAGE, call.switches)}
    return {"next_page_id": ""} if call.switches.last_page == "empty" else {}
