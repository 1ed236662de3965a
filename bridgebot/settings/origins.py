"""Where settings come from beside the environment: files of secrets, and the TOML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, TomlConfigSettingsSource

from bridgebot.errors import SettingsError

PREFIX = "BRIDGEBOT_"
CONFIG = "BRIDGEBOT_CONFIG"


class SecretFiles(EnvSettingsSource):
    """Reads secrets from the files that ``…_FILE`` names; an unreadable one is fatal."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Read the file named for this setting; ``None`` where none is named."""
        name = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(name) or dotenv_values(".env").get(name)
        if path is None or "SecretStr" not in str(field.annotation):
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise SettingsError(f"{name} names a file that cannot be read: {reason}") from None


class TomlFile(TomlConfigSettingsSource):
    """Reads the TOML file that ``BRIDGEBOT_CONFIG`` names; a missing one is fatal."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        try:
            super().__init__(settings_cls, path)
        except (OSError, ValueError) as error:
            raise SettingsError(f"{CONFIG} names a file that cannot be read: {error}") from None
        if not path.is_file():
            raise SettingsError(f"{CONFIG} names a file that is not there: {path}")
