"""What settings ask of each other: all of it is said in words, before anything starts."""

from __future__ import annotations

from collections.abc import Iterable

from bridgebot.fields import WHERE
from bridgebot.settings.accounts import AccountSettings
from bridgebot.settings.desk import DeskSettings
from bridgebot.settings.origins import PREFIX
from bridgebot.settings.providers import ProviderSettings


def check_accounts(settings: ProviderSettings) -> None:
    """Check that there is an account, and each is one of its own; raises ``ValueError``."""
    if (settings.booking_client_id is None) != (settings.booking_client_secret is None):
        missing = "SECRET" if settings.booking_client_secret is None else "ID"
        raise ValueError(f"{PREFIX}BOOKING_CLIENT_{missing} is missing: a machine account has both")
    accounts = settings.every_account()
    if not accounts:
        raise ValueError(
            f"{PREFIX}BOOKING_CLIENT_ID is missing, and so is {PREFIX}HOSTELMATE_API_KEY: "
            "without one of them, or an account in the TOML file, there is nobody to receive "
            f"messages from; {WHERE['booking_client_id']}"
        )
    _check_twice(accounts)


def _check_twice(accounts: Iterable[AccountSettings]) -> None:
    """Refuse what two accounts may not share: names, logins, properties.

    Two consumers of one queue would confirm what the other one has not seen.
    """
    told: dict[tuple[str, str], AccountSettings] = {}
    for account in accounts:
        secret = account.api_key.get_secret_value() if account.api_key is not None else None
        unique = [
            ("the name", account.key, account.key),
            ("the client_id", account.client_id, "a machine account has one queue"),
            ("the api_key", secret, "a key opens one property"),
            ("the notifications_client_id", account.notifications_client_id, "it tells whose"),
            *(("the property", each, each) for each in sorted(account.own_properties())),
        ]
        for what, value, why in unique:
            other = told.setdefault((what, value), account) if value is not None else account
            if other is not account:
                raise ValueError(
                    f"{PREFIX}ACCOUNTS: {other.key} and {account.key} have {what} in common ({why})"
                )


def check_sources(settings: ProviderSettings, http_bind: str) -> None:
    """Check that what a source of messages needs is there; raises ``ValueError`` in words."""
    accounts = settings.every_account()
    for account in accounts:
        for source, names in (
            ("conversations", ("properties",)),
            ("notifications", ("notifications_client_id", "notifications_secret")),
        ):
            missing = [each for each in names if source in account.sources]
            missing = [each for each in missing if not getattr(account, each)]
            if missing:
                remedy = WHERE[f"{account.provider}_{missing[0]}"]
                raise ValueError(
                    f"{account.called(missing[0])} is missing: "
                    f"{account.called('sources')} names a source that needs it; {remedy}"
                )
    pushed = any("notifications" in each.sources for each in accounts)
    if (pushed or settings.hostelmate_webhook_secret) and not http_bind:
        raise ValueError(
            f"{PREFIX}HTTP_BIND is empty: notifications need an address to be taken at, as "
            "127.0.0.1:8080"
        )


def check_signature(settings: DeskSettings) -> None:
    """Check that some property has a line where each should; raises ``ValueError`` in words."""
    if settings.signature == "property" and not any(
        own.signature for own in settings.properties.values()
    ):
        raise ValueError(
            f"{PREFIX}SIGNATURE is property, and no property has one; "
            f'{WHERE["properties"]} signature = "The team of Hotel Example"'
        )
