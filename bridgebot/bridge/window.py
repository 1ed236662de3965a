"""Until when a provider takes replies."""

from __future__ import annotations

from bridgebot.model import ReplyWindow

DAY_MS = 86_400_000


def open_until(window: ReplyWindow | None, last_guest_at: int | None) -> int | None:
    """Tell until when a reply is taken for sure (ms), as far as the guest's last message tells.

    When the stay ends is told by no message, so the window may be open longer than this.
    """
    if window is None or last_guest_at is None:
        return None
    return last_guest_at + window.after_message * DAY_MS


def rule(window: ReplyWindow | None, label: str) -> str:
    """Say a provider's rule in a sentence; empty where it has none."""
    if window is None:
        return ""
    return (
        f"{label} takes replies until {window.after_stay} days after check-out or cancellation, "
        f"and for {window.after_message} days after a guest's message."
    )
