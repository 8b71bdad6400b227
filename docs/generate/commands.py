"""The reference of every command: what help says of each, for a reader who may do everything on a server that can."""

from collections.abc import Iterable, Sequence

from commands.core.base import Role
from commands.core.dispatch import examples
from commands.core.help import GROUPS, Pages, groups_of
from commands.core.ports import Standing
from commands.core.registry import NOUN_ALIASES, Commands, Path, all_commands
from commands.core.reply import Action, plain
from commands.help import Help
from docs.generate.markdown import MADE, table, written
from docs.generate.servers import able_server

_SLASH = "/video"

_INTRODUCTION = """\
The same words work after a mention of the bot and to the bot alone; each command has a form too, and buttons carry it.
A missing argument opens the form. `.` is this channel's room. Every command of a video server takes
`--provider NAME`, for another server than the channel's. What a server cannot do is in [providers.md](providers.md).
"""


def commands_page() -> str:
    commands = all_commands()
    reader = Standing(Role.ADMIN, "")
    pages = Pages(commands, able_server(), reader, _SLASH, lambda label, topic: Action(label, Help(topic=topic)))
    parts = ["# Commands", MADE, _INTRODUCTION.rstrip(), _aliases(), "## Who may do what", _roles(commands).rstrip()]
    for group in GROUPS:
        paths = [path for path in commands if groups_of(path)[0] is group]
        parts.append(f"## {group.title}")
        parts += [_command(pages, path) for path in paths]
    return "\n\n".join(parts) + "\n"


def _aliases() -> str:
    known = ", ".join(f"`{alias}` for `{noun}`" for alias, noun in NOUN_ALIASES.items() if _has(noun))
    return f"The vendors' words are understood too: {known}."


def _has(noun: str) -> bool:
    return any(path[0] == noun for path in all_commands())


def _roles(commands: Commands) -> str:
    """Each command under the least role that may do it."""
    rows: list[Sequence[str]] = []
    for role in Role:
        paths = [" ".join(path) for path, command in commands.items() if command.spec.role is role]
        who = "everybody" if role is Role.NOBODY else str(role)
        rows.append((who, ", ".join(f"`{path}`" for path in paths)))
    return table(("From the role", "Commands"), rows)


def _command(pages: Pages, path: Path) -> str:
    found = pages.of(path)
    assert found is not None, "each command has a page"
    command = pages.commands[path]
    facts = {name: written(text) for name, text in found.facts}
    usage, also = facts.pop("Usage").strip("`"), facts.pop("Also typed", "")
    facts.pop("--provider", None)  # the introduction has it
    needs = ", ".join(sorted(need.value.replace("_", " ") for need in command.spec.needs))
    parts = [
        f"### `{' '.join(path)}`",
        f"{command.summary()} {plain(found.hint)}" + (f" The server must be able to: {needs}." if needs else ""),
        _lines([usage]),
    ]
    if facts:
        parts.append(table(("Option", "Meaning"), [(f"`{name}`", text) for name, text in facts.items()]).rstrip())
    parts.append(f"For example:\n\n{_lines(f'{_SLASH} {line}' for line in examples(command, pages.provider))}")
    if also:
        parts.append(f"Also typed: {also}.")
    return "\n\n".join(parts)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(("```", *lines, "```"))
