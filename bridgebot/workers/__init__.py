"""Loops that fetch, claim, call and record."""

from __future__ import annotations
