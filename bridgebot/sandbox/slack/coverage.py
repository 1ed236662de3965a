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
    "usergroups.list": Covered("partial", "no counts, no disabled groups"),
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


def table() -> str:
    """Write the coverage as a table in Markdown."""
    lines = ["| method | covered | note |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {each.how} | {each.note} |" for name, each in COVERAGE.items()]
    return "\n".join(lines) + "\n"
