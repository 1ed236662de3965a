"""Scenarios as files: who does what, and when. A hotel can write its own."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bridgebot.sandbox import world
from bridgebot.sandbox.console.catalogue import TROUBLES
from bridgebot.sandbox.world import Person, Stay

DIRECTORY: Final = Path(__file__).parent / "scenarios"
FIRST: Final = "calm-day"
"""The scenario of a demo for which none was chosen."""
_DAY: Final = 24 * 3600
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
# What a step does, and what else it has to say.
_DEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "guest": ("writes",),
    "extranet": ("writes",),
    "staff": ("to", "writes"),
    "trouble": (),
    "trouble_ends": (),
    "bridge": (),
}


class WrongScriptError(Exception):
    """A scenario that cannot be played; the text says where and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Something that happens ``after`` so many seconds of the scenario's own time."""

    after: float
    deed: str
    whom: str
    stay: Stay | None = None
    person: Person | None = None
    writes: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A scenario; ``speed`` says how much faster than real time it passes.

    With ``answered`` everybody who wrote before it begins has an answer by then.
    """

    name: str
    title: str
    about: str
    begins: int
    speed: float
    settings: Mapping[str, str]
    steps: tuple[Step, ...]
    answered: bool = False

    def clock(self, seconds: float) -> str:
        """Tell the scenario's time of day, after so many seconds of real time."""
        minutes = int(self.begins + seconds * self.speed) // 60
        return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def names() -> list[str]:
    """List the scenarios that come with the sandbox, the first one first."""
    found = sorted(path.stem for path in DIRECTORY.glob("*.toml"))
    return sorted(found, key=lambda name: name != FIRST)


def read(name: str, speed: float | None = None) -> Script:
    """Read a scenario by its name, or from a file; ``speed`` replaces the file's own."""
    path = DIRECTORY / f"{name}.toml" if name in names() else Path(name)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        known = ", ".join(names())
        raise WrongScriptError(
            f"There is no scenario {name!r}. Choose one of: {known}; or name a file."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongScriptError(f"{path.name} cannot be read: {error}") from None
    return _script(path.stem, data, speed)


def _script(name: str, data: Mapping[str, Any], speed: float | None) -> Script:
    faster = speed or data.get("speed", 1)
    if not isinstance(faster, int | float) or faster <= 0:
        raise WrongScriptError(f"{name}: speed must be a number above 0, such as 60")
    begins = _seconds(f"{name}: begins", data.get("begins"))
    steps = [_step(f"{name}, step {at}", one, begins) for at, one in _numbered(name, data)]
    return Script(
        name=name,
        title=str(data.get("title", name)),
        about=str(data.get("about", "")),
        begins=begins,
        speed=float(faster),
        settings=_settings(name, data.get("settings", {}), float(faster)),
        steps=tuple(sorted(steps, key=lambda step: step.after)),
        answered=data.get("answered") is True,
    )


def _numbered(name: str, data: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    steps = data.get("step")
    if not isinstance(steps, list) or not steps:
        raise WrongScriptError(f"{name}: there is no [[step]]")
    return list(enumerate(steps, start=1))


def _seconds(where: str, text: object) -> int:
    found = _CLOCK.fullmatch(str(text))
    if found is None:
        raise WrongScriptError(f"{where} must be a time of day, such as 14:05")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _step(where: str, data: Mapping[str, Any], begins: int) -> Step:
    deed = next((one for one in _DEEDS if one in data), None)
    if deed is None:
        raise WrongScriptError(f"{where}: it needs one of {', '.join(_DEEDS)}")
    if wrong := set(data) ^ {"at", deed, *_DEEDS[deed]}:
        raise WrongScriptError(f"{where}: missing or unknown: {', '.join(sorted(wrong))}")
    whom = str(data[deed])
    _check(where, deed, whom)
    guest = whom if deed in ("guest", "extranet") else data.get("to")
    return Step(
        # A time before the beginning is one of the next day.
        after=(_seconds(f"{where}: at", data["at"]) - begins) % _DAY,
        deed=deed,
        whom=whom,
        stay=_stay(where, str(guest)) if guest else None,
        person=_person(where, whom) if deed == "staff" else None,
        writes=str(data.get("writes", "")),
    )


def _check(where: str, deed: str, whom: str) -> None:
    if deed in ("trouble", "trouble_ends") and whom not in TROUBLES:
        raise WrongScriptError(f"{where}: known troubles are {', '.join(TROUBLES)}")
    if deed == "bridge" and whom not in ("kill", "start"):
        raise WrongScriptError(f"{where}: bridge is kill or start")


def _stay(where: str, guest: str) -> Stay:
    for stay in world.STAYS:
        if stay.guest.startswith(guest):
            return stay
    known = ", ".join(stay.guest for stay in world.STAYS)
    raise WrongScriptError(f"{where}: no guest {guest!r}; the guests are {known}")


def _person(where: str, name: str) -> Person:
    for person in world.PEOPLE:
        if person.name.startswith(name):
            return person
    known = ", ".join(person.name for person in world.PEOPLE)
    raise WrongScriptError(f"{where}: no person {name!r}; the people are {known}")


def _settings(name: str, data: object, speed: float) -> dict[str, str]:
    """Write the bridge's settings as variables; its minutes pass at the scenario's speed."""
    if not isinstance(data, Mapping):
        raise WrongScriptError(f"{name}: settings must be a table")
    return {
        f"BRIDGEBOT_{key}".upper(): _value(
            value / speed if key.endswith("_minutes") and isinstance(value, int | float) else value
        )
        for key, value in data.items()
    }


def _value(value: object) -> str:
    """Write a value as the environment has it: lists and tables are JSON."""
    return json.dumps(value) if isinstance(value, list | dict) else str(value)
