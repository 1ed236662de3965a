"""Run the command line as ``python -m bridgebot``."""

from __future__ import annotations

from bridgebot.cli import main

if __name__ == "__main__":
    main()
