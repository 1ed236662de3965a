"""Furnishes the stand-ins with the small chain: hotels, guests' conversations, people, channels."""

from __future__ import annotations

from typing import Final

from bridgebot.sandbox import world
from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.messaging.booking import Booking, Conversation
from bridgebot.sandbox.slack.state import MESSAGES, App, Channel, Person
from bridgebot.sandbox.slack.workspace import Workspace
from bridgebot.sandbox.world import Stay

_SCOPES: Final = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "chat:write.customize",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "reactions:read",
        "reactions:write",
        "usergroups:read",
        "users:read",
    }
)
_EVENTS: Final = frozenset(
    {
        "app_home_opened",
        "reaction_added",
        "reaction_removed",
        "subteam_members_changed",
        "subteam_updated",
    }
)


def furnish_booking(booking: Booking) -> None:
    """Open the hotels, their machine account and the guests' conversations, empty."""
    for one in world.PROPERTIES:
        booking.add_property(one.property_id, one.name)
    ids = [one.property_id for one in world.PROPERTIES]
    booking.add_account(world.MACHINE_ACCOUNT, world.MACHINE_SECRET, ids)
    for stay in world.STAYS:
        book(booking, stay)


def book(booking: Booking, stay: Stay) -> None:
    """Open a guest's conversation, empty."""
    booking.add_conversation(
        Conversation(
            conversation_id=stay.conversation_id,
            property_id=stay.property_id,
            guest_name=stay.guest,
            reference=stay.reference,
            kind=stay.conversation_type,
            access="read_only" if stay.read_only else "read_write",
            has_account=stay.has_account,
        )
    )


def furnish_hostelmate(mate: HostelMate) -> None:
    """Open the hostel with its key and its guests' threads, empty."""
    mate.add_hostel(world.HOSTEL.property_id, world.HOSTEL_KEY)
    for stay in (*world.LODGERS, world.MIRRORED):
        mate.open_thread(
            world.HOSTEL.property_id,
            channel=stay.agency,
            guest_name=stay.guest,
            booking_id=stay.reference,
            subject="Our stay" if stay.agency == "EMAIL" else None,
            thread_id=stay.conversation_id,
        )


def furnish_workspace(workspace: Workspace) -> None:
    """Let people and the app in, and open the channels."""
    for one in world.PEOPLE:
        person = Person(one.user_id, one.name, one.team_id, guest=one.guest, bot=one.bot)
        workspace.add_person(person)
    workspace.add_app(
        App(
            app_id=world.APP,
            name="bridgebot",
            bot_id=world.BOT,
            user_id=world.BOT_USER,
            bot_token=world.BOT_TOKEN,
            app_token=world.APP_TOKEN,
            scopes=_SCOPES,
            signing_secret=world.SIGNING_SECRET,
            events=MESSAGES | _EVENTS,
        )
    )
    everybody = {one.user_id for one in world.PEOPLE}
    for room in world.CHANNELS:
        members = everybody if room == world.GENERAL else everybody | {world.BOT_USER}
        workspace.add_channel(Channel(room.channel_id, room.name, members=set(members)))
