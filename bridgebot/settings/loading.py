"""All settings together: read, checked against each other, and described."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values
from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from bridgebot.errors import SettingsError
from bridgebot.fields import WHERE
from bridgebot.settings.desk import DeskSettings
from bridgebot.settings.origins import CONFIG, PREFIX, SecretFiles, TomlFile
from bridgebot.settings.privacy import PrivacySettings
from bridgebot.settings.providers import ProviderSettings
from bridgebot.settings.running import RunningSettings
from bridgebot.settings.slack import SlackSettings
from bridgebot.settings.together import check_accounts, check_signature, check_sources

Kind = TypeVar("Kind", bound=BaseSettings)


class LocalSettings(PrivacySettings, RunningSettings, DeskSettings, BaseSettings):
    """What commands need that work on the database alone; none of these is required."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

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
        sources = [init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings]
        if os.environ.get(CONFIG):
            sources.append(TomlFile(settings_cls, Path(os.environ[CONFIG])))
        return tuple(sources)


class Settings(LocalSettings, ProviderSettings, SlackSettings):
    """All settings; the environment wins over ``.env``, and that over the TOML file."""

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
        check_accounts(self)
        check_sources(self, self.http_bind)
        check_signature(self)
        return self


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
    return _load(Settings, **given)


def load_local() -> LocalSettings:
    """Read and check the settings of commands that need no login; raises ``SettingsError``."""
    return _load(LocalSettings)


def _load(kind: type[Kind], **given: Any) -> Kind:  # noqa: ANN401 - values of any setting
    try:
        return kind(**given)
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
    name = f"{PREFIX}{field.upper()}{_place(where[1:])}"
    remedy = f" ({WHERE[field]})" if field in WHERE else ""
    if kind == "missing":
        return f"- {name} is missing{remedy or ''}"
    return f"- {name}: {message[:1].lower() + message[1:]}{remedy}"


def _place(inside: tuple[int | str, ...]) -> str:
    """Say which entry of a list it is, and what of it."""
    if not inside or not isinstance(inside[0], int):
        return ""
    rest = [str(each) for each in inside[1:] if isinstance(each, str)]
    return f" ({', '.join([f'number {inside[0] + 1}', *rest])})"


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
