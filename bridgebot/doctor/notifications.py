"""Checks of the address at which notifications are taken, called as their sender would."""

from __future__ import annotations

import httpx

from bridgebot.doctor.findings import Finding, good, note, warning, wrong
from bridgebot.settings import Settings

CHECK = "notifications"
SECONDS = 10.0
UNAUTHORISED, JUNK = 401, 400


async def check_notifications(settings: Settings, http: httpx.AsyncClient) -> list[Finding]:
    """Ask for a token and show it, where a bridge runs; nothing is left behind."""
    if "notifications" not in settings.booking_sources:
        return []
    public = settings.booking_notifications_url
    base = (public or f"http://{settings.http_bind}/booking").rstrip("/")
    findings = [await _try(settings, http, base, is_public=public is not None)]
    if public is None:
        findings.append(
            note(
                CHECK,
                "the address was tried on this machine alone",
                "set BRIDGEBOT_BOOKING_NOTIFICATIONS_URL to the public one, as "
                "https://bridge.example.com/booking, and enter in the provider portal → "
                "Administration → Notification Service Settings: …/booking/token and "
                "…/booking/notifications",
            )
        )
    elif not public.startswith("https://"):
        findings.append(
            warning(
                CHECK, "the public address is not https", "Booking.com asks for TLS 1.2 at least"
            )
        )
    return findings


async def _try(
    settings: Settings, http: httpx.AsyncClient, base: str, *, is_public: bool
) -> Finding:
    """Call both paths as the sender would."""
    try:
        return await _call(settings, http, base)
    except httpx.HTTPError:
        text = f"{base} does not answer"
        remedy = "check the proxy and its certificate"
        return wrong(CHECK, text, remedy) if is_public else note(CHECK, text, "start the bridge")


async def _call(settings: Settings, http: httpx.AsyncClient, base: str) -> Finding:
    secret = settings.booking_notifications_secret
    form = {
        "grant_type": "client_credentials",
        "client_id": settings.booking_notifications_client_id or "",
        "client_secret": secret.get_secret_value() if secret is not None else "",
    }
    given = await http.post(f"{base}/token", data=form, timeout=SECONDS)
    if given.status_code == UNAUTHORISED:
        text = f"{base}/token refuses the credentials"
        remedy = "restart the bridge after a change of BRIDGEBOT_BOOKING_NOTIFICATIONS_SECRET"
        return wrong(CHECK, text, remedy)
    try:
        token = str(given.json()["jwt"])
    except (ValueError, KeyError, TypeError):
        text = f"{base}/token gives no token ({given.status_code})"
        return wrong(CHECK, text, "check that the proxy leads to the bridge")
    # An empty list is no notification: with a good token it is refused, and nothing is kept.
    bearer = {"Authorization": f"Bearer {token}"}
    taken = await http.post(f"{base}/notifications", json=[], headers=bearer, timeout=SECONDS)
    if taken.status_code != JUNK:
        text = f"{base}/notifications does not take our token ({taken.status_code})"
        return wrong(CHECK, text, "check that the proxy lets the Authorization header through")
    return good(CHECK, f"{base} gives tokens and takes notifications")
