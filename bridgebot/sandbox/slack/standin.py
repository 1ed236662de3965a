"""Slack over HTTP and WebSocket, as far as ``docs/sandbox.md`` says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from aiohttp import web

from bridgebot.sandbox.slack.arguments import missing_scope
from bridgebot.sandbox.slack.faults import Fault, Faults
from bridgebot.sandbox.slack.files import give_bytes, login_page, take_bytes
from bridgebot.sandbox.slack.interactions import Interactions
from bridgebot.sandbox.slack.limits import Limits
from bridgebot.sandbox.slack.methods import SERVED
from bridgebot.sandbox.slack.modals import Modals
from bridgebot.sandbox.slack.responses import Responses
from bridgebot.sandbox.slack.socket import SocketMode
from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

OPEN = "apps.connections.open"


class SlackStandIn:
    """Serves a ``Workspace``."""

    def __init__(
        self,
        workspace: Workspace,
        faults: Faults | None = None,
        sockets: SocketMode | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.workspace = workspace
        self.faults = faults or Faults()
        self.sockets = sockets or SocketMode(workspace)
        self.limits = limits or Limits(workspace.now)
        self.responses = Responses(workspace)
        self.interactions = Interactions(workspace, self.sockets, self.responses)
        self.modals = Modals(workspace, self.sockets)
        self._prefix = ""
        workspace.deliver = self.sockets.event

    def add_routes(self, app: web.Application, prefix: str = "/slack") -> None:
        """Add the routes below ``prefix``; sockets are closed with the application."""
        self._prefix = prefix
        app.router.add_route("*", prefix + "/api/{method}", self._call)
        app.router.add_post(prefix + "/upload/{file}", self._upload)
        app.router.add_get(prefix + "/files/{file}", self._download)
        app.router.add_get(prefix + "/files/{file}/download", self._download)
        app.router.add_get(prefix + "/socket", self.sockets.connect)
        app.router.add_post(prefix + "/response/{name}", self._respond)
        app.on_shutdown.append(self._close)

    async def _close(self, _app: web.Application) -> None:
        await self.sockets.close()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        workspace = self.workspace
        workspace.base = workspace.base or f"{request.scheme}://{request.host}{self._prefix}"
        fault = self.faults.strike(method)
        if fault is not None and (early := await _before(request, fault)) is not None:
            self._log(method, {}, {"fault": fault.kind})
            return early
        arguments = await _arguments(request)
        sent = str(arguments.pop("token", ""))
        # Slack takes the token of a connection in the header only.
        token = _bearer(request) if method == OPEN else sent or _bearer(request)
        app = self._app(token)
        seconds = self._wait(method, app, arguments)
        if seconds:
            self._log(method, arguments, {"error": "ratelimited"})
            return _too_many(seconds, self._headers(app, token))
        body = self._try(request, method, token, app, arguments)
        if fault is not None and fault.kind == "internal_error":
            body = {"ok": False, "error": "internal_error"}
        self._log(method, arguments, body)
        if fault is not None and fault.kind == "drop_after":
            return _drop(request)
        return web.json_response(body, headers=self._headers(app, token))

    def _headers(self, app: App | None, token: str) -> dict[str, str]:
        """Tell when this is answered, and what a known token was granted."""
        return {"Date": formatdate(self.workspace.now(), usegmt=True), **_granted(app, token)}

    def _app(self, token: str) -> App | None:
        """Find the app that a token of either kind belongs to."""
        apps = self.workspace.apps.values()
        return next((each for each in apps if token in {each.bot_token, each.app_token}), None)

    def _wait(self, method: str, app: App | None, arguments: Mapping[str, Any]) -> int:
        return self.limits.wait(
            method, app.app_id if app else "", str(arguments.get("channel") or "")
        )

    def _try(
        self,
        request: web.Request,
        method: str,
        token: str,
        app: App | None,
        arguments: Mapping[str, Any],
    ) -> dict[str, Any]:
        try:
            known = self._known(token, app, method)
            if method == OPEN:
                return self._open(request, known)
            return {"ok": True, **self._answer(method, known, arguments)}
        except SlackRefusalError as refusal:
            return {"ok": False, "error": refusal.error, **refusal.more}

    def _known(self, token: str, app: App | None, method: str) -> App:
        """See that a token is known, still good, and of the kind that the method takes."""
        if app is None:
            raise SlackRefusalError("invalid_auth" if token else "not_authed")
        if token in self.workspace.revoked:
            raise SlackRefusalError("account_inactive")
        if (method == OPEN) != (token == app.app_token):
            raise SlackRefusalError("not_allowed_token_type")
        return app

    def _answer(self, method: str, app: App, arguments: Mapping[str, Any]) -> dict[str, Any]:
        registered = SERVED.get(method)
        if registered is None:
            raise SlackRefusalError("unknown_method", req_method=method)
        if not registered.open_to(app):
            raise missing_scope(app, ",".join(sorted(registered.scopes)))
        return registered.call(self.workspace, app, arguments)

    def _open(self, request: web.Request, app: App) -> dict[str, Any]:
        ticket = self.sockets.ticket(app)
        scheme = "wss" if request.scheme == "https" else "ws"
        url = f"{scheme}://{request.host}{self._prefix}/socket?ticket={ticket}&app_id={app.app_id}"
        return {"ok": True, "url": url}

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        """Take an answer at a ``response_url``; faults are set by that name, limits are posts'."""
        fault = self.faults.strike("response_url")
        if fault is not None and (early := await _before(request, fault)) is not None:
            return early
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return web.Response(status=400, text="invalid_payload")
        self._log("response_url", body, {})
        response = self._responded(request.match_info["name"], body)
        return _drop(request) if fault is not None and fault.kind == "drop_after" else response

    def _responded(self, name: str, body: Mapping[str, Any]) -> web.Response:
        given = self.responses.given.get(name)
        if given is not None and (
            seconds := self.limits.wait("chat.postMessage", given.app.app_id, given.channel)
        ):
            return _too_many(seconds)
        try:
            self.responses.respond(name, body)
        except SlackRefusalError as refusal:
            status = 404 if refusal.error in {"expired_url", "used_url"} else 400
            return web.json_response({"ok": False, "error": refusal.error}, status=status)
        return web.Response(text="ok")

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        return await self._moved(request, "files.upload")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        return await self._moved(request, "files.download")

    async def _moved(self, request: web.Request, name: str) -> web.StreamResponse:
        """Move a file's bytes; faults are set by these two names as for methods."""
        fault = self.faults.strike(name)
        if fault is not None and fault.kind == "html" and name == "files.download":
            return login_page()
        if fault is not None and (early := await _before(request, fault)) is not None:
            return early
        if name == "files.upload":
            response = await take_bytes(self.workspace, request)
        else:
            response = give_bytes(self.workspace, request, _bearer(request))
        self._log(name, {"file": request.match_info["file"]}, {"status": response.status})
        return _drop(request) if fault is not None and fault.kind == "drop_after" else response

    def _log(self, method: str, arguments: Mapping[str, Any], body: object) -> None:
        self.workspace.wire.append(
            {
                "side": "slack",
                "at": self.workspace.now(),
                "what": method,
                "request": dict(arguments),
                "body": body,
            }
        )


def _granted(app: App | None, token: str) -> dict[str, str]:
    """Tell the scopes of a token, as every answer to a known one does."""
    if app is None:
        return {}
    scopes = app.scopes if token == app.bot_token else {"connections:write"}
    return {"x-oauth-scopes": ",".join(sorted(scopes))}


def _too_many(seconds: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """Ask to come again after some seconds."""
    return web.json_response(
        {"ok": False, "error": "ratelimited"},
        status=429,
        headers={**(headers or {}), "Retry-After": str(seconds)},
    )


async def _before(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    """Let a fault strike before the call is looked at; ``None`` lets the call go on."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "drop_before":
        return _drop(request)
    elif fault.kind == "html":
        return web.Response(status=503, text="<html>503</html>", content_type="text/html")
    elif fault.kind in {"500", "503"}:
        body = {"ok": False, "error": "service_unavailable"}
        return web.json_response(body, status=int(fault.kind))
    elif fault.kind == "refused":
        return web.json_response({"ok": False, "error": "invalid_arguments"})
    elif fault.kind == "429":
        return _too_many(max(1, round(fault.seconds)))
    return None


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Merge the arguments from query, form and JSON body."""
    arguments: dict[str, Any] = dict(request.query)
    if not request.can_read_body:
        return arguments
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise web.HTTPBadRequest from None
        arguments.update(body if isinstance(body, dict) else {})
    else:
        arguments.update(dict(await request.post()))
    return arguments


def _bearer(request: web.Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


def _drop(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
