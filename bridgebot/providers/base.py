"""What a provider is: a small record of parts; a part it lacks is ``None``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bridgebot.model import (
    Batch,
    ConversationId,
    Glimpse,
    ListPage,
    MessageId,
    Picture,
    PictureLimits,
    PropertyId,
    ProviderName,
    RecentPage,
    ReplyWindow,
    Sent,
    Transcript,
)


class Source(Protocol):
    """Takes messages from the provider and lets it forget them."""

    async def receive(self) -> Batch:
        """Fetch what is waiting; raises ``ProviderError``."""
        ...

    async def confirm(self, receipt: int) -> None:
        """Let the provider forget a stored batch; raises ``ProviderError``, never retries."""
        ...


class Listing(Protocol):
    """Shows conversations to a reader who looks again and again, where there is no queue."""

    def ready_in(self) -> float:
        """Tell the seconds until the provider's rate limit has room for a call."""
        ...

    async def page(self, offset: int) -> ListPage:
        """Read a page of the list; raises ``ProviderError``.

        The list may shift while it is paged through. ``not_enabled`` is the code where the provider
        has no conversations for this account.
        """
        ...

    async def read(self, glimpse: Glimpse, *, quiet: bool) -> Batch:
        """Read a whole conversation, oldest first; raises ``ProviderError``.

        ``quiet``: it is from before we came, so what was dealt with then is marked as history.
        ``gone`` is the code where the conversation is not there any more.
        """
        ...


class Recent(Protocol):
    """Shows each property's conversations by recent activity, so that news stand in front."""

    def ready_in(self) -> float:
        """Tell the seconds until the pace that we keep has room for a call."""
        ...

    async def page(self, property_id: PropertyId, page: str | None) -> RecentPage:
        """Read a page of a property's list; raises ``ProviderError``.

        New activity reorders the list while it is paged through.
        """
        ...

    async def read(self, property_id: PropertyId, conversation_id: ConversationId) -> Batch:
        """Read a whole conversation, oldest first; raises ``ProviderError``."""
        ...


class Replies(Protocol):
    """Sends a reply into a conversation."""

    async def send(
        self,
        *,
        property_id: PropertyId,
        conversation_id: ConversationId,
        content: str,
        attachment_ids: Sequence[str] = (),
    ) -> Sent:
        """Send once, without retry; raises ``ProviderError`` with ``certain`` set truthfully.

        ``attachment_ids`` are those that ``Attachments.upload`` gave.
        """
        ...


class Attachments(Protocol):
    """Moves pictures, apart from the messages that name them."""

    @property
    def limits(self) -> PictureLimits:
        """Tell what may be uploaded."""
        ...

    async def fetch(
        self, property_id: PropertyId, conversation_id: ConversationId, attachment_id: str
    ) -> Picture:
        """Download what a message names, as it is; raises ``ProviderError``.

        Nothing is known of its content: name and type are what the sender's side says.
        """
        ...

    async def upload(
        self, property_id: PropertyId, conversation_id: ConversationId, picture: Picture
    ) -> str:
        """Upload for a message to come, and return its id; raises ``ProviderError``.

        An upload that no message names reaches nobody, so it may be repeated whatever became of it.
        """
        ...


class History(Protocol):
    """Reads conversations with their messages."""

    async def by_id(self, property_id: PropertyId, conversation_id: ConversationId) -> Transcript:
        """Read a whole conversation; raises ``ProviderError``."""
        ...

    async def by_reference(
        self, property_id: PropertyId, conversation_type: str, reference: str
    ) -> Transcript | None:
        """Find the conversation of a reservation or request; ``None`` where there is none."""
        ...

    def newest_first(self, property_id: PropertyId) -> AsyncIterator[Transcript]:
        """Walk a property's conversations by recent activity, each with its newest messages."""
        ...


class Search(Protocol):
    """Finds messages of a span of time again; heavy at the provider, so for repair only."""

    def pages(
        self, *, after: datetime, before: datetime, property_id: PropertyId | None = None
    ) -> AsyncIterator[Batch]:
        """Yield what was written from ``after`` to ``before``, both included, oldest first.

        Without ``property_id`` those of all the account's properties. There is nothing to confirm.
        Raises ``ProviderError``, and ``ValueError`` for a span longer than ``Limits.search_span``.
        """
        ...


class Tags(Protocol):
    """Marks conversations and messages for all who use the provider."""

    async def no_reply_needed(
        self, property_id: PropertyId, conversation_id: ConversationId, *, needless: bool
    ) -> None:
        """Say that a conversation needs no reply, or take it back; raises ``ProviderError``."""
        ...

    async def mark_read(
        self,
        property_id: PropertyId,
        conversation_id: ConversationId,
        message_ids: Sequence[MessageId],
        *,
        reader: str,
    ) -> None:
        """Mark messages as read by a participant; raises ``ProviderError``."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """A provider's own limits; ``None`` where none is documented.

    ``answer_hours``: a reply within so many hours counts for the score the provider computes.
    ``window``: how long it takes replies.
    """

    reply_chars: int | None = None
    search_span: timedelta | None = None
    answer_hours: float | None = None
    window: ReplyWindow | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """One account at a provider.

    ``label`` is what people call it (``Booking.com``); ``poll_seconds`` is the pause after an empty
    fetch; ``properties`` are those named in the settings, asked when something has to be looked
    for; ``push`` reads a notification's body, where the provider sends such; ``probe`` tries the
    login and the access, and raises ``ProviderError`` in words; ``ways`` tries each of several
    sources by itself. ``login`` names a login that may have one consumer only, whatever the account
    is called in the settings.
    """

    name: ProviderName
    label: str
    poll_seconds: float
    source: Source | None = None
    listing: Listing | None = None
    recent: Recent | None = None
    push: Callable[[str], Batch] | None = None
    replies: Replies | None = None
    attachments: Attachments | None = None
    history: History | None = None
    search: Search | None = None
    tags: Tags | None = None
    reread: Callable[[str], Batch] | None = None
    limits: Limits = Limits()
    properties: tuple[PropertyId, ...] = ()
    probe: Callable[[], Awaitable[None]] | None = None
    ways: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    login: str = ""

    @property
    def queue(self) -> str:
        """Name what one node alone consumes: an account that is renamed on one node stays one."""
        return self.login or self.name
