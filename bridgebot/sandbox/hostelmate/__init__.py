"""A stand-in for Hostel Mate's client API; it shares no code with the bot."""

from __future__ import annotations
