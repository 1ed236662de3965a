"""Events over HTTP: what Slack posts to the request URL of an app that has one, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_REDIRECTS: Final = 2
_OK: Final = range(200, 300)


def signature(secret: str, timestamp: str, body: str) -> str:
    """Sign a body as Slack does: HMAC-SHA256 of version, time and body."""
    signed = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back: whether it counts as taken, what it carries, and why it failed if it did."""

    taken: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    again: bool = True


class RequestUrls:
    """Posts to the request URLs of apps; ``seconds`` is how long an answer may take."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    async def verify(self, app_id: str, url: str, *, seconds: float = 3.0) -> None:
        """Ask an address the question Slack asks when it is saved, and keep it if it answers.

        An empty address takes the app back to Socket Mode.
        """
        app = self.workspace.apps[app_id]
        if url:
            challenge = uuid.uuid4().hex
            question = {"token": "sandbox", "challenge": challenge, "type": "url_verification"}
            asked = replace(app, request_url=url)
            answer = await self.post(asked, "events_api", question, seconds=seconds)
            if challenge not in {answer.body.get("challenge"), answer.body.get("text")}:
                raise SlackRefusalError("url_not_verified")
        self.workspace.apps[app_id] = replace(app, request_url=url)
        self.workspace.changed(type="request_url", app=app_id)

    async def post(
        self,
        app: App,
        kind: str,
        payload: Mapping[str, Any],
        *,
        seconds: float,
        retry: tuple[int, str] = (0, ""),
    ) -> Answer:
        """Post one payload; any answer of the 200s that comes in time counts as taken."""
        content, body = _written(kind, payload)
        headers = {"Content-Type": content, **self._signed(app, body)}
        if retry[0]:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    app.request_url, data=body.encode(), headers=headers, max_redirects=_REDIRECTS
                ) as response,
            ):
                return _answer(response, await response.text())
        except aiohttp.TooManyRedirects:
            return Answer(reason="too_many_redirects")
        except TimeoutError:
            return Answer(reason="http_timeout")
        except aiohttp.ClientSSLError:
            return Answer(reason="ssl_error")
        except (aiohttp.ClientError, OSError, UnicodeDecodeError):
            return Answer(reason="connection_failed")

    def _signed(self, app: App, body: str) -> dict[str, str]:
        timestamp = f"{self.workspace.now():.0f}"
        return {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(app.signing_secret, timestamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }


def _written(kind: str, payload: Mapping[str, Any]) -> tuple[str, str]:
    """Write a payload as its kind is sent: events as JSON, commands and clicks as forms."""
    if kind == "events_api":
        return _JSON, json.dumps(payload)
    if kind == "slash_commands":
        return _FORM, urlencode({key: _word(value) for key, value in payload.items()})
    return _FORM, urlencode({"payload": json.dumps(payload)})


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer(response: aiohttp.ClientResponse, text: str) -> Answer:
    if response.status not in _OK:
        again = response.headers.get("X-Slack-No-Retry") != "1"
        return Answer(reason="http_error", again=again)
    if response.content_type == _JSON:
        try:
            body = json.loads(text or "{}")
        except ValueError:
            body = {}
        return Answer(taken=True, body=body if isinstance(body, dict) else {})
    # Bare words are the text of an answer; an answer to a challenge is such a text too.
    return Answer(taken=True, body={"text": text} if text.strip() else {})
