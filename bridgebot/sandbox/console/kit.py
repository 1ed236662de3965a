"""What people do with buttons, menus, forms and Home tabs, and which apps there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.console.bodies import Act, Body, WrongRequestError, text_of
from bridgebot.sandbox.slack.manifests import install
from bridgebot.sandbox.slack.state import App

_NOWHERE: Final = "say where: a message (channel and ts), home (app) or modal"


class Kit:
    """Does in the workspace what the page, or a script, asks for."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain

    def people_acts(self) -> Mapping[str, Act]:
        """Name what somebody does, below ``/sandbox/people/<user>``."""
        return {"home": self._opens_home, "actions": self._acts, "modal": self._answers_modal}

    def app_acts(self) -> Mapping[str, Act]:
        """Name what is done to apps, below ``/sandbox/apps``."""
        return {"": self._installs, "/{app}/request_url": self._sets_request_url}

    def _user(self, request: web.Request) -> str:
        user = request.match_info["user"]
        if user not in self.chain.workspace.people:
            raise WrongRequestError("there is no such person")
        return user

    def _app(self, app_id: str) -> App:
        app = self.chain.workspace.apps.get(app_id)
        if app is None:
            raise WrongRequestError("there is no such app")
        return app

    async def _opens_home(self, request: web.Request, body: Body) -> object:
        app = self._app(text_of(body, "app"))
        self.chain.slack_api.modals.open_home(self._user(request), app_id=app.app_id)
        return {}

    async def _acts(self, request: web.Request, body: Body) -> object:
        user, action, value = self._user(request), text_of(body, "action_id"), body.get("value")
        block, slack = str(body.get("block_id") or ""), self.chain.slack_api
        if body.get("channel"):
            channel, ts = text_of(body, "channel"), text_of(body, "ts")
            room = self.chain.workspace.channels.get(channel)
            if room is None or user not in room.members:
                raise WrongRequestError("there is no such channel, or this person is not in it")
            slack.interactions.act(user, channel, ts, action, value, block_id=block)
        elif body.get("app"):
            app = self._app(text_of(body, "app"))
            slack.modals.act_at_home(user, app.app_id, action, value, block_id=block)
        elif body.get("modal"):
            slack.modals.act(user, action, value, block_id=block)
        else:
            raise WrongRequestError(_NOWHERE)
        return {}

    async def _answers_modal(self, request: web.Request, body: Body) -> object:
        user, act, modals = self._user(request), text_of(body, "act"), self.chain.slack_api.modals
        values = body.get("values")
        if act == "submit":
            sent = modals.fill(user, values if isinstance(values, Mapping) else {})
            return {"sent": sent}
        if act not in {"close", "close_all"}:
            raise WrongRequestError("act must be submit, close or close_all")
        modals.close(user, everything=act == "close_all")
        return {}

    async def _installs(self, _request: web.Request, body: Body) -> object:
        """Install an app from its manifest, invited to the channels that are named."""
        workspace = self.chain.workspace
        rooms = body.get("channels") or []
        if not isinstance(rooms, list) or not set(rooms) <= workspace.channels.keys():
            raise WrongRequestError("channels must be a list of channel ids")
        app = install(workspace, body.get("manifest"))
        for room in rooms:
            workspace.channels[room].members.add(app.user_id)
        return {
            "app_id": app.app_id,
            "bot_user_id": app.user_id,
            "bot_token": app.bot_token,
            "app_token": app.app_token,
            "signing_secret": app.signing_secret,
        }

    async def _sets_request_url(self, request: web.Request, body: Body) -> object:
        app = self._app(request.match_info["app"])
        url = str(body.get("url") or "")
        # Events carry what guests wrote: they stay on this machine.
        if url and not url.startswith(("http://127.0.0.1:", "http://localhost:", "http://[::1]:")):
            raise WrongRequestError("the address must be on this machine: http://127.0.0.1:…")
        await self.chain.slack_api.sockets.urls.verify(app.app_id, url)
        return {}
