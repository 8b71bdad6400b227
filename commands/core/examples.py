"""How a command is typed: an example of its class, or one made from it for an option that none shows."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from commands.core.base import Advanced, Command, LongText, Offered, Offers, RoomName, has, marks
from commands.core.fields import field_type, is_flag, is_many, is_pairs, option
from commands.core.moments import When
from commands.core.reply import Code
from commands.core.tokens import Word, quote, split

_OFFERED = {
    Offered.ROOM: "standup",
    Offered.PARTICIPANT: "bob",
    Offered.TRACK: "bob/camera",
    Offered.GRANTEE: "@ana",
}

_IDS = {"@ana": "@U00000001", "@oncall": "@S00000001", "#studio": "#C00000001"}
"""Examples name people, user groups and channels as they are typed; Slack puts ids in their place on the way."""


def as_arrived(example: str) -> str:
    """An example as Slack would send it."""
    return re.sub(r"(?<!\S)[@#]\w+(?!\S)", lambda name: _IDS.get(name[0], name[0]), example)


def lines_of(model: type[Command]) -> list[str]:
    """The examples of a class, with the path before them."""
    return [" ".join([*model.spec.path, words]).strip() for words in model.spec.examples]


def first_example(model: type[Command]) -> str:
    return lines_of(model)[0]


def remedy(
    model: type[Command],
    about: Iterable[str | None],
    slash: str,
    *,
    provider: str,
    works: Callable[[str], bool] = lambda line: True,
) -> tuple[str | Code, ...]:
    """What to say of a mistake in the fields `about`: an example that shows one of them, else where to read of them.

    None among `about` stands for what is no field at all. `works` says whether a server can carry a line out.
    """
    names = [name for name in about if name is not None]
    # a dot is a room only where the channel has one
    lines = [line for line in lines_of(model) if Word(".") not in split(line) and works(line)]
    shown = _shown(model, names, lines) or _made(model, names, lines, provider, works)
    if shown is None:
        return ("See ", Code(f"{slash} help {' '.join(model.spec.path)}"), " for what it takes.")
    return ("For example: ", Code(f"{slash} {shown}"))


def _shown(model: type[Command], names: Sequence[str], lines: Sequence[str]) -> str | None:
    """The example that shows the most of these fields, where one shows any."""
    best = max(lines, key=lambda line: _count(model, names, line), default=None)
    return best if best is not None and _count(model, names, best) else None


def _count(model: type[Command], names: Sequence[str], line: str) -> int:
    words = split(line)[len(model.spec.path) :]
    options = {word.text.partition("=")[0] for word in words if not word.quoted and word.text.startswith("--")}
    before = next((at for at, word in enumerate(words) if word.text in options), len(words))
    return sum(
        model.positionals().index(name) < before if name in model.positionals() else option(name) in options
        for name in names
    )


_WITH = {
    "--width": "--width 1280 --height 720",
    "--height": "--width 1280 --height 720",
    "--fps": "--fps 30",
    "--video-bitrate": "--video-bitrate 3000",
    "--audio-bitrate": "--audio-bitrate 128",
    "--audio-frequency": "--audio-frequency 48000",
    "--key-frames": "--key-frames 4s",
    "--images": "--images 10s",
}
"""How options are given of which no number would be sane by itself."""


def _made(
    model: type[Command], names: Sequence[str], lines: Sequence[str], provider: str, works: Callable[[str], bool]
) -> str | None:
    """An example with one option more, of a value that its field takes."""
    for name in names:
        info = model.model_fields[name]
        if name in model.positionals() or not lines:
            continue
        if is_flag(info):
            if has(info, Advanced):
                continue  # it may mean nothing without another option, as --as-json without --metadata
            said = [f"--no-{option(name)[2:]}" if info.default is True else option(name)]
        else:
            known = _WITH.get(option(name))
            samples = [text for text in _samples(name, info, provider) if _takes(info, text)]
            said = [known] if known is not None else [f"{option(name)} {quote(text)}" for text in samples]
        made = (f"{lines[0]} {each}" for each in said)
        if found := next((line for line in made if works(line)), None):
            return found
    return None


def _samples(name: str, info: FieldInfo, provider: str) -> list[str]:
    """What might be given; nothing for a secret, and for a text of which only its own command knows the meaning."""
    kind = field_type(info)
    one = get_args(kind)[0] if get_origin(kind) is tuple else kind
    if get_origin(one) is Literal:
        choices = [str(choice) for choice in get_args(one) if choice != info.default]
        return [text for choice in choices for text in (choice.replace("_", "-"), choice)]
    if offers := marks(info, Offers):
        return [_OFFERED[offers[0].what]] if offers[0].what in _OFFERED else [provider]
    if name == "provider":
        return [provider]
    if has(info, RoomName):
        return ["standup"]
    if is_pairs(info):
        return ["role=host"]
    if one is timedelta:
        return ["15m"]
    if one is When:
        return ["2h"]
    if one is int:
        return ["2", "20", "1"]
    return ["rehearsal"] if has(info, LongText) else []


def _takes(info: FieldInfo, text: str) -> bool:
    arrived = as_arrived(text)
    given: Any = [arrived] if is_many(info) else arrived
    try:
        TypeAdapter(info.rebuild_annotation()).validate_python(given)
    except ValidationError:
        return False
    return True
