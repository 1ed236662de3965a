"""Says where the vendors' sides push to, by request: notifications, and Hostel Mate's webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox import world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.child import sources
from bridgebot.sandbox.console.catalogue import NOTIFICATIONS
from bridgebot.sandbox.messaging.notifications import Subscription


def set_pushes(chain: Chain, body: Mapping[str, Any]) -> dict[str, str]:
    """Subscribe a bot, or nobody where ``bot`` is empty; ``bot`` is its ``HTTP_BIND`` as a URL.

    Raises ``ValueError`` in words.
    """
    names = ("bot", "client_id", "client_secret", "webhook_secret")
    bot, client_id, client_secret, webhook_secret = (str(body.get(name) or "") for name in names)
    if bot and not bot.startswith(("http://", "https://")):
        raise ValueError("bot must be an address as http://127.0.0.1:8080")
    bot = bot.rstrip("/")
    subscription = Subscription(
        account=world.MACHINE_ACCOUNT,
        token_url=f"{bot}/booking/token",
        url=f"{bot}/booking/notifications",
        client_id=client_id,
        client_secret=client_secret,
    )
    chain.notifier.subscribe(subscription if bot and client_id else None)
    hook = bot and webhook_secret
    chain.webhook.url = f"{bot}/hostelmate/events/{webhook_secret}" if hook else ""
    return {"notifications": subscription.url if bot and client_id else ""}


def wear(chain: Chain, settings: Mapping[str, str]) -> None:
    """Let the sandbox fit the settings of its own bot: what can go wrong, where to push to."""
    used = sources(settings)
    chain.troubles.sources = used
    notified = {
        "bot": f"http://{settings.get('BRIDGEBOT_HTTP_BIND', '')}",
        "client_id": world.NOTIFIED_AS,
        "client_secret": world.NOTIFICATIONS_SECRET,
    }
    set_pushes(chain, notified if NOTIFICATIONS in used else {})
