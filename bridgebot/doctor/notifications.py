"""Checks of the address at which notifications are taken, called as their sender would."""

from __future__ import annotations

import httpx

from bridgebot.doctor.findings import Finding, good, note, warning, wrong
from bridgebot.settings import AccountSettings, Settings

CHECK = "notifications"
SECONDS = 10.0
UNAUTHORISED, JUNK = 401, 400


async def check_notifications(settings: Settings, http: httpx.AsyncClient) -> list[Finding]:
    """Ask for a token and show it, where a bridge runs; nothing is left behind."""
    return [
        finding
        for account in settings.every_account()
        if "notifications" in account.sources
        for finding in await _check(account, settings.http_bind, http)
    ]


async def _check(account: AccountSettings, bind: str, http: httpx.AsyncClient) -> list[Finding]:
    public, check = account.notifications_url, _check_of(account)
    base = (public or f"http://{bind}/booking").rstrip("/")
    findings = [await _try(account, http, base, is_public=public is not None)]
    if public is None:
        findings.append(
            note(
                check,
                "the address was tried on this machine alone",
                f"set {account.called('notifications_url')} to the public one, as "
                "https://bridge.example.com/booking, and enter in the provider portal → "
                "Administration → Notification Service Settings: …/booking/token and "
                "…/booking/notifications",
            )
        )
    elif not public.startswith("https://"):
        findings.append(
            warning(
                check, "the public address is not https", "Booking.com asks for TLS 1.2 at least"
            )
        )
    return findings


def _check_of(account: AccountSettings) -> str:
    """Name the check; that of a further account has its name."""
    return f"{CHECK} ({account.name})" if account.name else CHECK


async def _try(
    account: AccountSettings, http: httpx.AsyncClient, base: str, *, is_public: bool
) -> Finding:
    """Call both paths as the sender would."""
    try:
        return await _call(account, http, base)
    except httpx.HTTPError:
        text = f"{base} does not answer"
        remedy, check = "check the proxy and its certificate", _check_of(account)
        return wrong(check, text, remedy) if is_public else note(check, text, "start the bridge")


async def _call(account: AccountSettings, http: httpx.AsyncClient, base: str) -> Finding:
    secret, check = account.notifications_secret, _check_of(account)
    form = {
        "grant_type": "client_credentials",
        "client_id": account.notifications_client_id or "",
        "client_secret": secret.get_secret_value() if secret is not None else "",
    }
    given = await http.post(f"{base}/token", data=form, timeout=SECONDS)
    if given.status_code == UNAUTHORISED:
        text = f"{base}/token refuses the credentials"
        remedy = f"restart the bridge after a change of {account.called('notifications_secret')}"
        return wrong(check, text, remedy)
    try:
        token = str(given.json()["jwt"])
    except (ValueError, KeyError, TypeError):
        text = f"{base}/token gives no token ({given.status_code})"
        return wrong(check, text, "check that the proxy leads to the bridge")
    # An empty list is no notification: with a good token it is refused, and nothing is kept.
    bearer = {"Authorization": f"Bearer {token}"}
    taken = await http.post(f"{base}/notifications", json=[], headers=bearer, timeout=SECONDS)
    if taken.status_code != JUNK:
        text = f"{base}/notifications does not take our token ({taken.status_code})"
        return wrong(check, text, "check that the proxy lets the Authorization header through")
    return good(check, f"{base} gives tokens and takes notifications")
