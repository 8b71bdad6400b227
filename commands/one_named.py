"""From what people call a thing to that one, where people choose names freely and need not choose any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from commands.core.base import Command
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, NothingHere
from commands.core.reply import Action, Code, Mark

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Noun(Generic[T]):
    """What is looked for. `words` are what people call one; `listing` is the path of the command that shows all."""

    one: str
    id: Callable[[T], str]
    words: Callable[[T], Sequence[str]]
    listing: str

    def label(self, it: T) -> str:
        return next(filter(None, self.words(it)), self.id(it))


def pick(
    ctx: Context,
    noun: Noun[T],
    among: Sequence[T],
    wanted: str,
    again: Callable[[T], Command],
    *,
    where: Sequence[str | Mark] | None = None,
) -> T:
    """By id, else by what it is called, in any case. `again` is the command for one of several; `where` it was looked
    for, on the video server where nothing is said.

    Raises `NothingHere`.
    """
    found = [it for it in among if noun.id(it) == wanted]
    said = wanted.casefold()
    found = found or [it for it in among if said in map(str.casefold, noun.words(it))]
    if len(found) == 1:
        return found[0]
    if found:
        raise NothingHere(
            (f"{len(found)} {noun.one}s are called ", Code(wanted), "."),
            "Say which one, by id.",
            actions=[Action(f"{noun.label(it)} ({noun.id(it)})", again(it)) for it in found[:MOST_OFFERED]],
        )
    what = (f"There is no {noun.one} ", Code(wanted), " ", *(where or ("on ", Code(ctx.provider.name))), ".")
    raise NothingHere(what, ("See ", Code(f"{ctx.ports.slash} {noun.listing}"), "."))
