"""One account of a provider, as ``[[accounts]]`` of the TOML file has it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bridgebot.fields import (
    SECRET_FORM,
    VERSION_FORM,
    Address,
    ChannelId,
    Word,
    key,
    matches,
    secret_like,
)
from bridgebot.settings.origins import PREFIX

NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
"""What a variable of the environment is called."""

Source = Literal["queue", "conversations", "notifications"]
Rate = Annotated[float, Field(gt=0)]
AccountName = Annotated[
    str, matches(re.compile(r"[a-z][a-z0-9-]{0,39}$"), "small letters, digits and -, as leiden")
]
ApiKey = Annotated[SecretStr, AfterValidator(key)]
Secret = Annotated[SecretStr, secret_like(SECRET_FORM, "24 or more letters and digits")]

CREDENTIALS: Final = (
    "client_id",
    "client_secret",
    "api_key",
    "notifications_client_id",
    "notifications_secret",
)
"""What may stand in a file (``…_file``) or in a variable (``…_env``) instead."""

Named = Literal["booking", "hostelmate"]

INHERITED: Final[Mapping[Named, tuple[str, ...]]] = {
    "booking": (
        "api_url",
        "token_url",
        "api_version",
        "sources",
        "reads_per_minute",
        "poll_seconds",
    ),
    "hostelmate": ("api_url", "poll_seconds", "skip_channels"),
}
"""What is as in the plain settings (``BOOKING_API_URL``) where an account does not say it."""

OWN: Final[Mapping[Named, tuple[str, ...]]] = {
    "booking": (
        "client_id",
        "client_secret",
        "properties",
        "notifications_client_id",
        "notifications_secret",
        "notifications_url",
    ),
    "hostelmate": ("api_key",),
}
"""What each account says for itself."""

NEEDED: Final[Mapping[Named, tuple[str, ...]]] = {
    "booking": ("client_id", "client_secret"),
    "hostelmate": ("api_key",),
}


class AccountSettings(BaseModel):
    """An account; what is not set is as in the plain settings, or not there."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    provider: Named
    name: AccountName
    client_id: Annotated[str, Field(min_length=1)] | None = None
    client_secret: Annotated[SecretStr, Field(min_length=1)] | None = None
    api_key: ApiKey | None = None
    api_url: Address = ""
    token_url: Address = ""
    api_version: Annotated[str, matches(VERSION_FORM, "a version as 1.2")] = ""
    sources: list[Source] = Field(default_factory=list, min_length=1)
    properties: list[Word] = Field(default_factory=list)
    reads_per_minute: Rate = 0.0
    poll_seconds: Rate = 0.0
    skip_channels: list[Word] = Field(default_factory=list)
    notifications_client_id: Annotated[str, Field(min_length=1)] | None = None
    notifications_secret: Secret | None = None
    notifications_url: Address | None = None
    channel: ChannelId | None = None
    channels: dict[str, ChannelId] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fetch(cls, values: Any) -> Any:  # noqa: ANN401 - whatever stands there
        """Put in place what stands in a file or in a variable."""
        if not isinstance(values, dict):
            return values
        given = dict(values)
        for name in CREDENTIALS:
            for form, fetch in (("file", _of_file), ("env", _of_variable)):
                where = given.pop(f"{name}_{form}", None)
                if where is None:
                    continue
                if name in given:
                    raise ValueError(f"{name} is given twice; one of the ways is enough")
                given[name] = fetch(f"{name}_{form}", str(where))
        return given

    @model_validator(mode="after")
    def _fits_its_provider(self) -> AccountSettings:
        fitting = {"provider", "name", "channel", *INHERITED[self.provider], *OWN[self.provider]}
        fitting |= {"channels"} if self.provider == "booking" else set()
        strange = sorted(self.model_fields_set - fitting)
        if strange:
            raise ValueError(f"an account of {self.provider} has no {', '.join(strange)}")
        for name in NEEDED[self.provider]:
            if getattr(self, name) is None:
                raise ValueError(
                    f"{name} is missing, or {name}_file with a file that holds it, or {name}_env "
                    "with the name of a variable"
                )
        return self

    @property
    def key(self) -> str:
        """Name the account everywhere: its provider, and its own name where it has one."""
        return f"{self.provider}:{self.name}" if self.name else self.provider

    def called(self, field: str) -> str:
        """Say what an owner calls one of its settings."""
        if not self.name:
            return f"{PREFIX}{self.provider.upper()}_{field.upper()}"
        return f"{field} of the account {self.name} ({PREFIX}ACCOUNTS)"

    def own_properties(self) -> set[str]:
        """List the properties that are named as this account's."""
        if self.provider == "hostelmate":
            # One key opens one property, and the account's name stands for it.
            return {self.name or self.provider}
        return {*self.properties, *self.channels}


def _of_file(name: str, where: str) -> str:
    try:
        return Path(where).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise ValueError(f"{name} names a file that cannot be read: {reason}") from None


def _of_variable(name: str, where: str) -> str:
    if where.startswith(PREFIX):
        raise ValueError(f"{name}: names that begin with {PREFIX} are those of settings")
    value = os.environ.get(where) or dotenv_values(".env").get(where)
    if not value:
        # Somebody may have put the secret itself where its name belongs.
        called = where if NAME.fullmatch(where) else "with a name that no variable has"
        raise ValueError(f"{name} names a variable that is not set: {called}")
    return value
