"""Conversion of texts between guests and Slack; pure, without I/O."""

from __future__ import annotations
