"""Decides about a staff message in the transaction that keeps it, where nobody has to be asked.

Most replies are plain text by somebody who was looked up before. Deciding about them at once spares
a transaction between what staff wrote and what the guest gets; everything else waits for the
``Decider``, which may ask Slack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import structlog

from bridgebot.bridge.asking import first_names, may_call_somebody
from bridgebot.bridge.enclosures import enclosures_of, sort_out
from bridgebot.bridge.replies import Decision, Kind, Rules, Written, decide
from bridgebot.rendering.mentions import Names
from bridgebot.rendering.to_guest import mentioned, to_guest
from bridgebot.slack.group import Group
from bridgebot.slack.people import People, Person
from bridgebot.store.formed import VERBATIM, WRITTEN_AT
from bridgebot.store.rows import ConversationRow
from bridgebot.workers.context import Context, nudge

log = structlog.get_logger()

NOBODY = Names(users={})


class Outright:
    """Decides from what is known already; it asks nobody and waits for nothing."""

    def __init__(
        self, context: Context, people: People, rules: Rules, group: Group, *, undo: float
    ) -> None:
        self._context = context
        self._people = people
        self._rules = rules
        self._group = group
        self._undo_ms = int(undo * 1000)

    def decide(
        self, event: Mapping[str, Any], conversation: ConversationRow
    ) -> Mapping[str, Any] | None:
        """Give the values of a reply that goes to the guest; ``None`` for all that needs a look.

        It may be asked twice about one message, as any unit of the store's may run twice. What goes
        wrong here must not keep the message from being kept: the decider meets it again.
        """
        try:
            return self._values(event, conversation)
        except Exception as error:  # noqa: BLE001
            log.warning("not_decided_outright", error=type(error).__name__)
            return None

    def _values(
        self, event: Mapping[str, Any], conversation: ConversationRow
    ) -> Mapping[str, Any] | None:
        author = self._people.known(str(event["user"]))
        if author is None or mentioned(event).users:
            return None
        may_send = author.may_act and self._group.known(author)
        colleagues = self._colleagues(event, author, conversation)
        if not may_send or colleagues is None:
            return None
        facts = written(
            self._context, event, conversation, author, may_send=True, colleagues=colleagues
        )
        decision = decide(facts, self._rules)
        if decision.kind is not Kind.REPLY or decision.told or decision.private:
            return None
        if not self._undo_ms:
            # Before the commit, and only here: the relayer's claim comes next, mostly in the same.
            nudge(self._context.signals.outbox)
        return reply_values(decision, due_at=self._context.ms() + self._undo_ms)

    def _colleagues(
        self, event: Mapping[str, Any], author: Person, conversation: ConversationRow
    ) -> frozenset[str] | None:
        if not may_call(event, self._rules):
            return frozenset()
        around = self._people.first_names_known(str(event["channel"]))
        return None if around is None else around - own_names(author, conversation)


def may_call(event: Mapping[str, Any], rules: Rules) -> bool:
    """Tell whether it counts who reads along: the message may begin with a colleague's name."""
    return "internal" in rules.asks and may_call_somebody(str(event.get("text") or ""))


def own_names(author: Person, conversation: ConversationRow) -> frozenset[str]:
    """Name those who are meant by their names otherwise: the author and the guest."""
    return first_names(author.name, author.first_name, conversation.about.guest_name or "")


def written(
    context: Context,
    event: Mapping[str, Any],
    conversation: ConversationRow,
    author: Person,
    *,
    may_send: bool | None,
    ts: str | None = None,
    names: Names = NOBODY,
    colleagues: frozenset[str] = frozenset(),
) -> Written:
    """Gather what a decision needs; ``names`` are those of the people whom the text mentions."""
    about = conversation.about
    provider = context.providers.get(about.provider)
    attachments = provider.attachments if provider is not None else None
    label = context.label(about.provider)
    verbatim = event.get(VERBATIM)
    return Written(
        event=event,
        author=str(author.kind),
        content=to_guest(event, names) if verbatim is None else str(verbatim),
        access=about.access,
        label=label,
        account_gone=provider is None,
        can_reply=provider is not None and provider.replies is not None,
        may_send=may_send,
        files=sort_out(
            enclosures_of(event),
            attachments.limits if attachments is not None else None,
            label=label,
            conversation_type=about.conversation_type,
        ),
        age_seconds=context.ms() / 1000 - float(event.get(WRITTEN_AT) or ts or event["ts"]),
        colleagues=colleagues,
        signature="" if verbatim else context.signing.line(author.signs_as, about.property_id),
        window=context.window_rule(about.provider),
        seen=verbatim is not None,
    )


def reply_values(decision: Decision, *, due_at: int) -> dict[str, Any]:
    """Give the values of what goes to the guest when the time for second thoughts is over."""
    return {**decided_values(decision), "due_at": due_at}


def decided_values(decision: Decision) -> dict[str, Any]:
    """Give the values that every decision has."""
    return {
        "kind": decision.kind.value,
        "content": decision.content,
        "pictures": json.dumps(decision.pictures),
    }
