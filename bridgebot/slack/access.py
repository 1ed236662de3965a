"""Who may use commands, shortcuts and buttons."""

from __future__ import annotations

import structlog

from bridgebot.errors import SlackError
from bridgebot.slack.group import Group
from bridgebot.slack.people import People

log = structlog.get_logger()


class Access:
    """Lets in full members who are in one of the bot's guest channels.

    What sends something to a guest is for the people of the ``group`` alone.
    """

    def __init__(self, people: People, channels: frozenset[str], group: Group) -> None:
        self._people = people
        self._channels = channels
        self._group = group

    async def refusal(self, user: str, *, sends: bool = False) -> str | None:
        """Say in words why somebody may not; ``None`` where they may."""
        try:
            person = await self._people.person(user)
            inside = person.may_act and await self._people.is_in(user, self._channels)
            lets = not sends or await self._group.lets(person)
        except SlackError as error:
            log.info("membership_unknown", code=error.code)
            if error.permanent:
                return f"It cannot be checked whether you may do this: {error}."
            return "Slack does not answer just now. Please try again."
        if not inside:
            return "Only full members who are in a guests' channel can use this."
        return None if lets else "Only people of the group that answers guests can send this."
