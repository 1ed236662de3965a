"""Settings of what is kept for how long, and of what is reported."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from bridgebot.fields import WEEKLY_FORM, Days, matches


class PrivacySettings(BaseModel):
    """Settings of what is kept for how long, and of what is reported."""

    retention_days: Days = Field(
        0.0,
        description="What guests and staff wrote, guests' names and files are erased after so many "
        "days, unless undelivered or waited for; 0: kept",
    )
    audit_days: Days = Field(
        730.0, description="The audit trail is deleted after so many days; 0: kept"
    )
    report_at: Annotated[str, matches(WEEKLY_FORM, "a day and time as Mon 08:00, or nothing")] = (
        Field(
            "",
            description="When the report of the last seven days is posted into the alerts channel, "
            "as `Mon 08:00`; empty: never",
        )
    )
