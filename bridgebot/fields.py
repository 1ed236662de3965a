"""Kinds of setting, and how each is checked."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

_CHANNEL = re.compile(r"^[CG][A-Z0-9]{2,}$")
_ESCALATE = re.compile(r"^(?:here|[UWS][A-Z0-9]{2,})$")
PREFIX_FORM = re.compile(r"^[a-z0-9_-]*$")
VERSION_FORM = re.compile(r"^\d+\.\d+$")
_TIME = r"(?:(?:[01]?\d|2[0-3]):[0-5]\d|24:00)"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_SPAN = rf"(?:{_DAY}(?:-{_DAY})?\s+)?{_TIME}-{_TIME}"
_HOURS = re.compile(rf"^\s*(?:always|{_SPAN}(?:\s*,\s*{_SPAN})*)\s*$", re.IGNORECASE)
SECRET_FORM = re.compile(r"^[A-Za-z0-9._~-]{24,}$")
CLOCK_FORM = re.compile(r"^(?:[01]\d|2[0-3]):[0-5]\d$")
EMOJI_FORM = re.compile(r"^[a-z0-9_+'-]+$")
WEEKLY_FORM = re.compile(r"^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:[01]\d|2[0-3]):[0-5]\d)?$")
BIND_FORM = re.compile(r"^(?:[^:\s]+:\d{1,5})?$")


def matches(pattern: re.Pattern[str], expected: str) -> AfterValidator:
    """Check that a text has a form, or say which is expected."""

    def check(value: str) -> str:
        if not pattern.match(value):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def _url(value: str) -> str:
    if not re.match(r"^https?://[^\s/]+", value):
        raise ValueError("expected an address that begins with https://")
    return value


def database(value: str) -> str:
    """Check a database's address."""
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("expected sqlite:///… or postgresql://…")
    return value


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("expected a time zone as Europe/Amsterdam")
    return value


def token(start: str) -> AfterValidator:
    """Check how a token begins."""

    def check(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(start):
            raise ValueError(f"expected a token that begins with {start}")
        return value

    return AfterValidator(check)


def secret_like(pattern: re.Pattern[str], expected: str) -> AfterValidator:
    """Check that a secret has a form, or say which is expected."""

    def check(value: SecretStr) -> SecretStr:
        if not pattern.match(value.get_secret_value()):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def key(value: SecretStr) -> SecretStr:
    """Check that a key can stand in a header."""
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("expected a key of letters, digits and signs, without blanks")
    return value


def _boolean(value: object) -> object:
    if isinstance(value, str) and value.lower() not in {"true", "false"}:
        raise ValueError("expected true or false")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error:
        raise ValueError("expected a regular expression") from None
    return value


def _line(value: str) -> str:
    if not value.strip() or "\n" in value:
        raise ValueError("expected one line of words")
    return value.strip()


Pattern = Annotated[str, AfterValidator(_pattern)]
_SLACK_ID = re.compile(r"^[UWBA][A-Z0-9]{2,}$")
SlackId = Annotated[str, matches(_SLACK_ID, "a user id, bot id or app id as U0123456789")]
ChannelId = Annotated[str, matches(_CHANNEL, "a channel id as C0123456789")]
Address = Annotated[str, AfterValidator(_url)]
Seconds = Annotated[float, Field(ge=0)]
Minutes = Annotated[float, Field(ge=0)]
Days = Annotated[float, Field(ge=0, le=100_000)]
StrictBool = Annotated[bool, BeforeValidator(_boolean)]
GroupId = Annotated[str, matches(re.compile(r"^S[A-Z0-9]{2,}$"), "a user group id as S0123456789")]
Word = Annotated[str, matches(re.compile(r"\S"), "a word")]
Zone = Annotated[str, AfterValidator(_timezone)]
OpenHours = Annotated[
    str, matches(_HOURS, "always, or hours as Mon-Fri 07:00-23:00, Sun 9:00-20:00")
]
Whom = Annotated[str, matches(_ESCALATE, "a user id, a user group id or here")]


Line = Annotated[str, AfterValidator(_line), Field(max_length=200)]


class Escalation(BaseModel):
    """One more step of an alert: so long after the guest wrote, and who is mentioned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after_minutes: Minutes
    to: Whom


class PropertySettings(BaseModel):
    """What one property has of its own; what is not set is as for all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: Zone | None = None
    business_hours: OpenHours | None = None
    alert_after_minutes: Minutes | None = None
    escalate_after_minutes: Minutes | None = None
    escalate_to: Whom | None = None
    escalations: list[Escalation] | None = None
    name: Line | None = None
    signature: Line | None = None


class Route(BaseModel):
    """One rule of where threads open; what it does not name, it does not ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: ChannelId
    properties: list[Word] = []
    sources: list[Word] = []
    types: list[Word] = []
    words: list[Word] = []


WHERE = {
    "slack_bot_token": "the Bot User OAuth Token (begins with xoxb-), from api.slack.com/apps → "
    "your app → OAuth & Permissions",
    "slack_app_token": "an app-level token with connections:write (begins with xapp-), from "
    "api.slack.com/apps → your app → Basic Information → App-Level Tokens",
    "slack_signing_secret": "the app's signing secret, from api.slack.com/apps → your app → Basic "
    "Information → App Credentials",
    "guests_channel": "the id of the channel for guests (begins with C or G): in Slack, the "
    "channel's details, at the bottom",
    "alerts_channel": "the id of the channel for alerts (begins with C or G): in Slack, the "
    "channel's details, at the bottom",
    "channels": 'a JSON map of property ids to channel ids, as {"1383087": "C0123456789"}',
    "booking_client_id": "the machine account's client id, from Booking.com's provider portal → "
    "Administration → Machine account",
    "booking_client_secret": "the machine account's secret, from the same page",
    "booking_sources": 'a JSON list of queue, conversations and notifications, as ["queue"]',
    "booking_notifications_client_id": "a name that you choose, and enter in the provider portal → "
    "Administration → Notification Service Settings",
    "booking_notifications_secret": "made by: openssl rand -hex 32",
    "hostelmate_webhook_secret": "made by: openssl rand -hex 32",
    "booking_properties": 'a JSON list of property ids, as ["1383087"]',
    "accounts": "a list of accounts, best in the TOML file: [[accounts]] with provider, name, "
    "credentials and what else is its own",
    "hostelmate_api_key": "the property's key, from Hostel Mate's dashboard → API Access",
    "hostelmate_skip_channels": 'a JSON list of channels, as ["BOOKING_COM"]',
    "escalations": 'a JSON list, as [{"after_minutes": 120, "to": "U0123456789"}]',
    "reply_group": "the id of a user group (begins with S): in Slack, People → User groups → the "
    "group → ⋮ → Copy group ID",
    "routes": "a list of rules, best in the TOML file: [[routes]] with channel and any of "
    "properties, sources, types, words",
    "digest_at": 'a JSON list of times, as ["07:00", "15:00"]',
    "properties": "a map of property ids to settings, best in the TOML file: [properties.1383087]",
    "ask_before_sending": 'a JSON list of kinds, as ["internal", "links"]',
    "may_reply": 'a JSON list of ids, as ["U0123456789", "A0123456789"]',
    "note_prefixes": 'a JSON list of words, as ["//", "note:"]',
}
"""Settings whose form or source is not plain, and where to find them."""
