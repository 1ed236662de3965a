"""Which of the files of a staff message can go to the guest, and what is said of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bridgebot.model import PictureLimits

MOST_FETCHED = 40_000_000
"""Bytes of a file that are fetched from Slack at all: a large photograph may be scaled down."""

_NAME = 60
# The type that Slack names may come of the file's name, so it only saves us from fetching films.
# Of a file of another organisation it names none.
_WORTH_A_LOOK = frozenset({"", "image"})
_UNKNOWN = "application/octet-stream"
_MEGA = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclosure:
    """A file of a staff message, as Slack describes it; ``about`` is its description."""

    file: str
    name: str
    about: Mapping[str, object]

    @property
    def kind(self) -> str:
        """Return the media type that Slack names; it is no proof of the content."""
        return str(self.about.get("mimetype") or "")

    @property
    def size(self) -> int:
        """Return the size in bytes, 0 where Slack does not say it."""
        size = self.about.get("size")
        return size if isinstance(size, int) else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """What can go, and for each of the others what is wrong with it, in words."""

    good: tuple[Enclosure, ...] = ()
    wrong: tuple[str, ...] = ()


def enclosures_of(
    event: Mapping[str, object], wanted: Collection[str] | None = None
) -> tuple[Enclosure, ...]:
    """List the files of a message event, or those of them that are ``wanted``."""
    files = event.get("files")
    found = [
        Enclosure(file=str(each["id"]), name=_named(each), about=each)
        for each in (files if isinstance(files, Sequence) else ())
        if isinstance(each, Mapping) and each.get("id")
    ]
    return tuple(each for each in found if wanted is None or each.file in wanted)


def sort_out(
    files: Iterable[Enclosure],
    limits: PictureLimits | None,
    *,
    label: str,
    conversation_type: str | None,
) -> Sorted:
    """Sort files by what Slack says of them; their content is looked at when they are fetched."""
    files = tuple(files)
    if not files:
        return Sorted()
    if limits is None:
        return Sorted(wrong=(f"{label} takes no pictures from here",))
    if conversation_type in limits.not_in:
        return Sorted(wrong=(f"{label} takes no pictures in a booking request",))
    judged = [(each, _what_is_wrong(each)) for each in files]
    good = [each for each, wrong in judged if wrong is None]
    words = [f"{each.name} {wrong}" for each, wrong in judged if wrong is not None]
    if len(good) > limits.per_message:
        words.append(f"a message has at most {limits.per_message} pictures")
        good = good[: limits.per_message]
    return Sorted(good=tuple(good), wrong=tuple(words))


def listed(words: Sequence[str]) -> str:
    """Put what is wrong into one sentence."""
    return "; ".join(words)


def _what_is_wrong(each: Enclosure) -> str | None:
    if each.about.get("mode") in {"tombstone", "hidden_by_limit"}:
        return "is not there any more"
    if each.about.get("is_external"):
        return "is kept outside Slack"
    if each.kind.partition("/")[0] not in _WORTH_A_LOOK and each.kind != _UNKNOWN:
        return "is no JPEG or PNG picture"
    if each.size > MOST_FETCHED:
        return f"has {each.size // _MEGA} MB, more than {MOST_FETCHED // _MEGA}"
    return None


def _named(about: Mapping[str, object]) -> str:
    name = " ".join(str(about.get("name") or about.get("title") or "the file").split())
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"
