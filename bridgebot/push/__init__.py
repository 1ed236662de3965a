"""What others call: notifications, and hints that something is new."""

from __future__ import annotations
