"""Slack's limits, to check what is rendered against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from slack_sdk.models.blocks import Block

from bridgebot.rendering.post import Post

# https://docs.slack.dev/reference/block-kit/blocks
_TEXT_OBJECTS = {"plain_text": 3000, "mrkdwn": 3000, "text": 3000}


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _objects(inner)


def _check_object(item: Mapping[str, object]) -> None:
    kind = str(item.get("type"))
    if kind in _TEXT_OBJECTS:
        text = item["text"]
        assert isinstance(text, str)
        assert 1 <= len(text.encode("utf-16-le")) // 2 <= _TEXT_OBJECTS[kind]
    if kind == "mrkdwn":
        assert item["verbatim"] is True
    if kind == "button":
        assert len(str(item["action_id"])) <= 255
        assert len(str(item["value"])) <= 2000
    for key, limit in {"context": 10, "actions": 25}.items():
        if kind == key:
            assert 1 <= len(list(_children(item))) <= limit


def _children(item: Mapping[str, object]) -> Iterator[object]:
    elements = item["elements"]
    assert isinstance(elements, list)
    yield from elements


def _check(post: Post) -> None:
    assert 1 <= len(post.blocks) <= 50
    assert 1 <= len(post.text) <= 3900
    assert post.username is None or 1 <= len(post.username) <= 80
    for block in post.blocks:
        parsed = Block.parse(dict(block))
        assert parsed is not None
        parsed.to_dict()
        for item in _objects(block):
            _check_object(item)
    assert all(isinstance(value, str | int | None) for value in post.payload.values())


@pytest.fixture
def check_limits() -> Callable[[Post], None]:
    """Give the check that Slack would take a post."""
    return _check


@pytest.fixture
def shown_words() -> Callable[[Post], str]:
    """Give the function that collects what a post's blocks show."""

    def collect(post: Post) -> str:
        texts = (item.get("text") for block in post.blocks for item in _objects(block))
        return "\n".join(text for text in texts if isinstance(text, str))

    return collect
