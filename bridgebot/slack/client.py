"""The SDK's client for Slack's Web API, with a short way for the calls that every message makes.

The SDK prepares each call for repetitions, files, forms and a log of it, which costs nearly as much
as the call.
"""

from __future__ import annotations

import json as python_json
from typing import Any

import aiohttp
from pydantic_core import from_json, to_json
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

JSON = "application/json;charset=utf-8"


class Client(AsyncWebClient):
    """Sends what is JSON itself, in the session that it was given; all else is the SDK's work."""

    async def api_call(
        self,
        api_method: str,
        *,
        json: dict[str, Any] | None = None,
        **more: Any,  # noqa: ANN401 - the SDK's
    ) -> AsyncSlackResponse:
        """Call once; raises what the SDK raises."""
        if json is None or self.session is None or any(more.values()):
            return await super().api_call(api_method, json=json, **more)
        url = f"{self.base_url}{api_method}"
        body = _written(json)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": JSON, **self.headers}
        async with self.session.post(
            URL(url), data=body, headers=headers, proxy=self.proxy, ssl=self.ssl or True
        ) as answer:
            data = await _read(answer)
        answered = AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=url,
            req_args={},
            data=data,
            headers=dict(answer.headers),
            status_code=answer.status,
        )
        answered.validate()  # type: ignore[no-untyped-call]
        return answered


def _written(value: dict[str, Any]) -> bytes:
    """Write JSON; what has half a character in it, which is no UTF-8, with escapes."""
    try:
        return to_json(value)
    except ValueError:
        return python_json.dumps(value).encode()


def _value(text: bytes) -> Any:  # noqa: ANN401 - whatever Slack says
    """Read JSON; half a character, which Slack leaves where it cuts a text, as well."""
    try:
        return from_json(text)
    except ValueError:
        return python_json.loads(text)


async def _read(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """Read an answer; one that is no JSON at all says as much as its status."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return {}
    try:
        # JSON between systems is UTF-8 (RFC 8259, section 8.1): nothing has to be found out.
        read: dict[str, Any] = _value(await answer.read())
    except ValueError:
        refused = SlackApiError("the answer cannot be read", answer)  # type: ignore[no-untyped-call]
        raise refused from None
    return read
