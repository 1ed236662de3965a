"""Modals and Home tabs: opened, changed and published through the client, used by people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bridgebot.sandbox.slack.state import SlackRefusalError
from tests.sandbox.slack.listener import Listener, bolt_app, connected, listening
from tests.sandbox.slack.stand import ANNA, BOT, DESK, POOR, Stand

FIELD = {"f": {"a": {"type": "plain_text_input", "value": "7"}}}


def text(words: str) -> dict[str, Any]:
    """Make a plain text."""
    return {"type": "plain_text", "text": words}


def modal(title: str = "One", **more: Any) -> dict[str, Any]:
    """Make a modal with a field and a button."""
    return {
        "type": "modal",
        "title": text(title),
        "submit": text("Save"),
        "callback_id": "one",
        "blocks": [
            {
                "type": "input",
                "block_id": "f",
                "label": text("Field"),
                "element": {"type": "plain_text_input", "action_id": "a"},
            },
            {
                "type": "section",
                "block_id": "s",
                "text": text("Press"),
                "accessory": {"type": "button", "action_id": "go", "text": text("Go")},
            },
        ],
        **more,
    }


def home(words: str = "Hello") -> dict[str, Any]:
    """Make a Home tab with a button."""
    button = {"type": "button", "action_id": "go", "text": text(words), "value": "1"}
    return {"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}


async def triggered(stand: Stand, app: Listener) -> str:
    """Type a command; return the ``trigger_id``."""
    app.frames.clear()
    stand.slack.interactions.slash_command(ANNA, DESK, "/open", "")
    return str((await app.payload(command="/open"))["trigger_id"])


async def opened(stand: Stand, app: Listener, **more: Any) -> dict[str, Any]:
    """Open a modal."""
    trigger = await triggered(stand, app)
    view: dict[str, Any] = (await stand.client.views_open(trigger_id=trigger, view=modal(**more)))[
        "view"
    ]
    return view


def titles(stand: Stand) -> list[str]:
    """List the titles of the modals that are open."""
    return [each["title"]["text"] for each in stand.workspace.stacks.get(ANNA, [])]


async def test_a_trigger_is_good_once_and_for_three_seconds(stand: Stand) -> None:
    """Used, expired, unknown and another app's are told apart."""
    async with listening(stand) as app:
        used, late = await triggered(stand, app), await triggered(stand, app)
        foreign = await triggered(stand, app)
        await stand.client.views_open(trigger_id=used, view=modal())
        errors = [await stand.refusal("views.open", trigger_id=used, view=modal())]
        stand.clock.ahead = 3.1
        errors += [
            await stand.refusal("views.open", trigger_id=each, view=modal())
            for each in (late, "1.2.3")
        ]
        with pytest.raises(SlackApiError) as told:
            await stand.as_(POOR.bot_token).views_open(trigger_id=foreign, view=modal())

    assert errors == ["exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id"]
    assert told.value.response["error"] == "invalid_trigger_id"


async def test_a_wrong_view_does_not_use_up_the_trigger(stand: Stand) -> None:
    """The view is looked at first."""
    async with listening(stand) as app:
        trigger = await triggered(stand, app)
        wrong = await stand.refusal("views.open", trigger_id=trigger, view={"type": "home"})
        right = await stand.refusal("views.open", trigger_id=trigger, view=modal())

    assert (wrong, right) == ("invalid_arguments", "ok")


@pytest.mark.parametrize(
    ("view", "error"),
    [
        (None, "invalid_arguments"),
        ("{", "invalid_arguments"),
        (modal(title=""), "invalid_arguments"),
        (modal(title="x" * 25), "invalid_arguments"),
        (modal() | {"title": "text"}, "invalid_arguments"),
        (modal() | {"title": None}, "invalid_arguments"),
        (modal(close=text("x" * 25)), "invalid_arguments"),
        (modal(private_metadata="x" * 3001), "invalid_arguments"),
        (modal() | {"blocks": modal()["blocks"] * 51}, "invalid_blocks"),
        (modal(callback_id="x" * 250_000), "view_too_large"),
    ],
)
async def test_views_beyond_slacks_limits_are_refused(
    stand: Stand, view: object, error: str
) -> None:
    """Titles of 24 characters, 3,000 of metadata, 100 blocks, 250 kB."""
    async with listening(stand) as app:
        trigger = await triggered(stand, app)
        assert await stand.refusal("views.open", trigger_id=trigger, view=view) == error


async def test_three_views_lie_upon_each_other_and_no_fourth(stand: Stand) -> None:
    """Each knows the root and the one below; another app has nothing to push upon."""
    async with listening(stand) as app:
        root = await opened(stand, app)
        views = [root]
        for title in ("Two", "Three"):
            trigger = await triggered(stand, app)
            pushed = await stand.client.views_push(trigger_id=trigger, view=modal(title))
            views.append(pushed["view"])
        trigger = await triggered(stand, app)
        fourth = await stand.refusal("views.push", trigger_id=trigger, view=modal("Four"))
        await opened(stand, app, title="Fresh")

    assert {each["root_view_id"] for each in views} == {root["id"]}
    below = [each["previous_view_id"] for each in views]
    assert below == [None, views[0]["id"], views[1]["id"]]
    assert fourth == "push_limit_reached"
    assert titles(stand) == ["Fresh"]


async def test_nothing_can_be_pushed_where_nothing_is_open(stand: Stand) -> None:
    """There is no view to lie upon."""
    async with listening(stand) as app:
        trigger = await triggered(stand, app)
        refused = await stand.refusal("views.push", trigger_id=trigger, view=modal())

    assert refused == "not_found"


async def test_an_update_needs_the_newest_hash(stand: Stand) -> None:
    """A view is found by its id or external id; an old hash is a conflict."""
    async with listening(stand) as app:
        view = await opened(stand, app, external_id="mine")
        change = {"view": modal("Two", external_id="mine"), "hash": view["hash"]}
        first = await stand.client.views_update(view_id=view["id"], **change)
        refused = [
            await stand.refusal("views.update", external_id="mine", **change),
            await stand.refusal("views.update", view_id="V0NONE", view=modal()),
            await stand.refusal("views.update", view=modal()),
        ]
        last = await stand.client.views_update(external_id="mine", view=modal("Three"))

    assert refused == ["hash_conflict", "not_found", "not_found"]
    assert (first["view"]["id"], last["view"]["id"]) == (view["id"], view["id"])
    assert titles(stand) == ["Three"]


async def test_an_external_id_is_free_again_when_its_view_is_gone(stand: Stand) -> None:
    """While it is open no second view may have it; opening another closes what was open."""
    async with listening(stand) as app:
        await opened(stand, app, external_id="mine")
        trigger = await triggered(stand, app)
        twice = await stand.refusal(
            "views.push", trigger_id=trigger, view=modal(external_id="mine")
        )
        await opened(stand, app, title="Other")
        await opened(stand, app, external_id="mine")

    assert twice == "duplicate_external_id"


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (None, ["One"]),
        ({"response_action": "errors", "errors": {"f": "no"}}, ["One", "Two"]),
        ({"response_action": "update", "view": modal("New")}, ["One", "New"]),
        ({"response_action": "push", "view": modal("New")}, ["One", "Two", "New"]),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": {"type": "home"}}, ["One", "Two"]),
    ],
)
async def test_a_submission_is_answered(
    stand: Stand, answer: Mapping[str, Any] | None, left: list[str]
) -> None:
    """An answer closes, changes, pushes, clears or complains; a wrong one leaves all as it is."""
    counts = stand.slack.sockets.counts
    async with listening(stand) as app:
        await opened(stand, app)
        trigger = await triggered(stand, app)
        await stand.client.views_push(trigger_id=trigger, view=modal("Two"))
        if answer is not None:
            app.answers["view_submission"] = answer
        done = counts["acknowledged"]
        stand.slack.modals.submit(ANNA, FIELD)
        told = await app.payload(type="view_submission")
        await stand.until(lambda: counts["acknowledged"] > done and titles(stand) == left)

    assert told["view"]["state"]["values"] == FIELD
    assert told["view"]["title"]["text"] == "Two"
    complaint = {"f": "no"} if answer and "errors" in answer else {}
    assert stand.slack.modals.errors.get(ANNA, {}) == complaint


async def test_bolt_opens_a_modal_and_takes_what_is_submitted(stand: Stand) -> None:
    """A command opens it, a button in it changes it, the submission reaches the listener."""
    bolt = bolt_app(stand)
    got: list[Any] = []

    @bolt.command("/open")
    async def show(ack: Any, client: Any, command: Mapping[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=modal())

    @bolt.action("go")
    async def go(ack: Any, client: Any, body: Mapping[str, Any]) -> None:
        await ack()
        view = body["view"]
        await client.views_update(view_id=view["id"], hash=view["hash"], view=modal("Pressed"))

    @bolt.view("one")
    async def save(ack: Any, view: Mapping[str, Any]) -> None:
        await ack()
        got.append(view["state"]["values"]["f"]["a"]["value"])

    async with connected(stand, bolt):
        stand.slack.interactions.slash_command(ANNA, DESK, "/open", "")
        await stand.until(lambda: titles(stand) == ["One"])
        stand.slack.modals.press(ANNA, "go")
        await stand.until(lambda: titles(stand) == ["Pressed"])
        stand.slack.modals.submit(ANNA, FIELD)
        await stand.until(lambda: got and not titles(stand))

    assert got == ["7"]


async def test_closing_is_told_where_a_view_asks_for_it(stand: Stand) -> None:
    """The one on top, or all at once (``is_cleared``); others go in silence."""
    async with listening(stand) as app:
        await opened(stand, app, notify_on_close=True)
        for notify in (False, True):
            trigger = await triggered(stand, app)
            view = modal("On top", notify_on_close=notify)
            await stand.client.views_push(trigger_id=trigger, view=view)
        stand.slack.modals.close(ANNA)
        first = await app.payload(type="view_closed")
        stand.slack.modals.close(ANNA, everything=True)
        last = await app.payload(type="view_closed", is_cleared=True)

    assert (first["view"]["title"]["text"], first["is_cleared"]) == ("On top", False)
    assert last["view"]["title"]["text"] == "One"
    assert stand.workspace.views == {}
    with pytest.raises(SlackRefusalError, match="no_view_is_open"):
        stand.slack.modals.close(ANNA)


async def test_a_home_tab_is_published_opened_and_pressed(stand: Stand) -> None:
    """The event carries the view; the second publication keeps its id and needs its hash."""
    async with listening(stand) as app:
        stand.slack.modals.open_home(ANNA)
        bare = await app.event(type="app_home_opened")
        with pytest.raises(SlackRefusalError, match="no_view_is_open"):
            stand.slack.modals.press_at_home(ANNA, BOT.app_id, "go")
        first = (await stand.client.views_publish(user_id=ANNA, view=home()))["view"]
        change = {"user_id": ANNA, "view": home("Again"), "hash": first["hash"]}
        second = (await stand.client.views_publish(**change))["view"]
        refused = await stand.refusal("views.publish", **change)
        stand.slack.modals.open_home(ANNA, tab="messages")
        shown = await app.event(type="app_home_opened", tab="messages")
        stand.slack.modals.press_at_home(ANNA, BOT.app_id, "go")
        told = await app.payload(type="block_actions")

    assert "view" not in bare
    assert (second["id"], refused) == (first["id"], "hash_conflict")
    assert shown["view"]["hash"] == second["hash"]
    assert told["container"] == {"type": "view", "view_id": first["id"]}
    assert await stand.refusal("views.publish", user_id="U0NONE", view=home()) == "user_not_found"
