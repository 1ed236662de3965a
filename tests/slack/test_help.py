"""The help names what works here: it follows the settings that change it."""

from __future__ import annotations

import pytest

from bridgebot.bridge.replies import Rules, is_note
from bridgebot.slack.help import backfill_help, help_text, search_help


def test_the_commands_have_the_names_that_are_registered() -> None:
    """With ``COMMAND_PREFIX`` no line tells of a command that does not exist."""
    whole = "\n".join(
        [help_text("hotel-", Rules()), search_help("hotel-"), backfill_help("hotel-")]
    )

    for name in ("reservation", "unanswered", "bridgebot"):
        assert f"/hotel-{name} " in whole
        assert f"/{name}" not in whole


@pytest.mark.parametrize(
    ("prefixes", "said"),
    [
        (("//", "note:"), "begin with //, with note: or by mentioning somebody."),
        (("int:",), "begin with int: or by mentioning somebody."),
        ((), "begin by mentioning somebody."),
    ],
)
def test_notes_begin_with_the_signs_that_are_set(prefixes: tuple[str, ...], said: str) -> None:
    """With ``NOTE_PREFIXES`` nobody is told of a sign that would go to the guest."""
    assert said in help_text("", Rules(note_prefixes=prefixes))
    assert is_note({"text": "// x"}, prefixes) == ("//" in said)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("thread", "Replies in a thread go to the guest."),
        ("explicit", "until somebody sends it to the guest: More actions → Send to guest."),
        ("off", "nothing goes to the guest."),
    ],
)
def test_what_becomes_of_a_reply_is_told_by_the_policy(policy: str, said: str) -> None:
    """With ``REPLY_POLICY`` the last line says what happens to what is written."""
    last = help_text("", Rules(policy=policy)).splitlines()[-1]

    assert said in last
    assert ("To keep a message internal" in last) == (policy == "thread")
