"""Decisions about messages, replies and deliveries; pure, without I/O."""

from __future__ import annotations
