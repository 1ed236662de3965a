"""Which channel a conversation's thread opens in: ordered rules, the first that fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bridgebot.model import Conversation, Message


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule: what is empty fits everything, and of what is named one has to fit.

    ``sources`` are providers, accounts of them, or what a provider itself calls a channel
    (``AIRBNB``); ``types`` are the message's or the conversation's; ``words`` stand in the text.
    Upper and lower case are the same.
    """

    channel: str
    properties: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()


def first_fitting(
    rules: Sequence[Rule], about: Conversation, message: Message | None
) -> str | None:
    """Tell the channel of the first rule that fits; without a ``message``, by what else is known.

    ``None`` where no rule does.
    """
    return next((rule.channel for rule in rules if _fits(rule, about, message)), None)


def _fits(rule: Rule, about: Conversation, message: Message | None) -> bool:
    provider, kind = about.provider, about.conversation_type or ""
    return (
        _one_of(rule.properties, about.property_id or "")
        and _one_of(rule.sources, provider, provider.partition(":")[0], kind)
        and _one_of(rule.types, kind, message.kind if message else "")
        and (not rule.words or _has_word(rule.words, message.content if message else ""))
    )


def _one_of(wanted: frozenset[str], *given: str) -> bool:
    known = {each.casefold() for each in given if each}
    return not wanted or any(each.casefold() in known for each in wanted)


def _has_word(words: Sequence[str], text: str) -> bool:
    """Tell whether one of these words stands in a text, as a word of its own."""
    patterns = (r"\s+".join(map(re.escape, word.split())) for word in words)
    return any(re.search(rf"(?<!\w){each}(?!\w)", text, re.IGNORECASE) for each in patterns)
