"""What staff are told to type: the commands by their names here, and how to write a note."""

from __future__ import annotations

from bridgebot.bridge.replies import Rules

_OFF = "What is written in a thread stays there: nothing goes to the guest."
_EXPLICIT = (
    "What is written in a thread stays internal, until somebody sends it to the guest: "
    "More actions → Send to guest."
)


def help_text(prefix: str, rules: Rules) -> str:
    """List the commands, and say what becomes of a reply."""
    lines = [
        f"/{prefix}reservation <reservation number, guest name or words> finds a conversation.",
        f"/{prefix}unanswered lists the guests who wait, the longest first.",
        f"/{prefix}bridgebot status tells how the bridge is doing.",
        backfill_help(prefix),
        f"/{prefix}bridgebot replies opens the saved replies.",
        _of_replies(rules),
    ]
    return "\n".join(lines)


def backfill_help(prefix: str) -> str:
    """Say how messages of the past are fetched."""
    return f"/{prefix}bridgebot backfill 2026-01-31 fetches what was written since then again."


def search_help(prefix: str) -> str:
    """Say how a conversation is looked for."""
    return (
        f"Say what to look for: /{prefix}reservation and a reservation number, a guest's name, or "
        "words from a message. Before the number may stand its property: 1383087/4312539001."
    )


def _of_replies(rules: Rules) -> str:
    if rules.policy == "off":
        return _OFF
    if rules.policy == "explicit":
        return _EXPLICIT
    signs = [
        *(f"with {prefix.strip()}" for prefix in rules.note_prefixes),
        "by mentioning somebody",
    ]
    return (
        "Replies in a thread go to the guest. To keep a message internal, begin "
        f"{', '.join(signs[:-1])}{' or ' * (len(signs) > 1)}{signs[-1]}."
    )
