"""A workspace: people, channels, messages, and what people do in it."""

from __future__ import annotations

import itertools
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any

from bridgebot.sandbox.slack import text as texts
from bridgebot.sandbox.slack.elements import elements
from bridgebot.sandbox.slack.state import App, Channel, Person, SlackRefusalError, StoredFile
from bridgebot.sandbox.slack.triggers import Triggers

Watcher = Callable[[Mapping[str, Any]], None]
Deliver = Callable[[App, dict[str, Any]], None]
_OF_A_TOMBSTONE = (
    "type",
    "ts",
    "thread_ts",
    "reply_count",
    "reply_users",
    "reply_users_count",
    "latest_reply",
    "is_locked",
    "subscribed",
)


class Workspace:
    """The state of the stand-in; ``deliver`` is called with each event for each app.

    ``base`` is the address that files and answers are reached at; unless it is set, the first
    call tells it. With ``tells_of_replies`` each reply brings a ``message_replied`` about its
    root, which Slack sends without the subtype.
    """

    def __init__(
        self,
        team_id: str = "T0SANDBOX1",
        team_name: str = "Sandbox",
        now: Callable[[], float] = time.time,
    ) -> None:
        self.team_id, self.team_name = team_id, team_name
        self.now = now
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.apps: dict[str, App] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self.homes: dict[tuple[str, str], dict[str, Any]] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.triggers = Triggers(now)
        self.revoked: set[str] = set()
        self.groups: dict[str, dict[str, Any]] = {}
        self.stacks: dict[str, list[dict[str, Any]]] = {}
        self.files: dict[str, StoredFile] = {}
        self.base = ""
        self.tells_of_replies = False
        self.wire: deque[dict[str, Any]] = deque(maxlen=500)
        self.deliver: Deliver = lambda _app, _event: None
        self.history: dict[tuple[str, str], list[str]] = {}
        self.filled_in: list[str] = []  # what people typed into forms
        self.pressed: list[tuple[str, str, str]] = []  # channel, thread, button
        self._watchers: list[Watcher] = []
        self._numbers = itertools.count(1)

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` with a small mapping after each change."""
        self._watchers.append(watcher)

    def changed(self, **change: Any) -> None:  # noqa: ANN401 - small JSON values
        """Tell the watchers."""
        for watcher in self._watchers:
            watcher(change)

    def add_person(self, person: Person) -> None:
        """Let somebody in."""
        self.people[person.user_id] = person

    def add_app(self, app: App) -> None:
        """Install an app; its bot becomes a person."""
        self.apps[app.app_id] = app
        self.add_person(Person(app.user_id, app.name, self.team_id, bot=True))

    def add_channel(self, channel: Channel) -> Channel:
        """Open a channel."""
        self.channels[channel.channel_id] = channel
        return channel

    def channel_for(
        self, app: App, channel_id: str, *, write: bool = True, public: bool = False
    ) -> Channel:
        """Find a channel that an app may use, or raise Slack's refusal.

        With ``public`` it need not be in a public one.
        """
        channel = self.channels.get(channel_id)
        member = channel is not None and app.user_id in channel.members
        if channel is None or (channel.private and not member):
            raise SlackRefusalError("channel_not_found")
        if not member and not public:
            raise SlackRefusalError("not_in_channel")
        if channel.archived and write:
            raise SlackRefusalError("is_archived")
        return channel

    def new_ts(self, channel: Channel) -> str:
        """Give the next ts of a channel: microseconds, strictly increasing."""
        micros = int(self.now() * 1_000_000)
        moment = max(divmod(micros, 1_000_000), (channel.last[0], channel.last[1] + 1))
        if moment[1] >= 1_000_000:  # noqa: PLR2004 - microseconds in a second
            moment = (moment[0] + 1, 0)
        channel.last = moment
        return f"{moment[0]}.{moment[1]:06d}"

    def add_message(
        self, channel: Channel, message: dict[str, Any], *, thread_ts: str | None
    ) -> dict[str, Any]:
        """Keep a message, count it on its root, and deliver the event."""
        ts = self.new_ts(channel)
        message = {"type": "message", **message, "ts": ts}
        root = None if thread_ts is None else self._root(channel, thread_ts)
        if root is not None:
            message["thread_ts"] = root["ts"]
            message |= {"parent_user_id": root["user"]} if "user" in root else {}
            channel.threads.setdefault(root["ts"], []).append(ts)
        channel.messages[ts] = message
        self._share(channel, message)
        if root is not None:
            self._count(channel, root)
        event = message | {
            "channel": channel.channel_id,
            "event_ts": ts,
            "channel_type": channel.kind,
        }
        if message.get("subtype") == "thread_broadcast":
            event["root"] = _bare(self._root(channel, ts))
        self.emit(channel, event)
        if root is not None and self.tells_of_replies:
            self._emit_hidden(channel, {"message": _bare(root)})
        self.changed(type="message", channel=channel.channel_id, ts=ts)
        return message

    def _share(self, channel: Channel, message: Mapping[str, Any]) -> None:
        """Note where files stand; the message itself does not tell, ``files.info`` does."""
        share = {key: message[key] for key in ("ts", "thread_ts") if key in message}
        kind, listed = ("private", "groups") if channel.private else ("public", "channels")
        for file in message.get("files", ()):
            about = self.files[file["id"]].about
            shares = about.setdefault("shares", {}).setdefault(kind, {})
            shares.setdefault(channel.channel_id, []).append(share)
            about["is_public"] = "public" in about["shares"]
            about[listed] = sorted({*about.get(listed, ()), channel.channel_id})

    def _root(self, channel: Channel, thread_ts: str) -> dict[str, Any]:
        found = channel.messages.get(thread_ts)
        if found is None:
            raise SlackRefusalError("thread_not_found")
        root = str(found.get("thread_ts") or thread_ts)
        return channel.messages[root]

    def _count(self, channel: Channel, root: dict[str, Any]) -> None:
        """Bring a root's counts in line with its replies."""
        replies = channel.threads.get(root["ts"], [])
        users = dict.fromkeys(
            str(reply.get("user") or reply.get("bot_id"))
            for reply in map(channel.messages.__getitem__, replies)
        )
        if not replies:
            for name in ("thread_ts", *_OF_A_TOMBSTONE[3:]):
                root.pop(name, None)
            return
        root |= {
            "thread_ts": root["ts"],
            "reply_count": len(replies),
            "reply_users": list(users),
            "reply_users_count": len(users),
            "latest_reply": replies[-1],
            "is_locked": False,
            "subscribed": False,
        }

    def emit(self, channel: Channel, event: dict[str, Any]) -> None:
        """Deliver an event to each app that is in the channel, its own messages included."""
        name = str(event["type"])
        if name == "message":
            name = "message.im" if channel.im else f"message.{channel.kind}s"
        for app in self.apps.values():
            if app.user_id in channel.members and app.hears(name):
                self.deliver(app, event)

    def person_writes(
        self,
        user: str,
        channel_id: str,
        typed: str,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        files: Iterable[Mapping[str, Any]] = (),
    ) -> str:
        """Let somebody write; return the ts."""
        channel = self.channels[channel_id]
        if user not in channel.members:
            raise SlackRefusalError("not_in_channel")
        if channel.archived:
            raise SlackRefusalError("is_archived")
        message = self._typed(self.people[user], typed)
        if broadcast and thread_ts is not None:
            message |= {"subtype": "thread_broadcast"}
        if files:
            foreign = self.people[user].team_id != self.team_id
            message |= {
                "subtype": "file_share",
                "files": [_hidden(each) if foreign else dict(each) for each in files],
                "upload": True,
                "display_as_bot": False,
            }
            message.pop("team", None)  # Slack leaves it out here
        kept = self.add_message(channel, message, thread_ts=thread_ts)
        # What was typed is kept beside the message, for those who compare both sides.
        self.history[channel_id, kept["ts"]] = [typed]
        return str(kept["ts"])

    @staticmethod
    def _typed(person: Person, typed: str) -> dict[str, Any]:
        """Make the message of a person, or of a bot of the old kind, which has no user."""
        message = {"text": texts.fallback(typed), "blocks": texts.rich_text(typed)}
        if person.bot:
            bot_id = "B" + person.user_id[1:]
            return message | {"subtype": "bot_message", "bot_id": bot_id, "username": person.name}
        if typed.startswith("/me "):
            said = texts.fallback(typed.removeprefix("/me "))
            return {"subtype": "me_message", "user": person.user_id, "text": said}
        return message | {
            "user": person.user_id,
            "team": person.team_id,
            "client_msg_id": str(uuid.uuid4()),
        }

    def person_edits(self, user: str, channel_id: str, ts: str, typed: str) -> None:
        """Let somebody edit their own message."""
        message, channel = self.message(channel_id, ts), self.channels[channel_id]
        if message.get("user") != user:
            raise SlackRefusalError("cant_update_message")
        edited = {"user": user, "ts": self.new_ts(channel)}
        changes = {"text": texts.fallback(typed), "blocks": texts.rich_text(typed)}
        self.history.setdefault((channel_id, ts), []).insert(0, typed)
        self.change(channel, message, {**changes, "edited": edited})

    def change(self, channel: Channel, message: dict[str, Any], changes: Mapping[str, Any]) -> None:
        """Change a message and deliver ``message_changed``."""
        before = _bare(message)
        message.update(changes)
        self._tell_changed(channel, message, before)

    def _tell_changed(
        self, channel: Channel, message: dict[str, Any], before: dict[str, Any]
    ) -> None:
        shown = _bare(message)
        if team := message.get("team"):
            shown |= {"source_team": team, "user_team": team}
        self._emit_hidden(
            channel, {"subtype": "message_changed", "message": shown, "previous_message": before}
        )
        self.changed(type="changed", channel=channel.channel_id, ts=message["ts"])

    def person_deletes(self, channel_id: str, ts: str) -> None:
        """Delete a message; a root with replies leaves a tombstone."""
        message, channel = self.message(channel_id, ts), self.channels[channel_id]
        if channel.threads.get(ts):
            before = _bare(message)
            kept = {key: message[key] for key in _OF_A_TOMBSTONE}
            message.clear()
            message |= kept | {
                "subtype": "tombstone",
                "user": "USLACKBOT",
                "text": "This message was deleted.",
                "hidden": True,
            }
            self._tell_changed(channel, message, before)
            return
        del channel.messages[ts]
        root = channel.messages.get(str(message.get("thread_ts")))
        if root is not None and root is not message:
            channel.threads[root["ts"]].remove(ts)
            self._count(channel, root)
        self._emit_hidden(
            channel,
            {"subtype": "message_deleted", "deleted_ts": ts, "previous_message": _bare(message)},
        )
        self.changed(type="deleted", channel=channel_id, ts=ts)

    def _emit_hidden(self, channel: Channel, event: dict[str, Any]) -> None:
        ts = self.new_ts(channel)
        self.emit(
            channel,
            {
                "type": "message",
                **event,
                "channel": channel.channel_id,
                "hidden": True,
                "ts": ts,
                "event_ts": ts,
                "channel_type": channel.kind,
            },
        )

    def react(self, user: str, channel_id: str, ts: str, name: str) -> None:
        """Put a reaction on a message, or raise Slack's refusal."""
        message = self.message(channel_id, ts)
        if not texts.is_emoji(name):
            raise SlackRefusalError("invalid_name")
        reactions = message.setdefault("reactions", [])
        found = next((each for each in reactions if each["name"] == name), None)
        if found is None:
            found = {"name": name, "users": [], "count": 0}
            reactions.append(found)
        if user in found["users"]:
            raise SlackRefusalError("already_reacted")
        found["users"].append(user)
        found["count"] += 1
        self._tell_reaction("reaction_added", user, channel_id, message, name)

    def unreact(self, user: str, channel_id: str, ts: str, name: str) -> None:
        """Take a reaction away, or raise Slack's refusal."""
        message = self.message(channel_id, ts)
        found = next((r for r in message.get("reactions", []) if r["name"] == name), None)
        if found is None or user not in found["users"]:
            raise SlackRefusalError("no_reaction")
        found["users"].remove(user)
        found["count"] -= 1
        if not found["count"]:
            message["reactions"].remove(found)
        if not message["reactions"]:
            del message["reactions"]
        self._tell_reaction("reaction_removed", user, channel_id, message, name)

    def _tell_reaction(
        self, kind: str, user: str, channel_id: str, message: Mapping[str, Any], name: str
    ) -> None:
        event = {
            "type": kind,
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel_id, "ts": message["ts"]},
            "event_ts": self.event_ts(),
        }
        if "user" in message:
            event["item_user"] = message["user"]
        self.emit(self.channels[channel_id], event)
        self.changed(type="reaction", channel=channel_id, ts=message["ts"])

    def of_bot(self, app: App) -> dict[str, Any]:
        """Begin a message of an app's bot."""
        return {
            "user": app.user_id,
            "bot_id": app.bot_id,
            "app_id": app.app_id,
            "team": self.team_id,
            "bot_profile": app.profile(self.team_id),
        }

    def with_ids(self, blocks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Name each block that has no ``block_id``, and each element likewise, as Slack does."""
        named = [{"block_id": f"b{self.number()}", **deepcopy(dict(block))} for block in blocks]
        for _, element in elements(named):
            if not element.get("action_id"):
                element["action_id"] = f"a{self.number()}"
        return named

    def message(self, channel_id: str, ts: str) -> dict[str, Any]:
        """Find a message, or raise Slack's refusal."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise SlackRefusalError("channel_not_found")
        if ts not in channel.messages:
            raise SlackRefusalError("message_not_found")
        return channel.messages[ts]

    def number(self) -> int:
        """Give a number that no other thing has."""
        return next(self._numbers)

    def event_ts(self) -> str:
        """Give the ``event_ts`` of an event that is no message."""
        return f"{self.now():.6f}"


def _bare(message: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a message as it stands inside an event about it."""
    return {key: value for key, value in message.items() if key != "reactions"}


def _hidden(file: Mapping[str, Any]) -> dict[str, Any]:
    """Show a file of another organisation: what it is, only ``files.info`` tells."""
    return {"id": file["id"], "file_access": "check_file_info"}
