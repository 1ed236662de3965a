"""The console over HTTP: the page, its live state, and what people do on it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Final

import emoji
from aiohttp import web

from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.console.bodies import Act, Body, WrongRequestError, text_of
from bridgebot.sandbox.console.catalogue import TROUBLES
from bridgebot.sandbox.console.faults import WrongFaultError, describe, set_faults
from bridgebot.sandbox.console.kit import Kit
from bridgebot.sandbox.console.pictures import picture_bytes
from bridgebot.sandbox.console.pushes import set_pushes
from bridgebot.sandbox.console.stream import Stream
from bridgebot.sandbox.messaging.attachments import KINDS, guest_sends, kind_of
from bridgebot.sandbox.script import WrongScriptError, names, read
from bridgebot.sandbox.slack.files import person_uploads
from bridgebot.sandbox.slack.state import SlackRefusalError

_STATIC: Final = Path(__file__).parent.parent / "static"
_LONGEST: Final = 40_000
_LARGEST_PICTURE: Final = 10_000_000
_WIRE_BACKLOG: Final = 256
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    # Nothing from outside, and nothing that a guest wrote can run.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
# What is no error of Slack's own, but of what a person tried to do.
_REFUSED: Final = {
    "invalid_manifest": "the manifest cannot be read",
    "no_such_button": "there is no such button",
    "no_such_option": "this is not among the options",
    "no_view_is_open": "nothing is open any more",
    "url_not_verified": "the address did not answer the question with its challenge",
    "no_such_shortcut": "no app has this shortcut",
    "not_a_member_of_this_workspace": "people of other organisations have buttons only",
    "not_a_valid_command": "no app has this command",
}


class Console:
    """Serves the page of a chain; ``stream`` keeps the open pages in step."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.kit = Kit(chain)
        self.stream = Stream(chain.state)
        self.wire = Stream(chain.wire.tables, backlog=_WIRE_BACKLOG)
        chain.watch(self.stream.touch)
        chain.wire.touch = self.wire.touch

    def add_routes(self, app: web.Application) -> None:
        """Add the page and everything below ``/sandbox`` to an application."""
        get, post = app.router.add_get, app.router.add_post
        get("/", self._page)
        get("/sandbox/state", self._state)
        get("/sandbox/events", self._events)
        get("/sandbox/wire", self.wire.serve)
        get("/sandbox/emoji", self._emoji)
        get("/sandbox/ledger", self._ledger)
        get("/sandbox/faults", self._faults)
        post("/sandbox/faults", _taking(self._set_faults))
        post("/sandbox/troubles/{name}", _taking(self._trouble))
        post("/sandbox/bot", _taking(self._bot))
        post("/sandbox/pushes", _taking(self._pushes))
        post("/sandbox/scenario", _taking(self._scenario))
        post("/sandbox/guests/{conversation}/messages", _taking(self._guest_writes))
        post("/sandbox/guests/{conversation}/pictures", _taking(self._guest_sends_picture))
        get("/sandbox/pictures/{side}/{name}", self._picture)
        post("/sandbox/guests/{conversation}/readings", _taking(self._guest_reads))
        post("/sandbox/guests/{conversation}/redactions", _taking(self._redacts))
        post("/sandbox/extranet/{conversation}/messages", _taking(self._hotel_writes))
        for what, act in {**self._people_acts(), **self.kit.people_acts()}.items():
            post(f"/sandbox/people/{{user}}/{what}", _taking(act))
        for what, act in self.kit.app_acts().items():
            post(f"/sandbox/apps{what}", _taking(act))
        app.router.add_static("/sandbox/static", _STATIC)
        app.on_response_prepare.append(_set_headers)
        app.on_shutdown.append(self._end)
        app.cleanup_ctx.append(self._run)

    def _people_acts(self) -> Mapping[str, Act]:
        return {
            "messages": self._person_writes,
            "pictures": self._person_sends_picture,
            "edits": self._person_edits,
            "deletions": self._person_deletes,
            "reactions": self._person_reacts,
            "commands": self._person_commands,
            "buttons": self._person_presses,
            "shortcuts": self._person_uses_shortcut,
        }

    async def _run(self, _app: web.Application) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in (self.stream, self.wire)]
            yield
            for task in tasks:
                task.cancel()

    async def _end(self, _app: web.Application) -> None:
        await self.stream.close()
        await self.wire.close()
        await self.chain.notifier.stop()
        await self.chain.webhook.stop()

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_STATIC / "index.html")

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response(self.chain.state())

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.chain.looked_at.set()
        return await self.stream.serve(request)

    async def _emoji(self, _request: web.Request) -> web.Response:
        return web.Response(body=_emoji_names(), content_type="application/json")

    async def _ledger(self, _request: web.Request) -> web.Response:
        return web.json_response(asdict(self.chain.ledger()))

    async def _faults(self, _request: web.Request) -> web.Response:
        return web.json_response(describe(self.chain))

    async def _set_faults(self, _request: web.Request, body: Body) -> object:
        await set_faults(self.chain, body)
        return describe(self.chain)

    async def _trouble(self, request: web.Request, body: Body) -> object:
        name, troubles = request.match_info["name"], self.chain.troubles
        if name == "all":
            troubles.end_all()
        elif name not in TROUBLES:
            raise WrongRequestError(f"known troubles: {', '.join(TROUBLES)}")
        elif body.get("end"):
            troubles.end(name)
        else:
            troubles.begin(name)
        self.stream.touch()
        return {}

    async def _pushes(self, _request: web.Request, body: Body) -> object:
        try:
            return set_pushes(self.chain, body)
        except ValueError as error:
            raise WrongRequestError(str(error)) from None

    async def _bot(self, _request: web.Request, body: Body) -> object:
        bot, act = self.chain.bot, text_of(body, "act")
        if bot is None:
            raise WrongRequestError("the bot was not started by this sandbox")
        if act not in ("kill", "start"):
            raise WrongRequestError("act must be kill or start")
        if act == "kill":
            await bot.kill()
        elif not bot.alive:
            await bot.start()
        self.stream.touch()
        return {}

    async def _scenario(self, _request: web.Request, body: Body) -> object:
        name = text_of(body, "name")
        # Files are for the command line alone: a page must not name paths.
        if self.chain.play is None or name not in names():
            raise WrongRequestError("there is no such scenario to play here")
        speed = body.get("speed") or None
        if speed is not None and not isinstance(speed, int | float):
            raise WrongRequestError("speed must be a number")
        await self.chain.play(read(name, speed))
        self.stream.touch()
        return {}

    async def _guest_writes(self, request: web.Request, body: Body) -> object:
        conversation = self._conversation(request)
        text = text_of(body, "text")
        return {"message_id": self.chain.says_guest(conversation, text)}

    async def _guest_reads(self, request: web.Request, _body: Body) -> object:
        self.chain.booking.guest_reads(self._of_booking(request, "tell what they read"))
        return {}

    async def _redacts(self, request: web.Request, body: Body) -> object:
        conversation = self._of_booking(request, "have messages redacted")
        wanted = text_of(body, "message_id")
        messages = self.chain.booking.conversations[conversation].messages
        if wanted not in {each.message_id for each in messages}:
            raise WrongRequestError("there is no such message")
        self.chain.booking.redact(wanted)
        return {}

    def _of_booking(self, request: web.Request, what: str) -> str:
        conversation = request.match_info["conversation"]
        if conversation not in self.chain.booking.conversations:
            raise WrongRequestError(f"only guests of Booking.com {what}")
        return conversation

    async def _guest_sends_picture(self, request: web.Request, body: Body) -> object:
        conversation = self._of_booking(request, "send pictures")
        name, data, text = _picture_of(body)
        message, attachment = guest_sends(self.chain.booking, conversation, name, data, text)
        return {"message_id": message, "attachment_id": attachment}

    async def _picture(self, request: web.Request) -> web.Response:
        """Give a picture of either side; what is none cannot run in the page."""
        side, name = request.match_info["side"], request.match_info["name"]
        data = picture_bytes(self.chain.booking, self.chain.workspace, side, name)
        if data is None:
            raise web.HTTPNotFound
        kind = kind_of(data)
        headers = {} if kind in KINDS else {"Content-Disposition": "attachment"}
        return web.Response(body=data, content_type=kind, headers=headers)

    async def _hotel_writes(self, request: web.Request, body: Body) -> object:
        conversation = self._conversation(request)
        text = text_of(body, "text")
        return {"message_id": self.chain.says_hotel(conversation, text)}

    def _conversation(self, request: web.Request) -> str:
        conversation = request.match_info["conversation"]
        if not self.chain.has(conversation):
            raise WrongRequestError("there is no such conversation")
        return conversation

    def _place(self, request: web.Request, body: Body) -> tuple[str, str]:
        """Read who acts and in which channel, and see that they are in it."""
        user, channel_id = request.match_info["user"], text_of(body, "channel")
        channel = self.chain.workspace.channels.get(channel_id)
        if user not in self.chain.workspace.people or channel is None:
            raise WrongRequestError("there is no such person or channel")
        if user not in channel.members:
            raise WrongRequestError("this person is not in the channel")
        return user, channel_id

    async def _person_writes(self, request: web.Request, body: Body) -> object:
        user, channel = self._place(request, body)
        thread = text_of(body, "thread_ts") if body.get("thread_ts") else None
        text = text_of(body, "text")
        return {"ts": self.chain.workspace.person_writes(user, channel, text, thread_ts=thread)}

    async def _person_sends_picture(self, request: web.Request, body: Body) -> object:
        user, channel = self._place(request, body)
        thread = text_of(body, "thread_ts") if body.get("thread_ts") else None
        name, data, text = _picture_of(body)
        workspace = self.chain.workspace
        about = person_uploads(workspace, user, name, data)
        ts = workspace.person_writes(user, channel, text, thread_ts=thread, files=[about])
        return {"ts": ts, "file": about["id"]}

    def _own(self, request: web.Request, body: Body) -> tuple[str, str, str]:
        user, channel = self._place(request, body)
        ts = text_of(body, "ts")
        if self.chain.workspace.message(channel, ts).get("user") != user:
            raise WrongRequestError("only one's own messages can be changed")
        return user, channel, ts

    async def _person_edits(self, request: web.Request, body: Body) -> object:
        user, channel, ts = self._own(request, body)
        self.chain.workspace.person_edits(user, channel, ts, text_of(body, "text"))
        return {}

    async def _person_deletes(self, request: web.Request, body: Body) -> object:
        _, channel, ts = self._own(request, body)
        self.chain.delete(channel, ts)
        return {}

    async def _person_reacts(self, request: web.Request, body: Body) -> object:
        user, channel = self._place(request, body)
        ts, name = text_of(body, "ts"), text_of(body, "name")
        act = self.chain.workspace.unreact if body.get("remove") else self.chain.workspace.react
        act(user, channel, ts, name)
        return {}

    async def _person_commands(self, request: web.Request, body: Body) -> object:
        user, channel = self._place(request, body)
        words = str(body.get("text") or "")
        command = text_of(body, "command")
        self.chain.slack_api.interactions.slash_command(user, channel, command, words)
        return {}

    async def _person_presses(self, request: web.Request, body: Body) -> object:
        user, channel = self._place(request, body)
        ts, action = text_of(body, "ts"), text_of(body, "action_id")
        self.chain.slack_api.interactions.press_button(user, channel, ts, action)
        return {}

    async def _person_uses_shortcut(self, request: web.Request, body: Body) -> object:
        if not body.get("ts"):
            user, callback = request.match_info["user"], text_of(body, "callback_id")
            self.chain.slack_api.interactions.global_shortcut(user, callback)
            return {}
        user, channel = self._place(request, body)
        ts, callback = text_of(body, "ts"), text_of(body, "callback_id")
        self.chain.slack_api.interactions.message_shortcut(user, channel, ts, callback)
        return {}


def _picture_of(body: Body) -> tuple[str, bytes, str]:
    """Read a picture's name and bytes, and the words beside it, if any."""
    try:
        data = base64.b64decode(str(body.get("data") or ""), validate=True)
    except ValueError:
        raise WrongRequestError("data must be base64") from None
    if not 0 < len(data) <= _LARGEST_PICTURE:
        raise WrongRequestError("a picture has between 1 byte and 10 MB")
    return text_of(body, "name"), data, str(body.get("text") or "")[:_LONGEST]


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Protect the page; the stand-ins' own answers stay as their vendors send them."""
    if request.path == "/" or request.path.startswith("/sandbox/"):
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)


def _taking(act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Read a JSON body, act on it, and say in words what was wrong."""

    async def handle(request: web.Request) -> web.Response:
        try:
            result = await act(request, await _body(request))
        except SlackRefusalError as refusal:
            return _wrong(_REFUSED.get(refusal.error) or f"Slack says: {refusal.error}")
        except (WrongRequestError, WrongFaultError, WrongScriptError) as error:
            return _wrong(str(error))
        shown = result if isinstance(result, dict) else {}
        return web.json_response({"ok": True, **shown})

    return handle


def _wrong(words: str) -> web.Response:
    return web.json_response({"ok": False, "error": words}, status=400)


async def _body(request: web.Request) -> Body:
    # Only JSON: a form of a foreign page in the same browser must not reach the sandbox.
    if request.content_type != "application/json":
        raise WrongRequestError("send JSON")
    try:
        body = json.loads(await request.text())
    except ValueError:
        raise WrongRequestError("the body is not JSON") from None
    if not isinstance(body, dict):
        raise WrongRequestError("the body is not a JSON object")
    return body


@cache
def _emoji_names() -> bytes:
    """List emoji by the names Slack uses, as JSON."""
    result: dict[str, str] = {}
    for sign, about in emoji.EMOJI_DATA.items():
        if about["status"] <= emoji.STATUS["fully_qualified"]:
            for name in (str(about["en"]), *about.get("alias", ())):
                result.setdefault(name.strip(":"), sign)
    return json.dumps(result).encode()
