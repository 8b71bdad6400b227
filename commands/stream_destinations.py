"""Where a stream goes besides, and where it goes no more.

A server takes a destination away only by its whole URL, and tells nobody the key in it, so the URL comes from what was
asked for (`EgressRequest`) or from whoever knows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, SecretStr, model_validator

from commands.core.base import Fetched, Internal, Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, CommandError, NothingHere, Problem, UsageError
from commands.core.reply import Action, Code, Form, Question, Reply, Text, parts
from commands.core.stream_urls import StreamUrl, protocol_problems, url_problems, written_problem
from commands.core.types import Name
from commands.core.words import counted, joined
from commands.one_feed import subject
from commands.stream_kept import keep, kept, let_go
from commands.stream_places import (
    alike,
    all_described,
    going_on,
    in_order,
    is_number,
    is_over,
    named,
    numbers,
    there_already,
    urls_of,
)
from commands.stream_stop import left_behind
from commands.stream_timing import RunningStream, has_ended
from providers.base import Capability, Destination, DestinationStatus, Provider, Stream
from providers.errors import Conflict, LeftBehind, NotFound, Rejected
from providers.facts import StreamChanged

_NEEDS: Final = (Capability.UPDATE_STREAM, Capability.LIST_STREAMS)
_UNSAID: Final = "Say which: its number or its address, as stream show has them, or all of it with the key."


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A whole URL, and the destination that it is of, None where only the server can tell."""

    url: SecretStr
    destination: Destination | None = None


class _Changing(RunningStream):
    """Base of the commands that change where a stream goes.

    `added` are whole URLs. `removed` is what people say, or buttons do: number, shown address, id or whole URL.
    """

    doing: ClassVar[str] = "change"

    @property
    def added(self) -> tuple[SecretStr, ...]:
        return ()

    @property
    def removed(self) -> tuple[str, ...]:
        return ()

    @property
    def is_unfinished(self) -> bool:
        return not self.added and not self.removed

    async def question(self, ctx: Context) -> Question | None:
        """A stream that goes nowhere ends."""
        if not self.removed or self.added:
            return None
        stream = await self.running(ctx)
        request = await kept(ctx, stream)
        urls = request.options.urls if request is not None else ()
        leaving = {each.destination.id for each in self._leaving(ctx, stream, urls) if each.destination is not None}
        writes = stream.playlist is not None or (request is not None and request.options.writes)
        if writes or {each.id for each in going_on(stream)} - leaving:
            return None
        return Question(
            text=("That is the last place to which the stream of ", *subject(stream), " goes. Without it, it ends."),
            command=self.pinned(stream),
            confirm="Remove and end",
        )

    async def run(self, ctx: Context) -> Reply:
        stream = await self.running(ctx)
        request = await kept(ctx, stream)
        urls = request.options.urls if request is not None else ()
        leaving, coming = self._leaving(ctx, stream, urls), self._coming(ctx, stream, urls)
        self._require_new(ctx, stream, coming, urls)
        changed = await self._change(ctx, stream, leaving, coming)
        await ctx.report(StreamChanged(stream=changed, **ctx.observed()))
        added = f"{counted(len(coming), 'destination', 'destinations')} added" if coming else ""
        changes: Text = joined([added, self._gone(leaving)], ", ")
        changed_what = ("Changed where the stream of ", *subject(stream), " goes: ")
        return Reply(text=(*changed_what, *parts(changes), ". Its card says how it goes."))

    async def aftermath(self, ctx: Context) -> Reply:
        stream = await self.running(ctx)
        await ctx.report(StreamChanged(stream=stream, **ctx.observed()))
        goes = ("The stream of ", *subject(stream), " goes to\n", *parts(all_described(stream)))
        return Reply(text=goes, hint="Do it again if that is not what you want.")

    async def _change(
        self, ctx: Context, stream: Stream, leaving: Sequence[_Leaving], coming: Sequence[SecretStr]
    ) -> Stream:
        """Kept is what it may go to: what is added until that was refused, what is removed until it was taken away."""
        removed, new = [each.url for each in leaving], await keep(ctx, stream, coming)
        try:
            changed = await ctx.provider.update_stream(stream.ref, add=coming, remove=removed)
        except LeftBehind:
            raise await left_behind(ctx, stream) from None
        except Conflict:
            await let_go(ctx, stream, new)
            await self.report_as_it_is(ctx, stream)
            raise await has_ended(ctx, stream) from None
        except (NotFound, Rejected) as error:
            now = await self.report_as_it_is(ctx, stream)
            await self._let_go_of_what_was_not_done(ctx, now, leaving, new)
            if isinstance(error, Rejected):
                raise
            raise self._not_there(ctx, now) from None
        await let_go(ctx, stream, removed)
        return changed

    async def _let_go_of_what_was_not_done(
        self, ctx: Context, now: Stream, leaving: Sequence[_Leaving], new: Sequence[SecretStr]
    ) -> None:
        """Of several changes a server may make some, and then refuse the others."""
        there = {each.id for each in going_on(now)}
        refused = [url for url in new if not named(now, url.get_secret_value(), ctx.provider)]
        gone = [each.url for each in leaving if each.destination is not None and each.destination.id not in there]
        await let_go(ctx, now, [*refused, *gone])

    def _coming(self, ctx: Context, stream: Stream, urls: Sequence[SecretStr]) -> Sequence[SecretStr]:
        """Where it is to go as well. `urls` are those that are kept."""
        return self.added

    def _gone(self, leaving: Sequence[_Leaving]) -> Text:
        gone: list[Text] = [(Code(each.destination.address),) if each.destination else "one" for each in leaving]
        return (*parts(joined(gone, " and ")), " removed") if gone else ""

    def _leaving(self, ctx: Context, stream: Stream, urls: Sequence[SecretStr]) -> list[_Leaving]:
        """With the whole URL of each. Raises `CommandError` where that is not known, or where several are meant."""
        return [self._leaves(ctx, stream, where, urls) for where in dict.fromkeys(self.removed)]

    def _leaves(self, ctx: Context, stream: Stream, where: str, urls: Sequence[SecretStr]) -> _Leaving:
        found = named(stream, where, ctx.provider)
        is_whole = written_problem(where) is None
        if not found:
            if is_whole:  # some servers go elsewhere than they were told, and only they can tell
                return _Leaving(SecretStr(where))
            raise _no_number(stream, where) if is_number(where) else self._not_there(ctx, stream)
        *others, destination = found
        if is_over(destination):
            raise _over_already(stream, destination, urls, ctx.provider)
        if is_whole:  # of several whose keys are told alike only the server knows which
            return _Leaving(SecretStr(where), None if others else destination)
        if others:
            raise self._which(stream, found)
        going = [each for each in alike(stream, destination) if not is_over(each)]
        known = urls_of(destination, urls, ctx.provider)
        if len(known) > 1 or len(going) > 1:
            raise _alike(destination, _form(StreamRemove, stream))
        if not known:
            raise self._unknown(stream, destination)
        return _Leaving(known[0], destination)

    def _not_there(self, ctx: Context, stream: Stream) -> CommandError:
        there = [each.address for each in in_order(stream) if not is_over(each)]
        goes: Text = ("It goes to ", *parts(joined([(Code(a),) for a in there], ", ")), ".") if there else ""
        return NothingHere(("The stream of ", *subject(stream), " does not go there."), goes)

    def _which(self, stream: Stream, found: Sequence[Destination]) -> CommandError:
        ref, number = stream.ref, numbers(stream)
        what = (f"There are {len(found)} destinations at ", Code(found[0].address), ".")
        remove = [StreamRemove(provider=ref.provider, stream=ref.id, destination=each.id) for each in found]
        actions = [
            Action(f"Remove number {number[each.id]}, {each.status.value}", command)
            for each, command in zip(found, remove, strict=True)
        ]
        return CommandError(what, "Say which one to remove.", actions=actions[:MOST_OFFERED])

    def _unknown(self, stream: Stream, destination: Destination) -> CommandError:
        return CommandError(
            ("I do not know the whole URL of ", Code(destination.address), ", as it was not added here."),
            "The video server takes a destination away by its whole URL alone, and tells nobody the key in it. Give "
            "all of it in the form.",
            actions=[_form(StreamRemove, stream)],
        )

    def _require_new(
        self, ctx: Context, stream: Stream, coming: Sequence[SecretStr], urls: Sequence[SecretStr]
    ) -> None:
        """Raises `UsageError`."""
        there = [each for url in coming if (each := there_already(stream, url, urls, ctx.provider)) is not None]
        found = [Problem(f"It goes to this one already: {each.address}.") for each in there]
        found += protocol_problems(None, coming, [each.address for each in going_on(stream)])
        if found:
            raise UsageError(found, path=self.spec.path)


class StreamUpdate(
    _Changing,
    path="stream update",
    role=Role.OPERATOR,
    needs=_NEEDS,
    examples=(
        "standup --add rtmp://live.example.com/app/KEY --remove 1",
        "standup --remove rtmp://live.example.com/app",
    ),
):
    """Change where a stream goes: add and remove destinations at once."""

    add: Annotated[tuple[StreamUrl, ...], Fetched()] = Field((), description="A URL to stream to as well, with its key")
    remove: Annotated[tuple[SecretStr, ...], Offers(Offered.DESTINATION, whose="stream")] = Field(
        (), description="Where it is to go no more: number or place, as stream show has them"
    )

    @property
    def added(self) -> tuple[SecretStr, ...]:
        return self.add

    @property
    def removed(self) -> tuple[str, ...]:
        return tuple(each.get_secret_value() for each in self.remove)

    def problems(self, provider: Provider) -> list[Problem]:
        found = url_problems("add", self.add, provider.limits)
        return [*found, Problem("Say what to add or to remove.", "add")] if self.is_unfinished else found


class StreamAdd(
    _Changing,
    path="stream add",
    heading="Add destination",
    role=Role.OPERATOR,
    needs=_NEEDS,
    examples=("standup rtmp://live.example.com/app/KEY", ". srt://live.example.com:9000"),
):
    """Send a stream to one more place, or to several."""

    urls: Annotated[tuple[StreamUrl, ...], Positional(), Fetched()] = Field(
        (), description="Where to as well, with the stream key"
    )
    destination: Annotated[Name | None, Internal(of="urls")] = Field(
        None, description="Id of the destination that failed and is to be tried again"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_is_said(cls, values: Any) -> Any:
        return _said_by("urls", values)

    @property
    def added(self) -> tuple[SecretStr, ...]:
        return self.urls

    @property
    def is_unfinished(self) -> bool:
        return not self.urls and self.destination is None

    def problems(self, provider: Provider) -> list[Problem]:
        found = url_problems("urls", self.urls, provider.limits)
        unsaid = Problem("Say where it goes: an address with its stream key.", "urls")
        return [*found, unsaid] if self.is_unfinished else found

    def _coming(self, ctx: Context, stream: Stream, urls: Sequence[SecretStr]) -> Sequence[SecretStr]:
        if self.urls:
            return self.urls
        meant = [each for each in stream.destinations if each.id == self.destination]
        if not meant:
            raise self._not_there(ctx, stream)
        known = urls_of(meant[0], urls, ctx.provider)
        if len(known) > 1:
            raise _alike(meant[0], _form(StreamAdd, stream))
        if not known:
            raise CommandError(
                ("I do not know the whole URL of ", Code(meant[0].address), ", as it was not added here."),
                "Give all of it, with the key, in the form.",
                actions=[_form(StreamAdd, stream)],
            )
        return known


class StreamRemove(
    _Changing,
    path="stream remove",
    heading="Remove destination",
    role=Role.OPERATOR,
    needs=_NEEDS,
    examples=("standup 1", "standup rtmp://live.example.com/app", ". 2"),
):
    """Send a stream to one place less, while it goes on to the others."""

    where: Annotated[tuple[SecretStr, ...], Positional(), Offers(Offered.DESTINATION, whose="stream")] = Field(
        (), description="Number or place, as stream show has them, or all of it with the key"
    )
    destination: Annotated[Name | None, Internal(of="where")] = Field(
        None, description="Id of the destination that is meant"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_is_said(cls, values: Any) -> Any:
        return _said_by("where", values)

    @property
    def removed(self) -> tuple[str, ...]:
        said = tuple(each.get_secret_value() for each in self.where)
        return said or ((self.destination,) if self.destination is not None else ())

    def problems(self, provider: Provider) -> list[Problem]:
        return [Problem(_UNSAID, "where")] if self.is_unfinished else []


def _said_by(field: str, values: Any) -> Any:
    """Whoever says where means that, and not what the button was of that they began from."""
    return {**values, "destination": None} if isinstance(values, Mapping) and values.get(field) else values


def try_again(stream: Stream, destination: Destination) -> Action:
    """For one that failed."""
    ref, number = stream.ref, numbers(stream)[destination.id]
    command = StreamAdd(provider=ref.provider, stream=ref.id, destination=destination.id)
    return Action("Try again", command, description=f"Try destination {number} again, {destination.address}")


def _over_already(
    stream: Stream, destination: Destination, urls: Sequence[SecretStr], provider: Provider
) -> CommandError:
    has_failed = destination.status is DestinationStatus.FAILED
    is_known = len(urls_of(destination, urls, provider)) == 1
    return CommandError(
        ("The stream does not go to ", Code(destination.address), f" any more: it {_WENT[has_failed]}."),
        actions=[try_again(stream, destination)] if has_failed and is_known else [],
    )


_WENT: Final = {True: "failed there", False: "has ended there"}


def _no_number(stream: Stream, number: str) -> NothingHere:
    how_many = counted(len(stream.destinations), "destination", "destinations")
    what = (f"There is no number {number}: the stream of ", *subject(stream), f" has {how_many}.")
    return NothingHere(what, all_described(stream))


def _alike(destination: Destination, form: Form) -> CommandError:
    return CommandError(
        ("The keys at ", Code(destination.address), " look alike to me, so I cannot tell which one is meant."),
        "The video server cuts the keys out of what it tells. Give the whole URL, with the key, in the form.",
        actions=[form],
    )


def _form(command_type: type[_Changing], stream: Stream) -> Form:
    return Form("Open form", command_type, (("provider", stream.ref.provider), ("stream", stream.ref.id)))
