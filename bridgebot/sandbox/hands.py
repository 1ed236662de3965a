"""People at the desk: they press, choose, type and fill in, and look what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bridgebot.sandbox import world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.scenario import until
from bridgebot.sandbox.slack import elements
from bridgebot.sandbox.slack.state import SlackRefusalError
from bridgebot.sandbox.transcript import Transcript
from bridgebot.sandbox.world import Person, Stay

_PATIENCE: Final = 20.0
Message = dict[str, Any]
Place = tuple[str, str]


class MissingError(Exception):
    """What a press or a command should have brought did not come; the text says what."""


class Hands:
    """What can be done at the desk; each deed is told, and its outcome waited for."""

    def __init__(self, chain: Chain, transcript: Transcript) -> None:
        self.chain = chain
        self._transcript = transcript

    def tell(self, person: Person, what: str) -> None:
        """Say what somebody does."""
        self._transcript.line("slack", person.name, what)

    async def see(self, what: str, true: Callable[[], object]) -> None:
        """Wait until something is there."""
        if await until(lambda: [] if true() else [what], _PATIENCE):
            raise MissingError(what)

    def messages(self, channel_id: str) -> Iterator[Message]:
        """Walk over what stands in a channel, the newest first."""
        yield from reversed(list(self.chain.workspace.channels[channel_id].messages.values()))

    def root(self, stay: Stay) -> Message:
        """Read the first message of a guest's thread."""
        place = self.chain.thread_of(stay)
        return {} if place is None else self.chain.workspace.message(*place)

    def thread(self, stay: Stay) -> list[Message]:
        """List what stands below it, the newest first."""
        place = self.chain.thread_of(stay)
        if place is None:
            return []
        found = self.messages(place[0])
        return [each for each in found if each.get("thread_ts") == place[1] != each["ts"]]

    def alert(self, stay: Stay) -> Message:
        """Read the newest alert that says that a guest waits; empty where there is none."""
        for each in self.messages(world.ALERTS.channel_id):
            payload = (each.get("metadata") or {}).get("event_payload") or {}
            about = payload.get("kind"), payload.get("conversation_id")
            if about == ("unanswered", stay.conversation_id):
                return each
        return {}

    def private(self, person: Person) -> Message:
        """Read what somebody alone was shown last."""
        shown = [one for one in self.chain.workspace.ephemerals if one["user"] == person.user_id]
        return shown[-1] if shown else {}

    def top(self, person: Person) -> Message:
        """Read the form that lies on top for somebody; empty where none is open."""
        stack = self.chain.workspace.stacks.get(person.user_id)
        return stack[-1] if stack else {}

    def home(self, person: Person) -> Message:
        """Read somebody's Home tab."""
        return self.chain.workspace.homes.get((world.APP, person.user_id), {})

    def says(self, person: Person, stay: Stay, text: str) -> str:
        """Let somebody write in a guest's thread; return the ts."""
        return self.chain.says(person, stay, text)

    def command(self, person: Person, command: str, text: str) -> None:
        """Type a command in the guests' channel."""
        self.tell(person, f"types {command} {text}".rstrip())
        place = world.GUESTS.channel_id
        self.chain.slack_api.interactions.slash_command(person.user_id, place, command, text)

    async def press(self, person: Person, message: Message, action_id: str) -> None:
        """Press a button of a message, as soon as it is there."""
        await self._offered(lambda: message, action_id)
        self.tell(person, f"presses {_label(message, action_id)}")
        user, channel = person.user_id, _channel(self.chain, message)
        self.chain.slack_api.interactions.act(user, channel, message["ts"], action_id)

    def shortcut(self, person: Person, message: Message, callback_id: str, label: str) -> None:
        """Choose something in the menu of a message."""
        self.tell(person, f"chooses {label} in a message's menu")
        user, channel = person.user_id, _channel(self.chain, message)
        api = self.chain.slack_api.interactions
        api.message_shortcut(user, channel, message["ts"], callback_id)

    async def press_in_form(self, person: Person, action_id: str) -> None:
        """Press a button of the form on top, as soon as it is there."""
        await self._offered(lambda: self.top(person), action_id)
        self.tell(person, f"presses {_label(self.top(person), action_id)} in the form")
        self.chain.slack_api.modals.act(person.user_id, action_id)

    def fill(self, person: Person, **fields: str) -> None:
        """Fill in the form on top, field by field, and submit it."""
        view = self.top(person)
        self.tell(person, f"fills in “{view['title']['text']}” and presses {_submit(view)}")
        given = {name: {name: value} for name, value in fields.items()}
        if not self.chain.slack_api.modals.fill(person.user_id, given):
            raise MissingError(f"Slack takes no form with {', '.join(fields)}")

    def close(self, person: Person) -> None:
        """Close the form on top."""
        self.chain.slack_api.modals.close(person.user_id)

    async def at_home(self, person: Person, action_id: str, value: str | None = None) -> None:
        """Press a button or choose in a menu of the Home tab, as soon as it is there."""
        await self._offered(lambda: self.home(person), action_id)
        label = value or _label(self.home(person), action_id)
        self.tell(person, f"presses {label} on the Home tab")
        modals = self.chain.slack_api.modals
        modals.act_at_home(person.user_id, world.APP, action_id, value)

    async def _offered(self, read: Callable[[], Message], action_id: str) -> None:
        """Wait for a button: what is drawn follows what is done after a moment."""
        await self.see(f"{action_id} to press", lambda: action_id in named(read(), action_id))

    async def opened(self, person: Person, callback_id: str) -> Message:
        """Wait for a form of a kind on top."""
        shown = f"the form {callback_id or 'that lists'} for {person.name}"
        await self.see(shown, lambda: self.top(person).get("callback_id") == callback_id)
        return self.top(person)


def named(message: Mapping[str, Any], action_id: str) -> list[str]:
    """List the buttons and menus of a message or form whose name begins so."""
    found = (each["action_id"] for _, each in elements.elements(message.get("blocks")))
    return [str(each) for each in found if str(each).startswith(action_id)]


def _label(message: Mapping[str, Any], action_id: str) -> str:
    try:
        _, element = elements.find(message.get("blocks"), action_id)
    except SlackRefusalError:
        raise MissingError(f"there is no {action_id} to press") from None
    return str((element.get("text") or {}).get("text") or action_id)


def _submit(view: Mapping[str, Any]) -> str:
    return str((view.get("submit") or {}).get("text"))


def _channel(chain: Chain, message: Mapping[str, Any]) -> str:
    if "channel" in message:
        return str(message["channel"])
    channels = chain.workspace.channels.values()
    return next(one.channel_id for one in channels if message["ts"] in one.messages)
