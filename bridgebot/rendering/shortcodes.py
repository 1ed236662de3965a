"""Emoji names as Slack writes them, and the characters they stand for.

The tables of the ``emoji`` package take about 65 ms to load, so they are read at the first use.
"""

from __future__ import annotations

import re
from functools import cache

_NAME = re.compile(r"(?<![0-9]):([\w+'-]{1,100}):(?::skin-tone-([2-6]):)?")
_FLAG = re.compile(r"flag-([a-z]{2})")
_REGIONAL_A = 0x1F1E6
_FIRST_TONE = 0x1F3FB
_TONES = range(2, 7)
_VARIATION = "\ufe0f"

# Names Slack has kept from its own emoji set and the tables do not know.
_SLACK_NAMES = {
    "simple_smile": "🙂",
    "the_horns": "🤘",
    "face_palm": "🤦",
    "hand_with_index_and_middle_fingers_crossed": "🤞",
    "knife_fork_plate": "🍽️",
    "mostly_sunny": "🌤️",
    "sun_small_cloud": "🌤️",
    "barely_sunny": "🌥️",
    "sun_behind_cloud": "🌥️",
    "rain_cloud": "🌧️",
    "snow_cloud": "🌨️",
    "grinning_face_with_star_eyes": "🤩",
    "smiling_face_with_3_hearts": "🥰",
    "i_love_you_hand_sign": "🤟",
    "large_green_circle": "🟢",
    "xmas_tree": "🎄",
    "medal": "🎖️",
    "flag_england": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "flag_scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "flag_wales": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
}


def character(name: str, tone: int | None = None) -> str | None:
    """Give the emoji of a shortcode without colons; ``None`` for a custom or unknown one."""
    plain, _, suffix = name.lower().partition("::skin-tone-")
    if suffix.isdecimal():
        tone = int(suffix)
    flag = _FLAG.fullmatch(plain)
    if flag:
        return "".join(chr(_REGIONAL_A + ord(letter) - ord("a")) for letter in flag[1])
    found = _characters().get(plain.replace("-", "_"))
    return with_tone(found, tone) if found else None


def with_tone(emoji: str, tone: int | None) -> str:
    """Put Slack's skin tone (2 to 6) on an emoji that has none yet."""
    if (
        tone is None
        or tone not in _TONES
        or any(chr(_FIRST_TONE + step) in emoji for step in range(5))
    ):
        return emoji
    return emoji[0] + chr(_FIRST_TONE + tone - 2) + emoji[1:].removeprefix(_VARIATION)


def to_unicode(text: str) -> str:
    """Replace the shortcodes in a text by emoji; names nobody knows stay as they are."""
    return _NAME.sub(_replace, text) if ":" in text else text


def to_shortcodes(text: str) -> str:
    """Replace the emoji in a text by shortcodes, the form in which Slack gives a post back."""
    if text.isascii():
        return text
    import emoji  # noqa: PLC0415 - slow to load, see above

    return emoji.demojize(text, language="alias")


def _replace(match: re.Match[str]) -> str:
    tone = int(match[2]) if match[2] else None
    return character(match[1], tone) or match[0]


@cache
def _characters() -> dict[str, str]:
    import emoji  # noqa: PLC0415 - slow to load, see above

    shown = emoji.STATUS["fully_qualified"]
    table = dict(_SLACK_NAMES)
    known = [(char, data) for char, data in emoji.EMOJI_DATA.items() if data["status"] <= shown]
    # Slack's names are the aliases; the standard's English names only fill the gaps.
    for char, data in known:
        for alias in data.get("alias", ()):
            table.setdefault(_key(alias), char)
    for char, data in known:
        table.setdefault(_key(data["en"]), char)
    return table


def _key(name: str) -> str:
    return name.strip(":").lower().replace("-", "_")
