"""Words of the bot's own in a thread, as the inbox keeps them and as they are posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridgebot.rendering import blocks
from bridgebot.rendering.post import Post


def to_notice(text: str, mention: str | None = None, **more: object) -> dict[str, object]:
    """Make a notice: ``mention`` names whom it notifies; ``to`` (a user) makes it private.

    ``formed`` makes it a reply (``store/formed.py``). ``retry``, ``question``, ``held`` and
    ``corrects`` hold the delivery that a button acts on.
    """
    return {"text": text, "mention": mention, **more}


def notice_post(row_id: int, notice: Mapping[str, Any]) -> Post:
    """Draw a notice; its metadata names the row, so that a lost answer can be looked up."""
    text, mention = str(notice.get("text") or ""), notice.get("mention")
    if notice.get("formed") is not None:
        post = blocks.formed(str(notice["formed"]["user"]), text)
    elif notice.get("question") is not None:
        post = blocks.question(int(notice["question"]), text)
    elif notice.get("held") is not None:
        post = blocks.held(int(notice["held"]), text)
    elif notice.get("corrects") is not None:
        post = blocks.correction(int(notice["corrects"]), text)
    elif notice.get("retry") is not None:
        post = blocks.undelivered(int(notice["retry"]), text)
    else:
        post = blocks.notice(text)
    post = replace(post, payload={"notice": row_id})
    return _addressed(post, str(mention)) if mention else post


def _addressed(post: Post, user: str) -> Post:
    """Put a mention of a person of our own in front."""
    elements = [{"type": "user", "user_id": user}]
    line = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    return replace(post, text=f"<@{user}> {post.text}", blocks=(line, *post.blocks))
