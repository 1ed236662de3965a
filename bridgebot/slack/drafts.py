"""What is known before a reply is sent: its placeholders, its signature, why it cannot go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge import saved
from bridgebot.bridge.replies import Rules, Written, is_note, why_not
from bridgebot.bridge.signing import Signing
from bridgebot.rendering.literal import clip
from bridgebot.slack.people import People
from bridgebot.store import conversations, outbox
from bridgebot.store.rows import ConversationRow

NOTE = "This begins as an internal note does, so it would stay internal. Please begin otherwise."
OFF = "Replies to guests are switched off here (REPLY_POLICY)."


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafts:
    """The owner's rules, and the properties' names, for replies that are written in a form."""

    people: People
    rules: Rules
    signing: Signing
    label: Callable[[str], str]
    can_reply: Callable[[str], bool]
    is_gone: Callable[[str], bool]
    window_rule: Callable[[str], str]
    names: Mapping[str, str] = field(default_factory=dict)

    def filled(self, text: str, row: ConversationRow, named: str = "") -> str:
        """Fill in what is known of a conversation.

        A name from the settings goes before the one by which the provider has ``named`` a property.
        """
        about = row.about
        values = {
            "guest": clip(about.guest_name or "", 100),
            "reservation": clip(about.reference or "", 100),
            "property": self.names.get(about.property_id or "", clip(named, 100)),
        }
        return saved.fill(text, values)

    async def signature(self, user: str, row: ConversationRow) -> str:
        """Tell the line below somebody's reply; raises ``SlackError``."""
        person = await self.people.person(user)
        return self.signing.line(person.signs_as, row.about.property_id)

    def closed(self, row: ConversationRow) -> str | None:
        """Say why nothing can be sent in a conversation; ``None`` where something can."""
        return self.why_not(row, "-")

    def why_not(self, row: ConversationRow, text: str, signature: str = "") -> str | None:
        """Say why a text cannot be sent; ``None`` where it can."""
        if self.off is not None:
            return self.off
        if is_note({"text": text}, self.rules.note_prefixes):
            return NOTE
        return saved.why_not_sent(text) or self.barred(row, text, signature)

    @property
    def off(self) -> str | None:
        """Say that nothing at all goes to guests, where the owner wants it so."""
        return OFF if self.rules.policy == "off" else None

    def barred(self, row: ConversationRow, text: str, signature: str = "") -> str | None:
        """Say what the rules have against a text that somebody sends by hand, if anything.

        It may be a note: its sender wants the guest to get it.
        """
        provider = row.about.provider
        written = Written(
            event={},
            author="member",
            content=text,
            access=row.about.access,
            label=self.label(provider),
            account_gone=self.is_gone(provider),
            can_reply=self.can_reply(provider),
            signature=signature,
            window=self.window_rule(provider),
        )
        return self.off or why_not(written, self.rules)

    async def held_up(
        self, connection: AsyncConnection, row_id: int, text: str | None = None
    ) -> str | None:
        """Say why a reply that was held for a question cannot go out by now, in other words if so.

        Since it was held, its conversation may have been closed, or the settings changed.
        """
        (row,) = await outbox.read(connection, [row_id])
        if row.kind != "held" or row.conversation is None:
            return self.off
        about = await conversations.get(connection, row.conversation)
        return self.barred(about, (row.content or "") if text is None else text)
