"""What of Slack's Web API the stand-in covers, and how well: the documents are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Covered:
    """How well a method is covered; ``note`` says what differs from Slack."""

    how: Literal["supported", "partial", "missing"]
    note: str = ""


_YES = Covered("supported")
_NOT_USED = Covered("missing", "the bot has no use for it")

COVERAGE: Mapping[str, Covered] = {
    "apps.connections.open": _YES,
    "apps.manifest.validate": Covered("missing", "a test reads the manifest instead"),
    "auth.test": _YES,
    "bots.info": _YES,
    "chat.delete": _YES,
    "chat.getPermalink": _YES,
    "chat.postEphemeral": Covered("partial", "always delivered; Slack does not promise it"),
    "chat.postMessage": Covered(
        "partial", "no attachments, no `markdown_text`, no unfurling; to channels only"
    ),
    "chat.scheduleMessage": _NOT_USED,
    "chat.update": Covered("partial", "no edit window, no attachments, names are not parsed"),
    "conversations.create": _NOT_USED,
    "conversations.history": _YES,
    "conversations.info": Covered("partial", "no topic, no purpose"),
    "conversations.join": _YES,
    "conversations.list": Covered("partial", "no topic, no purpose"),
    "conversations.members": _YES,
    "conversations.open": Covered("partial", "one person, no groups"),
    "conversations.replies": _YES,
    "files.completeUploadExternal": Covered(
        "partial", "no snippets; a second completion shares the file again"
    ),
    "files.getUploadURLExternal": _YES,
    "files.info": Covered("partial", "no thumbnails, no deletion"),
    "reactions.add": Covered("partial", "no emoji of the workspace's own, no most"),
    "reactions.get": Covered("partial", "messages only"),
    "reactions.remove": _YES,
    "search.messages": Covered("missing", "not open to bots"),
    "team.info": Covered("partial", "the own team, no icon"),
    "usergroups.list": Covered("partial", "no counts"),
    "usergroups.users.list": _YES,
    "users.conversations": Covered("partial", "the bot's own channels"),
    "users.info": Covered("partial", "no pictures, no addresses"),
    "users.list": Covered(
        "partial", "no pictures, no addresses; unpaged calls have no stricter limit"
    ),
    "users.lookupByEmail": _NOT_USED,
    "views.open": _YES,
    "views.publish": Covered("partial", "the Home tab is always on"),
    "views.push": _YES,
    "views.update": Covered("partial", "modals only"),
}

ELEMENTS: Mapping[str, Covered] = {
    "button": Covered("partial", "asks for confirmation; no `workflow_button`"),
    "channels_select": _YES,
    "checkboxes": _YES,
    "conversations_select": Covered("partial", "no filter, no default to the current one"),
    "datepicker": _YES,
    "datetimepicker": _YES,
    "email_text_input": _YES,
    "external_select": Covered("missing", "no `block_suggestion`"),
    "file_input": Covered("missing"),
    "multi_channels_select": _YES,
    "multi_conversations_select": Covered("partial", "no filter"),
    "multi_external_select": Covered("missing", "no `block_suggestion`"),
    "multi_static_select": _YES,
    "multi_users_select": _YES,
    "number_input": _YES,
    "overflow": Covered("partial", "options with addresses are told, not opened"),
    "plain_text_input": Covered("partial", "`dispatch_action_config` is not read"),
    "radio_buttons": _YES,
    "rich_text_input": Covered("partial", "typed as mrkdwn; no initial value on the page"),
    "static_select": _YES,
    "timepicker": _YES,
    "url_text_input": _YES,
    "users_select": _YES,
}
"""What of Block Kit's interactive elements people can use, on the page and by script."""


def table() -> str:
    """Write the coverage of methods as a table in Markdown."""
    return _table("method", COVERAGE)


def elements_table() -> str:
    """Write the coverage of interactive elements as a table in Markdown."""
    return _table("element", ELEMENTS)


def _table(what: str, rows: Mapping[str, Covered]) -> str:
    lines = [f"| {what} | covered | note |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {each.how} | {each.note} |" for name, each in rows.items()]
    return "\n".join(lines) + "\n"
