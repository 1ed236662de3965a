"""The owner's settings: environment, ``.env`` and TOML, checked before anything starts."""

from __future__ import annotations

from bridgebot.settings.accounts import AccountSettings
from bridgebot.settings.loading import (
    LocalSettings,
    Row,
    Settings,
    describe,
    in_words,
    load_local,
    load_settings,
    single,
    unknown_names,
)
from bridgebot.settings.origins import PREFIX

__all__ = [
    "PREFIX",
    "AccountSettings",
    "LocalSettings",
    "Row",
    "Settings",
    "describe",
    "in_words",
    "load_local",
    "load_settings",
    "single",
    "unknown_names",
]
