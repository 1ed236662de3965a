"""What a guest receives of a staff message."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.rendering.to_guest import Mentioned, Names, mentioned, to_guest

NAMES = Names(users={"U1": "Ana"}, channels={"C1": "front-desk"}, groups={"S1": "@night-team"})

Json = Mapping[str, object]


def text(value: str, **style: bool) -> Json:
    """Build a text element."""
    return {"type": "text", "text": value} | ({"style": style} if style else {})


def part(kind: str, *elements: object, **more: object) -> Json:
    """Build a part of a rich text."""
    return {"type": f"rich_text_{kind}", "elements": list(elements), **more}


def items(style: str, *words: str, **more: object) -> Json:
    """Build a list of plain items."""
    return part("list", *(part("section", text(word)) for word in words), style=style, **more)


def event(*parts: object, fallback: str = "fallback") -> Json:
    """Build a message event with a rich text block."""
    return {"text": fallback, "blocks": [{"type": "rich_text", "elements": list(parts)}]}


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        # styles are dropped, signs in the text stay
        (text("2*3*4 _x_", bold=True, italic=True), "2*3*4 _x_"),
        # code
        (text("WIFI_2024", code=True), "WIFI_2024"),
        # rich text is not escaped
        (text("a &amp; <b>"), "a &amp; <b>"),
        # link with its own words
        (
            {"type": "link", "url": "https://example.com/map", "text": "the map"},
            "the map (https://example.com/map)",
        ),
        # bare link
        ({"type": "link", "url": "https://example.com"}, "https://example.com"),
        # words equal to the address
        (
            {"type": "link", "url": "https://example.com", "text": "https://example.com"},
            "https://example.com",
        ),
        # Slack completed what was typed
        ({"type": "link", "url": "http://example.com", "text": "example.com"}, "example.com"),
        # a mail address
        ({"type": "link", "url": "mailto:a@example.com", "text": "a@example.com"}, "a@example.com"),
        # a colleague by name
        ({"type": "user", "user_id": "U1"}, "Ana"),
        # a colleague without a known name: never the id
        ({"type": "user", "user_id": "U2"}, "a colleague"),
        # a group
        ({"type": "usergroup", "usergroup_id": "S1"}, "night-team"),
        # a group without a known name
        ({"type": "usergroup", "usergroup_id": "S2"}, "our team"),
        # a channel
        ({"type": "channel", "channel_id": "C1"}, "front-desk"),
        # a channel without a known name
        ({"type": "channel", "channel_id": "C2"}, "a channel"),
        # everyone
        ({"type": "broadcast", "range": "here"}, "everyone"),
        # emoji by code point
        ({"type": "emoji", "name": "wave", "unicode": "1f44b"}, "👋"),
        # with a skin tone in the code
        ({"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fd", "skin_tone": 4}, "👋🏽"),
        # with a skin tone beside the code
        ({"type": "emoji", "name": "wave", "unicode": "1f44b", "skin_tone": 4}, "👋🏽"),
        # joined
        (
            {"type": "emoji", "name": "family", "unicode": "1f468-200d-1f469-200d-1f467"},
            "👨‍👩‍👧",
        ),
        # by name only
        ({"type": "emoji", "name": "tada"}, "🎉"),
        # custom
        ({"type": "emoji", "name": "our_hotel"}, ":our_hotel:"),
        # a code point that is none
        ({"type": "emoji", "name": "tada", "unicode": "zz-110000"}, "🎉"),
        # half a surrogate pair
        ({"type": "emoji", "name": "tada", "unicode": "d83d"}, "🎉"),
        # date
        ({"type": "date", "timestamp": 0, "format": "{date}", "fallback": "1 Jan"}, "1 Jan"),
        # date without words
        ({"type": "date", "timestamp": 0}, "1970-01-01 00:00 UTC"),
        # date out of range
        ({"type": "date", "timestamp": 10**20}, "100000000000000000000"),
        # colour
        ({"type": "color", "value": "#F405B3"}, "#F405B3"),
        # unknown elements give the text they have
        ({"type": "new_thing", "text": "words"}, "words"),
        ({"type": "new_thing", "elements": [text("in"), text("side")]}, "inside"),
        ({"type": "new_thing", "text": {"type": "mrkdwn", "text": "*b*"}}, "b"),
    ],
)
def test_renders_each_element(element: Json, expected: str) -> None:
    """Each element of a rich text becomes plain words."""
    assert to_guest(event(part("section", element)), NAMES) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # a section's last line end is not shown before a list
        ([part("section", text("Bring:\n")), items("bullet", "a", "b")], "Bring:\n• a\n• b"),
        # numbers
        ([items("ordered", "a", "b")], "1. a\n2. b"),
        # numbers with an offset
        ([items("ordered", "c", offset=2)], "3. c"),
        # a deeper list between two halves of a numbered one
        (
            [items("ordered", "a"), items("bullet", "x", indent=1), items("ordered", "b")],
            "1. a\n    • x\n2. b",
        ),
        # a deeper numbered list starts anew each time
        (
            [
                items("ordered", "a"),
                items("ordered", "x", indent=1),
                items("ordered", "b"),
                items("ordered", "y", indent=1),
            ],
            "1. a\n    1. x\n2. b\n    1. y",
        ),
        # text between ends the numbering
        (
            [items("ordered", "a"), part("section", text("-")), items("ordered", "b")],
            "1. a\n-\n1. b",
        ),
        # an item of two lines
        ([items("bullet", "a\nb")], "• a\n  b"),
        # quotes
        ([part("quote", text("a\n\nb"))], "> a\n>\n> b"),
        # a list in a quote
        ([items("bullet", "a", border=1)], "> • a"),
        # preformatted text keeps its columns
        ([part("preformatted", text("a   b\n  c"))], "a   b\n  c"),
        # an empty line between sections
        ([part("section", text("a\n\n")), part("quote", text("q"))], "a\n\n> q"),
        # an unknown part
        ([part("table_of_tomorrow", text("a"))], "a"),
        # white space at ends of lines, many empty lines, foreign line ends
        ([part("section", text("a  \r\nb\n\n\n\n\n\nc \n"))], "a\nb\n\n\nc"),
    ],
)
def test_renders_each_part(parts: list[Json], expected: str) -> None:
    """Sections, lists, quotes and preformatted text keep their shape."""
    assert to_guest(event(*parts), NAMES) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        # entities, each undone once
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        # a colleague: the known name, else the label, else words
        ("<@U1> <@U2|bo> <@U3>", "Ana bo a colleague"),
        # channels
        ("<#C1|old-name> <#C2|bar> <#C3> <#C4|>", "front-desk bar a channel a channel"),
        # everyone
        ("<!here> <!channel> <!everyone|@everyone>", "everyone everyone everyone"),
        # groups
        ("<!subteam^S1> <!subteam^S2|@spa> <!subteam^S3>", "night-team spa our team"),
        # links
        (
            "<https://example.com/a?b=1&amp;c=2|the map> <https://example.com>",
            "the map (https://example.com/a?b=1&c=2) https://example.com",
        ),
        # what Slack completed
        ("<http://example.com|example.com>", "example.com"),
        # mail and telephone
        (
            "<mailto:a@example.com|a@example.com> <mailto:a@example.com|us> <tel:+3412|+34 12>",
            "a@example.com us (a@example.com) +34 12",
        ),
        # dates
        ("<!date^1392734382^{date_short}|18 Feb 2014>", "18 Feb 2014"),
        # an unknown special mention
        ("<!new^1|words> <!new>", "words new"),
        # no entity at all
        ("<3 and <b>", "<3 and <b>"),
        # emoji, tone, custom
        (":wave::skin-tone-3: :our_hotel:", "👋🏼 :our_hotel:"),
        # formatting
        ("*bold* _italic_ ~gone~ *_both_* _*~all~*_", "bold italic gone both all"),
        # formatting around a mention
        ("*ask <@U1>*", "ask Ana"),
        # signs that are no formatting
        ("2*3*4 snake_case_name * a * ~ 5 **", "2*3*4 snake_case_name * a * ~ 5 **"),
        # an address keeps its underscores
        ("<https://example.com/_a_/*b*>", "https://example.com/_a_/*b*"),
        # code keeps its signs
        ("`a_b_c *d* :tada:` and ```x\n  *y* &lt;z&gt;\n```", "a_b_c *d* :tada: and x\n  *y* <z>"),
        # a link in code
        ("`see <https://example.com>`", "see https://example.com"),
        # a lone tick
        ("5` tall", "5` tall"),
        # quote
        ("&gt; quoted\nanswer", "> quoted\nanswer"),
        # half a surrogate pair, a NUL between digits
        ("a\ud83d \x000\x00", "a\ufffd 0"),
    ],
)
def test_renders_text_without_blocks(raw: str, expected: str) -> None:
    """Messages without a rich text are read from their marked-up text."""
    assert to_guest({"text": raw}, NAMES) == expected


@pytest.mark.parametrize(
    "blocks",
    [
        # no blocks
        None,
        # not a list
        "junk",
        # nothing rich in them
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}],
        # broken inside
        [{"type": "rich_text", "elements": [None, 3, {"type": "rich_text_list", "elements": "x"}]}],
        # nothing to see
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}],
    ],
)
def test_falls_back_to_the_text(blocks: object) -> None:
    """Where the blocks say nothing, the text does."""
    assert to_guest({"text": "*hello*", "blocks": blocks}, NAMES) == "hello"


def test_very_deep_nesting_ends() -> None:
    """A rich text nested without end is cut off instead of exhausting the stack."""
    deep: Json = text("x")
    for _ in range(500):
        deep = {"type": "new", "elements": [deep]}

    assert to_guest(event(part("section", deep)), NAMES) == "fallback"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "elements", "text", "unicode", "timestamp", "indent", "style"]
            ),
            inner
            | st.sampled_from(["rich_text", "rich_text_list", "text", "emoji", "date", "ordered"]),
        )
    ),
)


@given(JSON, JSON)
def test_malformed_input_never_raises(blocks: object, fallback: object) -> None:
    """Whatever JSON comes, the result is text without loose ends."""
    message: Json = {"text": fallback, "blocks": blocks}
    result = to_guest(message, NAMES)
    mentioned(message)

    assert result == result.strip()


@given(st.text(alphabet="ab*_~`<>@U1|!&;:\0 \n#", max_size=40))
def test_any_text_can_be_rendered(raw: str) -> None:
    """No mixture of signs breaks the reading of marked-up text."""
    assert "\0" not in to_guest({"text": raw}, NAMES)


def test_mentions_are_found_in_blocks_and_text() -> None:
    """The ids to look up come from both forms of a message."""
    message = event(
        part("section", {"type": "user", "user_id": "U1"}),
        part("list", part("section", {"type": "usergroup", "usergroup_id": "S1"})),
        part("quote", {"type": "channel", "channel_id": "C1"}),
        fallback="<@W2|x> <#C2|y> <!subteam^S2|@z> <!here>",
    )

    assert mentioned(message) == Mentioned(
        users=frozenset({"U1", "W2"}),
        channels=frozenset({"C1", "C2"}),
        groups=frozenset({"S1", "S2"}),
    )
