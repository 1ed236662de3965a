"""The name of this process among the nodes."""

from __future__ import annotations

import os
import secrets
import socket as sockets
from pathlib import Path


def node_name() -> str:
    """Name this process among the nodes: host, process id, and a word of its own.

    Behind the word's dot stands the number space that the process id is from: containers that share
    a host's name each have their own.
    """
    host = sockets.gethostname().replace(":", "-")
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        space = 0
    return f"{host}:{os.getpid()}:{secrets.token_hex(4)}.{space}"
