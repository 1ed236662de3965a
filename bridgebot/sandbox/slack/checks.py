"""What Slack refuses about texts and blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack.state import SlackRefusalError

BLOCKS, VIEW_BLOCKS, TEXT, HEADER = 50, 100, 3000, 150
LONGEST, EDITABLE = 40_000, 4_000
METADATA = 8_000
# The longest values of an element's own fields, by type; ``*`` is for all.
_LONGEST: Mapping[str, Mapping[str, int]] = {
    "*": {"action_id": 255},
    "button": {"text": 75, "value": 2000, "url": 3000},
    "image": {"image_url": 3000, "alt_text": 2000},
}

_OPTIONS: Mapping[str, int] = {
    "static_select": 100,
    "multi_static_select": 100,
    "overflow": 5,
    "checkboxes": 10,
    "radio_buttons": 10,
}
"""How many options an element may offer."""
_CONFIRM: Mapping[str, int] = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
_ONLY_IN_INPUTS = frozenset(
    {
        "email_text_input",
        "file_input",
        "number_input",
        "plain_text_input",
        "rich_text_input",
        "url_text_input",
    }
)
_NOT_IN_INPUTS = frozenset({"button", "image", "overflow", "workflow_button"})


def check_blocks(blocks: object, *, most: int = BLOCKS) -> None:
    """Raise the refusal that Slack would answer to these blocks."""
    if blocks is None:
        return
    if not isinstance(blocks, list):
        raise SlackRefusalError("invalid_blocks_format")
    if len(blocks) > most:
        raise _invalid(f"no more than {most} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        _check_block(block, f"/blocks/{index}")
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    if len(ids) != len(set(ids)):
        raise _invalid("block_id already exists", "/blocks")


def _check_block(block: object, where: str) -> None:
    if not isinstance(block, dict) or "type" not in block:
        raise _invalid("missing required field: type", where)
    check = _CHECKS.get(str(block["type"]))
    if check is None:
        raise _invalid(f"unsupported type: {block['type']}", where + "/type")
    if len(str(block.get("block_id") or "")) > 255:  # noqa: PLR2004 - Slack's number
        raise _invalid("must be less than 256 characters", where + "/block_id")
    check(block, where)


def _check_header(block: Mapping[str, Any], where: str) -> None:
    _check_text(block.get("text"), where + "/text", HEADER)


def _check_section(block: Mapping[str, Any], where: str) -> None:
    fields = block.get("fields") or ()
    if not block.get("text") and not fields:
        raise _invalid("must have text or fields", where)
    if len(fields) > 10:  # noqa: PLR2004 - Slack's number
        raise _invalid("no more than 10 items allowed", where + "/fields")
    if block.get("text"):
        _check_text(block["text"], where + "/text", TEXT)
    for field in fields:
        _check_text(field, where + "/fields", 2000)
    if block.get("accessory"):
        _check_element(block["accessory"], where + "/accessory")


def _check_context(block: Mapping[str, Any], where: str) -> None:
    for element in _many(block, where, 10):
        if element["type"] in {"mrkdwn", "plain_text"}:
            _check_text(element, where + "/elements", TEXT)
        else:
            _check_element(element, where + "/elements")


def _check_actions(block: Mapping[str, Any], where: str) -> None:
    for element in _many(block, where, 25):
        if element["type"] in _ONLY_IN_INPUTS | {"image"}:
            raise _invalid(f"unsupported type: {element['type']}", where + "/elements")
        _check_element(element, where + "/elements")


def _check_input(block: Mapping[str, Any], where: str) -> None:
    _check_text(block.get("label"), where + "/label", 2000)
    element = block.get("element")
    _check_element(element, where + "/element")
    if isinstance(element, dict) and element["type"] in _NOT_IN_INPUTS:
        raise _invalid(f"unsupported type: {element['type']}", where + "/element")


def _check_rich_text(block: Mapping[str, Any], where: str) -> None:
    if not isinstance(block.get("elements"), list):
        raise _invalid("missing required field: elements", where)


def _check_image(block: Mapping[str, Any], where: str) -> None:
    _check_element(block, where)


def _check_markdown(block: Mapping[str, Any], where: str) -> None:
    _check_text(block, where, 12_000)


def _check_nothing(_block: Mapping[str, Any], _where: str) -> None:
    """Take a block as it is: a line, or a kind whose inside is not looked at."""


def _check_element(element: object, where: str) -> None:
    """Check a button, picture or field; those that are not looked at need a type only."""
    if not isinstance(element, dict) or "type" not in element:
        raise _invalid("missing required field: type", where)
    if element["type"] == "button":
        _check_text(element.get("text"), where + "/text", _LONGEST["button"]["text"])
    if element["type"] in _OPTIONS:
        _check_options(element, where)
    _check_words(element, where)
    if element["type"] == "image" and not element.get("alt_text"):
        raise _invalid("missing required field: alt_text", where)
    for name, most in {**_LONGEST["*"], **_LONGEST.get(element["type"], {})}.items():
        if isinstance(element.get(name), str) and len(element[name]) > most:
            raise _invalid(f"must be less than {most + 1} characters", f"{where}/{name}")


def _check_options(element: Mapping[str, Any], where: str) -> None:
    """Check what a menu offers: so many at most, each with a text of 75 and a value of 150."""
    groups = element.get("option_groups")
    listed = [each.get("options") for each in groups] if groups else [element.get("options")]
    for options in listed:
        if not isinstance(options, list) or not 1 <= len(options) <= _OPTIONS[element["type"]]:
            most = _OPTIONS[element["type"]]
            raise _invalid(f"must have 1 to {most} items", where + "/options")
        for index, option in enumerate(options):
            _check_option(option, f"{where}/options/{index}")


def _check_option(option: object, where: str) -> None:
    if not isinstance(option, dict):
        raise _invalid("missing required field: text", where)
    _check_text(option.get("text"), where + "/text", 75)
    if not 1 <= len(str(option.get("value") or "")) <= 150:  # noqa: PLR2004 - Slack's number
        raise _invalid("must be less than 151 characters", where + "/value")


def _check_words(element: Mapping[str, Any], where: str) -> None:
    if element.get("placeholder"):
        _check_text(element["placeholder"], where + "/placeholder", 150)
    if element.get("confirm"):
        _check_confirm(element["confirm"], where + "/confirm")


def _check_confirm(confirm: object, where: str) -> None:
    for name, most in _CONFIRM.items():
        if isinstance(confirm, dict) and (name in confirm or name in {"title", "text"}):
            _check_text(confirm.get(name), f"{where}/{name}", most)


def _many(block: Mapping[str, Any], where: str, most: int) -> list[dict[str, Any]]:
    """Read a block's elements: one at least, and each with a type."""
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        raise _invalid(f"must have 1 to {most} items", where + "/elements")
    if not all(isinstance(each, dict) and "type" in each for each in elements):
        raise _invalid("missing required field: type", where + "/elements")
    return elements


def _check_text(text: object, where: str, most: int) -> None:
    if not isinstance(text, dict) or not isinstance(text.get("text"), str):
        raise _invalid("missing required field: text", where)
    if not text["text"]:
        raise _invalid("must be more than 0 characters", where)
    if len(text["text"]) > most:
        raise _invalid(f"must be less than {most + 1} characters", where)


def check_metadata(metadata: object) -> None:
    """Raise the refusal that Slack would answer to this metadata."""
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackRefusalError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackRefusalError("invalid_metadata_format")
    if len(str(metadata)) > METADATA:
        raise SlackRefusalError("metadata_too_large")


def _invalid(words: str, pointer: str) -> SlackRefusalError:
    message = f"[ERROR] {words} [json-pointer:{pointer}]"
    return SlackRefusalError("invalid_blocks", response_metadata={"messages": [message]})


_CHECKS = {
    "actions": _check_actions,
    "context": _check_context,
    "divider": _check_nothing,
    "file": _check_nothing,
    "header": _check_header,
    "image": _check_image,
    "input": _check_input,
    "markdown": _check_markdown,
    "rich_text": _check_rich_text,
    "section": _check_section,
    "table": _check_nothing,
    "video": _check_nothing,
}
