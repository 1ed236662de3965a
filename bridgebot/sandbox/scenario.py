"""A day in the chain, scripted: what guests and staff do, and what must be true at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bridgebot.sandbox import drawing, world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.world import Person, Stay

_LOOK_SECONDS: Final = 0.1

Complaints = Callable[[], Sequence[str]]


async def until(complaints: Complaints, seconds: float) -> Sequence[str]:
    """Wait until nobody complains, at most ``seconds``; return what is still complained about."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        left = complaints()
        if not left or asyncio.get_running_loop().time() >= end:
            return left
        await asyncio.sleep(_LOOK_SECONDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What somebody writes in a guest's thread."""

    person: Person
    guest: str
    text: str

    @property
    def stay(self) -> Stay:
        """The stay of the guest."""
        return world.stay_of(self.guest)


_LONG: Final = "\n\n".join(
    f"{number}. {line}"
    for number, line in enumerate(
        (
            "Il portone si apre con il codice che riceve qui sotto, due minuti prima dell'arrivo.",
            "Le chiavi sono nella cassetta a destra della reception, con il Suo nome.",
            "La camera è al secondo piano; l'ascensore è dietro la scala.",
            "Il parcheggio è in Via dei Giardini, gratuito dalle 19 alle 8.",
            "La colazione è servita dalle 7 alle 10:30 nella sala con vista sul cortile.",
            "Se qualcosa non funziona, il portiere di notte risponde allo 0 dalla camera.",
        )
        * 6,
        start=1,
    )
)

ANSWERS: Final = (
    Answer(
        person=world.ANNA,
        guest="Emily",
        text="Yes, the desk is open until *midnight*. Safe travels! :steam_locomotive:",
    ),
    Answer(
        person=world.MARCO,
        guest="Jonas",
        text=f"Gerne: <@{world.GRETA.user_id}> hält Ihnen einen Platz im Hof frei.",
    ),
    Answer(
        person=world.ANNA,
        guest="佐藤",
        text="朝食は7時からです。小麦を使わないパンもご用意します。",
    ),
    Answer(
        person=world.MARCO,
        guest="Lucía",
        text="¡Claro! Aquí está <https://seeblick.example/llegada|cómo llegar> :luggage:",
    ),
    Answer(
        person=world.GRETA,
        guest="Klara",
        text="Sehr gern, beides steht bereit:\n• Kinderbett\n• Hochstuhl\n• Wickelauflage",
    ),
    Answer(person=world.ANNA, guest="Noor", text="Yes, the room is free. We hold it for a day."),
    Answer(person=world.MARCO, guest="Giulia", text=_LONG),
    Answer(person=world.GRETA, guest="Giulia", text="Il codice è 4 7 1 1 #."),
    Answer(person=world.ANNA, guest="Irma", text="Certo, i cani piccoli sono benvenuti! :dog:"),
)
NOTE: Final = Answer(
    person=world.GRETA, guest="Klara", text="// Zimmer 12, das ruhige. Bitte Blumen hinstellen."
)
EDITED: Final = Answer(
    person=world.MARCO, guest="Bastien", text="Le petit-déjeuner coûte 12 euros."
)
EDITED_TEXT: Final = "Le petit-déjeuner est compris, de 7 h à 10 h 30."
DELETED: Final = Answer(
    person=world.ANNA, guest="Marisol", text="Oops, this was meant for another thread."
)
REFUSED: Final = Answer(person=world.ANNA, guest="Pierre", text="Votre écharpe est à la réception.")
ASIDE: Final = Answer(person=world.MARCO, guest="Ravi", text="Of course, in the yard.")
EXTERNAL: Final = Answer(person=world.PRIYA, guest="Giulia", text="Laundry will be there at ten.")
VIEW: Final = ("Klara", "Ist das der Blick aus dem Zimmer?", "see.png")
MAP: Final = Answer(person=world.GRETA, guest="Klara", text="Ja! Und so sieht er abends aus:")
THANKS: Final = (
    ("Emily", "Wonderful, thank you!"),
    ("Jonas", "Perfekt, danke & bis bald!"),
    ("Bastien", "Merci beaucoup !"),
)
LATE: Final = ("Ravi", "It has no lock, by the way.")
INBOX: Final = ("Ingrid", "Yes, the blue dorm is yours.")
EXTRANET: Final = ("Owen", "Your invoice will be at the desk when you leave.")
TEMPLATE: Final = ("Marisol", "Thank you for booking with us. Check-in is from 15:00.")


def guests_write(chain: Chain) -> None:
    """Let every guest write, with one entry nobody can read and one that comes twice."""
    for stay in (*world.STAYS, *world.LODGERS, world.MIRRORED):
        for line in stay.opening:
            chain.guest_writes(stay, line)
    chain.queue_unreadable(world.stay_of("Owen"))
    chain.queue_again(world.stay_of("Lucía"))


def hotel_writes_elsewhere(chain: Chain) -> None:
    """Let the hotel answer in the extranet and the inbox, and a template go out by itself."""
    chain.hotel_writes(world.stay_of(INBOX[0]), INBOX[1])
    chain.hotel_writes(world.stay_of(EXTRANET[0]), EXTRANET[1])
    chain.hotel_writes(world.stay_of(TEMPLATE[0]), TEMPLATE[1], template="Booking confirmation")


def staff_answer(chain: Chain) -> None:
    """Let staff answer, with everything that can go otherwise."""
    for answer in (*ANSWERS, NOTE, REFUSED, ASIDE, EXTERNAL):
        chain.says(answer.person, answer.stay, answer.text)
    edited = chain.says(EDITED.person, EDITED.stay, EDITED.text)
    chain.edits(EDITED.person, EDITED.stay, edited, EDITED_TEXT)
    deleted = chain.says(DELETED.person, DELETED.stay, DELETED.text)
    chain.deletes(DELETED.stay, deleted)


def pictures_go(chain: Chain) -> None:
    """Let a guest send a picture, and somebody answer with another."""
    guest, text, name = VIEW
    chain.guest_sends(world.stay_of(guest), name, drawing.lake(), text)
    chain.says(MAP.person, MAP.stay, MAP.text, file=("abend.png", drawing.lake("evening")))


def guests_thank(chain: Chain) -> None:
    """Let some guests answer back, and a message come in late."""
    chain.guest_wrote_before(world.stay_of(LATE[0]), LATE[1])
    for guest, text in THANKS:
        chain.guest_writes(world.stay_of(guest), text)


def threads_missing(chain: Chain) -> list[str]:
    """Say which guests have no thread yet."""
    guests = (*world.STAYS, *world.LODGERS)
    return [f"no thread for {stay.guest}" for stay in guests if chain.thread_of(stay) is None]


def unfinished(chain: Chain) -> list[str]:
    """Say everything that is not yet as it must be at the end."""
    return [
        *chain.ledger().problems,
        *_wrong_words(chain),
        *_not_told(chain),
        *_not_marked(chain),
        *_not_pictured(chain),
        *([f"{left} entries in the queue"] if (left := chain.queued()) else []),
    ]


def _wrong_words(chain: Chain) -> Iterator[str]:
    """Compare what the guests of the edited, deleted and refused replies got."""
    if chain.got(EDITED.stay) != [EDITED_TEXT]:
        yield "the edited reply did not arrive in its new words alone"
    if chain.got(DELETED.stay):
        yield "the deleted reply reached the guest"
    if chain.got(REFUSED.stay):
        yield "a closed conversation took a reply"


def _not_told(chain: Chain) -> Iterator[str]:
    """Look for the words people must be told."""
    if not chain.told_after(REFUSED.stay, REFUSED.text):
        yield "nobody was told that the conversation is closed"
    if not chain.told_after(ASIDE.stay, ASIDE.text):
        yield "nobody was told that Hostel Mate takes no replies"
    if chain.thread_of(world.MIRRORED) is not None:
        yield "a conversation of Booking.com's is shown by Hostel Mate as well"
    if not chain.private_words(EXTERNAL.person):
        yield "the person of another organisation was not told"
    if "quarantined" not in chain.alerts():
        yield "no alert names the entry that could not be read"


def _not_marked(chain: Chain) -> Iterator[str]:
    """Look for the marks on staff messages."""
    for answer in (*ANSWERS, MAP):
        if "white_check_mark" not in chain.marks(answer.stay, answer.text):
            yield f"the reply to {answer.stay.guest} is not marked as delivered"
    if "lock" not in chain.marks(NOTE.stay, NOTE.text):
        yield "the note is not marked as a note"
    for refused in (REFUSED, ASIDE):
        if "warning" not in chain.marks(refused.stay, refused.text):
            yield f"the refused reply to {refused.stay.guest} is not marked"


def _not_pictured(chain: Chain) -> Iterator[str]:
    """Look for the guest's picture in the thread, and for the hotel's on the guest's phone."""
    shown = chain.pictures_shown(world.stay_of(VIEW[0]))
    if shown != [drawing.lake()]:
        yield f"the guest's picture stands {len(shown)} times in the thread"
    if chain.pictures_got(MAP.stay) != [drawing.lake("evening")]:
        yield "the hotel's picture did not reach the guest as it was"
