"""Agents by slash commands on a real server: asked in, listed, and removed again."""

from pathlib import Path

import pytest
from livekit.protocol.agent import JobStatus
from livekit.protocol.agent_dispatch import AgentDispatch
from livekit.protocol.models import ParticipantInfo

from bot.demo.slack import Message
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.talk import database, labels, public
from tests.live.studio import Studio
from tests.providers.stage import eventually

LANGUAGE = '{"language":"de","note":"for-the-agent-alone"}'


@pytest.fixture
async def studio(agent_studio: Studio) -> Studio:
    """With the room in it."""
    await agent_studio.ask("room create standup")
    return agent_studio


async def dispatches(studio: Studio) -> list[AgentDispatch]:
    """By the server's own API, without the nameless one that every room has."""
    return [each for each in await studio.api.agent_dispatch.list_dispatch("standup") if each.agent_name]


async def listed(studio: Studio, words: str) -> Message:
    """The list of agents, once it says this: a job is in it some seconds after the agent is in the room."""
    answers: list[Message] = []

    async def said() -> bool:
        answers.append(await studio.ask("agent list standup"))
        return words in answers[-1].words

    await eventually(said)
    return answers[-1]


async def test_an_agent_is_asked_in_and_removed(studio: Studio) -> None:
    """`CreateDispatch`, `ListDispatch`, `GetDispatch`, `DeleteDispatch`. What it is told is kept nowhere else."""
    asked = await studio.ask("agent dispatch standup assistant --metadata", LANGUAGE)
    assert asked.lines[0] == "Asked *assistant* into *standup*. It comes when a worker takes it."
    job = await studio.agents("assistant").next()
    [dispatch] = await dispatches(studio)
    assert (job.dispatch_id, job.room, job.metadata) == (dispatch.id, "standup", LANGUAGE)
    assert dispatch.id in asked.words
    assert (await studio.people())[job.identity].kind == ParticipantInfo.AGENT
    waiting = await studio.press(asked, "How it goes")
    assert "no worker has taken it" not in waiting.words
    shown = await listed(studio, "*assistant* · in the room")
    assert job.identity in shown.words
    got = await studio.api.agent_dispatch.get_dispatch(dispatch.id, "standup")
    assert got is not None
    assert [each.state.status for each in got.state.jobs] == [JobStatus.JS_RUNNING]

    removed = await studio.press(shown, "Remove agent")
    assert removed.lines[0] == "Removed *assistant* from *standup*. It leaves in a moment."
    await job.terminated()
    await studio.until_gone(job.identity)
    assert await studio.api.agent_dispatch.get_dispatch(dispatch.id, "standup") is None
    again = await studio.press(asked, "Remove agent")
    assert again.lines[0] == f"There is no agent `{dispatch.id}` in *standup*."
    assert (await studio.ask("agent list standup")).lines[0] == "No agent was asked into *standup*."
    assert "for-the-agent-alone" not in str(public(studio.world))
    assert b"for-the-agent-alone" not in database(studio.world)


async def test_asked_in_twice_it_comes_twice(studio: Studio) -> None:
    await studio.ask("agent dispatch standup assistant")
    again = await studio.ask("agent dispatch standup assistant")
    assert "It was asked in before, 1 time, so several may come." in again.words
    jobs = [await studio.agents("assistant").next() for _ in range(2)]
    which = await studio.ask("agent remove standup assistant")
    assert which.lines[:2] == ["2 agents are called `assistant`.", "Say which one, by id."]
    gone, stays = jobs
    removed = await studio.press(which, f"assistant ({gone.dispatch_id})")
    assert removed.lines[0].startswith("Removed *assistant* from *standup*.")
    await gone.terminated()
    assert [each.id for each in await dispatches(studio)] == [stays.dispatch_id]
    assert stays.identity in await studio.people()


async def test_a_name_that_nobody_serves(tmp_path: Path) -> None:
    """The server takes any name. That nobody comes is said when it has had the time to."""
    clock = MovedClock()
    async with Studio.open(tmp_path, clock=clock) as studio:
        await studio.ask("room create standup")
        asked = await studio.ask("agent dispatch standup nobody-serves-it")
        assert asked.lines[0].startswith("Asked *nobody-serves-it* into *standup*.")
        clock.move(seconds=10)
        assert "*nobody-serves-it* · waits for a worker" in (await studio.ask("agent list standup")).lines
        clock.move(seconds=10)
        shown = await studio.ask("agent list standup")
        assert "*nobody-serves-it* · no worker has taken it" in shown.lines
        assert "Start it, then remove this and ask again." in shown.words
        late = await studio.hire_agents("nobody-serves-it")
        removed = await studio.press(shown, "Remove agent")
        assert removed.lines[0] == "Removed *nobody-serves-it* from *standup*."
        assert late.jobs == {}, "whoever registers later is not offered what was asked before"
        await studio.ask("agent dispatch standup nobody-serves-it")
        assert (await late.next()).room == "standup"


async def test_a_room_that_is_over(studio: Studio) -> None:
    """The server would make the room anew for whoever is asked in."""
    asked = await studio.ask("agent dispatch standup assistant")
    job = await studio.agents("assistant").next()
    assert job.identity in await studio.people()
    await studio.press(await studio.ask("room close standup"), "End room")
    for button in ("How it goes", "Remove agent"):
        assert (await studio.press(asked, button)).lines[0] == "The room `standup` has ended."
    for words in ("agent dispatch standup assistant", "agent list standup", "agent remove standup assistant"):
        told = await studio.ask(words)
        assert "standup" in told.lines[0]
        assert "Remove agent" not in labels(told)
    assert await studio.rooms() == []
