"""One day of a small hotel, told to the stand-ins whatever the bot is doing meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from tests.crash.bot import Bot
from tests.e2e.snaps import jpeg, png
from tests.e2e.told import Told, payload_of
from tests.e2e.world import ALERTS, ANNA, GUESTS, World

QUICK = {
    "BOOKING_POLL_SECONDS": "0.4",
    "UNDO_SECONDS": "0.2",
    "SETTLE_SECONDS": "1",
    "LOG_LEVEL": "debug",
}


class Day:
    """Guests write, staff answer, one entry cannot be read, and the bot is started again."""

    def __init__(self, world: World, bot: Bot) -> None:
        self._world = world
        self._bot = bot
        self._told = Told(world)

    async def play(self) -> None:
        """Live through the day; each act waits for what people would wait for."""
        world, told = self._world, self._told
        for name, text in (("c1", "Hello"), ("c2", "Parking?"), ("c1", "Anybody?")):
            told.guest(name, text)
        told.guest_picture("c2", "The view", jpeg())
        world.booking.booking.queue_junk({"message_id": "x", "nonsense": True})
        self._bot.start()
        await self._until(told.all_shown)
        for text in ("Welcome", "ok", "ok"):
            told.staff("c1", text)
        told.staff_picture("c1", "The map", png())
        told.note("c2", f"<@{ANNA}> is there a free space?")
        told.guest("c2", "We arrive at nine.")
        await self._until(told.all_marked)
        await self._bot.restart()
        told.guest("c3", "Good evening")
        await self._until(lambda: told.settled() and world.messages(ALERTS))

    async def _until(self, true: Callable[[], object]) -> None:
        def checked() -> object:
            self._bot.check()
            return true()

        await self._world.until(checked, 40)

    def wrong(self) -> list[str]:
        """List what is lost, twice, out of order, or shown to the wrong side."""
        alerts = [payload_of(post, "bridgebot_alert") for post in self._world.messages(ALERTS)]
        told = [
            post["text"]
            for post in self._world.messages(GUESTS)
            if payload_of(post, "bridgebot_notice")
        ]
        found = self._told.wrong()
        if [each.get("kind") for each in alerts] != ["quarantined"]:
            found.append(f"the alerts are {alerts}")
        return [*found, *(f"people were told: {each}" for each in told)]
