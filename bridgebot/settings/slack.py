"""Settings of the workspace, its channels and how events come."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

from bridgebot.fields import PREFIX_FORM, Address, ChannelId, Route, matches, token


class SlackSettings(BaseModel):
    """Settings of the workspace, its channels and how events come."""

    slack_bot_token: Annotated[SecretStr, token("xoxb-")] = Field(
        description="Bot User OAuth Token, xoxb-…"
    )
    slack_app_token: Annotated[SecretStr, token("xapp-")] | None = Field(
        description="App-level token with connections:write, xapp-…; not used by `SLACK_MODE=http`"
    )
    slack_api_url: Address = Field("https://slack.com/api/", description="Web API base")
    slack_mode: Literal["socket", "http"] = Field(
        "socket",
        description="How events come: over a socket that the bridge opens, or by `http` to "
        "`/slack/events` on `HTTP_BIND`",
    )
    slack_signing_secret: SecretStr | None = Field(
        None, min_length=1, description="Signing secret of the app, needed by `SLACK_MODE=http`"
    )
    slack_posts_per_second: float = Field(
        1.0, ge=0, description="Posts a second and channel; 0 switches the pacing off"
    )
    guests_channel: ChannelId = Field(description="Channel id where threads open")
    channels: dict[str, ChannelId] = Field(
        default_factory=dict, description="Property id → channel id, where a property has its own"
    )
    routes: list[Route] = Field(
        default_factory=list,
        description="Rules of where threads open, in the TOML file; the first that fits decides, "
        "before `CHANNELS`: [routing](operations.md#which-channel)",
    )
    alerts_channel: ChannelId = Field(description="Channel id for alerts")
    command_prefix: Annotated[str, matches(PREFIX_FORM, "small letters, digits, - and _")] = Field(
        "", description="Put before the commands' names where a name is taken"
    )
