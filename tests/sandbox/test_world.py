"""The small chain is believable and stays the same."""

from __future__ import annotations

from collections import Counter

from bridgebot.sandbox import world


def test_size_of_the_chain() -> None:
    """Three hotels, twelve conversations, six languages."""
    assert len(world.PROPERTIES) == 3
    assert len(world.STAYS) == 12
    assert len({stay.language for stay in world.STAYS}) == 6


def test_every_stay_belongs_to_a_hotel() -> None:
    """No conversation is left without a property, and each hotel has guests."""
    per_hotel = Counter(stay.property_id for stay in world.STAYS)
    assert set(per_hotel) == {one.property_id for one in world.PROPERTIES}


def test_ids_are_unique_and_stable() -> None:
    """Ids differ from each other and are the same at each start."""
    ids = [stay.conversation_id for stay in world.STAYS]
    assert len(set(ids)) == len(ids)
    assert world.stay_of("Emily").conversation_id == "29744f0e-e2cb-5b74-8312-5e7acce13e72"


def test_special_conversations() -> None:
    """One booking request, one closed conversation, one guest without an account."""
    assert [s.guest for s in world.STAYS if s.conversation_type == "request_to_book"] == [
        "Noor de Wit"
    ]
    assert [s.guest for s in world.STAYS if s.read_only] == ["Pierre Fournel"]
    assert [s.guest for s in world.STAYS if not s.has_account] == ["Irma Castellani"]


def test_people_of_every_kind() -> None:
    """Three may answer; a workspace guest, an external person and another app may not."""
    assert [one.name for one in world.PEOPLE if one.member] == [
        "Anna Keller",
        "Marco Bianchi",
        "Greta Lund",
    ]
    assert len(world.PEOPLE) == 6


def test_one_hotel_has_a_channel_of_its_own() -> None:
    """Guests of Como are talked about in their own channel, the others in the common one."""
    assert world.channel_of(world.stay_of("Giulia")) == world.GUESTS_COMO.channel_id
    assert world.channel_of(world.stay_of("Emily")) == world.GUESTS.channel_id


def test_departure_follows_arrival() -> None:
    """The nights of a stay end on the day of departure."""
    emily = world.stay_of("Emily")
    assert (emily.departure - emily.arrival).days == emily.nights == 3
