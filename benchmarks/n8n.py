"""How n8n is started with its flow: a directory of its own, the flow brought in and set active."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

FLOW = Path(__file__).parent / "flows/n8n.json"
PROGRAM = "node_modules/n8n/bin/n8n"
READY = b"Editor is now accessible"

QUIET = {
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
    "N8N_DISABLE_UI": "true",
}
"""Nothing is asked of n8n's own hosts, and no editor is served: only the flow is measured."""

NEEDED = {
    # The other engine for expressions wants a newer Node.js than n8n itself does.
    "N8N_EXPRESSION_ENGINE": "legacy",
    "N8N_BLOCK_ENV_ACCESS_IN_NODE": "false",
}


def environment(home: Path, port: int) -> dict[str, str]:
    """Name n8n's settings; what is not named is as it comes."""
    own = {
        "N8N_USER_FOLDER": str(home),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_PORT": str(port),
    }
    return {**QUIET, **NEEDED, **own}


async def bring_in(modules: Path, home: Path, settings: Mapping[str, str]) -> None:
    """Put the flow into n8n's database and set it active, unless that is done."""
    if (home / ".n8n").exists():
        return
    for told in (
        ("import:workflow", f"--input={FLOW}"),
        ("update:workflow", "--all", "--active=true"),
    ):
        process = await asyncio.create_subprocess_exec(
            "node",
            str(modules / PROGRAM),
            *told,
            env={**os.environ, **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"n8n {told[0]} failed:\n{said.decode()}")


def version(modules: Path) -> str:
    """Read which n8n is installed."""
    package = modules / "node_modules/n8n/package.json"
    found: str = json.loads(package.read_text(encoding="utf-8"))["version"]
    return found
