"""What people can press, choose and fill in: the values a payload tells, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bridgebot.sandbox.slack.state import SlackRefusalError
from bridgebot.sandbox.slack.text import rich_text

Element = Mapping[str, Any]
Values = dict[str, dict[str, dict[str, Any]]]

_TEXTS: Final = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
_FORMS: Final = {
    "email_text_input": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "Please enter a valid email address."),
    "url_text_input": (r"https?://\S+", "Please enter a valid URL."),
    "number_input": (r"-?\d+(\.\d+)?", "Please enter a number."),
    "datepicker": (r"\d{4}-\d{2}-\d{2}", "Please enter a date."),
    "timepicker": (r"\d{2}:\d{2}", "Please enter a time."),
    "datetimepicker": (r"\d{10}", "Please enter a date and a time."),
}
REQUIRED: Final = "Please complete this required field."
# The field that tells a value, and the one that sets it at first, by the element's type.
_SINGLE: Final = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "overflow": ("selected_option", ""),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    **dict.fromkeys(_TEXTS, ("value", "initial_value")),
}
_SEVERAL: Final = {
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
}
_FIELDS: Final = {**_SINGLE, **_SEVERAL}
INTERACTIVE: Final = frozenset({*_FIELDS, "button"})
"""The elements that Slack gives an ``action_id`` where an app gave none."""
_TOLD: Final = ("text", "value", "style", "url", "placeholder", "confirm")


def elements(blocks: object) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Walk over the elements of blocks, each with its block."""
    for block in blocks if isinstance(blocks, list | tuple) else ():
        inside = (*(block.get("elements") or ()), block.get("accessory"), block.get("element"))
        for each in inside:
            if isinstance(each, dict) and each.get("type") in INTERACTIVE:
                yield block, each


def find(blocks: object, action_id: str, block_id: str = "") -> tuple[dict[str, Any], Element]:
    """Find an element by its ids, or raise the refusal of one that is not there."""
    for block, element in elements(blocks):
        named = not block_id or block.get("block_id") == block_id
        if named and element.get("action_id") == action_id:
            return block, element
    raise SlackRefusalError("no_such_button")


def acted(
    blocks: object, action_id: str, value: object, *, block_id: str = "", at: str
) -> dict[str, Any]:
    """Describe what somebody did to an element as ``actions`` tells of it."""
    block, element = find(blocks, action_id, block_id)
    told = {"type": element["type"], "action_id": action_id, "block_id": block["block_id"]}
    told |= {key: element[key] for key in _TOLD if key in element and element["type"] == "button"}
    return told | picked(element, value) | {"action_ts": at}


def picked(element: Element, value: object) -> dict[str, Any]:
    """Turn what a person chose or typed into the field that a payload tells."""
    kind = str(element["type"])
    if kind not in _FIELDS:
        return {}
    name, _ = _FIELDS[kind]
    if kind in _SEVERAL:
        listed = value if isinstance(value, list) else []
        return {name: [_one(element, name.removesuffix("s"), each) for each in listed]}
    return {name: None if value in (None, "") else _one(element, name, value)}


def _one(element: Element, name: str, value: object) -> object:
    """Read one value: an option must be one of those that are offered."""
    if name == "selected_option":
        offered = (each for each in _options(element) if each.get("value") == value)
        found = next(offered, None)
        if found is None:
            raise SlackRefusalError("no_such_option")
        return found
    if name == "rich_text_value":
        return rich_text(str(value))[0]
    return int(str(value)) if name == "selected_date_time" else str(value)


def _options(element: Element) -> Iterator[dict[str, Any]]:
    yield from element.get("options") or ()
    for group in element.get("option_groups") or ():
        yield from group.get("options") or ()


def initial(element: Element) -> dict[str, Any]:
    """Tell the value that an element has before anybody touches it."""
    kind = str(element["type"])
    name, first = _FIELDS[kind]
    return {"type": kind, name: element.get(first) or ([] if kind in _SEVERAL else None)}


def values(blocks: object, known: Mapping[str, Mapping[str, Any]] | None = None) -> Values:
    """Write ``state.values`` of blocks: what is ``known``, else what stands there at first."""
    result: Values = {}
    for block, element in elements(blocks):
        if element["type"] in {"button", "overflow"}:
            continue
        ids = str(block["block_id"]), str(element["action_id"])
        kept = ((known or {}).get(ids[0]) or {}).get(ids[1])
        fits = kept is not None and kept.get("type") == element["type"]
        result.setdefault(ids[0], {})[ids[1]] = dict(kept) if fits and kept else initial(element)
    return result


def typed(blocks: object, given: Mapping[str, Any], known: Values | None = None) -> Values:
    """Write ``state.values`` of a form: what a person ``given`` by block and action, raw."""
    result = values(blocks, known)
    for block, element in elements(blocks):
        inside = given.get(str(block["block_id"]))
        if isinstance(inside, Mapping) and element["action_id"] in inside:
            value = picked(element, inside[element["action_id"]])
            if element["type"] not in {"button", "overflow"}:
                told = {"type": element["type"], **value}
                result[str(block["block_id"])][str(element["action_id"])] = told
    return result


def problems(blocks: object, found: Values) -> dict[str, str]:
    """Say, by block, what Slack's own form refuses before the app is asked."""
    result: dict[str, str] = {}
    for block, element in elements(blocks):
        if block.get("type") == "input" and element["type"] in _FIELDS:
            state = found[str(block["block_id"])][str(element["action_id"])]
            value = state.get(_FIELDS[element["type"]][0])
            if words := _problem(block, element, value):
                result[str(block["block_id"])] = words
    return result


def _problem(block: Element, element: Element, value: object) -> str:
    if value in (None, "", []):
        return "" if block.get("optional") else REQUIRED
    form = _FORMS.get(str(element["type"]))
    if form is not None and not re.fullmatch(form[0], str(value)):
        return form[1]
    return next((words for check in _CHECKS if (words := check(element, value))), "")


def _length(element: Element, value: object) -> str:
    if element["type"] != "plain_text_input":
        return ""
    most, least = element.get("max_length"), element.get("min_length")
    if most and len(str(value)) > most:
        return f"Must be {most} characters or fewer."
    return f"Must be at least {least} characters." if least and len(str(value)) < least else ""


def _bounds(element: Element, value: object) -> str:
    if element["type"] != "number_input":
        return ""
    if not element.get("is_decimal_allowed") and "." in str(value):
        return "Please enter a whole number."
    number, least, most = float(str(value)), element.get("min_value"), element.get("max_value")
    if least is not None and number < float(least):
        return f"Must be {least} or more."
    return f"Must be {most} or less." if most is not None and number > float(most) else ""


def _count(element: Element, value: object) -> str:
    most = element.get("max_selected_items")
    many = isinstance(value, list) and most and len(value) > most
    return f"Choose {most} at most." if many else ""


_CHECKS: Final[tuple[Callable[[Element, object], str], ...]] = (_length, _bounds, _count)
