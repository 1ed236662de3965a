"""Who may use commands, shortcuts and buttons."""

from __future__ import annotations

import structlog

from bridgebot.errors import SlackError
from bridgebot.slack.people import People

log = structlog.get_logger()


class Access:
    """Lets in full members who are in one of the bot's guest channels."""

    def __init__(self, people: People, channels: frozenset[str]) -> None:
        self._people = people
        self._channels = channels

    async def refusal(self, user: str) -> str | None:
        """Say in words why somebody may not; ``None`` where they may."""
        try:
            person = await self._people.person(user)
            inside = person.may_act and await self._people.is_in(user, self._channels)
        except SlackError as error:
            log.info("membership_unknown", code=error.code)
            return "Slack does not answer just now. Please try again."
        if not inside:
            return "Only full members who are in a guests' channel can use this."
        return None
