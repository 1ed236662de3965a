"""What a received message is to us."""

from __future__ import annotations

import pytest

from bridgebot.bridge.inbound import (
    SKEW_MS,
    Disposition,
    PendingReply,
    classify,
    is_answer,
    is_same_text,
)
from bridgebot.model import Message, MessageId, SenderKind
from bridgebot.store.rows import from_ms

BEGAN = 10_000_000


def _message(
    sender: SenderKind = SenderKind.PROPERTY, text: str = "ok", at: int = BEGAN, kind: str = ""
) -> Message:
    return Message(
        message_id=MessageId("m"), sender=sender, content=text, sent_at=from_ms(at), kind=kind
    )


def _pending(delivery: int = 7, text: str = "ok") -> PendingReply:
    return PendingReply(delivery=delivery, content=text, began=BEGAN)


def test_a_known_message_is_a_duplicate() -> None:
    """A message id that was seen is nothing new, whatever else it looks like."""
    decision = classify(_message(), known=True, pending=[_pending()])

    assert decision.disposition is Disposition.DUPLICATE


def test_a_property_message_with_the_words_of_a_reply_that_is_out_is_its_echo() -> None:
    """The echo may come before the answer to our own post."""
    decision = classify(_message(), known=False, pending=[_pending(1, "other"), _pending(2)])

    assert (decision.disposition, decision.reply) == (Disposition.ECHO, 2)


@pytest.mark.parametrize(
    "message",
    [
        # the guest wrote the same words
        _message(SenderKind.GUEST),
        # nobody knows who wrote it
        _message(SenderKind.UNKNOWN),
        # other words
        _message(text="okay"),
        # written long before our attempt began
        _message(at=BEGAN - SKEW_MS - 1),
    ],
)
def test_anything_else_is_shown(message: Message) -> None:
    """Only a property message of the right time and words is an echo."""
    decision = classify(message, known=False, pending=[_pending()])

    assert decision.disposition is Disposition.SHOW


def test_texts_are_compared_as_the_provider_shows_them() -> None:
    """Links that were stripped and blanks that were folded make no difference."""
    assert is_same_text("See https://example.com/a now", "See  now")
    assert is_same_text("a\r\nb", "a\nb")
    assert not is_same_text("Yes", "No")


def test_a_template_is_no_answer() -> None:
    """What was sent automatically does not answer the guest."""
    assert is_answer(_message())
    assert not is_answer(_message(kind="automatically_sent_template"))
    assert not is_answer(_message(SenderKind.GUEST))
