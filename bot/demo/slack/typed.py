"""What a person types, as it reaches a bot whose command is registered with `should_escape`."""

import re
from typing import Final

from bot.demo.slack.things import ChannelKind, User
from bot.demo.slack.workspace import Workspace

_SPECIAL: Final = frozenset({"here", "channel", "everyone"})
_TOKENS = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w@])@(?P<user>\w[\w.-]*)|(?<![\w#])#(?P<channel>\w[\w-]*)"
)


def plain(text: str) -> str:
    """Slack escapes these three in whatever is typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def written(workspace: Workspace, user: User, text: str) -> str:
    """As in a message: like a command's text, but people, groups and channels go by their ids alone."""
    return re.sub(r"<((?:[@#]|!subteam\^)[A-Z0-9]+)\|[^>]*>", r"<\1>", escaped(workspace, user, text))


def escaped(workspace: Workspace, user: User, text: str) -> str:
    """`@ana`, `#general`, links and addresses as entities; a name that nobody has stays as typed."""

    def entity(found: re.Match[str]) -> str:
        if found["url"]:
            return f"<{plain(found['url'])}>"
        if found["mail"]:
            return f"<mailto:{found['mail']}|{found['mail']}>"
        if found["user"]:
            return _person(workspace, found["user"]) or plain(found[0])
        return _channel(workspace, user, found["channel"]) or plain(found[0])

    parts = []
    end = 0
    for found in _TOKENS.finditer(text):
        parts += [plain(text[end : found.start()]), entity(found)]
        end = found.end()
    return "".join([*parts, plain(text[end:])])


def _person(workspace: Workspace, name: str) -> str | None:
    if name in _SPECIAL:
        return f"<!{name}>"
    if (group := workspace.group_of_handle(name)) is not None:
        return f"<!subteam^{group.id}|@{group.handle}>"
    user = workspace.user_named(name)
    return f"<@{user.id}|{user.name}>" if user else None


def _channel(workspace: Workspace, user: User, name: str) -> str | None:
    """The name of a private channel is left out, also for those who are in it."""
    channel = workspace.channel_named(name)
    if channel is None or not workspace.may_look(user, channel):
        return None
    return f"<#{channel.id}|{channel.name if channel.kind is ChannelKind.PUBLIC else ''}>"
