"""Every call to Slack's Web API goes through here: paced, made once, translated once."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.elapsed import elapsed
from bridgebot.errors import SlackError
from bridgebot.metrics import RATE_LIMITED
from bridgebot.slack.client import Client
from bridgebot.slack.faults import from_answer, from_network, is_passing
from bridgebot.slack.pacing import POST, Pacer
from bridgebot.slack.timekeeper import stated_time

log = structlog.get_logger()

READ_ATTEMPTS = 4
PAGE = 200
MOST_PERMALINKS = 5000
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
LONGEST_WAIT = 30.0
"""What Slack's limits hold for longer is refused here, so that the caller can do other things."""

UNREADABLE = (
    aiohttp.ClientError,
    TimeoutError,
    OSError,
    SlackClientError,
    ValueError,
    # The SDK stumbles so over a success that is no JSON object.
    AttributeError,
)

Blocks = Sequence[Mapping[str, object]]
Metadata = tuple[str, Mapping[str, object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who the bot is in the workspace; ``scopes`` are those its token was granted.

    ``answered_at`` is the time at which Slack says it answered.
    """

    team_id: str
    user_id: str
    bot_id: str
    scopes: frozenset[str]
    answered_at: datetime | None = None


def make_client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Make the SDK's client without its retries: by default it repeats a dropped post."""
    client = Client(token=token, base_url=base_url, session=session, retry_handlers=[], timeout=20)
    if base_url.startswith("http://127.0.0.1") or not any(map(os.environ.get, PROXIES)):
        # The SDK takes a proxy from the environment for every address, this machine's too.
        client.proxy = None
    return client


class Gateway:
    """Calls to Slack; each raises ``SlackError``.

    ``may_post`` is asked right before a post: another node may have taken over what is posted.
    ``heard`` is given each answer's headers, and how many seconds it took.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        pacer: Pacer,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        may_post: Callable[[], bool] = lambda: True,
        heard: Callable[[Mapping[str, str], float], None] = lambda _headers, _took: None,
    ) -> None:
        self._client = client
        self._heard = heard
        self._may_post = may_post
        self._pacer = pacer
        self._sleep = sleep
        self._permalinks: dict[tuple[str, str], str] = {}

    def room(self, channel: str | None = None) -> float:
        """Count what may be posted at once to a channel, or to all together."""
        return self._pacer.room(POST, channel)

    def full(self) -> list[str]:
        """List the channels to which nothing may be posted at once."""
        return self._pacer.full(POST)

    async def whoami(self) -> Identity:
        """Ask who the token's bot is, and what it may do."""
        answer = await self._read("auth.test", self._client.auth_test)
        headers = {name.lower(): str(value) for name, value in answer.headers.items()}
        granted = headers.get("x-oauth-scopes", "").split(",")
        scopes = {scope.strip() for scope in granted if scope.strip()}
        return Identity(
            team_id=str(answer["team_id"]),
            user_id=str(answer["user_id"]),
            bot_id=str(answer.get("bot_id") or ""),
            scopes=frozenset(scopes),
            answered_at=stated_time(headers),
        )

    async def post(
        self,
        channel: str,
        text: str,
        *,
        blocks: Blocks = (),
        thread_ts: str | None = None,
        metadata: Metadata | None = None,
        username: str | None = None,
        icon_emoji: str | None = None,
    ) -> str:
        """Post once and return the ts; never retried here."""
        told: dict[str, Any] = {
            "channel": channel,
            "text": text,
            "blocks": [dict(block) for block in blocks] or None,
            "thread_ts": thread_ts,
            "metadata": _metadata(metadata),
            "username": username,
            "icon_emoji": icon_emoji,
            "parse": "none",
            "unfurl_links": False,
            "unfurl_media": False,
        }
        body = {name: value for name, value in told.items() if value is not None}
        answer = await self._call(POST, lambda: self._client.api_call(POST, json=body), channel)
        if thread_ts and not (answer.get("message") or {}).get("thread_ts"):
            # Slack leaves out a thread_ts it does not know and posts into the channel itself.
            log.warning("landed_in_channel", channel=channel, ts=answer["ts"])
        return str(answer["ts"])

    async def update(
        self,
        channel: str,
        ts: str,
        text: str,
        *,
        blocks: Blocks = (),
        metadata: Metadata | None = None,
    ) -> None:
        """Change one of the bot's own messages."""
        drawn = [dict(block) for block in blocks] or None
        more: dict[str, Any] = {"metadata": _metadata(metadata)} if metadata else {}
        await self._call(
            "chat.update",
            lambda: self._client.chat_update(
                channel=channel, ts=ts, text=text, blocks=drawn, parse="none", **more
            ),
            channel,
        )

    async def delete(self, channel: str, ts: str) -> None:
        """Delete one of the bot's own messages."""
        await self._call(
            "chat.delete", lambda: self._client.chat_delete(channel=channel, ts=ts), channel
        )

    async def react(self, channel: str, ts: str, name: str) -> None:
        """Put a reaction on a message; one that is there already is as good."""
        await self._view(
            "reactions.add",
            # As JSON, which takes the client's short way; the SDK's own method sends a form.
            lambda: self._client.api_call(
                "reactions.add", json={"channel": channel, "timestamp": ts, "name": name}
            ),
            "already_reacted",
        )

    async def unreact(self, channel: str, ts: str, name: str) -> None:
        """Take a reaction away; one that is not there is as good."""
        await self._view(
            "reactions.remove",
            lambda: self._client.reactions_remove(channel=channel, timestamp=ts, name=name),
            "no_reaction",
        )

    async def upload_url(self, name: str, length: int, alt_text: str) -> tuple[str, str]:
        """Ask for the address that takes a file's bytes, and for the file's id."""
        answer = await self._call(
            "files.getUploadURLExternal",
            lambda: self._client.files_getUploadURLExternal(
                filename=name, length=length, alt_txt=alt_text
            ),
        )
        return str(answer["upload_url"]), str(answer["file_id"])

    async def share(
        self, file: str, title: str, channel: str, *, thread_ts: str, comment: str | None = None
    ) -> None:
        """Show an uploaded file in a thread, once; never retried here."""
        await self._call(
            "files.completeUploadExternal",
            lambda: self._client.files_completeUploadExternal(
                files=[{"id": file, "title": title}],
                channel_id=channel,
                thread_ts=thread_ts,
                initial_comment=comment,
            ),
        )

    async def file(self, file: str) -> Mapping[str, Any]:
        """Ask about a file."""
        answer = await self._read("files.info", lambda: self._client.files_info(file=file))
        return dict(answer["file"])

    async def ephemeral(
        self, channel: str, user: str, text: str, *, thread_ts: str | None = None
    ) -> None:
        """Say something that one person alone sees."""
        await self._call(
            "chat.postEphemeral",
            lambda: self._client.chat_postEphemeral(
                channel=channel, user=user, text=text, thread_ts=thread_ts, parse="none"
            ),
        )

    async def publish(self, user: str, view: Mapping[str, object]) -> None:
        """Show somebody's Home tab; what stood there before is replaced."""
        await self._call(
            "views.publish",
            lambda: self._client.views_publish(user_id=user, view=dict(view)),
        )

    async def open_view(self, trigger_id: str, view: Mapping[str, object]) -> str:
        """Open a form for somebody who just pressed something; return its id."""
        answer = await self._call(
            "views.open", lambda: self._client.views_open(trigger_id=trigger_id, view=dict(view))
        )
        return str(answer["view"]["id"])

    async def push_view(self, trigger_id: str, view: Mapping[str, object]) -> None:
        """Put a form upon the one in which somebody just pressed something."""
        await self._call(
            "views.push",
            lambda: self._client.views_push(trigger_id=trigger_id, view=dict(view)),
        )

    async def update_view(self, view_id: str, view: Mapping[str, object]) -> None:
        """Show something else in a form that is open."""
        await self._call(
            "views.update",
            lambda: self._client.views_update(view_id=view_id, view=dict(view)),
        )

    async def permalink(self, channel: str, ts: str) -> str:
        """Ask for the address of a message; it never changes, so it is asked for once."""
        known = self._permalinks.get((channel, ts))
        if known is not None:
            return known
        answer = await self._read(
            "chat.getPermalink",
            lambda: self._client.chat_getPermalink(channel=channel, message_ts=ts),
        )
        if len(self._permalinks) >= MOST_PERMALINKS:
            self._permalinks.pop(next(iter(self._permalinks)))
        self._permalinks[channel, ts] = str(answer["permalink"])
        return self._permalinks[channel, ts]

    async def channel(self, channel: str) -> Mapping[str, Any]:
        """Ask about a channel."""
        answer = await self._read(
            "conversations.info", lambda: self._client.conversations_info(channel=channel)
        )
        return dict(answer["channel"])

    async def members(self, channel: str) -> AsyncIterator[str]:
        """Walk the members of a channel."""
        async for answer in self._pages(
            "conversations.members",
            lambda cursor: self._client.conversations_members(
                channel=channel, limit=PAGE, cursor=cursor
            ),
        ):
            for member in answer["members"]:
                yield str(member)

    async def user(self, user: str) -> Mapping[str, Any]:
        """Ask about a person."""
        answer = await self._read("users.info", lambda: self._client.users_info(user=user))
        return dict(answer["user"])

    async def group(self, group: str) -> frozenset[str]:
        """Ask who is in a user group."""
        answer = await self._read(
            "usergroups.users.list", lambda: self._client.usergroups_users_list(usergroup=group)
        )
        return frozenset(map(str, answer["users"]))

    async def thread(
        self, channel: str, ts: str, *, oldest: str | None = None, limit: int = PAGE
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Walk a thread with its metadata: the root first, then replies, oldest first."""
        async for answer in self._pages(
            "conversations.replies",
            lambda cursor: self._client.conversations_replies(
                channel=channel,
                ts=ts,
                oldest=oldest,
                limit=limit,
                cursor=cursor,
                include_all_metadata=True,
            ),
        ):
            for message in answer["messages"]:
                yield message

    async def history(
        self, channel: str, *, oldest: str | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Walk a channel's own messages with their metadata, newest first."""
        async for answer in self._pages(
            "conversations.history",
            lambda cursor: self._client.conversations_history(
                channel=channel,
                oldest=oldest,
                limit=PAGE,
                cursor=cursor,
                include_all_metadata=True,
            ),
        ):
            for message in answer["messages"]:
                yield message

    async def _pages(
        self, method: str, ask: Callable[[str | None], Awaitable[Any]]
    ) -> AsyncIterator[Any]:
        cursor: str | None = None
        while True:
            answer = await self._read(method, lambda cursor=cursor: ask(cursor))  # type: ignore[misc]
            yield answer
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def _view(self, method: str, call: Callable[[], Awaitable[Any]], fine: str) -> None:
        try:
            await self._call(method, call)
        except SlackError as error:
            if error.code != fine:
                raise

    async def _read(self, method: str, call: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
        """Make a call that changes nothing; a passing failure is tried again."""
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return await self._call(method, call)
            except SlackError as error:
                if not is_passing(error, LONGEST_WAIT) or attempt == READ_ATTEMPTS:
                    raise
                wait = min(5.0, 0.25 * 2.0**attempt) * (0.5 + random.random() / 2)  # noqa: S311
                await self._sleep(error.after if error.after is not None else wait)
        raise AssertionError("unreachable")

    async def _call(
        self, method: str, call: Callable[[], Awaitable[Any]], channel: str | None = None
    ) -> Any:  # noqa: ANN401 - the SDK's answers are untyped
        """Wait for the turn, call once, and translate what goes wrong."""
        wait = self._pacer.ready_in(method, channel)
        if wait > LONGEST_WAIT:
            raise SlackError(f"Slack asks to slow down ({method})", code="ratelimited", after=wait)
        await self._pacer.turn(method, channel)
        if method == POST and not self._may_post():
            raise SlackError("this process stood still", code="stood_still", after=1.0)
        began = elapsed()
        try:
            answer = await call()
        except SlackApiError as error:
            failure = from_answer(method, error)
        except UNREADABLE as error:
            failure = from_network(method, error)
        else:
            self._heard(answer.headers, elapsed() - began)
            return answer
        if failure.after is not None:
            RATE_LIMITED.labels("Slack", method).inc()
            self._pacer.refused(method, channel, failure.after)
        log.debug("slack_call_failed", method=method, code=failure.code, certain=failure.certain)
        raise failure


def _metadata(metadata: Metadata | None) -> dict[str, object] | None:
    if metadata is None:
        return None
    return {"event_type": metadata[0], "event_payload": dict(metadata[1])}
