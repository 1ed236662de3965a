"""Finding on the other side what a lost answer left there."""

from __future__ import annotations

from typing import Any

from bridgebot.bridge.reconcile import mark_of, notice_of, parts_of, root_of, sent_already
from bridgebot.model import Message, MessageId, SenderKind
from bridgebot.store.rows import from_ms

BEGAN = from_ms(10_000_000)


def _message(name: str, sender: SenderKind = SenderKind.PROPERTY, text: str = "ok") -> Message:
    return Message(message_id=MessageId(name), sender=sender, content=text, sent_at=BEGAN)


def _post(ts: str, event_type: str, **payload: object) -> dict[str, Any]:
    return {"ts": ts, "metadata": {"event_type": event_type, "event_payload": payload}}


def test_a_reply_is_found_by_sender_content_and_time() -> None:
    """Our reply is a property message with its words, no older than the attempt."""
    messages = [_message("a", SenderKind.GUEST), _message("b", text="no"), _message("c")]

    assert sent_already("ok", BEGAN, (), messages) == messages[-1]


def test_two_identical_replies_stay_two() -> None:
    """A message that is known to be another reply is not taken for this one."""
    assert sent_already("ok", BEGAN, {"a"}, [_message("a"), _message("b")]) == _message("b")
    assert sent_already("ok", BEGAN, {"a"}, [_message("a")]) is None


def test_a_reply_whose_message_nobody_can_name_stands_for_one() -> None:
    """Each takes the first that fits its time; what is left is this reply."""
    messages, span = [_message("a"), _message("b")], (BEGAN, BEGAN)

    assert sent_already("ok", BEGAN, (), messages, [span]) == messages[1]
    assert sent_already("ok", BEGAN, (), messages, [span, span, span]) is None
    assert sent_already("ok", BEGAN, (), messages, [(from_ms(0), from_ms(9))]) == messages[0]


def test_a_root_is_found_by_its_conversation() -> None:
    """Of several roots of one conversation the oldest counts."""
    ours = {"provider": "booking", "conversation_id": "c1"}
    posts = [
        _post("3.0", "bridgebot_thread", **ours),
        _post("2.0", "bridgebot_thread", **ours),
        _post("1.0", "bridgebot_thread", provider="booking", conversation_id="c2"),
        {"ts": "0.5"},
    ]

    assert root_of(posts, "booking", "c1") == "2.0"
    assert root_of(posts, "hostelmate", "c1") is None


def test_the_parts_that_arrived_are_found_up_to_the_first_gap() -> None:
    """A message of several posts goes on after the last part in a row."""
    ours = {"provider": "booking", "message_id": "m1"}
    posts = [
        _post("1.0", "bridgebot_message", **ours, part=1, parts=4),
        _post("2.0", "bridgebot_message", **ours, part=2, parts=4),
        _post("4.0", "bridgebot_message", **ours, part=4, parts=4),
        _post("5.0", "bridgebot_message", provider="booking", message_id="m2"),
    ]

    assert parts_of(posts, "booking", "m1") == ["1.0", "2.0"]
    assert parts_of(posts, "booking", "m2") == ["5.0"]
    assert parts_of(posts, "booking", "m3") == []


def test_a_notice_is_found_by_its_row() -> None:
    """The bot's own words carry the number of their row."""
    posts = [_post("1.0", "bridgebot_notice", notice=4), _post("2.0", "bridgebot_notice", notice=5)]

    assert notice_of(posts, 5) == ["2.0"]
    assert notice_of(posts, 6) == []


def test_only_the_bots_own_marks_count() -> None:
    """Staff may put the same signs on a message; of several the one that says most counts."""

    def marked(**names: list[str]) -> dict[str, Any]:
        return {"reactions": [{"name": name, "users": who} for name, who in names.items()]}

    assert mark_of(marked(white_check_mark=["U1", "UBOT"]), "UBOT") == "white_check_mark"
    assert (
        mark_of(marked(warning=["UBOT"], white_check_mark=["UBOT"]), "UBOT") == "white_check_mark"
    )
    assert mark_of(marked(white_check_mark=["U1"], lock=["UBOT"]), "UBOT") == "lock"
    assert mark_of(marked(white_check_mark=["U1"], eyes=["UBOT"]), "UBOT") is None
    assert mark_of({}, "UBOT") is None
