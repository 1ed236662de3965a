"""Answers to commands and clicks: in the acknowledgement, or at a ``response_url``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridgebot.sandbox.slack.checks import LONGEST, check_blocks
from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.text import stored
from bridgebot.sandbox.slack.workspace import Workspace

USES, LIFE = 5, 1800.0


@dataclass(slots=True)
class Response:
    """A ``response_url``: five uses within thirty minutes."""

    app: App
    user: str
    channel: str
    born: float
    thread_ts: str | None = None
    message_ts: str | None = None
    used: int = 0


class Responses:
    """Gives ``response_url`` addresses and takes what is posted to them."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.given: dict[str, Response] = {}

    def url(self, response: Response) -> str:
        """Give an address; those that are too old are forgotten."""
        now = self.workspace.now()
        self.given = {key: old for key, old in self.given.items() if now - old.born < 2 * LIFE}
        name = uuid.uuid4().hex
        self.given[name] = response
        return f"{self.workspace.base}/response/{name}"

    def respond(self, name: str, body: Mapping[str, Any]) -> None:
        """Take an answer at an address; raises Slack's refusal when it is used up."""
        response = self.given.get(name)
        if response is None or self.workspace.now() - response.born > LIFE:
            raise SlackRefusalError("expired_url")
        response.used += 1
        if response.used > USES:
            raise SlackRefusalError("used_url")
        changed = body.get("replace_original") or body.get("delete_original")
        if changed and response.message_ts:
            self._change(response, response.message_ts, body)
        else:
            self.show(response, body)

    def _contents(self, body: Mapping[str, Any]) -> dict[str, Any]:
        check_blocks(body.get("blocks"))
        if not body.get("text") and not body.get("blocks"):
            raise SlackRefusalError("no_text")
        return {
            "text": stored(str(body.get("text") or "")[:LONGEST], links=True),
            "blocks": self.workspace.with_ids(body.get("blocks") or ()),
        }

    def _change(self, response: Response, ts: str, body: Mapping[str, Any]) -> None:
        """Replace or delete what the button stands in."""
        channel = self.workspace.channels[response.channel]
        shown = self.ephemeral(response.user, response.channel, ts)
        if body.get("delete_original"):
            if shown is None:
                self.workspace.person_deletes(response.channel, ts)
            else:
                self.workspace.ephemerals.remove(shown)
                self._tell_ephemeral(response)
        elif shown is None:
            message = self.workspace.message(response.channel, ts)
            self.workspace.change(channel, message, self._contents(body))
        else:
            shown.update(self._contents(body))
            self._tell_ephemeral(response)

    def ephemeral(self, user: str, channel_id: str, ts: str) -> dict[str, Any] | None:
        """Find what only this person was shown."""
        place = (user, channel_id, ts)
        shown = self.workspace.ephemerals
        return next((e for e in shown if (e["user"], e["channel"], e["ts"]) == place), None)

    def _tell_ephemeral(self, response: Response) -> None:
        self.workspace.changed(type="ephemeral", channel=response.channel, user=response.user)

    def show(
        self, response: Response, body: Mapping[str, Any], *, by_slackbot: bool = False
    ) -> None:
        """Show an answer to one person, or to the channel; Slackbot's words are no app's."""
        channel = self.workspace.channels[response.channel]
        contents = self._contents(body)
        if body.get("response_type") == "in_channel":
            message = self.workspace.of_bot(response.app) | contents
            self.workspace.add_message(channel, message, thread_ts=body.get("thread_ts"))
            return
        self.workspace.ephemerals.append(
            {
                "ts": self.workspace.new_ts(channel),
                "channel": response.channel,
                "user": response.user,
                "thread_ts": response.thread_ts,
                "app": "" if by_slackbot else response.app.app_id,
                **contents,
            }
        )
        self._tell_ephemeral(response)
