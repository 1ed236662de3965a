"""What is shipped beside the code: manifest, image, documents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from bridgebot.manifest import bot_scopes, manifest_text
from bridgebot.sandbox.slack.methods import METHODS
from bridgebot.settings import describe

ROOT = Path(__file__).parents[2]
WITHOUT_SCOPE = {"app_home_opened"}
EVENT_SCOPES = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
}


def _manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text("utf-8"))
    return loaded


def _methods_called() -> set[str]:
    """Find the Web API methods that the code names."""
    named: set[str] = set()
    for path in (ROOT / "bridgebot" / "slack").glob("*.py"):
        named |= set(re.findall(r'"([a-z]+(?:\.[a-zA-Z]+)+)"', path.read_text("utf-8")))
    return named & set(METHODS)


def test_the_scopes_are_exactly_those_that_the_code_needs() -> None:
    """Every scope is needed by a method that is called, an event, a command or a name of ours."""
    needed = set().union(*(METHODS[name].scopes for name in _methods_called()))
    needed |= {EVENT_SCOPES[event] for event in _events() if event not in WITHOUT_SCOPE}
    needed |= {"commands", "chat:write.customize"}

    assert set(_manifest()["oauth_config"]["scopes"]["bot"]) == needed
    assert bot_scopes() == needed


def _events() -> list[str]:
    events: list[str] = _manifest()["settings"]["event_subscriptions"]["bot_events"]
    return events


def test_the_commands_and_shortcuts_are_those_that_the_code_listens_to() -> None:
    """What Slack offers is handled, and what is handled is offered."""
    modules = sorted((ROOT / "bridgebot" / "slack").glob("*.py"))
    source = "\n".join(path.read_text("utf-8") for path in modules)
    commands = {each["command"] for each in _manifest()["features"]["slash_commands"]}
    shortcuts = {each["callback_id"] for each in _manifest()["features"]["shortcuts"]}

    assert commands == {f"/{name}" for name in re.findall(r"_prefix}(\w+)\"", source)}
    assert shortcuts == set(re.findall(r'shortcut\("(\w+)"\)', source))


def test_the_manifest_keeps_slacks_limits() -> None:
    """Lengths and forms by Slack's manifest schema."""
    manifest = _manifest()
    about, features = manifest["display_information"], manifest["features"]

    assert 1 <= len(about["name"]) <= 35
    assert 1 <= len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", about["background_color"])
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", features["bot_user"]["display_name"])
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/[a-z]{1,31}", command["command"])
        assert 1 <= len(command["description"]) <= 2000
    for shortcut in features["shortcuts"]:
        assert 1 <= len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"]["is_enabled"] is True


def test_a_prefix_goes_before_the_commands_names() -> None:
    """``COMMAND_PREFIX`` is followed by the manifest."""
    commands = yaml.safe_load(manifest_text("hotel-"))["features"]["slash_commands"]

    assert commands[0]["command"] == "/hotel-reservation"


def test_the_manifest_for_http_names_the_address_everywhere() -> None:
    """Without Socket Mode events, clicks and commands have the address; nothing else changes."""
    url = "https://bridge.example.com/slack/events"
    changed, plain = yaml.safe_load(manifest_text("hotel-", url)), yaml.safe_load(manifest_text())

    commands = changed["features"]["slash_commands"]
    assert {each.pop("url") for each in commands} == {url}
    assert commands[0]["command"] == "/hotel-reservation"
    assert changed["settings"]["event_subscriptions"].pop("request_url") == url
    assert changed["settings"]["interactivity"].pop("request_url") == url
    assert changed["settings"].pop("socket_mode_enabled") is False
    assert plain["settings"].pop("socket_mode_enabled") is True
    assert changed["settings"] == plain["settings"]


def test_the_image_has_two_stages_one_volume_and_no_root() -> None:
    """The Dockerfile keeps the house's rules."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    words = [line.split() for line in lines]

    assert sum(each[0] == "FROM" for each in words) == 2
    assert [each[1] for each in words if each[0] == "USER"] == ["bridgebot"]
    assert [each[1:] for each in words if each[0] == "VOLUME"] == [["/data"]]
    assert any(each[0] == "HEALTHCHECK" for each in words)
    assert [each[1:] for each in words if each[0] == "ENTRYPOINT"] == [['["bridgebot"]']]


def settings_page() -> str:
    """Write the reference of all settings."""
    lines = [
        "# Settings",
        "",
        "All are environment variables that begin with `BRIDGEBOT_`; they may also be in `.env`,",
        "or in small letters and without the beginning in a TOML file named by `BRIDGEBOT_CONFIG`.",
        "The environment wins. Any token or secret may come from a file named by `…_FILE`. Seconds",
        "take fractions; lists and maps are JSON.",
        "",
        "| name | default | meaning |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{row.name}` | {row.default} | {row.meaning} |" for row in describe()]
    return "\n".join(lines) + "\n"


def test_the_reference_of_settings_is_that_of_the_code() -> None:
    """Each setting stands in the reference with its default and meaning."""
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings_page()


def test_the_settings_in_the_readme_exist() -> None:
    """What the README names is a setting."""
    text = (ROOT / "README.md").read_text("utf-8")
    table = re.findall(r"^\| (`[A-Z_`, ]+) \|", text, re.MULTILINE)
    named = {name for row in table for name in re.findall(r"`([A-Z_]+)`", row)}

    assert named
    assert named <= {row.name for row in describe()}


def test_every_threat_names_tests_that_exist() -> None:
    """Each row of the threat model is shown by a test, and no such test is gone."""
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!tries|way|-).+$", page, re.MULTILINE)

    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for path, function in named:
            assert f"def {function}(" in (ROOT / path).read_text("utf-8"), row


def test_documents_that_are_linked_exist() -> None:
    """No relative link leads nowhere."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    missing = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]

    assert missing == []


def test_every_failure_in_the_reliability_page_names_a_test_that_exists() -> None:
    """A row without a test, or with one that is gone, is a promise nobody keeps."""
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    section = page.partition("## Failures")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]

    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named, row
        for path, function in named:
            text = (ROOT / path).read_text("utf-8")
            assert not function or f"def {function}(" in text, row


def test_every_row_of_who_may_do_what_names_a_test_that_exists() -> None:
    """The table and its tests have the same rows, and no test is gone."""
    page = (ROOT / "docs" / "why.md").read_text("utf-8")
    first, _, rest = page.partition("- **Who may do what.**")[2].partition("Each row is a promise")
    rows = [line for line in first.splitlines() if line.startswith("  | ")][2:]
    tested = [line for line in rest.partition("\n- ")[0].splitlines() if line.startswith("  | ")][
        2:
    ]

    who = [row.split(" | ")[0].removeprefix("  | ") for row in rows]
    assert [row.split(" | ")[0].removeprefix("  | ") for row in tested] == [
        each.partition(", where one is set")[0] for each in who
    ]
    for path, function in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", "\n".join(tested)):
        assert f"def {function}(" in (ROOT / path).read_text("utf-8"), function


def test_sections_that_are_linked_exist() -> None:
    """No link to a section leads nowhere."""
    missing = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target, section in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page.read_text("utf-8")):
            text = (page.parent / target if target else page).read_text("utf-8")
            heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            if section not in {
                re.sub(r"[^\w-]", "", head.lower().replace(" ", "-")) for head in heads
            }:
                missing.append(f"{page.name}: {target}#{section}")

    assert missing == []
