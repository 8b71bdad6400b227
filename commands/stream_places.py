"""Where a stream goes: how its destinations are told apart, and how people name one."""

from collections.abc import Iterable

from pydantic import SecretStr

from commands.core.reply import Code, Text
from commands.core.words import counted, in_a_row, joined
from providers.base import Destination, DestinationStatus, Provider, Stream

_OVER = (DestinationStatus.ENDED, DestinationStatus.FAILED)


def is_over(destination: Destination) -> bool:
    return destination.status in _OVER


def going_on(stream: Stream) -> list[Destination]:
    return [each for each in stream.destinations if not is_over(each)]


def in_order(stream: Stream) -> list[Destination]:
    """As they are numbered wherever they are shown or meant: by what stays, however a server lists them."""
    return sorted(stream.destinations, key=lambda each: (each.address, each.id))


def numbers(stream: Stream) -> dict[str, int]:
    """The number of each destination, by its id."""
    return {each.id: number for number, each in enumerate(in_order(stream), 1)}


def is_replaced(stream: Stream, destination: Destination) -> bool:
    """Whether one that failed was added again since, and is reached."""
    failed_at = destination.ended_at
    if destination.status is not DestinationStatus.FAILED or failed_at is None:
        return False
    again = [each.started_at for each in alike(stream, destination) if each.status is DestinationStatus.LIVE]
    return any(began is not None and began >= failed_at for began in again)


def named(stream: Stream, where: str, provider: Provider) -> list[Destination]:
    """Those that somebody means by an id, by a number as `described` has it, by what is shown, or by a whole URL.

    Those that go on, where there are any.
    """
    known = in_order(stream)
    if found := [each for each in known if each.id == where]:
        return found
    if is_number(where):
        return [each for number, each in enumerate(known, 1) if number == int(where)]
    id = provider.destination_id(SecretStr(where))
    found = [each for each in known if _is_of(each, id)] or [each for each in known if _is_at(each, where)]
    return [each for each in found if not is_over(each)] or found


def is_number(where: str) -> bool:
    return where.isdecimal() and where.isascii()


def alike(stream: Stream, destination: Destination) -> list[Destination]:
    """All that a server which cuts keys tells like this one, with this one."""
    id = _id_of_url(destination)
    return [each for each in stream.destinations if _id_of_url(each) == id]


def urls_of(destination: Destination, urls: Iterable[SecretStr], provider: Provider) -> list[SecretStr]:
    """Those of `urls` by which it may go there. Of several, whose keys are told alike, nobody knows which."""
    return [url for url in dict.fromkeys(urls) if _is_of(destination, provider.destination_id(url))]


def there_already(stream: Stream, url: SecretStr, urls: Iterable[SecretStr], provider: Provider) -> Destination | None:
    """Where it goes by this whole URL already. `urls` are those that are known: what may go on by another one of them
    does not count, as far as it is known that this one failed."""
    id = provider.destination_id(url)
    going = [each for each in going_on(stream) if _is_of(each, id)]
    others = [each for each in dict.fromkeys(urls) if each != url and provider.destination_id(each) == id]
    return going[0] if len(going) > len(others) else None


def described(number: int, destination: Destination) -> Text:
    """`1 rtmp://a.example/live · live`, with what is to be known of it."""
    tries = counted(destination.retries, "retry", "retries") if destination.retries else ""
    where = (f"{number} ", Code(destination.address))
    return in_a_row(where, destination.status.value, tries, destination.error or "")


def all_described(stream: Stream) -> Text:
    return joined([described(number, each) for number, each in enumerate(in_order(stream), 1)], "\n")


def _id_of_url(destination: Destination) -> str:
    """Further ones of one id have a number behind it."""
    return destination.id.partition("-")[0]


def _is_of(destination: Destination, id: str) -> bool:
    return _id_of_url(destination) == id


def _is_at(destination: Destination, where: str) -> bool:
    return destination.address.rstrip("/").casefold() == where.rstrip("/").casefold()
