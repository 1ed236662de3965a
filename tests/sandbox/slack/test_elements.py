"""Menus, pickers and fields: what a choice tells the app, what a form refuses by itself."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.sandbox.slack import elements
from bridgebot.sandbox.slack.state import SlackRefusalError
from tests.sandbox.slack.listener import Listener, listening
from tests.sandbox.slack.stand import ANNA, BOT, DESK, TOM, Stand
from tests.sandbox.slack.test_views import modal, text, triggered

LATE, EARLY = (
    {"text": {"type": "plain_text", "text": name}, "value": name} for name in ("late", "early")
)
OPTIONS: dict[str, Any] = {"options": [LATE, EARLY]}


def element(kind: str, **more: Any) -> dict[str, Any]:
    """Make an element."""
    return {"type": kind, "action_id": "a", **more}


def field(kind: str, *, optional: bool = False, **more: Any) -> list[dict[str, Any]]:
    """Make the blocks of a form with one field."""
    inside = {"element": element(kind, **more), "label": text("Field"), "optional": optional}
    return [{"type": "input", "block_id": "f", **inside}]


@pytest.mark.parametrize(
    ("chosen", "value", "told"),
    [
        (element("static_select", **OPTIONS), "late", {"selected_option": LATE}),
        (element("overflow", **OPTIONS), "early", {"selected_option": EARLY}),
        (element("radio_buttons", **OPTIONS), "late", {"selected_option": LATE}),
        (element("radio_buttons", **OPTIONS), None, {"selected_option": None}),
        (element("checkboxes", **OPTIONS), ["early"], {"selected_options": [EARLY]}),
        (element("multi_static_select", **OPTIONS), [], {"selected_options": []}),
        (
            element("static_select", option_groups=[{"label": text("When"), "options": [LATE]}]),
            "late",
            {"selected_option": LATE},
        ),
        (element("users_select"), ANNA, {"selected_user": ANNA}),
        (element("multi_users_select"), [ANNA, TOM], {"selected_users": [ANNA, TOM]}),
        (element("conversations_select"), DESK, {"selected_conversation": DESK}),
        (element("multi_conversations_select"), [DESK], {"selected_conversations": [DESK]}),
        (element("channels_select"), DESK, {"selected_channel": DESK}),
        (element("multi_channels_select"), [DESK], {"selected_channels": [DESK]}),
        (element("datepicker"), "2026-12-24", {"selected_date": "2026-12-24"}),
        (element("timepicker"), "18:30", {"selected_time": "18:30"}),
        (element("datetimepicker"), 1795260697, {"selected_date_time": 1795260697}),
    ],
)
async def test_a_choice_tells_slacks_field(
    stand: Stand, chosen: dict[str, Any], value: object, told: dict[str, Any]
) -> None:
    """In a message, in ``actions`` and ``state.values`` alike; an overflow has no state."""
    blocks = [{"type": "actions", "block_id": "b", "elements": [chosen]}]
    ts = await stand.post("Choose", blocks=blocks)
    async with listening(stand) as app:
        stand.slack.interactions.act(ANNA, DESK, ts, "a", value)
        payload = await app.payload(type="block_actions")

    (action,) = payload["actions"]
    assert action | {"action_ts": ""} == {
        "type": chosen["type"],
        "action_id": "a",
        "block_id": "b",
        "action_ts": "",
        **told,
    }
    kept = {"b": {"a": {"type": chosen["type"], **told}}}
    assert payload["state"]["values"] == ({} if chosen["type"] == "overflow" else kept)


async def test_each_person_keeps_a_choice_of_their_own(stand: Stand) -> None:
    """A message's menus are remembered for who chose, and begin as the app said."""
    menus = [
        element("static_select", **OPTIONS, initial_option=LATE),
        element("datepicker") | {"action_id": "day"},
    ]
    ts = await stand.post("x", blocks=[{"type": "actions", "block_id": "b", "elements": menus}])
    async with listening(stand) as app:
        stand.slack.interactions.act(ANNA, DESK, ts, "a", "early")
        stand.slack.interactions.act(ANNA, DESK, ts, "day", "2026-12-24")
        stand.slack.interactions.act(TOM, DESK, ts, "day", "2026-12-31")
        payloads = await app.wait(3)

    options = [each["state"]["values"]["b"]["a"]["selected_option"] for each in payloads]
    days = [each["state"]["values"]["b"]["day"]["selected_date"] for each in payloads]
    seen = {(each["user"]["id"], *pair) for each, *pair in zip(payloads, days, strict=True)}
    assert options.count(EARLY) == 2
    assert options.count(LATE) == 1
    assert seen == {(ANNA, None), (ANNA, "2026-12-24"), (TOM, "2026-12-31")}


@pytest.mark.parametrize(
    ("action", "value", "error"),
    [("a", "never", "no_such_option"), ("none", "late", "no_such_button")],
)
async def test_what_is_not_offered_cannot_be_chosen(
    stand: Stand, action: str, value: str, error: str
) -> None:
    """Neither another option nor another element."""
    menu = element("static_select", **OPTIONS)
    ts = await stand.post("x", blocks=[{"type": "actions", "elements": [menu]}])

    with pytest.raises(SlackRefusalError, match=error):
        stand.slack.interactions.act(ANNA, DESK, ts, action, value)


async def test_elements_without_a_name_get_one(stand: Stand) -> None:
    """Slack gives an ``action_id`` to a button that has none."""
    button = {"type": "button", "text": text("Go")}
    ts = await stand.post("x", blocks=[{"type": "actions", "elements": [button]}])

    ((block,), kept) = stand.workspace.message(DESK, ts)["blocks"], button
    assert block["elements"][0]["action_id"]
    assert "action_id" not in kept


@pytest.mark.parametrize(
    ("blocks", "value", "words"),
    [
        (field("plain_text_input"), None, elements.REQUIRED),
        (field("plain_text_input", optional=True), None, ""),
        (field("plain_text_input", max_length=3), "four", "Must be 3 characters or fewer."),
        (field("plain_text_input", min_length=3), "in", "Must be at least 3 characters."),
        (field("email_text_input"), "ada@", "Please enter a valid email address."),
        (field("email_text_input"), "ada@hotel.example", ""),
        (field("url_text_input"), "hotel", "Please enter a valid URL."),
        (field("number_input"), "two", "Please enter a number."),
        (field("number_input"), "2.5", "Please enter a whole number."),
        (field("number_input", is_decimal_allowed=True), "2.5", ""),
        (field("number_input", min_value="2"), "1", "Must be 2 or more."),
        (field("number_input", max_value="2"), "3", "Must be 2 or less."),
        (field("datepicker"), "tomorrow", "Please enter a date."),
        (field("timepicker"), "noon", "Please enter a time."),
        (field("checkboxes", **OPTIONS), [], elements.REQUIRED),
        (
            field("multi_users_select", max_selected_items=1),
            [ANNA, TOM],
            "Choose 1 at most.",
        ),
        (field("rich_text_input"), "*Hello*", ""),
    ],
)
def test_a_form_refuses_what_slacks_own_would(
    blocks: list[dict[str, Any]], value: object, words: str
) -> None:
    """It says so beside the field, in words."""
    found = elements.typed(blocks, {"f": {"a": value}})

    assert elements.problems(blocks, found) == ({"f": words} if words else {})


async def open_form(stand: Stand, app: Listener, **more: Any) -> dict[str, Any]:
    """Open a modal with a required field."""
    trigger = await triggered(stand, app)
    answer = await stand.client.views_open(trigger_id=trigger, view=modal(**more))
    view: dict[str, Any] = answer["view"]
    return view


async def test_an_incomplete_form_is_not_sent(stand: Stand) -> None:
    """The app hears of it when it is complete, with every field's value."""
    async with listening(stand) as app:
        await open_form(stand, app)
        assert not stand.slack.modals.fill(ANNA, {})
        assert stand.slack.modals.errors[ANNA] == {"f": elements.REQUIRED}
        assert stand.slack.modals.fill(ANNA, {"f": {"a": "12"}})
        told = await app.payload(type="view_submission")

    assert len([each for each in app.payloads if each.get("type") == "view_submission"]) == 1
    assert told["view"]["state"]["values"] == {
        "f": {"a": {"type": "plain_text_input", "value": "12"}}
    }


async def test_what_was_typed_stays_when_a_form_changes(stand: Stand) -> None:
    """Slack keeps a field's value where block and action keep their names."""
    async with listening(stand) as app:
        view = await open_form(stand, app)
        stand.slack.modals.act(ANNA, "a", "12", block_id="f")
        told = await app.payload(type="block_actions")
        await stand.client.views_update(view_id=view["id"], view=modal("Two"))
        stand.slack.modals.fill(ANNA, {})
        sent = await app.payload(type="view_submission")

    assert told["view"]["state"]["values"]["f"]["a"]["value"] == "12"
    assert sent["view"]["state"]["values"]["f"]["a"]["value"] == "12"


async def test_a_form_that_nobody_takes_says_so(stand: Stand) -> None:
    """After three seconds the person may try again; the form stays open."""
    async with listening(stand) as app:
        await open_form(stand, app)
        app.silent = True
        stand.slack.sockets.ack_seconds = 0.1
        stand.slack.modals.fill(ANNA, {"f": {"a": "12"}})
        await stand.until(lambda: stand.slack.modals.errors[ANNA])

    assert "Try again" in stand.slack.modals.errors[ANNA][""]
    assert len(stand.workspace.stacks[ANNA]) == 1


@pytest.mark.parametrize("connected", [True, False])
async def test_a_command_that_nobody_takes_is_told_by_slackbot(
    stand: Stand, *, connected: bool
) -> None:
    """The words name Slack's two errors: no answer in time, or nobody there."""
    stand.slack.sockets.ack_seconds = 0.1
    if connected:
        async with listening(stand, silent=True):
            stand.slack.interactions.slash_command(ANNA, DESK, "/open", "")
            await stand.until(lambda: stand.workspace.ephemerals)
    else:
        stand.slack.interactions.slash_command(ANNA, DESK, "/open", "")
        await stand.until(lambda: stand.workspace.ephemerals)

    (shown,) = stand.workspace.ephemerals
    error = "operation_timeout" if connected else "dispatch_failed"
    assert (shown["user"], shown["app"]) == (ANNA, "")
    assert shown["text"] == f'`/open` failed with the error "{error}"'


async def test_a_global_shortcut_opens_a_form(stand: Stand) -> None:
    """It has a ``trigger_id``, no channel and no ``response_url``; no answer is taken."""
    async with listening(stand) as app:
        stand.slack.interactions.global_shortcut(ANNA, "taxi")
        told = await app.payload(type="shortcut")
        await stand.client.views_open(trigger_id=told["trigger_id"], view=modal())

    assert (told["callback_id"], told["user"]["id"]) == ("taxi", ANNA)
    assert not told.keys() & {"channel", "response_url", "message"}
    (envelope,) = [each for each in app.envelopes if each["payload"] is told]
    assert envelope["accepts_response_payload"] is False
    assert len(stand.workspace.stacks[ANNA]) == 1


async def test_menus_of_a_home_tab_are_used(stand: Stand) -> None:
    """The view in the payload holds the choice."""
    menu = element("static_select", **OPTIONS)
    view = {"type": "home", "blocks": [{"type": "actions", "block_id": "b", "elements": [menu]}]}
    await stand.client.views_publish(user_id=ANNA, view=view)
    async with listening(stand) as app:
        stand.slack.modals.act_at_home(ANNA, BOT.app_id, "a", "late")
        told = await app.payload(type="block_actions")

    assert told["actions"][0]["selected_option"] == LATE
    assert told["view"]["state"]["values"]["b"]["a"]["selected_option"] == LATE
