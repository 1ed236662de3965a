"""Settings of the staff's desk: replies, alerts, hours."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from bridgebot.fields import (
    CLOCK_FORM,
    EMOJI_FORM,
    Escalation,
    GroupId,
    Minutes,
    OpenHours,
    Pattern,
    PropertySettings,
    Seconds,
    SlackId,
    Whom,
    Zone,
    matches,
)

Asking = Literal["internal", "links", "contacts"]
_LINE = re.compile(r"\S(.{0,198}\S)?$")
PictureLine = Annotated[str, matches(_LINE, "a line of words, at most 200 characters")]


class DeskSettings(BaseModel):
    """Settings of the staff's desk: replies, alerts, hours."""

    max_reply_chars: int = Field(
        4000, ge=1, description="Longest reply to a guest; a longer one is refused with the number"
    )
    undo_seconds: Seconds = Field(
        5.0,
        description="A reply waits this long: an edit changes it, a deletion cancels it; "
        "0 sends at once",
    )
    reply_policy: Literal["thread", "explicit", "off"] = Field(
        "thread",
        description="`thread`: every staff reply goes to the guest, notes apart; `explicit`: only "
        "by message shortcut; `off`: nothing goes back",
    )
    note_prefixes: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=lambda: ["//", "note:"],
        description="A reply that starts so stays internal; so does one that starts by "
        "mentioning a colleague",
    )
    may_reply: list[SlackId] = Field(
        default_factory=list,
        description="Workspace guests, people of other organisations, bots and apps who may reply "
        "and use buttons and commands like full members: ids as `U0123`, `B0123` or `A0123`",
    )
    reply_group: GroupId | None = Field(
        None,
        description="A user group whose people alone answer guests; what other members write stays "
        "internal until one of them sends it",
    )
    ask_before_sending: list[Asking] = Field(
        default_factory=lambda: list[Asking](["internal"]),
        description="Which replies are held for one question to their author: any of `internal`, "
        "`links`, `contacts`",
    )
    internal_pattern: Pattern = Field(
        "", description=r"A reply that has this looks internal, as `PO-\d{5}`: a regular expression"
    )
    picture_line: PictureLine = Field(
        "Please see the picture.",
        description="What a guest reads beside a picture that staff send without any words",
    )
    reply_max_age_hours: Annotated[float, Field(gt=0)] = Field(
        12.0, description="A reply found later than this is not sent before its author is asked"
    )
    alert_after_minutes: Minutes = Field(
        15.0, description="A guest unanswered for so long raises an alert, from when they wrote"
    )
    escalate_after_minutes: Minutes = Field(
        60.0, description="After so long `ESCALATE_TO` is mentioned below the alert"
    )
    escalate_to: Whom | None = Field(
        None, description="A user id, a user group id or `here`; none: nobody is mentioned"
    )
    escalations: list[Escalation] = Field(
        default_factory=list,
        description='Further steps, as `[{"after_minutes": 120, "to": "U0123"}]`',
    )
    alert_flood: int = Field(20, ge=1, description="As many alerts due at once become one summary")
    business_hours: OpenHours = Field(
        "always",
        description="As `Mon-Fri 07:00-23:00, Sat 08:00-20:00`; alert clocks stand still outside",
    )
    timezone: Zone = Field("UTC", description="The hotel's time zone, as `Europe/Amsterdam`")
    score_warning_hours: Annotated[float, Field(ge=0, le=24)] = Field(
        2.0,
        description="A message is raised so long before it costs the reply score, even at night; "
        "0: never",
    )
    digest_at: list[Annotated[str, matches(CLOCK_FORM, "a time as 07:00")]] = Field(
        default_factory=list,
        description='Hand-over digests in the alerts channel, as `["07:00", "15:00"]`',
    )
    signature: Literal["none", "first_name", "property"] = Field(
        "none",
        description="What stands below each reply: `none`, the author's `first_name`, or the "
        "`property`'s own line, its `signature` in `PROPERTIES`",
    )
    promise_reaction: Annotated[str, matches(EMOJI_FORM, "an emoji's name, as handshake")] = Field(
        "handshake", description="A reply marked so is a promise, and stands in the digests"
    )
    properties: dict[str, PropertySettings] = Field(
        default_factory=dict,
        description="Property id → what it has of its own: `timezone`, `business_hours`, "
        "`alert_after_minutes`, `escalate_after_minutes`, `escalate_to`, `escalations`, `name` "
        "(for saved replies), `signature`",
    )
