"""How the process ends, and what becomes of what it had accepted."""

import asyncio
import signal

import aiohttp
import pytest
from livekit.api import ParticipantInfo

from tests.bot.process.showcaller import Process, Street
from tests.standins.livekit import Fault


async def _hangs_in_a_create(street: Street, text: str = "/video room create standup") -> None:
    street.livekit.fail("CreateRoom", Fault.HANGS)
    await street.types(text)
    await street.until(lambda: "CreateRoom" in street.livekit.calls)


async def _takes_no_requests(street: Street) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await street.get("/healthz")
            except aiohttp.ClientError:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_finishes_what_was_accepted(street: Street, number: signal.Signals) -> None:
    async with street.running() as process:
        await _hangs_in_a_create(street)
        process.signal(number)
        await _takes_no_requests(street)
        street.livekit.released.set()
        ended = await process.ended()

    assert ended.code == 0
    assert "Traceback" not in ended.err
    await street.sees("Created", "standup", only_me=True)
    await street.sees("standup", "Live")
    assert [outcome for _, outcome, _ in street.attempts()] == ["done"]
    assert street.rows("SELECT count(*) FROM card WHERE wanted > delivered") == [(0,)]


async def test_over_sockets_a_stop_lets_go_of_them_first_and_then_finishes_what_was_accepted(
    socket_street: Street,
) -> None:
    street = socket_street
    async with street.running() as process:
        await _hangs_in_a_create(street)
        assert [len(link.acked) for link in street.slack.sockets.links] == [1]
        process.signal(signal.SIGTERM)
        await street.slack.until(lambda: street.slack.connections == 0)
        assert (await street.slack.command(street.ana, street.general, "/video whoami")).problem == "dispatch_failed"
        assert street.attempts() == [("room create standup --provider livekit", None, 0)]
        street.livekit.released.set()
        ended = await process.ended()

    assert ended.code == 0
    assert "Traceback" not in ended.err
    await street.sees("Created", "standup", only_me=True)
    assert [outcome for _, outcome, _ in street.attempts()] == ["done"]


async def test_a_stop_with_nothing_to_do_is_quick_and_quiet(street: Street) -> None:
    async with street.running() as process:
        process.signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            ended = await process.ended()

    assert (ended.code, ended.out) == (0, "")
    assert [line["event"] for line in process.lines][-2:] == ["stopping", "stopped"]


async def _dies(process: Process) -> None:
    process.signal(signal.SIGKILL)
    assert (await process.ended()).code == -signal.SIGKILL


@pytest.mark.parametrize(
    ("came_to_be", "finding"),
    [(True, ("The room *standup* is there",)), (False, ("There is no room *standup*", "create it again"))],
)
async def test_killed_between_the_attempt_and_the_answer(
    street: Street, came_to_be: bool, finding: tuple[str, ...]
) -> None:
    async with street.running() as process:
        await _hangs_in_a_create(street)
        assert street.attempts() == [("room create standup --provider livekit", None, 0)]
        await _dies(process)
    if came_to_be:
        street.livekit.released.set()
        await street.until(lambda: street.livekit.rooms or None)

    async with street.running():
        told = await street.sees("I was stopped while", "room create standup", only_me=True)
        assert "may have happened" in told.words
        await street.sees(*finding, only_me=True)
        if came_to_be:
            await street.sees("standup", "Live")
        await street.until(lambda: street.attempts()[0][2])

    assert street.attempts() == [("room create standup --provider livekit", "unknown", 1)]
    assert street.livekit.calls.count("CreateRoom") == 1, "nothing is done a second time"


async def test_the_asker_is_told_only_once(street: Street) -> None:
    async with street.running() as process:
        await _hangs_in_a_create(street)
        await _dies(process)
    for _ in range(2):
        async with street.running() as process:
            await street.until(lambda: street.attempts()[0][1])
            process.signal(signal.SIGTERM)
            assert (await process.ended()).code == 0

    told = [m for m in street.slack.seen_by(street.ana, street.general) if "I was stopped" in m.words]
    assert len(told) == 1


@pytest.mark.parametrize("round_number", range(3))
async def test_killed_right_after_a_webhook_was_answered(street: Street, round_number: int) -> None:
    async with street.running() as process:
        await street.types("/video alert subscribe room")
        await street.until(lambda: street.slack.seen_by(street.ana, street.general))
        for number in range(round_number + 1):
            street.livekit.bring("standup", ParticipantInfo(identity=f"person-{number}"))
        assert set(await street.tell()) == {200}
        await _dies(process)

    people = "1 person" if round_number == 0 else f"{round_number + 1} people"
    async with street.running():
        await street.sees("standup", "Live", people)
        street.livekit.close("standup")
        assert await street.tell() == [200]
        await street.sees("standup", "Ended")
    cards = [m for m in street.slack.seen_by(street.ana, street.general) if not m.ephemeral_to and not m.thread_ts]
    assert len([m for m in cards if "Ended" in m.words]) == 1
