"""Settings: what is wrong is named, with what is expected and where to get it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridgebot.accounts import build_routing
from bridgebot.bridge.waiting import MINUTE
from bridgebot.errors import SettingsError
from bridgebot.reception import desk_of
from bridgebot.settings import describe, load_settings, unknown_names

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "GUESTS_CHANNEL": "C0123456789",
    "ALERTS_CHANNEL": "C0987654321",
    "BOOKING_CLIENT_ID": "machine",
    "BOOKING_CLIENT_SECRET": "hush",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start from an empty directory and an environment with good settings alone."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BRIDGEBOT_"):
            monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(f"BRIDGEBOT_{name}", value)


def test_good_settings_have_the_contracts_defaults() -> None:
    """What is not set has its documented default."""
    settings = load_settings()

    assert settings.undo_seconds == 5
    assert settings.booking_poll_seconds == 5
    assert settings.max_reply_chars == 4000
    assert settings.note_prefixes == ["//", "note:"]
    assert settings.database_url == "sqlite:///bridgebot.db"
    assert settings.hostelmate_api_key is None
    assert settings.hostelmate_poll_seconds == 30
    assert settings.hostelmate_skip_channels == ["BOOKING_COM"]


def test_hostel_mate_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Booking.com's settings the bot reads Hostel Mate; without both it has no guests."""
    for name in ("BOOKING_CLIENT_ID", "BOOKING_CLIENT_SECRET"):
        monkeypatch.delenv(f"BRIDGEBOT_{name}")
    with pytest.raises(SettingsError, match="BRIDGEBOT_HOSTELMATE_API_KEY"):
        load_settings()
    monkeypatch.setenv("BRIDGEBOT_HOSTELMATE_API_KEY", "hm_live_1")

    assert load_settings().hostelmate_api_key is not None


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_is_named_with_its_remedy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each required setting that is missing is named in full."""
    monkeypatch.delenv(f"BRIDGEBOT_{name}")

    with pytest.raises(SettingsError, match=f"BRIDGEBOT_{name}") as caught:
        load_settings()

    assert "missing" in str(caught.value)


WRONG = [
    ("SLACK_BOT_TOKEN", "xapp-17", "begins with xoxb-"),
    ("SLACK_APP_TOKEN", "xoxb-17", "begins with xapp-"),
    ("SLACK_API_URL", "slack.example", "begins with https://"),
    ("SLACK_MODE", "pigeon", "'socket' or 'http'"),
    # right in itself, and missing where it is needed
    ("SLACK_MODE", "http", "BRIDGEBOT_SLACK_SIGNING_SECRET is missing"),
    ("SLACK_SIGNING_SECRET", "", "at least 1"),
    ("SLACK_POSTS_PER_SECOND", "-17", "greater than or equal to 0"),
    ("GUESTS_CHANNEL", "#reception", "a channel id as C0123456789"),
    ("CHANNELS", "{reception", "a JSON map of property ids"),
    ("CHANNELS", '{"1": "reception"}', "a channel id as C0123456789"),
    ("ROUTES", '[{"channel": "reception"}]', "a channel id as C0123456789"),
    ("ROUTES", '[{"channel": "C0123456789", "colour": "blue"}]', "a list of rules"),
    ("ROUTES", '[{"channel": "C0123456789", "words": [" "]}]', "a word"),
    ("ALERTS_CHANNEL", "reception", "a channel id as C0123456789"),
    ("BOOKING_CLIENT_ID", "", "at least 1"),
    ("BOOKING_CLIENT_SECRET", "", "at least 1"),
    ("BOOKING_API_URL", "ftp://17", "begins with https://"),
    ("BOOKING_TOKEN_URL", "ftp://17", "begins with https://"),
    ("BOOKING_API_VERSION", "newest", "a version as 1.2"),
    ("BOOKING_PROPERTIES", "17,18", "a JSON list of property ids"),
    ("BOOKING_POLL_SECONDS", "0", "greater than 0"),
    ("BOOKING_SOURCES", '["pigeons"]', "'queue', 'conversations' or 'notifications'"),
    ("BOOKING_SOURCES", "[]", "at least 1"),
    # right in themselves, and missing where they are needed
    ("BOOKING_SOURCES", '["conversations"]', "BRIDGEBOT_BOOKING_PROPERTIES is missing"),
    ("BOOKING_SOURCES", '["notifications"]', "BOOKING_NOTIFICATIONS_CLIENT_ID is missing"),
    ("BOOKING_READS_PER_MINUTE", "0", "greater than 0"),
    ("BOOKING_NOTIFICATIONS_CLIENT_ID", "", "at least 1"),
    ("BOOKING_NOTIFICATIONS_SECRET", "too-short-17", "24 or more letters and digits"),
    ("BOOKING_NOTIFICATIONS_URL", "ftp://17", "begins with https://"),
    ("HOSTELMATE_WEBHOOK_SECRET", "a/b/17", "24 or more letters and digits"),
    ("HOSTELMATE_API_URL", "ftp://17", "begins with https://"),
    ("HOSTELMATE_API_KEY", "two words", "without blanks"),
    ("HOSTELMATE_POLL_SECONDS", "0", "greater than 0"),
    ("HOSTELMATE_SKIP_CHANNELS", '[""]', "a JSON list of channels"),
    ("ACCOUNTS", "[lake", "a list of accounts"),
    ("ACCOUNTS", '[{"name": "lake"}]', "(number 1, provider) is missing"),
    ("ACCOUNTS", '[{"provider": "pigeons", "name": "lake"}]', "'booking' or 'hostelmate'"),
    ("ACCOUNTS", '[{"provider": "booking", "name": "The Lake"}]', "small letters, digits and -"),
    ("DATABASE_URL", "mysql://17", "sqlite:///… or postgresql://…"),
    ("MAX_REPLY_CHARS", "0", "greater than or equal to 1"),
    ("UNDO_SECONDS", "soonish", "a valid number"),
    ("REPLY_POLICY", "sometimes", "'thread', 'explicit' or 'off'"),
    ("NOTE_PREFIXES", '[""]', "a JSON list of words"),
    ("MAY_REPLY", '["Tom"]', "a user id, bot id or app id"),
    ("REPLY_GROUP", "@front-desk", "a user group id as S0123456789"),
    ("ASK_BEFORE_SENDING", '["everything"]', "'internal', 'links' or 'contacts'"),
    ("INTERNAL_PATTERN", "PO-[", "a regular expression"),
    ("PICTURE_LINE", " ", "a line of words"),
    ("SETTLE_SECONDS", "0", "greater than 0"),
    ("RECONCILE_AFTER_SECONDS", "-17", "greater than or equal to 0"),
    ("REPLY_MAX_AGE_HOURS", "0", "greater than 0"),
    ("ALERT_AFTER_MINUTES", "-17", "greater than or equal to 0"),
    ("ESCALATE_AFTER_MINUTES", "-17", "greater than or equal to 0"),
    ("ESCALATE_TO", "everybody", "a user id, a user group id or here"),
    ("ESCALATIONS", '[{"after_minutes": 5, "to": "nobody"}]', "a user id, a user group id or here"),
    ("ALERT_FLOOD", "0", "greater than or equal to 1"),
    ("BUSINESS_HOURS", "08:00", "always, or hours as"),
    ("BUSINESS_HOURS", "Mon-Fri 08:00-24:30", "always, or hours as"),
    ("TIMEZONE", "Nowhere", "a time zone as Europe/Amsterdam"),
    ("SCORE_WARNING_HOURS", "25", "less than or equal to 24"),
    ("SIGNATURE", "somehow", "'none', 'first_name' or 'property'"),
    ("SIGNATURE", "property", "no property has one"),
    ("PROPERTIES", '{"1": {"signature": " "}}', "one line of words"),
    ("PROMISE_REACTION", ":handshake:", "an emoji's name"),
    ("DIGEST_AT", '["7 am"]', "a time as 07:00"),
    ("PROPERTIES", '{"1": {"colour": "blue"}}', "a map of property ids"),
    ("PROPERTIES", '{"1": {"business_hours": "early"}}', "always, or hours as"),
    ("MARK_READ", "perhaps", "true or false"),
    ("TAGS_SECONDS", "-17", "greater than or equal to 0"),
    ("SEARCH_EVERY_HOURS", "-17", "greater than or equal to 0"),
    ("SEARCH_BACK_HOURS", "-17", "greater than or equal to 0"),
    ("SEARCH_AFTER_OUTAGE_MINUTES", "0", "greater than 0"),
    ("COMMAND_PREFIX", "Reception ", "small letters, digits, - and _"),
    ("RETENTION_DAYS", "-17", "greater than or equal to 0"),
    ("AUDIT_DAYS", "always", "a valid number"),
    ("REPORT_AT", "Monday 8:00", "a day and time as Mon 08:00"),
    ("HTTP_BIND", "8017", "host:port, or nothing"),
    ("LOG_LEVEL", "loudest", "'debug', 'info', 'warning' or 'error'"),
    ("LOG_FORMAT", "papyrus", "'console' or 'json'"),
]
"""Each setting with a value that is wrong, and what the message says is expected."""


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_each_setting_that_is_wrong_is_named_with_what_is_expected(
    name: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One setting is wrong: it alone is named, with the remedy, and its value is not repeated."""
    monkeypatch.setenv(f"BRIDGEBOT_{name}", value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    _, *lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert name in lines[0]
    assert expected in lines[0]
    assert len(value) < 2 or value in {"http", "property"} or value not in lines[0]


def test_every_setting_stands_in_the_table_of_wrong_ones() -> None:
    """A new setting needs a row."""
    assert {row.name for row in describe()} == {name for name, _, _ in WRONG}


def test_over_http_an_address_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events cannot come where nothing listens."""
    monkeypatch.setenv("BRIDGEBOT_SLACK_MODE", "http")
    monkeypatch.setenv("BRIDGEBOT_SLACK_SIGNING_SECRET", "s")
    monkeypatch.setenv("BRIDGEBOT_HTTP_BIND", "")

    with pytest.raises(SettingsError, match="HTTP_BIND"):
        load_settings()


def test_over_http_no_app_token_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app-level token opens sockets and nothing else."""
    monkeypatch.setenv("BRIDGEBOT_SLACK_MODE", "http")
    monkeypatch.setenv("BRIDGEBOT_SLACK_SIGNING_SECRET", "s")
    monkeypatch.delenv("BRIDGEBOT_SLACK_APP_TOKEN")

    assert load_settings().slack_app_token is None


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message names every wrong setting."""
    monkeypatch.delenv("BRIDGEBOT_GUESTS_CHANNEL")
    monkeypatch.setenv("BRIDGEBOT_UNDO_SECONDS", "-1")

    with pytest.raises(SettingsError, match=r"GUESTS_CHANNEL(.|\n)*UNDO_SECONDS"):
        load_settings()


def test_secrets_may_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret is read from the file that its ``_FILE`` variable names."""
    (tmp_path / "token").write_text("xoxb-from-file\n", encoding="utf-8")
    monkeypatch.delenv("BRIDGEBOT_SLACK_BOT_TOKEN")
    monkeypatch.setenv("BRIDGEBOT_SLACK_BOT_TOKEN_FILE", str(tmp_path / "token"))

    assert load_settings().slack_bot_token.get_secret_value() == "xoxb-from-file"


def test_an_unreadable_secret_file_is_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is named by its variable."""
    monkeypatch.setenv("BRIDGEBOT_SLACK_BOT_TOKEN_FILE", "/does/not/exist")
    monkeypatch.delenv("BRIDGEBOT_SLACK_BOT_TOKEN")

    with pytest.raises(SettingsError, match="BRIDGEBOT_SLACK_BOT_TOKEN_FILE"):
        load_settings()


def test_the_environment_wins_over_dotenv_and_that_over_toml(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The nearer source wins."""
    toml = tmp_path / "bridgebot.toml"
    toml.write_text('undo_seconds = 1.5\nlog_level = "error"\nlog_format = "json"\n', "utf-8")
    (tmp_path / ".env").write_text(
        "BRIDGEBOT_UNDO_SECONDS=2.5\nBRIDGEBOT_LOG_LEVEL=warning\n", "utf-8"
    )
    monkeypatch.setenv("BRIDGEBOT_CONFIG", str(toml))
    monkeypatch.setenv("BRIDGEBOT_UNDO_SECONDS", "3.5")

    settings = load_settings()

    assert (settings.undo_seconds, settings.log_level, settings.log_format) == (
        3.5,
        "warning",
        "json",
    )


def test_a_property_has_its_own_hours_in_toml(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What differs for a property stands under its id, and the rest is as for all."""
    toml = tmp_path / "bridgebot.toml"
    toml.write_text(
        'alert_after_minutes = 10\nescalate_to = "here"\n'
        '[properties.4410021]\nbusiness_hours = "Mon-Sun 07:00-23:00"\n'
        'timezone = "Europe/Amsterdam"\n'
        '[[properties.4410021.escalations]]\nafter_minutes = 120\nto = "U0123456789"\n',
        "utf-8",
    )
    monkeypatch.setenv("BRIDGEBOT_CONFIG", str(toml))

    desk = desk_of(load_settings())

    lake, other = desk.rules_of("4410021", None), desk.rules_of("9", None)
    assert (str(lake.hours.zone), lake.alert_after) == ("Europe/Amsterdam", 10 * MINUTE)
    assert [step.to for step in lake.steps] == ["here", "U0123456789"]
    assert (other.hours.week, [step.to for step in other.steps]) == (None, ["here"])


def test_rules_of_where_threads_open_stand_in_toml_in_their_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first rule of the file is the first that is tried; the ids of channels are checked."""
    toml = tmp_path / "bridgebot.toml"
    toml.write_text(
        '[[routes]]\nchannel = "C0INVOICES"\nwords = ["invoice", "receipt"]\n'
        '[[routes]]\nchannel = "G0LAKE"\nproperties = ["4410021"]\ntypes = ["request_to_book"]\n',
        "utf-8",
    )
    monkeypatch.setenv("BRIDGEBOT_CONFIG", str(toml))

    routing = build_routing(load_settings())

    assert [rule.channel for rule in routing.rules] == ["C0INVOICES", "G0LAKE"]
    assert routing.channels() == {"C0123456789", "C0INVOICES", "G0LAKE"}


@pytest.mark.parametrize(
    "hours", ["always", "8:00-22:00", "Mon-Fri 07:00-23:00,Sat 00:00-24:00", "FRI 22:00-02:00"]
)
def test_business_hours_that_pass_can_be_read(hours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the settings let through, the clock understands."""
    monkeypatch.setenv("BRIDGEBOT_BUSINESS_HOURS", hours)

    assert desk_of(load_settings()).default.hours.zone.key == "UTC"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings' text nor an error holds a secret."""
    assert "hush" not in repr(load_settings())
    monkeypatch.setenv("BRIDGEBOT_SLACK_BOT_TOKEN", "secret-but-wrong")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert "secret-but-wrong" not in str(caught.value)


def test_a_slip_in_a_name_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that looks like a setting and is none can be listed."""
    monkeypatch.setenv("BRIDGEBOT_UNDO_SECOND", "1")

    assert unknown_names() == ["BRIDGEBOT_UNDO_SECOND"]


def test_every_setting_has_a_meaning() -> None:
    """The reference has words for each setting."""
    assert all(row.meaning for row in describe())
