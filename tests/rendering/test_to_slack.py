"""What Slack shows of a provider's message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridgebot.model import Message, MessageId, SenderKind
from bridgebot.rendering.post import Post
from bridgebot.rendering.to_slack import escape, message_posts, neutral

SENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GUEST = SenderKind.GUEST


def render(
    content: str,
    *,
    sender: SenderKind = GUEST,
    kind: str = "free_text",
    name: str | None = "Ana Lima",
    later: float = 0,
    attachments: int = 0,
    attributes: Mapping[str, str] | None = None,
) -> list[Post]:
    """Render a message sent at noon."""
    message = Message(
        message_id=MessageId("m1"),
        sender=sender,
        content=content,
        sent_at=SENT,
        kind=kind,
        attributes=attributes or {},
        attachment_ids=tuple(map(str, range(attachments))),
    )
    return message_posts(
        "booking",
        message,
        guest_name=name,
        provider_label="Booking.com",
        shown_at=SENT + timedelta(minutes=later),
    )


def test_an_ordinary_guest_message_is_one_literal_text() -> None:
    """A guest's words stand alone, under the guest's name, not parsed."""
    assert render("Hi <!channel> *x* & <https://evil.example|Bank>") == [
        Post(
            text="Hi &lt;!channel&gt; *x* &amp; &lt;https://evil.example|Bank&gt;",
            blocks=(
                {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [
                                {
                                    "type": "text",
                                    "text": "Hi <!channel> *x* & <https://evil.example|Bank>",
                                }
                            ],
                        }
                    ],
                },
            ),
            username="Ana Lima (guest)",
            icon_emoji=":bust_in_silhouette:",
            event_type="bridgebot_message",
            payload={"provider": "booking", "message_id": "m1"},
        )
    ]


@pytest.mark.parametrize(
    ("content", "links"),
    [
        # an address shows itself
        ("see https://example.com/a?b=1#c now", ["https://example.com/a?b=1#c"]),
        # punctuation behind it is not part of it
        ("(https://example.com/a).", ["https://example.com/a"]),
        # a user part pretends to be the host
        ("https://booking.com@evil.example/", []),
        # look-alike letters in the host
        ("https://b\u043e\u043eking.com/", []),
        # other schemes are no links
        ("javascript:alert(1) ftp://example.com file:///x mailto:a@example.com", []),
        # nothing behind the scheme
        ("https:// and http://", []),
    ],
)
def test_only_honest_addresses_become_links(content: str, links: list[str]) -> None:
    """A link's words are its address; whatever could disguise one stays text."""
    (post,) = render(content)
    elements = post.blocks[0]["elements"][0]["elements"]  # type: ignore[index]

    assert [item["url"] for item in elements if item["type"] == "link"] == links
    assert "".join(item["text"] for item in elements) == content


@pytest.mark.parametrize(
    ("sender", "kind", "name", "expected"),
    [
        # a guest
        (GUEST, "free_text", "Ana", ("Ana (guest)", ":bust_in_silhouette:")),
        # a guest without a name
        (GUEST, "free_text", None, ("Guest", ":bust_in_silhouette:")),
        # a name of blanks and hidden characters
        (GUEST, "free_text", " \u202e\n ", ("Guest", ":bust_in_silhouette:")),
        # a long name keeps the mark
        (GUEST, "", "x" * 200, ("x" * 71 + "… (guest)", ":bust_in_silhouette:")),
        # the property, in the extranet
        (SenderKind.PROPERTY, "free_text", "Ana", ("Property, outside Slack", ":hotel:")),
        # the property's automatic template
        (
            SenderKind.PROPERTY,
            "automatically_sent_template",
            "Ana",
            ("Automatic template: Welcome", ":robot_face:"),
        ),
        # nobody knows
        (SenderKind.UNKNOWN, "free_text", "Ana", ("Unknown sender", ":grey_question:")),
    ],
)
def test_shows_who_wrote(
    sender: SenderKind, kind: str, name: str | None, expected: tuple[str, str]
) -> None:
    """Nobody is shown as someone else."""
    (post,) = render(
        "Hi", sender=sender, kind=kind, name=name, attributes={"template_name": "Welcome"}
    )

    assert (post.username, post.icon_emoji) == expected


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        # e-mail
        ("email", {}, ["E-mail"]),
        # template with its name
        (
            "automatically_sent_template",
            {"template_name": "Welcome"},
            ["Automatic template: Welcome"],
        ),
        # template with only an id
        ("automatically_sent_template", {"template_id": "7"}, ["Automatic template: 7"]),
        # template without anything
        ("automatically_sent_template", {}, ["Automatic template"]),
        # requests the next reply answers
        *(
            (
                "self_service_event",
                {"self_service_topic": topic},
                [f"Guest request: {words}", "The next reply counts as the answer"],
            )
            for topic, words in (
                ("checkin", "check-in time"),
                ("checkout", "check-out time"),
                ("bed_type", "bed preference"),
                ("extra_crib", "extra crib"),
                ("extra_bed", "extra bed"),
            )
        ),
        # requests only the extranet can answer
        *(
            (
                "self_service_event",
                {"self_service_topic": topic},
                [
                    f"Guest request: {words}",
                    "Answer it in the Booking.com extranet: a reply here does not count",
                ],
            )
            for topic, words in (
                ("change_dates_nr", "change of dates"),
                ("cancel_booking", "cancellation"),
                ("booking_basic_waive_fee", "cancellation without the fee"),
            )
        ),
        # a request that is neither
        ("self_service_event", {"self_service_topic": "parking"}, ["Guest request: parking"]),
        (
            "self_service_event",
            {"self_service_topic": "free_text_parking"},
            ["Guest request: parking"],
        ),
        # a topic of tomorrow
        ("self_service_event", {"self_service_topic": "late_spa"}, ["Guest request: late spa"]),
        # no topic
        ("self_service_event", {}, ["Guest request"]),
        # request to book
        ("request_to_book_event", {}, ["Request to book: news, see the text"]),
        # a kind of tomorrow
        ("voice_note", {}, ["Kind of message: voice note"]),
        # plain text, and a provider without kinds
        ("free_text", {}, []),
        ("", {}, []),
        # redacted
        ("free_text", {"is_redacted": "true"}, ["Redacted by Booking.com"]),
        # not redacted
        ("free_text", {"is_redacted": "false"}, []),
    ],
)
def test_says_what_is_out_of_the_ordinary(
    kind: str,
    attributes: dict[str, str],
    expected: list[str],
    check_limits: Callable[[Post], None],
) -> None:
    """The small print names the kind of message in words, and nothing for plain text."""
    (post,) = render("Hi", kind=kind, attributes=attributes)
    check_limits(post)
    notes = post.blocks[1]["elements"] if len(post.blocks) > 1 else []

    assert [note["text"] for note in notes] == expected  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "1 picture, open it in the extranet"),
        (3, "3 pictures, open them in the extranet"),
    ],
)
def test_counts_pictures(count: int, expected: str, shown_words: Callable[[Post], str]) -> None:
    """Pictures are announced until they are bridged."""
    assert expected in shown_words(render("Hi", attachments=count)[0])


@pytest.mark.parametrize(("later", "expected"), [(2, False), (-1, False), (3, True), (-3, True)])
def test_shows_when_it_was_sent_only_if_that_differs(
    later: float,
    expected: bool,
    shown_words: Callable[[Post], str],
) -> None:
    """More than two minutes apart, the time sent is shown in the reader's zone."""
    words = shown_words(render("Hi", later=later)[0])
    date = "sent <!date^1772366400^{date_short_pretty} {time}|2026-03-01 12:00 UTC>"

    assert (date in words) is expected


@pytest.mark.parametrize("content", ["", " \n", "\u200b\x00"])
def test_an_empty_message_says_so(content: str, check_limits: Callable[[Post], None]) -> None:
    """Slack takes no empty text, and staff should see that something came."""
    (post,) = render(content)
    check_limits(post)

    assert post.text == "(no text)"


def test_the_earlier_message_in_a_mail_is_folded(shown_words: Callable[[Post], str]) -> None:
    """What a mail quotes stands apart as a quotation, and nothing of it is lost."""
    content = (
        "Thanks!\n\nOn Mon, 2 Mar 2026 at 10:00, Hotel\n<h@example.com> wrote:\n> Welcome\n> Ana"
    )
    (post,) = render(content, kind="email")

    assert post.text == escape(content)
    assert [block["type"] for block in post.blocks] == [
        "rich_text",
        "context",
        "rich_text",
        "context",
    ]
    assert "earlier message quoted\nOn Mon" in shown_words(post)


@pytest.mark.parametrize(
    ("content", "body"),
    [
        # Outlook, German
        ("Danke\n\nVon: Hotel\nGesendet: Montag\nAn: Ana", "Danke"),
        # a rule
        ("Merci\n-----Original Message-----\nold", "Merci"),
        # marked lines to the end
        ("Yes\n> a\n>\n> b\n", "Yes"),
        # French
        ("Oui\nLe 2 mars 2026, Hotel a écrit :\n> vieux", "Oui"),
        # marked lines with an answer below are no tail
        ("> a\nmy answer", None),
        # the guest's own sentence
        ("On Monday we arrive at 10:00.\nFrom: Lisbon", None),
        # nothing but a quotation
        ("> a\n> b", None),
    ],
)
def test_finds_where_a_mail_quotes(content: str, body: str | None) -> None:
    """Only what follows the guest's own words counts as quoted."""
    (post,) = render(content, kind="email")
    is_folded = len(post.blocks) > 2

    assert is_folded is (body is not None)
    if body is not None:
        section = post.blocks[0]["elements"][0]  # type: ignore[index]
        assert section["elements"][0]["text"] == body


def test_a_long_message_takes_several_posts(check_limits: Callable[[Post], None]) -> None:
    """Each part names the message, its number and how many there are; the kind stands once."""
    posts = render("Some words here. " * 500, kind="email", later=5)
    for post in posts:
        check_limits(post)

    assert [post.payload for post in posts] == [
        {"provider": "booking", "message_id": "m1", "part": part, "parts": 3} for part in (1, 2, 3)
    ]
    assert ["E-mail" in str(post.blocks) for post in posts] == [True, False, False]


def test_a_long_mail_keeps_body_and_quotation_apart(check_limits: Callable[[Post], None]) -> None:
    """A tail that does not fit beside the body comes in posts of its own."""
    content = "word " * 500 + "\n-- Original Message --\n" + "old " * 800
    posts = render(content, kind="email")
    for post in posts:
        check_limits(post)

    assert len(posts) == 3
    assert "".join("".join(post.text.split()) for post in posts) == "".join(content.split())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    seed=st.text(max_size=60) | st.text(alphabet="&<>👍 \n>hOnwrote:/.", max_size=60),
    times=st.integers(1, 150),
    kind=st.sampled_from(["email", "free_text", "self_service_event", "?"]),
    name=st.text(max_size=120),
)
def test_any_message_fits_and_is_complete(
    seed: str, times: int, kind: str, name: str, check_limits: Callable[[Post], None]
) -> None:
    """Whatever a guest writes, Slack takes it and all that can be seen is there."""
    content = seed * times
    posts = render(content, kind=kind, name=name, later=5, attributes={"self_service_topic": name})
    for post in posts:
        check_limits(post)
    shown = "".join(post.text for post in posts)

    expected = escape(neutral(content)) if neutral(content).strip() else "(no text)"
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", expected)
