"""Calls to Slack: made once, translated once, with nothing of what was sent in an error."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bridgebot.errors import SlackError
from bridgebot.session import open_session
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import POST, Pacer
from tests.slack.stub import Reply, Stub, drop, ok, page, refuse

TEXT = "The words of a guest"

CASES: list[tuple[Reply, str, bool, bool, bool]] = [
    # reply, code, certain, permanent, auth
    (refuse("internal_error"), "internal_error", False, False, False),
    (refuse("fatal_error"), "fatal_error", False, False, False),
    (refuse("request_timeout"), "request_timeout", False, False, False),
    (refuse("service_unavailable", 503), "service_unavailable", False, False, False),
    (page(500), "http_500", False, False, False),
    (page(503, "text/plain"), "http_503", False, False, False),
    (page(403), "http_403", True, False, False),
    (refuse("invalid_auth"), "invalid_auth", True, False, True),
    (refuse("token_revoked"), "token_revoked", True, False, True),
    (refuse("account_inactive"), "account_inactive", True, False, True),
    (refuse("ekm_access_denied"), "ekm_access_denied", True, False, True),
    (refuse("two_factor_setup_required"), "two_factor_setup_required", True, False, True),
    (refuse("not_in_channel"), "not_in_channel", True, False, False),
    (refuse("channel_not_found"), "channel_not_found", True, False, False),
    (refuse("is_archived"), "is_archived", True, False, False),
    (refuse("invalid_blocks"), "invalid_blocks", True, True, False),
    (refuse("msg_too_long"), "msg_too_long", True, True, False),
    (refuse("no_text"), "no_text", True, True, False),
    (refuse("metadata_too_large"), "metadata_too_large", True, True, False),
]


async def _failure(gateway: Gateway, **more: str) -> SlackError:
    with pytest.raises(SlackError) as caught:
        await gateway.post("C1", TEXT, **more)  # type: ignore[arg-type]
    return caught.value


NAMES = [code for _, code, *_ in CASES]


@pytest.mark.parametrize(("reply", "code", "certain", "permanent", "auth"), CASES, ids=NAMES)
async def test_refusals_are_translated(
    stub: Stub,
    gateway: Gateway,
    reply: Reply,
    code: str,
    certain: bool,
    permanent: bool,
    auth: bool,
) -> None:
    """Each refusal says whether it happened, will ever work, and is about credentials."""
    stub.on(POST, reply)
    error = await _failure(gateway)
    assert (error.code, error.certain, error.permanent, error.auth) == (
        code,
        certain,
        permanent,
        auth,
    )
    assert stub.count(POST) == 1


@pytest.mark.parametrize(
    "reply", [*(reply for reply, *_ in CASES), drop()], ids=[*NAMES, "dropped"]
)
async def test_errors_hold_neither_texts_nor_tokens(
    stub: Stub, gateway: Gateway, reply: Reply
) -> None:
    """What was sent, and with which token, stays out of the error."""
    stub.on(POST, reply)
    words = str(await _failure(gateway))
    assert TEXT not in words
    assert "xoxb" not in words.replace("xoxb-…", "")


async def test_a_dropped_post_is_sent_exactly_once(stub: Stub, gateway: Gateway) -> None:
    """A connection that breaks after Slack took the post: unknown, and not repeated."""
    stub.on(POST, drop())
    error = await _failure(gateway)
    assert not error.certain
    assert stub.count(POST) == 1


async def test_a_refused_connection_certainly_did_nothing() -> None:
    """Where nobody listens nothing can have happened."""
    async with open_session() as session:
        client = make_client("xoxb-secret", "http://127.0.0.1:1/api/", session)
        error = await _failure(Gateway(client, Pacer()))
    assert (error.code, error.certain) == ("connect", True)


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/json"])
async def test_an_unreadable_success_is_uncertain(stub: Stub, gateway: Gateway, kind: str) -> None:
    """A 200 that is no JSON object may well have been done."""
    stub.on(POST, page(200, kind))
    assert not (await _failure(gateway)).certain


async def test_a_429_says_when_and_holds_the_channel(stub: Stub, gateway: Gateway) -> None:
    """Slack's ``Retry-After`` reaches the caller, and holds this channel alone."""
    stub.on(POST, refuse("ratelimited", 429, after="17"))
    error = await _failure(gateway)
    assert (error.certain, error.after) == (True, 17.0)
    assert gateway.room("C1") == 0
    assert gateway.room("C2") > 0


async def test_a_missing_scope_is_named(stub: Stub, gateway: Gateway) -> None:
    """The person who mends it learns which scope is needed."""
    stub.on(POST, refuse("missing_scope", needed="chat:write"))
    assert "chat:write" in str(await _failure(gateway))


async def test_a_bot_outside_its_channel_says_the_remedy(stub: Stub, gateway: Gateway) -> None:
    """The words name what a person has to do."""
    stub.on(POST, refuse("not_in_channel"))
    assert "/invite @bridgebot" in str(await _failure(gateway))


async def test_a_post_is_neither_parsed_nor_unfurled(stub: Stub, gateway: Gateway) -> None:
    """A post goes out as it stands, with its metadata, and gives its ts."""
    stub.on(POST, ok(ts="1.2", message={}))
    meta = ("bridgebot_message", {"message_id": "m1"})
    assert await gateway.post("C1", TEXT, metadata=meta) == "1.2"
    sent = stub.last(POST)
    assert (sent["parse"], sent["unfurl_links"], sent["unfurl_media"]) == ("none", False, False)
    assert sent["metadata"] == {"event_type": meta[0], "event_payload": meta[1]}


@pytest.mark.parametrize(("message", "lines"), [({}, 1), ({"thread_ts": "1.0"}, 0)])
async def test_a_reply_that_landed_in_the_channel_is_noticed(
    stub: Stub, gateway: Gateway, message: dict[str, str], lines: int
) -> None:
    """An answer without the thread that was asked for is logged; its ts counts all the same."""
    stub.on(POST, ok(ts="1.2", message=message))
    with capture_logs() as logs:
        assert await gateway.post("C1", TEXT, thread_ts="1.0") == "1.2"
    assert sum(line["event"] == "landed_in_channel" for line in logs) == lines


async def test_updates_are_not_parsed(stub: Stub, gateway: Gateway) -> None:
    """``chat.update`` would parse the text by default."""
    await gateway.update("C1", "1.2", TEXT)
    assert stub.last("chat.update")["parse"] == "none"


async def test_reactions_already_as_wanted_are_fine(stub: Stub, gateway: Gateway) -> None:
    """Setting what is set and taking what is gone are no failures."""
    stub.on("reactions.add", refuse("already_reacted"))
    stub.on("reactions.remove", refuse("no_reaction"))
    await gateway.react("C1", "1.2", "lock")
    await gateway.unreact("C1", "1.2", "lock")


async def test_identity_has_the_granted_scopes(stub: Stub, gateway: Gateway) -> None:
    """The scopes come from the answer's header."""
    headers = {"x-oauth-scopes": "chat:write, users:read"}
    stub.on("auth.test", ok(headers, team_id="T1", user_id="U1", bot_id="B1"))
    me = await gateway.whoami()
    assert (me.team_id, me.user_id, me.bot_id) == ("T1", "U1", "B1")
    assert me.scopes == {"chat:write", "users:read"}


async def test_threads_are_read_page_by_page(stub: Stub, gateway: Gateway) -> None:
    """All pages come, in order, with metadata asked for, by GET."""
    first = ok(messages=[{"ts": "1"}], response_metadata={"next_cursor": "next"})
    stub.on("conversations.replies", first, ok(messages=[{"ts": "2"}]))
    assert [post["ts"] async for post in gateway.thread("C1", "1")] == ["1", "2"]
    assert stub.last("conversations.replies")["cursor"] == "next"
    assert stub.last("conversations.replies")["include_all_metadata"] == "1"
    assert {call[1] for call in stub.calls} == {"GET"}


async def test_reading_is_tried_again_for_passing_failures(
    stub: Stub, gateway: Gateway, slept: list[float]
) -> None:
    """A GET survives an outage that passes, with growing pauses."""
    stub.on("users.info", page(500), refuse("internal_error"), ok(user={"id": "U1"}))
    assert (await gateway.user("U1"))["id"] == "U1"
    assert len(slept) == 2


async def test_reading_gives_up_after_some_attempts(stub: Stub, gateway: Gateway) -> None:
    """An outage that lasts is told to the caller."""
    stub.on("users.info", page(500))
    with pytest.raises(SlackError):
        await gateway.user("U1")
    assert stub.count("users.info") == 4


@pytest.mark.parametrize("code", ["not_in_channel", "invalid_auth", "thread_not_found"])
async def test_reading_what_is_refused_is_not_repeated(
    stub: Stub, gateway: Gateway, code: str
) -> None:
    """What will be refused again is asked once."""
    stub.on("conversations.replies", refuse(code))
    with pytest.raises(SlackError):
        [post async for post in gateway.thread("C1", "1")]
    assert stub.count("conversations.replies") == 1


async def test_reading_never_waits_for_long(
    stub: Stub, gateway: Gateway, slept: list[float]
) -> None:
    """A long ``Retry-After`` goes to the caller, who has other things to do."""
    stub.on("users.info", refuse("ratelimited", 429, after="3600"))
    with pytest.raises(SlackError) as caught:
        await gateway.user("U1")
    assert caught.value.after == 3600
    assert sum(slept) < 60


async def test_the_connection_is_kept(stub: Stub, gateway: Gateway) -> None:
    """Calls one after the other share one pooled connection."""
    stub.on(POST, ok(ts="1.2"))
    for _ in range(5):
        await gateway.post("C1", TEXT)
    assert len(stub.peers) == 1


async def test_loopback_needs_no_proxy(monkeypatch: pytest.MonkeyPatch, stub: Stub) -> None:
    """A proxy of the environment is for the way out, not for this machine."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    async with open_session() as session:
        client: AsyncWebClient = make_client("xoxb-secret", f"{stub.url}/api/", session)
        stub.on(POST, ok(ts="1.2"))
        assert await Gateway(client, Pacer()).post("C1", TEXT) == "1.2"
