"""Looks at settings, database, tokens, channels and providers, and names what to mend."""

from __future__ import annotations
