"""What people said in a world, and what must have come of it in the end."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bridgebot.sandbox.messaging.attachments import guest_sends
from bridgebot.sandbox.slack.files import person_uploads
from bridgebot.slack.actions import BUTTONS
from tests.e2e.world import ANNA, World

DELIVERED, REFUSED, NOTE = "white_check_mark", "warning", "lock"
ASKING = tuple(each for each in BUTTONS if each in {"uncertain_sent", "held_send"})


class Told:
    """Lets guests and staff write, remembers it, and finds what is lost, twice or out of order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.guests: dict[str, list[str]] = {}
        self.replies: dict[str, list[tuple[str, str]]] = {}
        self.notes: list[str] = []
        self.pictures: dict[str, list[bytes]] = {}
        self.sent: dict[str, list[bytes]] = {}

    def guest(self, name: str, text: str) -> None:
        """Let a guest write."""
        self.guests.setdefault(name, []).append(self.world.guest(name, text))

    def staff(self, name: str, text: str) -> None:
        """Let staff answer."""
        self.replies.setdefault(name, []).append((self.world.staff(name, text), text))

    def guest_picture(self, name: str, text: str, data: bytes) -> None:
        """Let a guest send a picture."""
        message, _ = guest_sends(self.world.booking.booking, name, "view.jpg", data, text)
        self.guests.setdefault(name, []).append(message)
        self.pictures.setdefault(name, []).append(data)

    def staff_picture(self, name: str, text: str, data: bytes) -> None:
        """Let staff answer with a picture."""
        files = [person_uploads(self.world.slack.workspace, ANNA, "map.png", data)]
        self.replies.setdefault(name, []).append((self.world.staff(name, text, files=files), text))
        self.sent.setdefault(name, []).append(data)

    def note(self, name: str, text: str) -> None:
        """Let staff write something that is not for the guest."""
        self.notes.append(self.world.staff(name, text))

    def all_shown(self) -> bool:
        """Tell whether each guest message is in Slack, and each picture."""
        there = all(len(self._files(name)) >= len(each) for name, each in self.pictures.items())
        return there and all(map(self.world.shown, itertools.chain(*self.guests.values())))

    def all_marked(self) -> bool:
        """Tell whether each staff message has a mark that is its last."""
        final = {DELIVERED, REFUSED, NOTE}
        stamps = [ts for each in self.replies.values() for ts, _ in each]
        return all(final & set(self.world.marks(ts)) for ts in (*stamps, *self.notes))

    def settled(self) -> bool:
        """Tell whether all is said and done."""
        return self.all_shown() and self.all_marked() and self.world.queued() == 0

    def wrong(self, *, ordered: bool = True) -> list[str]:
        """List what is lost, twice, out of order, shown to the wrong side, or asked of a person.

        ``ordered`` is false where the queue itself was mixed up.
        """
        asked = questions(self.world.messages())
        threads = [self._wrong_thread(name, ids, ordered) for name, ids in self.guests.items()]
        replies = [self._wrong_replies(name) for name in self.guests]
        notes = [f"note {ts}" for ts in self.notes if self.world.marks(ts) != [NOTE]]
        doubts = [f"people were asked {asked} times"] if asked else []
        return [*itertools.chain(*threads, *replies), *notes, *doubts, *self._wrong_pictures()]

    def _files(self, name: str) -> list[bytes | None]:
        """List the pictures that the bot put into a thread."""
        kept = self.world.slack.workspace.files
        posts = (post for post in self.world.thread(name) if "bot_id" in post)
        return [kept[each["id"]].data for post in posts for each in post.get("files", ())]

    def _wrong_pictures(self) -> list[str]:
        """Compare the pictures of both sides."""
        kept, found = self.world.booking.booking.attachments, []
        for name, wanted in self.pictures.items():
            if self._files(name) != wanted:
                found.append(f"{name} shows {len(self._files(name))} pictures")
        for name, wanted in self.sent.items():
            messages = self.world.booking.booking.conversations[name].messages
            ids = [key for each in messages if each.api for key in each.attachment_ids]
            if [kept[key].data for key in ids] != wanted:
                found.append(f"the guest of {name} got {len(ids)} pictures")
        return found

    def _wrong_thread(self, name: str, wanted: Sequence[str], ordered: bool) -> list[str]:
        found = []
        ids = (payload_of(post, "bridgebot_message") for post in self.world.thread(name))
        shown = [str(each["message_id"]) for each in ids if each]
        same = shown == list(wanted) if ordered else Counter(shown) == Counter(wanted)
        if not same:
            found.append(f"{name} shows {shown} and not {wanted}")
        if len(self.world.roots(name)) != 1:
            found.append(f"{name} has {len(self.world.roots(name))} threads")
        return found

    def _wrong_replies(self, name: str) -> list[str]:
        """Compare what the guest got with what was written and not openly refused."""
        written = [(text, self.world.marks(ts)) for ts, text in self.replies.get(name, [])]
        found = []
        if any(marks not in ([DELIVERED], [REFUSED]) for _, marks in written):
            found.append(f"the marks in {name} are {[marks for _, marks in written]}")
        got = self.world.got(name)
        # What was openly refused may still have arrived where a person was asked about it.
        asked = questions(self.world.thread(name))
        if not fits(got, [(text, marks == [REFUSED]) for text, marks in written], asked):
            found.append(f"the guest of {name} got {got} of {written}")
        return found


def fits(got: Sequence[str], written: Sequence[tuple[str, bool]], doubtful: int = 0) -> bool:
    """Tell whether a guest got each reply once, in order, and at most so many that were refused.

    Each reply is a text, and whether it was refused.
    """
    # Each way to account for the first texts: how many, and how many of them were refused.
    ways = {(0, 0)}
    for text, refused in written:
        taken = {
            (number + 1, used + refused)
            for number, used in ways
            if [*got[number : number + 1]] == [text]
        }
        ways = taken | (ways if refused else set())
    return any(number == len(got) and used <= doubtful for number, used in ways)


def questions(posts: Iterable[Mapping[str, object]]) -> int:
    """Count the posts in which a person is asked what became, or should become, of a reply."""
    return sum(any(each in str(post.get("blocks")) for each in ASKING) for post in posts)


def payload_of(post: Mapping[str, object], event_type: str) -> dict[str, object]:
    """Return the payload of a post's metadata of one type; empty where it has none."""
    metadata = post.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != event_type:
        return {}
    payload = metadata.get("event_payload")
    return payload if isinstance(payload, dict) else {}
