"""Text someone else wrote: nothing lost, nothing hidden, nothing Slack would act on."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.rendering.literal import clip, cut_before, escape, neutral, split_text

FAMILY = "👨‍👩‍👧‍👦"
TEXTS = st.text() | st.text(alphabet=f"ab .!?\n\t&<>{FAMILY}🇩🇪👍🏽é\u0301\u200b\u202e。")


@given(TEXTS)
def test_escaping_can_be_undone_and_leaves_no_bracket(text: str) -> None:
    """Nothing but the three characters changes, and none of Slack's marks can remain."""
    escaped = escape(text)

    assert "<" not in escaped
    assert ">" not in escaped
    assert text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") == escaped


def test_escaping_is_what_html_undoes() -> None:
    """An escaped entity stays literal instead of being undone twice."""
    assert html.unescape(escape("&lt; <!channel> & co")) == "&lt; <!channel> & co"


@given(TEXTS)
def test_neutral_text_is_stable_and_encodable(text: str) -> None:
    """Neutralising twice changes nothing more, and the result can be sent."""
    once = neutral(text)
    once.encode()

    assert neutral(once) == once
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]", once
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a direction override makes an address read backwards
        ("pay \u202eknil\u202c", "pay knil"),
        # an isolate
        ("a\u2066b\u2069", "ab"),
        # zero width characters hide words from a search
        ("pass\u200bword\u2060\ufeff", "password"),
        # a joiner between letters hides as well
        ("a\u200db\u200c", "ab"),
        # a joiner inside an emoji is part of it
        (FAMILY, FAMILY),
        # also behind a variation selector
        ("❤️\u200d🔥", "❤️\u200d🔥"),
        # also behind a skin tone
        ("👩🏽\u200d🍳", "👩🏽\u200d🍳"),
        # Persian needs the non-joiner for spelling
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
        # tag characters carry hidden text outside a flag
        ("a\U000e0041\U000e0042", "a"),
        # inside a flag they are the flag
        (
            "🏴\U000e0067\U000e0062\U000e007f",
            "🏴\U000e0067\U000e0062\U000e007f",
        ),
        # line ends of all kinds
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        # tab and line end stay, other controls go
        ("a\tb\n\x00\x07\x9b", "a\tb\n"),
        # half a surrogate pair could not be sent
        ("a\ud83d", "a\ufffd"),
    ],
)
def test_neutral_takes_out_what_hides(text: str, expected: str) -> None:
    """Hidden characters go; what belongs to a script or an emoji stays."""
    assert neutral(text) == expected


@given(TEXTS, st.integers(min_value=1, max_value=40))
def test_splitting_loses_only_white_space(text: str, limit: int) -> None:
    """The parts are short, not empty, and together hold all that can be seen."""
    parts = split_text(text, limit)

    assert all(1 <= len(part) <= limit and part.strip() for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


@given(TEXTS, st.integers(min_value=1, max_value=40))
def test_parts_stand_in_the_text_in_order(text: str, limit: int) -> None:
    """Between two parts nothing but white space is left out."""
    end = 0
    for part in split_text(text, limit):
        start = text.index(part, end)
        assert not text[end:start].strip()
        end = start + len(part)
    assert not text[end:].strip()


@given(st.lists(st.sampled_from([FAMILY, "🇩🇪", "👍🏽", "e\u0301", "x"])), st.integers(12, 30))
def test_characters_as_people_see_them_stay_whole(seen: list[str], limit: int) -> None:
    """No cut falls inside an emoji sequence, a flag or an accented letter."""
    parts = split_text("".join(seen), limit)

    assert not [part for part in parts if part[0] in "\u200d\u0301🏽"]
    assert not [part for part in parts if part.endswith("\u200d")]
    assert "".join(parts).count("🇩🇪") == sum(part.count("🇩🇪") for part in parts)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        # short enough
        ("One two.", 8, ["One two."]),
        # at the paragraph, though a line end comes later
        ("One two three\n\nfour\nfive six seven", 24, ["One two three", "four\nfive six seven"]),
        # at the line, though a sentence ends later
        ("One two\nthree. four five", 16, ["One two", "three. four five"]),
        # at the sentence, though a word ends later
        ("One two. Three four five", 15, ["One two.", "Three four five"]),
        # at the word
        ("One two three four", 10, ["One two", "three four"]),
        # white space just behind the limit
        ("abcde fghij", 5, ["abcde", "fghij"]),
        # nowhere but in the word
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        # sentences without spaces
        ("你好世界。再见世界。", 8, ["你好世界。", "再见世界。"]),
        # nothing to see gives nothing
        (" \n ", 5, []),
    ],
)
def test_splits_at_sensible_places(text: str, limit: int, expected: list[str]) -> None:
    """Paragraph comes before line, line before sentence, sentence before word."""
    assert split_text(text, limit) == expected


def test_an_endless_accent_is_cut_all_the_same() -> None:
    """A letter with more accents than fit does not stop the splitting."""
    assert [len(part) for part in split_text("e" + "\u0301" * 20, 8)] == [8, 8, 5]


def test_clip_makes_one_line_and_shows_that_it_cut() -> None:
    """A name stays on one line and ends in an ellipsis when it is cut."""
    assert clip(" Ana\n\u202e Maria ", 80) == "Ana Maria"
    assert clip("abc" + FAMILY, 6) == "abc…"


def test_cut_before_the_end_is_the_end() -> None:
    """A text that fits is not cut."""
    assert cut_before("abc", 5) == 3
