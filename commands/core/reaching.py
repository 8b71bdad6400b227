"""Where a command sends a video server: the fields marked `Fetched`, held against `ports.Reach`."""

import asyncio
from collections.abc import Iterator

from pydantic import SecretStr

from commands.core.base import Command, Fetched, marks
from commands.core.context import Ports
from commands.core.errors import Problem, UsageError
from commands.core.fields import labelled
from commands.core.ports import Reach


async def unreachable(command: Command, reach: Reach) -> list[Problem]:
    """What is wrong with the addresses, by field; nothing is asked where the command has none. All at the same time."""
    fetched = [(name, mark) for name, info in type(command).model_fields.items() for mark in marks(info, Fetched)]
    urls = [(name, url) for name, mark in fetched for url in _urls(getattr(command, name), mark)]
    refusals = await asyncio.gather(*(reach.refusal(url) for _, url in urls))
    return [Problem(refusal, name) for (name, _), refusal in zip(urls, refusals, strict=True) if refusal is not None]


async def require_reach(command: Command, ports: Ports) -> None:
    """Raises `UsageError`."""
    if problems := await unreachable(command, ports.reach):
        raise UsageError(labelled(type(command), problems), path=command.spec.path)


def _urls(value: object, mark: Fetched) -> Iterator[str]:
    """A host alone is judged as that of a page is."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case "" if mark.is_host:
            return  # it is taken away
        case str():
            yield f"https://{value}" if mark.is_host else value
        case tuple():
            for each in value:
                yield from _urls(each, mark)
