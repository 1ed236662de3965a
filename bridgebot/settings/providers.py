"""Settings of the providers: logins, addresses, how often they are asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from bridgebot.fields import (
    SECRET_FORM,
    VERSION_FORM,
    Address,
    Seconds,
    StrictBool,
    key,
    matches,
    secret_like,
)
from bridgebot.settings.accounts import INHERITED, NEEDED, OWN, AccountSettings, Source


def _queue_alone() -> list[Source]:
    return ["queue"]


class ProviderSettings(BaseModel):
    """Settings of the providers: logins, addresses, how often they are asked."""

    booking_client_id: str | None = Field(
        None, min_length=1, description="Set both to switch the provider on"
    )
    booking_client_secret: SecretStr | None = Field(
        None, min_length=1, description="Set both to switch the provider on"
    )
    booking_api_url: Address = Field(
        "https://supply-xml.booking.com/messaging", description="Messaging API base"
    )
    booking_token_url: Address = Field(
        "https://connectivity-authentication.booking.com/token-based-authentication/exchange",
        description="Token exchange",
    )
    booking_api_version: Annotated[str, matches(VERSION_FORM, "a version as 1.2")] = Field(
        "1.2", description="`Accept-version` header"
    )
    booking_sources: list[Source] = Field(
        default_factory=_queue_alone,
        min_length=1,
        description="Where guests' messages come from: any of `queue`, `conversations` (of "
        "`BOOKING_PROPERTIES`), `notifications` (needs a public address)",
    )
    booking_properties: list[str] = Field(
        default_factory=list,
        description="Property ids asked when something is looked up, and listed by the "
        "`conversations` source",
    )
    booking_reads_per_minute: Annotated[float, Field(gt=0)] = Field(
        60.0,
        description="Calls a minute of the `conversations` source; Booking.com publishes no limit",
    )
    booking_notifications_client_id: str | None = Field(
        None,
        min_length=1,
        description="Client id with which Booking.com's notification service asks for a token; "
        "yours to choose",
    )
    booking_notifications_secret: (
        Annotated[SecretStr, secret_like(SECRET_FORM, "24 or more letters and digits")] | None
    ) = Field(None, description="Its client secret, yours to choose: `openssl rand -hex 32`")
    booking_notifications_url: Address | None = Field(
        None,
        description="Public address of `/booking` on `HTTP_BIND`, for `bridgebot doctor` to try",
    )
    booking_poll_seconds: Annotated[float, Field(gt=0)] = Field(
        5.0, description="Pause after an empty fetch; a full batch is followed at once"
    )
    hostelmate_api_url: Address = Field("https://api.hostelmate.co", description="Client API base")
    hostelmate_api_key: Annotated[SecretStr, AfterValidator(key)] | None = Field(
        None, description="Switches the provider on: the property's key"
    )
    hostelmate_poll_seconds: Annotated[float, Field(gt=0)] = Field(
        30.0, description="Pause between two looks at the list; 120 calls a minute are kept anyway"
    )
    hostelmate_webhook_secret: (
        Annotated[SecretStr, secret_like(SECRET_FORM, "24 or more letters and digits")] | None
    ) = Field(
        None,
        description="Last part of the webhook's address, `/hostelmate/events/<secret>`; its "
        "`message.received` hastens the next look",
    )
    hostelmate_skip_channels: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=lambda: ["BOOKING_COM"],
        description="Channels that are not shown, as another provider shows them",
    )
    search_every_hours: Annotated[float, Field(ge=0)] = Field(
        24.0, description="How often what the queue did not deliver is searched; 0: never"
    )
    search_back_hours: Annotated[float, Field(ge=0, le=1000)] = Field(
        6.0, description="How far a search goes back behind the one before it"
    )
    search_after_outage_minutes: Annotated[float, Field(gt=0)] = Field(
        60.0, description="After a longer silence of the queue it is searched at once"
    )
    mark_read: StrictBool = Field(
        True,  # noqa: FBT003 - a default
        description="Mark a guest's messages as read at the provider when staff have answered",
    )
    tags_seconds: Seconds = Field(
        60.0,
        description="How often tags set elsewhere are looked up while guests wait, and how long "
        "after an answer it is first looked whether the guest has read it; 0: neither",
    )
    accounts: list[AccountSettings] = Field(
        default_factory=list,
        description="Further accounts, best in the TOML file, each with its own credentials, "
        "properties, sources and channels: [several accounts](providers.md#several-accounts)",
    )

    def every_account(self) -> tuple[AccountSettings, ...]:
        """List the accounts of the plain settings, then the further ones, each complete."""
        plain = [
            AccountSettings.model_construct(
                provider=provider,
                name="",
                **{
                    each: getattr(self, f"{provider}_{each}")
                    for each in (*INHERITED[provider], *own)
                },
            )
            for provider, own in OWN.items()
            if all(getattr(self, f"{provider}_{each}") is not None for each in NEEDED[provider])
        ]
        return (*plain, *map(self._complete, self.accounts))

    def _complete(self, account: AccountSettings) -> AccountSettings:
        """Fill in what an account leaves to the plain settings."""
        left = set(INHERITED[account.provider]) - account.model_fields_set
        plain = {each: getattr(self, f"{account.provider}_{each}") for each in sorted(left)}
        return account.model_copy(update=plain)
