"""Settings of the process itself: database, times, logs, addresses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from bridgebot.fields import BIND_FORM, Seconds, database, matches


class RunningSettings(BaseModel):
    """Settings of the process itself: database, times, logs, addresses."""

    database_url: Annotated[str, AfterValidator(database)] = Field(
        "sqlite:///bridgebot.db", description="or `postgresql://…`"
    )
    settle_seconds: Annotated[float, Field(gt=0)] = Field(
        30.0,
        description="How long the other side may still act on a request whose answer was lost",
    )
    reconcile_after_seconds: Seconds = Field(
        3.0,
        description="A longer absence from Slack is followed by a comparison of all threads, a "
        "shorter one by a look at those of the last two weeks",
    )
    http_bind: Annotated[str, matches(BIND_FORM, "host:port, or nothing")] = Field(
        "127.0.0.1:8080", description="Health, metrics, events over HTTP; empty: none"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged"
    )
    log_format: Literal["console", "json"] = Field("console", description="`json` for machines")
