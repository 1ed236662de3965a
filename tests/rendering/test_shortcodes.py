"""Slack's emoji names and the characters they stand for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bridgebot.rendering.shortcodes import character, to_shortcodes, to_unicode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # an ordinary name
        ("Hi :wave:", "Hi 👋"),
        # with a sign and a second name
        (":+1: :thumbsup:", "👍 👍"),
        # two without space between
        (":tada::heart:", "🎉❤️"),
        # skin tones run from 2 to 6
        (":wave::skin-tone-2: :+1::skin-tone-6:", "👋🏻 👍🏿"),
        # a hyphen where the tables have an underscore
        (":woman-shrugging:", "🤷‍♀️"),
        # the tone comes before what is joined
        (":woman-shrugging::skin-tone-4:", "🤷🏽‍♀️"),
        # flags by country
        (":flag-de: :de:", "🇩🇪 🇩🇪"),
        # a name only Slack has
        (":knife_fork_plate:", "🍽️"),
        # a custom emoji
        (":our_hotel:", ":our_hotel:"),
        # the time of day is no emoji
        ("at 10:100:20", "at 10:100:20"),
    ],
)
def test_shortcodes_become_emoji(text: str, expected: str) -> None:
    """Known names become characters, others stay."""
    assert to_unicode(text) == expected


def test_a_name_may_carry_its_tone() -> None:
    """Slack's element names a tone inside the name as well."""
    assert character("wave::skin-tone-3") == "👋🏼"


@pytest.mark.parametrize("text", ["👍", "🎉 and 👋", "no emoji é", "plain"])
def test_shortcodes_round_trip(text: str) -> None:
    """What Slack gives back in shortcodes is the same text again."""
    assert to_unicode(to_shortcodes(text)) == text


def test_the_tables_are_not_loaded_at_import() -> None:
    """Importing the rendering does not pay for the emoji tables."""
    code = (
        "import sys, bridgebot.rendering.to_guest, bridgebot.rendering.blocks;"
        "sys.exit('emoji' in sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)  # noqa: S603 - our own
