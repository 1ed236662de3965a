"""Files: uploads in three steps, what is told about them, and downloads with the bot's token."""

from __future__ import annotations

import mimetypes
from typing import Any

from aiohttp import BodyPartReader, web

from bridgebot.sandbox.slack import text as texts
from bridgebot.sandbox.slack.arguments import Arguments, as_json
from bridgebot.sandbox.slack.state import App, Channel, SlackRefusalError, StoredFile
from bridgebot.sandbox.slack.workspace import Workspace

LARGEST = 1 << 30


def upload_url(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Give the address that takes a file's bytes."""
    name, length = arguments.get("filename"), str(arguments.get("length") or "0")
    if not name or not length.isdigit() or length == "0":
        raise SlackRefusalError("missing_argument")
    if int(length) > LARGEST:
        raise SlackRefusalError("file_upload_size_restricted")
    stored = new_file(workspace, str(name), int(length), app.user_id)
    if arguments.get("alt_txt"):
        stored.about["alt_txt"] = str(arguments["alt_txt"])
    file_id = stored.about["id"]
    return {"upload_url": f"{workspace.base}/upload/{file_id}", "file_id": file_id}


def complete_upload(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Share files whose bytes came as one message; without a channel they stay with the app."""
    listed = as_json(arguments.get("files"))
    if not isinstance(listed, list) or not listed:
        raise SlackRefusalError("invalid_arguments")
    thread_ts = str(arguments.get("thread_ts") or "") or None
    channel = None
    if arguments.get("channel_id"):
        channel = workspace.channel_for(app, str(arguments["channel_id"]))
        if thread_ts and thread_ts not in channel.messages:
            raise SlackRefusalError("thread_not_found")
    files = [_completed(workspace, app, each) for each in listed]
    if channel is not None:
        comment = texts.stored(str(arguments.get("initial_comment") or ""))
        _share(workspace, app, files, channel, thread_ts, comment)
    return {"files": [{"id": each["id"], "title": each["title"]} for each in files]}


def _completed(workspace: Workspace, app: App, wanted: object) -> dict[str, Any]:
    asked = wanted if isinstance(wanted, dict) else {}
    stored = workspace.files.get(str(asked.get("id")))
    if stored is None or stored.data is None or stored.about["user"] != app.user_id:
        raise SlackRefusalError("file_not_found")
    if asked.get("title"):
        stored.about["title"] = str(asked["title"])
    stored.complete = True
    return stored.about


def _share(
    workspace: Workspace,
    app: App,
    files: list[dict[str, Any]],
    channel: Channel,
    thread_ts: str | None,
    comment: str,
) -> None:
    """Post the message with the files."""
    message = {
        "subtype": "file_share",
        "user": app.user_id,
        "bot_id": app.bot_id,
        "text": comment,
        "files": [dict(each) for each in files],
        "upload": True,
        "display_as_bot": False,
    }
    workspace.add_message(channel, message, thread_ts=thread_ts)


def file_info(workspace: Workspace, _app: App, arguments: Arguments) -> dict[str, Any]:
    """Tell about a file."""
    stored = workspace.files.get(str(arguments.get("file")))
    if stored is None or not stored.complete:
        raise SlackRefusalError("file_not_found")
    return {"file": stored.about}


def new_file(workspace: Workspace, name: str, length: int, user: str) -> StoredFile:
    """Make room for a file."""
    file_id = f"F{workspace.number():010d}"
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    address = f"{workspace.base}/files/{file_id}"
    about = {
        "id": file_id,
        "created": int(workspace.now()),
        "timestamp": int(workspace.now()),
        "name": name,
        "title": name,
        "mimetype": kind,
        "filetype": name.rpartition(".")[2].lower(),
        "user": user,
        "mode": "hosted",
        "editable": False,
        "is_external": False,
        "external_type": "",
        "size": length,
        "is_public": False,
        "public_url_shared": False,
        "file_access": "visible",
        "url_private": address,
        "url_private_download": f"{address}/download",
    }
    stored = workspace.files[file_id] = StoredFile(about, length)
    return stored


def person_uploads(workspace: Workspace, user: str, name: str, data: bytes) -> dict[str, Any]:
    """Let somebody upload a file; give the result to ``person_writes(files=...)``."""
    stored = new_file(workspace, name, len(data), user)
    stored.data, stored.complete = data, True
    return stored.about


async def take_bytes(workspace: Workspace, request: web.Request) -> web.Response:
    """Take a file's bytes, raw or as a form."""
    stored = workspace.files.get(request.match_info["file"])
    if stored is None or stored.complete:
        return web.Response(status=404, text="no such upload")
    data = await _bytes(request)
    if len(data) != stored.length:
        return web.Response(status=400, text=f"got {len(data)} bytes, not {stored.length}")
    stored.data = data
    return web.Response(text=f"OK - {len(data)}")


async def _bytes(request: web.Request) -> bytes:
    """Read a body of any size: the server's own limit is for calls."""
    if not request.content_type.startswith("multipart/"):
        return await request.content.read()
    part = await (await request.multipart()).next()
    return bytes(await part.read()) if isinstance(part, BodyPartReader) else b""


def give_bytes(workspace: Workspace, request: web.Request, token: str) -> web.Response:
    """Give a file's bytes to an app that may read it; others see a page to log in at."""
    stored = workspace.files.get(request.match_info["file"])
    app = next((each for each in workspace.apps.values() if each.bot_token == token), None)
    if app is None or "files:read" not in app.scopes:
        return login_page()
    if stored is None or stored.data is None:
        return web.Response(status=404, text="no such file")
    return web.Response(body=stored.data, content_type=str(stored.about["mimetype"]))


def login_page() -> web.Response:
    """Give what those see who may not read a file."""
    return web.Response(text="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")
