"""Adapters to the systems guests write through."""

from __future__ import annotations
