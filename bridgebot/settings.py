"""The owner's settings: environment, ``.env`` and TOML, checked before anything starts."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from bridgebot.errors import SettingsError
from bridgebot.fields import (
    BIND_FORM,
    CLOCK_FORM,
    EMOJI_FORM,
    PREFIX_FORM,
    VERSION_FORM,
    WHERE,
    Address,
    ChannelId,
    Escalation,
    Minutes,
    OpenHours,
    Pattern,
    PropertySettings,
    Seconds,
    SlackId,
    StrictBool,
    Whom,
    Zone,
    database,
    key,
    matches,
    token,
)

PREFIX = "BRIDGEBOT_"
CONFIG = "BRIDGEBOT_CONFIG"
Asking = Literal["internal", "links", "contacts"]


class Settings(BaseSettings):
    """All settings; the environment wins over ``.env``, and that over the TOML file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    slack_bot_token: Annotated[SecretStr, token("xoxb-")] = Field(
        description="Bot User OAuth Token, xoxb-…"
    )
    slack_app_token: Annotated[SecretStr, token("xapp-")] | None = Field(
        description="App-level token with connections:write, xapp-…; not used by `SLACK_MODE=http`"
    )
    slack_api_url: Address = Field("https://slack.com/api/", description="Web API base")
    slack_mode: Literal["socket", "http"] = Field(
        "socket",
        description="How events come: over a socket that the bridge opens, or by `http` to "
        "`/slack/events` on `HTTP_BIND`",
    )
    slack_signing_secret: SecretStr | None = Field(
        None, min_length=1, description="Signing secret of the app, needed by `SLACK_MODE=http`"
    )
    slack_posts_per_second: float = Field(
        1.0, ge=0, description="Posts a second and channel; 0 switches the pacing off"
    )
    guests_channel: ChannelId = Field(description="Channel id where threads open")
    channels: dict[str, ChannelId] = Field(
        default_factory=dict, description="Property id → channel id, where a property has its own"
    )
    alerts_channel: ChannelId = Field(description="Channel id for alerts")
    booking_client_id: str | None = Field(
        None, min_length=1, description="Set both to switch the provider on"
    )
    booking_client_secret: SecretStr | None = Field(
        None, min_length=1, description="Set both to switch the provider on"
    )
    booking_api_url: Address = Field(
        "https://supply-xml.booking.com/messaging", description="Messaging API base"
    )
    booking_token_url: Address = Field(
        "https://connectivity-authentication.booking.com/token-based-authentication/exchange",
        description="Token exchange",
    )
    booking_api_version: Annotated[str, matches(VERSION_FORM, "a version as 1.2")] = Field(
        "1.2", description="`Accept-version` header"
    )
    booking_properties: list[str] = Field(
        default_factory=list, description="Property ids asked when something is looked up"
    )
    booking_poll_seconds: Annotated[float, Field(gt=0)] = Field(
        5.0, description="Pause after an empty fetch; a full batch is followed at once"
    )
    mark_read: StrictBool = Field(
        True,  # noqa: FBT003 - a default
        description="Mark a guest's messages as read at the provider when staff have answered",
    )
    tags_seconds: Seconds = Field(
        60.0,
        description="How often tags set elsewhere are looked up while guests wait; 0: never",
    )
    hostelmate_api_url: Address = Field("https://api.hostelmate.co", description="Client API base")
    hostelmate_api_key: Annotated[SecretStr, AfterValidator(key)] | None = Field(
        None, description="Switches the provider on: the property's key"
    )
    hostelmate_poll_seconds: Annotated[float, Field(gt=0)] = Field(
        30.0, description="Pause between two looks at the list; 120 calls a minute are kept anyway"
    )
    hostelmate_skip_channels: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=lambda: ["BOOKING_COM"],
        description="Channels that are not shown, as another provider shows them",
    )
    search_every_hours: Annotated[float, Field(ge=0)] = Field(
        24.0, description="How often what the queue did not deliver is searched; 0: never"
    )
    search_back_hours: Annotated[float, Field(ge=0, le=1000)] = Field(
        6.0, description="How far a search goes back behind the one before it"
    )
    search_after_outage_minutes: Annotated[float, Field(gt=0)] = Field(
        60.0, description="After a longer silence of the queue it is searched at once"
    )
    database_url: Annotated[str, AfterValidator(database)] = Field(
        "sqlite:///bridgebot.db", description="or `postgresql://…`"
    )
    max_reply_chars: int = Field(
        4000, ge=1, description="Longest reply to a guest; a longer one is refused with the number"
    )
    undo_seconds: Seconds = Field(
        5.0,
        description="A reply waits this long: an edit changes it, a deletion cancels it; "
        "0 sends at once",
    )
    reply_policy: Literal["thread", "explicit", "off"] = Field(
        "thread",
        description="`thread`: every staff reply goes to the guest, notes apart; `explicit`: only "
        "by message shortcut; `off`: nothing goes back",
    )
    note_prefixes: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=lambda: ["//", "note:"],
        description="A reply that starts so stays internal; so does one that starts by "
        "mentioning a colleague",
    )
    may_reply: list[SlackId] = Field(
        default_factory=list,
        description="Workspace guests, people of other organisations, bots and apps who may reply "
        "and use buttons and commands like full members: ids as `U0123`, `B0123` or `A0123`",
    )
    ask_before_sending: list[Asking] = Field(
        default_factory=lambda: list[Asking](["internal"]),
        description="Which replies are held for one question to their author: any of `internal`, "
        "`links`, `contacts`",
    )
    internal_pattern: Pattern = Field(
        "", description=r"A reply that has this looks internal, as `PO-\d{5}`: a regular expression"
    )
    alert_after_minutes: Minutes = Field(
        15.0, description="A guest unanswered for so long raises an alert, from when they wrote"
    )
    escalate_after_minutes: Minutes = Field(
        60.0, description="After so long `ESCALATE_TO` is mentioned below the alert"
    )
    escalate_to: Whom | None = Field(
        None, description="A user id, a user group id or `here`; none: nobody is mentioned"
    )
    escalations: list[Escalation] = Field(
        default_factory=list,
        description='Further steps, as `[{"after_minutes": 120, "to": "U0123"}]`',
    )
    alert_flood: int = Field(20, ge=1, description="As many alerts due at once become one summary")
    business_hours: OpenHours = Field(
        "always",
        description="As `Mon-Fri 07:00-23:00, Sat 08:00-20:00`; alert clocks stand still outside",
    )
    timezone: Zone = Field("UTC", description="The hotel's time zone, as `Europe/Amsterdam`")
    score_warning_hours: Annotated[float, Field(ge=0, le=24)] = Field(
        2.0,
        description="A message is raised so long before it costs the reply score, even at night; "
        "0: never",
    )
    digest_at: list[Annotated[str, matches(CLOCK_FORM, "a time as 07:00")]] = Field(
        default_factory=list,
        description='Hand-over digests in the alerts channel, as `["07:00", "15:00"]`',
    )
    promise_reaction: Annotated[str, matches(EMOJI_FORM, "an emoji's name, as handshake")] = Field(
        "handshake", description="A reply marked so is a promise, and stands in the digests"
    )
    properties: dict[str, PropertySettings] = Field(
        default_factory=dict,
        description="Property id → what it has of its own: `timezone`, `business_hours`, "
        "`alert_after_minutes`, `escalate_after_minutes`, `escalate_to`, `escalations`",
    )
    settle_seconds: Annotated[float, Field(gt=0)] = Field(
        30.0,
        description="How long the other side may still act on a request whose answer was lost",
    )
    reconcile_after_seconds: Seconds = Field(
        3.0, description="A longer absence from Slack is followed by a comparison of the threads"
    )
    reply_max_age_hours: Annotated[float, Field(gt=0)] = Field(
        12.0, description="A reply found later than this is not sent before its author is asked"
    )
    command_prefix: Annotated[str, matches(PREFIX_FORM, "small letters, digits, - and _")] = Field(
        "", description="Put before the commands' names where a name is taken"
    )
    http_bind: Annotated[str, matches(BIND_FORM, "host:port, or nothing")] = Field(
        "127.0.0.1:8080", description="Health, metrics, events over HTTP; empty: none"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged"
    )
    log_format: Literal["console", "json"] = Field("console", description="`json` for machines")

    @model_validator(mode="before")
    @classmethod
    def _needs_no_app_token(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Let the token be missing where no socket is opened."""
        if values.get("slack_mode") == "http":
            values.setdefault("slack_app_token", None)
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.slack_mode == "http" and self.slack_signing_secret is None:
            raise ValueError(
                f"{PREFIX}SLACK_SIGNING_SECRET is missing: SLACK_MODE=http takes only what Slack "
                f"has signed; {WHERE['slack_signing_secret']}"
            )
        if self.slack_mode == "http" and not self.http_bind:
            raise ValueError(
                f"{PREFIX}HTTP_BIND is empty: SLACK_MODE=http needs an address to take events at, "
                "as 127.0.0.1:8080"
            )
        if (self.booking_client_id is None) != (self.booking_client_secret is None):
            missing = "SECRET" if self.booking_client_secret is None else "ID"
            raise ValueError(
                f"{PREFIX}BOOKING_CLIENT_{missing} is missing: a machine account has both"
            )
        if self.booking_client_id is None and self.hostelmate_api_key is None:
            raise ValueError(
                f"{PREFIX}BOOKING_CLIENT_ID is missing, and so is {PREFIX}HOSTELMATE_API_KEY: "
                "without one of them there is nobody to receive messages from; "
                f"{WHERE['booking_client_id']}"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: environment, its ``…_FILE`` secrets, ``.env``, TOML."""
        del file_secret_settings
        sources = [init_settings, env_settings, _SecretFiles(settings_cls), dotenv_settings]
        if os.environ.get(CONFIG):
            sources.append(_Toml(settings_cls, Path(os.environ[CONFIG])))
        return tuple(sources)


class _SecretFiles(EnvSettingsSource):
    """Reads secrets from the files that ``…_FILE`` names; an unreadable one is fatal."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(name) or dotenv_values(".env").get(name)
        if path is None or "SecretStr" not in str(field.annotation):
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise SettingsError(f"{name} names a file that cannot be read: {reason}") from None


class _Toml(TomlConfigSettingsSource):
    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        try:
            super().__init__(settings_cls, path)
        except (OSError, ValueError) as error:
            raise SettingsError(f"{CONFIG} names a file that cannot be read: {error}") from None
        if not path.is_file():
            raise SettingsError(f"{CONFIG} names a file that is not there: {path}")


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the reference shows it."""

    name: str
    default: str
    meaning: str


def load_settings(**given: Any) -> Settings:  # noqa: ANN401 - values of any setting
    """Read and check the settings; raises ``SettingsError`` with one message that names all.

    What is ``given`` wins over every other source.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            in_words(each["loc"], str(each["msg"]), str(each["type"]))
            for each in error.errors(include_input=False, include_url=False)
        ]
    except SourceError as error:
        if isinstance(error.__cause__, SettingsError):
            lines = [f"- {error.__cause__}"]
        else:
            found = re.search(r'field "(\w+)"', str(error))
            name = found[1] if found else ""
            lines = [f"- {PREFIX}{name.upper()} is not JSON: expected {WHERE.get(name, 'JSON')}"]
    lines = list(dict.fromkeys(lines))
    raise SettingsError("\n".join(["bridgebot cannot start with these settings:", *lines]))


def in_words(where: tuple[int | str, ...], message: str, kind: str) -> str:
    """Say what is wrong with a setting: its name, what is expected, where to find it."""
    message = message.removeprefix("Value error, ")
    if not where:
        return f"- {message}"
    field = str(where[0]).removeprefix(PREFIX.lower())
    name = f"{PREFIX}{field.upper()}"
    remedy = f" ({WHERE[field]})" if field in WHERE else ""
    if kind == "missing":
        return f"- {name} is missing{remedy or ''}"
    return f"- {name}: {message[:1].lower() + message[1:]}{remedy}"


def unknown_names() -> list[str]:
    """List variables that look like settings and are none, so that a slip is noticed."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | {CONFIG}
    given = {*os.environ, *dotenv_values(".env")}
    ours = (name for name in given if name.startswith(PREFIX))
    return sorted(name for name in ours if name not in known)


def single(name: str) -> str:
    """Read one setting alone, for commands that need no other."""
    default = str(Settings.model_fields[name.lower()].default)
    return os.environ.get(PREFIX + name) or dotenv_values(".env").get(PREFIX + name) or default


def describe() -> list[Row]:
    """List all settings with their defaults and meanings, for the reference."""
    rows = []
    for name, field in Settings.model_fields.items():
        rows.append(Row(name.upper(), _default(field), field.description or ""))
    return rows


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined:
        return "-"
    if value == "":
        return "empty"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{value}`".replace("'", '"')
