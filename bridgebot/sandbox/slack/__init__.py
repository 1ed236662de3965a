"""A stand-in for Slack: Web API and Socket Mode."""

from __future__ import annotations
