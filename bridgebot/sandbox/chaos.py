"""Makes trouble on both sides while the scenario runs."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.child import BotProcess
from bridgebot.sandbox.console.faults import act_on_socket, clear, sides
from bridgebot.sandbox.transcript import Transcript

_DARK_SECONDS: Final = 1.0
# Each: side, call, kind of fault, how often, with which chance, how long.
_TROUBLE: Final = (
    ("booking", "conversations.post", "drop_after", 2, 0.4, 0.0),
    ("booking", "conversations.post", "500", 2, 0.4, 0.0),
    ("booking", "messages.latest", "429", 2, 0.5, 0.0),
    ("booking", "messages.latest", "drop_before", 2, 0.5, 0.0),
    ("booking", "messages.confirm", "drop_after", 1, 1.0, 0.0),
    ("booking", "*", "delay", 5, 0.3, 0.3),
    ("hostelmate", "conversations.list", "503", 2, 0.5, 0.0),
    ("hostelmate", "conversations.messages", "drop_after", 2, 0.5, 0.0),
    ("slack", "chat.postMessage", "drop_after", 3, 0.3, 0.0),
    ("slack", "chat.postMessage", "internal_error", 2, 0.3, 0.0),
    ("slack", "chat.postMessage", "500", 2, 0.3, 0.0),
    ("slack", "chat.postMessage", "429", 2, 0.3, 1.0),
    ("slack", "reactions.add", "503", 2, 0.5, 0.0),
    ("slack", "*", "delay", 6, 0.3, 0.3),
)


def begin(chain: Chain, transcript: Transcript) -> None:
    """Set faults on both sides and mix up the queue."""
    for side, call, kind, times, chance, seconds in _TROUBLE:
        sides(chain)[side].add(call, kind, times=times, chance=chance, seconds=seconds)
    chain.slack_api.sockets.duplicating += 5
    transcript.line("fault", "both sides", "lost answers, errors, limits, delays, doubled events")


def shuffle(chain: Chain, transcript: Transcript) -> None:
    """Bring the provider's queue into another order."""
    dice = random.Random(7)  # noqa: S311 - disorder that is the same each time
    for account in chain.booking.accounts.values():
        entries = list(account.queue)
        dice.shuffle(entries)
        account.queue.clear()
        account.queue.extend(entries)
    transcript.line("fault", "queue", "in another order")


async def power_cut(bot: BotProcess, chain: Chain, transcript: Transcript) -> None:
    """Cut the socket, then kill the bot in mid-work and start it again."""
    await act_on_socket(chain, "cut")
    transcript.line("fault", "socket", "cut")
    await asyncio.sleep(_DARK_SECONDS / 2)
    await bot.kill()
    transcript.line("fault", "bot", "killed in mid-work (kill -9)")
    await asyncio.sleep(_DARK_SECONDS)
    await bot.start()
    transcript.line("fault", "bot", "started again")


def end(chain: Chain, transcript: Transcript) -> None:
    """Take the faults away, so that everything can come to rest."""
    struck = sum(faults.struck for faults in sides(chain).values())
    clear(chain)
    transcript.line("fault", "both sides", f"over, after {struck} strikes")
