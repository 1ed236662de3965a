"""The manifest of the Slack app, as it comes with the package."""

from __future__ import annotations

import re
from pathlib import Path

_BOT_SCOPES = re.compile(r"^    bot:\n((?:      - \S+\n)+)", re.MULTILINE)


def manifest_text(prefix: str = "", url: str = "") -> str:
    """Read the manifest, with the commands' prefix put in.

    With the ``url`` at which events are taken, for an app without Socket Mode.
    """
    here = Path(__file__).parent
    candidates = (here / "manifest.yml", here.parent / "manifest.yml")
    text = next(path for path in candidates if path.is_file()).read_text(encoding="utf-8")
    if url:
        text = re.sub(r"(    - command: .*\n)", rf"\1      url: {url}\n", text)
        text = text.replace(
            "  event_subscriptions:\n", f"  event_subscriptions:\n    request_url: {url}\n"
        )
        text = text.replace(
            "    is_enabled: true\n", f"    is_enabled: true\n    request_url: {url}\n"
        )
        text = text.replace("socket_mode_enabled: true", "socket_mode_enabled: false")
    return text.replace("command: /", f"command: /{prefix}") if prefix else text


def bot_scopes() -> frozenset[str]:
    """List the scopes that the manifest asks for."""
    block = _BOT_SCOPES.search(manifest_text())
    assert block is not None  # noqa: S101 - the manifest is ours
    return frozenset(re.findall(r"- (\S+)", block[1]))
