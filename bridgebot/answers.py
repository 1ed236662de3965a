"""One setting alone, as it is asked for: where to find it, and what is wrong with a value."""

from __future__ import annotations

from typing import Annotated, Any, get_origin

from pydantic import TypeAdapter, ValidationError

from bridgebot.fields import WHERE
from bridgebot.settings import Settings, in_words


def check_one(name: str, value: str) -> str | None:
    """Say in words what is wrong with a value of one setting; ``None`` where nothing is."""
    field = Settings.model_fields[name.lower()]
    kind: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        if get_origin(field.annotation) in {list, dict}:
            adapter.validate_json(value)
        else:
            adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return in_words((name.lower(),), str(first["msg"]), str(first["type"])).removeprefix("- ")
    return None


def where(name: str) -> str:
    """Tell where to find what a setting wants."""
    field = Settings.model_fields[name.lower()]
    return WHERE.get(name.lower()) or field.description or ""
