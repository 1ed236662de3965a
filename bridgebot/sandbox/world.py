"""A believable small chain of hotels: who works there, who stays there, and what they write.

Everything is invented and stays the same at each start, so that tests, pictures and people can
name it. Data only: ``furnish`` puts it into the stand-ins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

WORKSPACE: Final = "Three Lakes Hotels"
TEAM: Final = "T0LAKES001"
OTHER_TEAM: Final = "T0LAUNDRY1"
APP: Final = "A0BRIDGE01"
BOT_USER: Final = "U0BRIDGE01"
BOT: Final = "B0BRIDGE01"
# The tokens of a stand-in: they open nothing but the sandbox they were made for.
BOT_TOKEN: Final = "xoxb-sandbox-three-lakes"  # noqa: S105
APP_TOKEN: Final = "xapp-1-A0BRIDGE01-sandbox"  # noqa: S105
SIGNING_SECRET: Final = "sandbox-signing-secret"  # noqa: S105
MACHINE_ACCOUNT: Final = "three-lakes-machine"
MACHINE_SECRET: Final = "sandbox-only"  # noqa: S105
HOSTEL_KEY: Final = "hm_live_sandbox_only"
NOTIFIED_AS: Final = "three-lakes-notifications"
NOTIFICATIONS_SECRET: Final = "sandbox0only0sandbox0only0"  # noqa: S105


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """A hotel of the chain."""

    property_id: str
    name: str
    city: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody in the workspace; ``role`` and ``note`` are what the page says about them."""

    user_id: str
    name: str
    role: str
    note: str
    guest: bool = False
    team_id: str = TEAM
    bot: bool = False

    @property
    def member(self) -> bool:
        """Whether this is a full human member of the workspace."""
        return not self.guest and not self.bot and self.team_id == TEAM


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A channel of the workspace; ``purpose`` is the line below its name."""

    channel_id: str
    name: str
    purpose: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A guest's conversation: who, where, when, in which language, and how it begins.

    ``agency`` is the channel through which it came to Hostel Mate, empty for Booking.com's own.
    """

    conversation_id: str
    property_id: str
    guest: str
    language: str
    reference: str
    arrival: date
    nights: int
    opening: tuple[str, ...]
    conversation_type: str = "reservation"
    read_only: bool = False
    has_account: bool = True
    agency: str = ""

    @property
    def departure(self) -> date:
        """The day the guest leaves."""
        return self.arrival + timedelta(days=self.nights)


PROPERTIES: Final = (
    Property(property_id="4410021", name="Hotel Lindenhof", city="Lucerne"),
    Property(property_id="4410022", name="Pension Seeblick", city="Bregenz"),
    Property(property_id="4410023", name="Albergo Tre Fontane", city="Como"),
)

HOSTEL: Final = Property(property_id="hostelmate", name="Hostel Alter Hafen", city="Constance")

ANNA: Final = Person(
    user_id="U0ANNA0001", name="Anna Keller", role="receptionist", note="May answer guests."
)
MARCO: Final = Person(
    user_id="U0MARCO001", name="Marco Bianchi", role="receptionist", note="May answer guests."
)
GRETA: Final = Person(
    user_id="U0GRETA001", name="Greta Lund", role="manager", note="May answer guests."
)
TOMAS: Final = Person(
    user_id="U0TOMAS001",
    name="Tomas Reyes",
    role="workspace guest",
    note="A guest in this Slack: may read along, not answer.",
    guest=True,
)
PRIYA: Final = Person(
    user_id="U0PRIYA001",
    name="Priya Nair",
    role="laundry service, another organisation",
    note="From another organisation: may not answer.",
    team_id=OTHER_TEAM,
)
CLEANBOT: Final = Person(
    user_id="U0CLEAN001",
    name="Housekeeping Bot",
    role="another app",
    note="Another app: what it posts goes to nobody.",
    bot=True,
)
PEOPLE: Final = (ANNA, MARCO, GRETA, TOMAS, PRIYA, CLEANBOT)

GUESTS: Final = Channel(
    channel_id="C0GUESTS01", name="guests", purpose="Guests of Lucerne and Bregenz, a thread each"
)
GUESTS_COMO: Final = Channel(
    channel_id="C0GUESTS02", name="guests-tre-fontane", purpose="Guests of Albergo Tre Fontane"
)
ALERTS: Final = Channel(
    channel_id="C0ALERTS01", name="bridgebot-alerts", purpose="What the bridge needs people for"
)
GENERAL: Final = Channel(
    channel_id="C0GENERAL1", name="general", purpose="Everybody; the bridge is not in here"
)
CHANNELS: Final = (GUESTS, GUESTS_COMO, ALERTS, GENERAL)
PROPERTY_CHANNELS: Final = {"4410023": GUESTS_COMO.channel_id}


def _id(reference: str) -> str:
    """Make a conversation id that is the same at each start."""
    return str(uuid5(NAMESPACE_URL, f"three-lakes/{reference}"))


def _stay(
    property_number: int,
    guest: str,
    language: str,
    reference: str,
    start: str,
    nights: int,
    *opening: str,
) -> Stay:
    return Stay(
        conversation_id=_id(reference),
        property_id=PROPERTIES[property_number].property_id,
        guest=guest,
        language=language,
        reference=reference,
        arrival=date.fromisoformat(start),
        nights=nights,
        opening=opening,
    )


def _request(reference: str, opening: str) -> Stay:
    return Stay(
        conversation_id=_id(reference),
        property_id=PROPERTIES[1].property_id,
        guest="Noor de Wit",
        language="en",
        reference=reference,
        arrival=date(2027, 2, 12),
        nights=5,
        opening=(opening,),
        conversation_type="request_to_book",
    )


def _closed(reference: str, opening: str) -> Stay:
    return Stay(
        conversation_id=_id(reference),
        property_id=PROPERTIES[0].property_id,
        guest="Pierre Fournel",
        language="fr",
        reference=reference,
        arrival=date(2026, 9, 2),
        nights=2,
        opening=(opening,),
        read_only=True,
    )


def _without_account(reference: str, opening: str) -> Stay:
    return Stay(
        conversation_id=_id(reference),
        property_id=PROPERTIES[2].property_id,
        guest="Irma Castellani",
        language="it",
        reference=reference,
        arrival=date(2026, 12, 5),
        nights=3,
        opening=(opening,),
        has_account=False,
    )


STAYS: Final = (
    _stay(
        0,
        "Emily Hartwell",
        "en",
        "4312539001",
        "2026-11-27",
        3,
        "Hello! Our train arrives at 22:40. Will somebody still be at the desk?",
    ),
    _stay(
        0,
        "Jonas Reitmeier",
        "de",
        "4312539002",
        "2026-11-28",
        2,
        "Guten Tag, gibt es am Haus einen Parkplatz für einen Kleinbus?",
        "Er ist 2,10 m hoch.",
    ),
    _closed("4312539003", "Bonjour, j'ai oublié une écharpe bleue dans la chambre 14."),
    _stay(
        0,
        "佐藤 美咲",
        "ja",
        "4312539004",
        "2026-12-01",
        4,
        "こんにちは。朝食は何時からですか。小麦アレルギーがあります。",
    ),
    _stay(
        1,
        "Lucía Ferrán",
        "es",
        "4312539005",
        "2026-11-30",
        2,
        "¡Hola! ¿Podemos dejar las maletas antes de las 15:00? 🙂",
    ),
    _stay(
        1,
        "Klara Wiesner",
        "de",
        "4312539006",
        "2026-12-03",
        5,
        "Liebes Team, wir kommen mit Baby. Haben Sie ein Kinderbett & einen Hochstuhl?",
    ),
    _request("RTB-77120", "Hi, is the lake-view room free for five nights in February?"),
    _stay(
        1,
        "Owen Maddox",
        "en",
        "4312539008",
        "2026-12-10",
        1,
        "Can I get an invoice to my company, <Maddox & Sons>? See https://maddox.example/tax",
    ),
    _stay(
        2,
        "Giulia Morandi",
        "it",
        "4312539009",
        "2026-11-26",
        2,
        "Buongiorno, siamo in ritardo: arriviamo verso mezzanotte. Come entriamo?",
    ),
    _stay(
        2,
        "Bastien Arnoux",
        "fr",
        "4312539010",
        "2026-12-04",
        3,
        "Bonjour, le petit-déjeuner est-il compris dans le prix ?",
    ),
    _without_account("4312539011", "Buonasera, accettate cani di piccola taglia?"),
    _stay(
        2,
        "Marisol Ibáñez",
        "es",
        "4312539012",
        "2026-12-08",
        4,
        "Buenas, ¿hay una lavandería cerca del hotel?",
    ),
)


def _lodger(agency: str, guest: str, language: str, start: str, *opening: str) -> Stay:
    booking = str(uuid5(NAMESPACE_URL, f"three-lakes/hostel/{guest}"))
    return Stay(
        conversation_id=_id(booking),
        property_id=HOSTEL.property_id,
        guest=guest,
        language=language,
        reference=booking,
        arrival=date.fromisoformat(start),
        nights=2,
        opening=opening,
        agency=agency,
    )


LODGERS: Final = (
    _lodger("AIRBNB", "Ravi Menon", "en", "2026-11-29", "Hi, can I lock up my bike at the hostel?"),
    _lodger(
        "HOSTELWORLD",
        "Ingrid Solheim",
        "en",
        "2026-12-02",
        "Hello, we are eight. Could we have one dorm for ourselves?",
    ),
    _lodger("EMAIL", "Wanda Kowalska", "pl", "2026-12-06", "Dzień dobry, czy jest kuchnia?"),
)
"""Guests of the hostel, whose property works with Hostel Mate."""
MIRRORED: Final = _lodger(
    "BOOKING_COM", "Emily Hartwell", "en", "2026-11-27", "Will somebody still be at the desk?"
)
"""A conversation that Hostel Mate copies from Booking.com: it must not be shown twice."""


HANNA: Final = _stay(
    0,
    "Hanna Brandt",
    "de",
    "4312539013",
    "2026-12-02",
    2,
    "Guten Abend, können wir morgen früher auschecken?",
)
OSKAR: Final = _stay(
    1,
    "Oskar Nyman",
    "en",
    "4312539014",
    "2026-12-18",
    3,
    "We booked two rooms next to each other, please.",
)
LATER: Final = (HANNA, OSKAR)
"""Guests who are not there at the beginning: the shift at the desk brings them."""


def stay_of(guest: str) -> Stay:
    """Find a guest's stay by the beginning of the name."""
    return next(stay for stay in (*STAYS, *LODGERS) if stay.guest.startswith(guest))


def channel_of(stay: Stay) -> str:
    """Name the channel in which a guest's thread opens."""
    return PROPERTY_CHANNELS.get(stay.property_id, GUESTS.channel_id)
