"""What Slack's refusals and lost answers mean; translated once, here.

Sources: reference on the Slack platform, sections 1.1 and 1.2; "internal_error" and "fatal_error"
say in so many words that part of the operation may have happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from slack_sdk.errors import SlackApiError

from bridgebot.errors import SlackError

UNKNOWN = frozenset(
    {"internal_error", "fatal_error", "request_timeout", "service_unavailable", "update_failed"}
)
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
DEFAULT_WAIT = 30.0

LOST = frozenset({"message_not_found", "cant_update_message", "thread_locked", "not_reactable"})
"""Answers after which a view of a message makes no sense any more."""

ROOTLESS = frozenset({"thread_not_found", "cannot_reply_to_message"})
"""A thread whose root is gone."""

HOPELESS = frozenset(
    {
        "already_reacted",
        "cant_delete_message",
        "cant_update_message",
        "edit_window_closed",
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_cursor",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "invalid_name",
        "message_not_found",
        "metadata_too_large",
        "method_deprecated",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_reaction",
        "no_such_subteam",
        "no_text",
        "not_reactable",
        "plan_upgrade_required",
        "thread_locked",
        "too_many_emoji",
        "too_many_reactions",
        "unknown_method",
        "user_not_found",
        "user_not_in_channel",
        "user_not_visible",
    }
)
"""Refusals of the call as it is; the same call will be refused again."""

CREDENTIALS: Mapping[str, str] = {
    "invalid_auth": "Slack does not know this token",
    "not_authed": "no token was sent to Slack",
    "account_inactive": "the bot's user was deactivated; install the app again",
    "token_revoked": "the token was revoked; install the app again",
    "token_expired": "the token has expired; install the app again",
    "not_allowed_token_type": "this kind of token does not fit here: xoxb-… is the bot's, "
    "xapp-… the app's",
    "no_permission": "the token may not do this",
    "access_denied": "the workspace does not allow this",
    "org_login_required": "the workspace is being moved",
    "ekm_access_denied": "the workspace's administrators have locked it",
    "two_factor_setup_required": "the workspace demands a second factor first",
    "enterprise_is_restricted": "the organisation's administrators restrict this app",
    "accesslimited": "the workspace's access is limited; ask its administrators",
    "team_access_not_granted": "the app is not installed in this workspace",
    "missing_scope": "the app lacks a permission",
    "forbidden_team": "the app may not be used in this workspace",
    "app_access_restricted": "the workspace's administrators restrict this app",
}
MENDABLE: Mapping[str, str] = {
    "channel_not_found": "there is no such channel, or the bot cannot see it: check the id, and "
    "invite the bot to it: /invite @bridgebot",
    "not_in_channel": "the bot is not in the channel; invite it there: /invite @bridgebot",
    "is_archived": "the channel is archived; restore it or name another one",
}


def from_answer(method: str, error: SlackApiError) -> SlackError:
    """Translate an answer that is not ``ok``."""
    response = error.response
    if isinstance(response, aiohttp.ClientResponse) or not hasattr(response, "data"):
        return _from_status(method, int(getattr(response, "status", 0)), {})
    data = response.data if isinstance(response.data, dict) else {}
    code = str(data.get("error") or "")
    status = int(response.status_code)
    if status == 429 or code in LIMITED:  # noqa: PLR2004 - the status itself
        return SlackError(
            f"Slack asks to slow down ({method})",
            code="ratelimited",
            after=_seconds(response.headers),
        )
    if not code:
        return _from_status(method, status, data)
    return _from_code(method, code, data)


def _from_code(method: str, code: str, data: Mapping[str, object]) -> SlackError:
    if code in UNKNOWN:
        return SlackError(f"Slack does not say what became of {method}", code=code, certain=False)
    if code in CREDENTIALS:
        needed = f": {data['needed']}" if code == "missing_scope" and data.get("needed") else ""
        words = f"Slack refused {method} ({code}): {CREDENTIALS[code]}{needed}"
        return SlackError(words, code=code, auth=True)
    if code in MENDABLE or code.startswith("restricted_action"):
        words = MENDABLE.get(code, "the channel's settings do not let the bot write there")
        known = code if code in MENDABLE else "not_in_channel"
        return SlackError(f"Slack refused {method} ({code}): {words}", code=known)
    # What is not known may pass; only what surely never works is given up at once.
    return SlackError(f"Slack refused {method}: {code}", code=code, permanent=code in HOPELESS)


def _from_status(method: str, status: int, _data: Mapping[str, object]) -> SlackError:
    """Translate an answer without an error's name: a proxy's page, or a server that broke down."""
    if 400 <= status < 500:  # noqa: PLR2004 - the class of statuses
        return SlackError(f"{method} was answered {status}", code=f"http_{status}")
    return SlackError(f"{method} was answered {status}", code=f"http_{status}", certain=False)


def from_network(method: str, error: Exception) -> SlackError:
    """Translate a failure of the network, by whether the request can have gone out."""
    certain = isinstance(
        error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL
    )
    code = (
        "connect" if certain else "timeout" if isinstance(error, asyncio.TimeoutError) else "lost"
    )
    return SlackError(f"no answer from Slack to {method}", code=code, certain=certain)


def is_passing(error: SlackError, longest: float) -> bool:
    """Tell whether a call that changes nothing is worth repeating, now or in so many seconds."""
    if error.after is not None:
        return error.after <= longest
    return not error.certain or error.code == "connect"


def _seconds(headers: Mapping[str, object]) -> float:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            found = value[0] if isinstance(value, list) and value else value
            try:
                return max(0.0, float(str(found)))
            except ValueError:
                break
    return DEFAULT_WAIT
