"""Which methods of the Web API are served, and the scopes they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridgebot.sandbox.slack.arguments import Method
from bridgebot.sandbox.slack.chat import (
    delete,
    permalink,
    post_ephemeral,
    post_message,
    reactions_add,
    reactions_remove,
    update,
)
from bridgebot.sandbox.slack.directory import (
    bots_info,
    open_direct,
    reactions_get,
    team_info,
    usergroup_users,
    usergroups,
)
from bridgebot.sandbox.slack.files import complete_upload, file_info, upload_url
from bridgebot.sandbox.slack.reading import (
    auth_test,
    channel_info,
    channel_join,
    channel_list,
    channel_members,
    history,
    own_channels,
    replies,
    user_info,
    user_list,
)
from bridgebot.sandbox.slack.state import App
from bridgebot.sandbox.slack.views import open_view, publish_view, push_view, update_view

HISTORY = frozenset({"channels:history", "groups:history"})
READ = frozenset({"channels:read", "groups:read"})
DIRECT_HISTORY, DIRECT_READ = frozenset({"im:history"}), frozenset({"im:read"})


@dataclass(frozen=True, slots=True)
class Registered:
    """A method and the scopes of which one is needed (none: any token will do).

    ``direct`` are scopes that open it for direct messages only.
    """

    call: Method
    scopes: frozenset[str] = frozenset()
    direct: frozenset[str] = frozenset()

    def open_to(self, app: App) -> bool:
        """Tell whether an app may call it at all; the method looks at the channel's type."""
        return not self.scopes or bool((self.scopes | self.direct) & app.scopes)


METHODS: Mapping[str, Registered] = {
    "auth.test": Registered(auth_test),
    "chat.postMessage": Registered(post_message, frozenset({"chat:write"})),
    "chat.update": Registered(update, frozenset({"chat:write"})),
    "chat.delete": Registered(delete, frozenset({"chat:write"})),
    "chat.postEphemeral": Registered(post_ephemeral, frozenset({"chat:write"})),
    "chat.getPermalink": Registered(permalink),
    "reactions.add": Registered(reactions_add, frozenset({"reactions:write"})),
    "reactions.remove": Registered(reactions_remove, frozenset({"reactions:write"})),
    "conversations.history": Registered(history, HISTORY, DIRECT_HISTORY),
    "conversations.replies": Registered(replies, HISTORY, DIRECT_HISTORY),
    "conversations.info": Registered(channel_info, READ, DIRECT_READ),
    "conversations.members": Registered(channel_members, READ, DIRECT_READ),
    "conversations.list": Registered(channel_list, READ, DIRECT_READ),
    "conversations.join": Registered(channel_join, frozenset({"channels:join"})),
    "files.completeUploadExternal": Registered(complete_upload, frozenset({"files:write"})),
    "files.getUploadURLExternal": Registered(upload_url, frozenset({"files:write"})),
    "files.info": Registered(file_info, frozenset({"files:read"})),
    "usergroups.users.list": Registered(usergroup_users, frozenset({"usergroups:read"})),
    "users.info": Registered(user_info, frozenset({"users:read"})),
    "users.list": Registered(user_list, frozenset({"users:read"})),
    "views.open": Registered(open_view),
    "views.publish": Registered(publish_view),
}
"""What the bot calls."""

MORE: Mapping[str, Registered] = {
    "bots.info": Registered(bots_info, frozenset({"users:read"})),
    "conversations.open": Registered(open_direct, frozenset({"im:write"})),
    "reactions.get": Registered(reactions_get, frozenset({"reactions:read"})),
    "team.info": Registered(team_info, frozenset({"team:read"})),
    "usergroups.list": Registered(usergroups, frozenset({"usergroups:read"})),
    "users.conversations": Registered(own_channels, READ, DIRECT_READ),
    "views.push": Registered(push_view),
    "views.update": Registered(update_view),
}
"""What is served beside it; no scope of theirs belongs into the bot's manifest yet."""

SERVED: Mapping[str, Registered] = {**METHODS, **MORE}
