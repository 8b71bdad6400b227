"""Where a stream goes besides, and where it goes no more, on the in-memory server."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from commands.core.attempts import Outcome
from commands.core.dispatch import Asked
from commands.core.errors import CommandError, Ended, NothingHere, UsageError
from commands.core.reply import Form, plain
from commands.stream_destinations import StreamAdd, StreamRemove, StreamUpdate
from commands.stream_places import in_order
from commands.stream_stop import StreamDismiss
from providers.addresses import shown_address
from providers.base import Destination, DestinationStatus, EgressOptions, RoomRef, Stream, StreamRef
from providers.errors import Conflict, NotFound, ProviderError, Rejected, TimedOut
from providers.facts import Condition, ConditionSeen
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.streaming import BESIDE, FIRST, SECOND, assert_no_key, last_stream, sent, streamed
from tests.commands.workspace import TEAM, Workspace, button, labels, refused, says, told


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """Its streams begin at once."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0))
    yield provider
    await provider.aclose()


async def live(workspace: Workspace, memory: Memory, options: str = FIRST) -> Stream:
    await streamed(workspace, memory, options)
    await memory.server.settled()
    return (await memory.list_streams())[0]


def where(stream: Stream) -> list[tuple[str, str]]:
    return [(each.address, each.status.value) for each in stream.destinations]


async def kept_urls(workspace: Workspace, stream: Stream) -> list[str]:
    kept = await workspace.egress_requests.get(TEAM, "memory", stream.ref.id)
    return [] if kept is None else [url.get_secret_value() for url in kept.options.urls]


async def test_add_and_remove_in_one_call(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory)
    answer = await workspace.say(f"stream update standup --add {SECOND} --remove 1")
    assert plain(told(answer).text) == (
        "Changed where the stream of standup goes: 1 destination added, rtmp://a.example/live removed. "
        "Its card says how it goes."
    )
    now = (await memory.list_streams())[0]
    assert where(now)[0] == ("rtmp://a.example/live", "ended")
    assert now.destinations[1].address == "rtmp://b.example/app"
    assert await kept_urls(workspace, stream) == [SECOND]
    assert last_stream(workspace).ref == stream.ref
    assert_no_key(answer, workspace.attempts.rows)


async def test_add(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory)
    told(await workspace.say(f"stream add {stream.ref.id} {SECOND}"))
    assert await kept_urls(workspace, stream) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "named", ["2", "rtmp://b.example/app", "rtmp://B.example/app/", SECOND, "{id}"], ids=lambda named: named[:12]
)
async def test_a_destination_is_named_in_many_ways(workspace: Workspace, memory: Memory, named: str) -> None:
    stream = await live(workspace, memory, f"{FIRST} {SECOND}")
    answer = await workspace.say(f"stream remove standup {named.format(id=stream.destinations[1].id)}")
    assert "rtmp://b.example/app removed" in plain(told(answer).text)
    now = (await memory.list_streams())[0]
    assert where(now) == [("rtmp://a.example/live", "live"), ("rtmp://b.example/app", "ended")]
    assert await kept_urls(workspace, stream) == [FIRST]
    assert_no_key(answer, workspace.attempts.rows)


async def test_a_button_names_it_without_a_secret(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} {SECOND}")
    remove = StreamRemove(provider="memory", stream=stream.ref.id, destination=stream.destinations[0].id)
    told(await workspace.press(remove))
    assert where((await memory.list_streams())[0])[0][1] == "ended"


async def test_two_of_one_address(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} {BESIDE} {SECOND}")
    error = refused(await workspace.say("stream remove standup rtmp://a.example/live"))
    assert says(error) == ("There are 2 destinations at rtmp://a.example/live.", "Say which one to remove.")
    assert labels(error.actions) == ["Remove number 1, live", "Remove number 2, live"]
    second = in_order(stream)[1].id
    told(await workspace.press(button(error.actions, "Remove number 2, live")))
    staying = [url for url in (FIRST, BESIDE, SECOND) if memory.destination_id(SecretStr(url)) != second]
    assert await kept_urls(workspace, stream) == staying
    assert_no_key(error.actions)


async def test_the_last_one_ends_it_and_is_asked_first(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory)
    asked = await workspace.say("stream remove standup 1")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == (
        "That is the last place to which the stream of standup goes. Without it, it ends."
    )
    told(await workspace.confirm(asked))
    assert last_stream(workspace).ref == stream.ref
    await memory.server.settled()
    assert (await memory.list_streams())[0].status.is_final


async def test_the_last_one_of_what_writes_as_well_is_just_removed(workspace: Workspace, memory: Memory) -> None:
    await sent(workspace, memory)
    told(await workspace.say(f"egress room standup --format mp4 --stream {FIRST}"))
    await memory.server.settled()
    told(await workspace.say("stream remove standup 1"))
    assert not (await memory.list_streams())[0].status.is_final


async def test_where_it_does_not_go(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory)
    for named in ("rtmp://c.example/live", "nonsense"):
        error = refused(await workspace.say(f"stream remove standup {named}"))
        assert isinstance(error, NothingHere)
        assert says(error) == ("The stream of standup does not go there.", "It goes to rtmp://a.example/live.")
    error = refused(await workspace.say(f"stream update standup --remove {SECOND} --add {BESIDE}"))
    assert says(error)[0] == "The stream of standup does not go there."
    assert_no_key(error, error.remedy)


async def test_a_number_that_there_is_not(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory, f"{FIRST} {SECOND}")
    error = refused(await workspace.say("stream remove standup 9"))
    assert says(error) == (
        "There is no number 9: the stream of standup has 2 destinations.",
        "1 rtmp://a.example/live · live\n2 rtmp://b.example/app · live",
    )


async def test_where_it_goes_no_more(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} {SECOND}")
    memory.server.fail_destination(stream.ref.id, stream.destinations[1].id, "refused")
    error = refused(await workspace.say("stream remove standup 2"))
    assert says(error)[0] == "The stream does not go to rtmp://b.example/app any more: it failed there."
    told(await workspace.press(button(error.actions, "Try again")))
    await memory.server.settled()
    assert [each.status for each in (await memory.list_streams())[0].destinations] == [DestinationStatus.LIVE] * 2
    assert await kept_urls(workspace, stream) == [FIRST, SECOND]


async def test_what_was_taken_away_is_not_taken_away_again(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory, f"{FIRST} {SECOND}")
    told(await workspace.say("stream remove standup 2"))
    error = refused(await workspace.say("stream remove standup 2"))
    assert says(error)[0] == "The stream does not go to rtmp://b.example/app any more: it has ended there."
    assert error.actions == ()


async def test_one_that_failed_is_added_again_and_kept_once(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} {SECOND}")
    memory.server.fail_destination(stream.ref.id, stream.destinations[0].id, "refused")
    told(await workspace.say(f"stream add standup {FIRST}"))
    assert await kept_urls(workspace, stream) == [FIRST, SECOND]


async def test_what_is_not_known_whole_is_not_tried_again(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    stream = await memory.start_stream(room, EgressOptions(urls=(SecretStr(FIRST), SecretStr(SECOND))))
    await memory.server.settled()
    memory.server.fail_destination(stream.ref.id, stream.destinations[0].id, "refused")
    again = StreamAdd(provider="memory", stream=stream.ref.id, destination=stream.destinations[0].id)
    error = refused(await workspace.press(again))
    assert says(error)[0] == "I do not know the whole URL of rtmp://a.example/live, as it was not added here."
    form = Form("Open form", StreamAdd, (("provider", "memory"), ("stream", stream.ref.id)))
    assert error.actions == (form,)
    gone = StreamAdd(provider="memory", stream=stream.ref.id, destination="other")
    assert isinstance(refused(await workspace.press(gone)), NothingHere)


async def test_two_are_added_at_once(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory)
    third = "rtmp://c.example/app/third"
    adding = [workspace.say(f"stream add standup {url}") for url in (SECOND, third)]
    for answer in await asyncio.gather(*adding):
        told(answer)
    assert sorted(await kept_urls(workspace, stream)) == sorted([FIRST, SECOND, third])


class Slow(Memory):
    """It does what it is asked, and its answer is lost."""

    async def update_stream(
        self, stream: StreamRef, *, add: Collection[SecretStr] = (), remove: Collection[SecretStr] = ()
    ) -> Stream:
        await super().update_stream(stream, add=add, remove=remove)
        raise TimedOut("no answer", provider=self.name)


async def test_what_may_have_been_added_is_kept() -> None:
    memory = Slow("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    stream = await live(workspace, memory)
    answer = await workspace.say(f"stream update standup --add {SECOND} --remove 1")
    assert answer.outcome is not Outcome.DONE
    assert await kept_urls(workspace, stream) == [FIRST, SECOND]
    await memory.aclose()


@pytest.mark.parametrize("fault", [Rejected, Conflict])
async def test_what_is_refused_is_not_kept(workspace: Workspace, memory: Memory, fault: type[ProviderError]) -> None:
    stream = await live(workspace, memory)
    memory.server.faults["update_stream"] = fault
    answer = await workspace.say(f"stream add standup {SECOND}")
    assert answer.outcome is not Outcome.DONE
    assert await kept_urls(workspace, stream) == [FIRST]


class Cutting(Memory):
    """Tells nothing of keys, so that those of one address are alike, and told apart by their order alone."""

    def destination_id(self, url: SecretStr) -> str:
        return _id(shown_address(url.get_secret_value()))

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        return [replace(s, destinations=tuple(_alike(s.destinations))) for s in await super().list_streams(room)]


def _id(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def _alike(destinations: Iterable[Destination]) -> Iterator[Destination]:
    met = Counter[str]()
    for each in destinations:
        met[each.address] += 1
        id = _id(each.address)
        yield replace(each, id=id if met[each.address] == 1 else f"{id}-{met[each.address]}")


async def test_of_keys_told_alike_none_is_guessed() -> None:
    memory = Cutting("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    stream = await live(workspace, memory, f"{FIRST} {BESIDE} {SECOND}")
    for named in ("1", "2"):
        error = refused(await workspace.say(f"stream remove standup {named}"))
        assert says(error) == (
            "The keys at rtmp://a.example/live look alike to me, so I cannot tell which one is meant.",
            "The video server cuts the keys out of what it tells. Give the whole URL, with the key, in the form.",
        )
    told(await workspace.say(f"stream remove standup {BESIDE}"))
    assert await kept_urls(workspace, stream) == [FIRST, SECOND]
    told(await workspace.say(f"stream add standup {BESIDE}"))
    assert await kept_urls(workspace, stream) == [FIRST, SECOND, BESIDE]
    await memory.aclose()


async def test_one_that_it_goes_to_already(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory)
    error = refused(await workspace.say(f"stream add standup {FIRST}"))
    assert isinstance(error, UsageError)
    assert says(error)[0] == "It goes to this one already: rtmp://a.example/live."
    error = refused(await workspace.say("stream add standup srt://a.example:9000"))
    assert says(error)[0].startswith("One stream speaks one protocol, not rtmp and srt.")


async def test_what_was_started_elsewhere(workspace: Workspace, memory: Memory) -> None:
    """Its keys are known to nobody here, but for those that are added here."""
    room = await workspace.room("standup")
    urls = (SecretStr(FIRST), SecretStr(BESIDE))
    stream = await memory.start_stream(room, EgressOptions(urls=urls))
    await memory.server.settled()
    error = refused(await workspace.say("stream remove standup 1"))
    assert says(error) == (
        "I do not know the whole URL of rtmp://a.example/live, as it was not added here.",
        "The video server takes a destination away by its whole URL alone, and tells nobody the key in it. Give all of "
        "it in the form.",
    )
    given = (("provider", "memory"), ("stream", stream.ref.id))
    assert error.actions == (Form("Open form", StreamRemove, given),)
    told(await workspace.say(f"stream remove standup {FIRST}"))
    told(await workspace.say(f"stream add standup {SECOND}"))
    await memory.server.settled()
    told(await workspace.say("stream remove standup rtmp://b.example/app"))


async def test_nothing_to_change_opens_the_form() -> None:
    assert StreamUpdate(provider="memory", stream="standup").is_unfinished
    assert StreamRemove(provider="memory", stream="standup").is_unfinished


async def test_what_has_ended_meanwhile(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} {SECOND}")
    memory.server.end_stream(stream.ref.id)
    error = refused(await workspace.say(f"stream add {stream.ref.id} {BESIDE}"))
    assert isinstance(error, Ended)
    assert says(error)[0] == "That stream of standup has ended already."


async def test_what_the_server_does_not_find_mends_the_card(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} {SECOND}")
    memory.server.faults["update_stream"] = NotFound
    error = refused(await workspace.say("stream remove standup 1"))
    assert isinstance(error, CommandError)
    assert says(error)[0] == "The stream of standup does not go there."
    assert last_stream(workspace) == stream


async def test_what_is_left_behind(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} {SECOND}")
    memory.server.abandon(stream.ref.id)
    error = refused(await workspace.say("stream remove standup 1"))
    assert button(error.actions, "Dismiss") == StreamDismiss(provider="memory", stream=stream.ref.id)
    seen = workspace.directory.facts[-1]
    assert isinstance(seen, ConditionSeen)
    assert (seen.thing_id, seen.condition) == (stream.ref.id, Condition.LEFT_BEHIND)


async def test_the_aftermath_says_where_it_goes(workspace: Workspace, memory: Memory) -> None:
    stream = await live(workspace, memory, f"{FIRST} rtmp://gone.invalid/app/KEY")
    assert stream.destinations[1].status is DestinationStatus.FAILED
    update = StreamUpdate(provider="memory", stream="standup")
    assert plain((await update.aftermath(workspace.context(memory))).text) == (
        "The stream of standup goes to\n"
        "1 rtmp://a.example/live · live\n"
        "2 rtmp://gone.invalid/app · failed · connection refused"
    )
