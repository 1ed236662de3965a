"""Accounts in the TOML file: each complete by itself, and none that takes another one's guests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bridgebot.accounts import build_providers, build_routing
from bridgebot.doctor.machine import check_settings
from bridgebot.errors import SettingsError
from bridgebot.model import Conversation, ConversationId, PropertyId, ProviderName
from bridgebot.settings import Settings, load_settings

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "GUESTS_CHANNEL": "C0123456789",
    "ALERTS_CHANNEL": "C0987654321",
}
SECRET = "0123456789abcdef01234567"
LAKE = """
[[accounts]]
provider = "booking"
name = "lake"
client_id = "lake-machine"
client_secret = "hush-lake"
properties = ["22"]
"""
HOSTEL = """
[[accounts]]
provider = "hostelmate"
name = "hostel"
api_key = "hm_live_hush"
"""

Load = Callable[[str], Settings]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Read settings of a TOML file beside an environment with the least that is needed."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BRIDGEBOT_"):
            monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(f"BRIDGEBOT_{name}", value)

    def read(toml: str) -> Settings:
        file = tmp_path / "bridgebot.toml"
        file.write_text(toml, "utf-8")
        monkeypatch.setenv("BRIDGEBOT_CONFIG", str(file))
        return load_settings()

    return read


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the account of the plain settings."""
    monkeypatch.setenv("BRIDGEBOT_BOOKING_CLIENT_ID", "machine")
    monkeypatch.setenv("BRIDGEBOT_BOOKING_CLIENT_SECRET", "hush")
    monkeypatch.setenv("BRIDGEBOT_BOOKING_PROPERTIES", '["11"]')


async def test_accounts_stand_beside_the_one_of_the_plain_settings(load: Load, plain: None) -> None:
    """It keeps its name, by which the store knows its conversations; the others have their own."""
    settings = load('booking_api_url = "https://api.example"\n' + LAKE + HOSTEL)

    async with httpx.AsyncClient() as http:
        made = build_providers(settings, http)

    assert [(each.name, each.label) for each in made] == [
        ("booking", "Booking.com"),
        ("booking:lake", "Booking.com (lake)"),
        ("hostelmate:hostel", "Hostel Mate (hostel)"),
    ]
    assert [each.properties for each in made] == [("11",), ("22",), ("hostel",)]
    lake = settings.every_account()[1]
    assert (lake.api_url, lake.sources) == ("https://api.example", ["queue"])


async def test_an_account_alone_is_enough(load: Load) -> None:
    """Nothing of the plain settings' providers is needed where the file has an account."""
    async with httpx.AsyncClient() as http:
        made = build_providers(load(LAKE), http)

    assert [each.name for each in made] == ["booking:lake"]


async def test_what_an_account_says_is_its_own(load: Load, plain: None) -> None:
    """Sources, pace and addresses may differ from those of the plain settings."""
    more = 'sources = ["conversations"]\npoll_seconds = 60\napi_version = "1.3"\n'
    settings = load(LAKE + more)

    async with httpx.AsyncClient() as http:
        plain_one, lake = build_providers(settings, http)

    assert (plain_one.source is None, plain_one.recent is None) == (False, True)
    assert (lake.source is None, lake.recent is None) == (True, False)
    assert (plain_one.poll_seconds, lake.poll_seconds) == (5, 60)
    assert settings.every_account()[1].api_version == "1.3"


def test_an_account_has_its_channels(load: Load, plain: None) -> None:
    """A property's channel comes first, then the account's, then the one for all guests."""
    routing = build_routing(load(LAKE + 'channel = "C0LAKE"\nchannels = {23 = "C0PIER"}\n'))

    def channel(provider: str, property_id: str) -> str:
        about = Conversation(
            provider=ProviderName(provider),
            conversation_id=ConversationId("c"),
            property_id=PropertyId(property_id),
        )
        return routing.channel_for(about)

    assert channel("booking", "11") == "C0123456789"
    assert channel("booking:lake", "22") == "C0LAKE"
    assert channel("booking:lake", "23") == "C0PIER"
    assert routing.channels() == {"C0123456789", "C0LAKE", "C0PIER"}


def test_credentials_may_stand_elsewhere(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file with the settings need hold no secret: a file or a variable does."""
    (tmp_path / "secret").write_text("from-a-file\n", "utf-8")
    monkeypatch.setenv("LAKE_ID", "from-a-variable")
    toml = LAKE.replace('client_secret = "hush-lake"', 'client_secret_file = "secret"')
    settings = load(toml.replace('client_id = "lake-machine"', 'client_id_env = "LAKE_ID"'))

    (account,) = settings.every_account()
    assert account.client_id == "from-a-variable"
    assert account.client_secret is not None
    assert account.client_secret.get_secret_value() == "from-a-file"


WRONG = {
    "no secret": (LAKE.replace('client_secret = "hush-lake"', ""), "client_secret is missing"),
    "no key": (HOSTEL.replace('api_key = "hm_live_hush"', ""), "api_key is missing"),
    "not of this provider": (LAKE + 'api_key = "hm_live_x"', "of booking has no api_key"),
    "unknown": (LAKE + 'colour = "blue"', "(number 1, colour)"),
    "no name": (LAKE.replace('name = "lake"', ""), "(number 1, name) is missing"),
    "no file": (
        LAKE.replace("client_secret =", "client_secret_file ="),
        "client_secret_file names a file that cannot be read",
    ),
    "no variable": (
        LAKE.replace('client_secret = "hush-lake"', 'client_secret_env = "LAKE_SECRET"'),
        "names a variable that is not set: LAKE_SECRET",
    ),
    "a setting's name": (
        LAKE.replace('client_secret = "hush-lake"', 'client_secret_env = "BRIDGEBOT_LAKE"'),
        "those of settings",
    ),
    "twice": (LAKE + 'client_secret_env = "LAKE_SECRET"', "client_secret is given twice"),
    "not a channel": (LAKE + 'channel = "#lake"', "a channel id as C0123456789"),
    "nothing to list": (
        LAKE.replace('properties = ["22"]', 'sources = ["conversations"]'),
        "properties of the account lake",
    ),
    "nobody to notify": (
        LAKE + 'sources = ["notifications"]\n',
        "notifications_client_id of the account lake",
    ),
    "one name": (LAKE + LAKE.replace("lake-m", "other-m").replace("22", "23"), "the name"),
    "one login": (LAKE + LAKE.replace('"lake"', '"pier"').replace("22", "23"), "the client_id"),
    "one property": (
        LAKE + LAKE.replace('"lake"', '"pier"').replace("lake-m", "pier-m"),
        "booking:lake and booking:pier have the property in common (22)",
    ),
    "the plain one's property": (LAKE.replace("22", "11"), "the property in common (11)"),
    "a property by its channel": (
        LAKE + 'channels = {11 = "C0LAKE"}\n',
        "booking and booking:lake have the property in common (11)",
    ),
    "one key": (HOSTEL + HOSTEL.replace('"hostel"', '"barn"'), "the api_key"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_an_account_is_said(load: Load, plain: None, case: str) -> None:
    """The message names the account or its place, and what is expected; it holds no secret."""
    toml, expected = WRONG[case]

    with pytest.raises(SettingsError) as caught:
        load(toml)

    assert expected in str(caught.value)
    assert "BRIDGEBOT_ACCOUNTS" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_notifications_of_two_accounts_are_told_apart(load: Load, plain: None) -> None:
    """What they ask a token with tells whose a notification is, so no two may share it."""
    pushed = (
        'sources = ["notifications"]\nnotifications_client_id = "cns"\n'
        f'notifications_secret = "{SECRET}"\n'
    )
    pier = LAKE.replace('"lake"', '"pier"').replace("lake-m", "pier-m").replace("22", "23")

    with pytest.raises(SettingsError, match="the notifications_client_id"):
        load(LAKE + pushed + pier + pushed)


def test_secrets_of_accounts_do_not_show(load: Load) -> None:
    """Neither the settings' text nor an account's holds a secret."""
    settings = load(LAKE + HOSTEL)

    assert "hush" not in repr(settings)
    assert "hush" not in repr(settings.every_account())


def test_an_accounts_address_that_is_not_https_is_named(load: Load) -> None:
    """The doctor looks at each account's addresses too."""
    load(LAKE + 'api_url = "http://api.example"\n')

    _, findings = check_settings()

    assert [each.text for each in findings] == [
        "api_url of the account lake (BRIDGEBOT_ACCOUNTS) is not https"
    ]
