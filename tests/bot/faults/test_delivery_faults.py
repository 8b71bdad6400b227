"""What goes wrong with a call to Slack, times what the call is for, times a process that ends around it.

After each, when all is quiet: the card shows what the server has, nothing that was accepted is missing, and there is
one message of the thing that we know of. Where Slack did a post and we do not know of it, a second one stays until
somebody presses it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy import update as update_of

from bot.demo.slack import Message
from bot.demo.slack.faults import Fault, Late, Throttled, Trouble
from bot.slack import client
from bot.store.tables import card, inbox
from tests.bot.alerts.facts import finished, joined, person, seen
from tests.bot.alerts.scene import Scene, open_scene
from tests.bot.faults.mortal import Life, Moment

POST, UPDATE, DELETE = "chat.postMessage", "chat.update", "chat.delete"

DEADLINE_SECONDS = 1.0
"""For a call, where it is to be missed."""

TROUBLES: dict[str, Fault | None] = {
    "well": None,
    "429": Throttled(),
    "500": Trouble.FAILS,
    "time-out": Trouble.SILENT,
    "done after the time-out": Late(2 * DEADLINE_SECONDS),
    "reset": Trouble.RESET,
    "lost": Trouble.LOST,
}
UNHEARD = ("done after the time-out", "lost")
"""Slack did it, and we do not know."""


@dataclass(frozen=True)
class Case:
    """`trouble` by its name above, and when the process ends around the call that it befalls."""

    trouble: str
    moment: Moment

    @property
    def fault(self) -> Fault | None:
        return TROUBLES[self.trouble]

    @property
    def acts_twice(self) -> bool:
        """Whether it is done once more, as nobody knows that it was done."""
        return self.trouble in UNHEARD or (self.trouble == "well" and self.moment is Moment.AFTER)

    @property
    def is_done(self) -> bool:
        """Whether Slack does what the process asked for that met all this."""
        return self.trouble in ("well", *UNHEARD) and self.moment is not Moment.BEFORE


@dataclass
class Shown:
    """The card's message, what else is there of the thing, and what stands in the card's thread."""

    card: Message
    others: list[Message]
    notes: list[Message]


async def shown(scene: Scene) -> Shown:
    async with scene.house.store.reading() as conn:
        ts = (await conn.execute(select(card.c.ts))).scalar_one()
        accepted = (await conn.execute(select(func.count()).select_from(inbox))).scalar_one()
    assert accepted == 3, "all that was accepted is in the record"
    messages = scene.messages()
    (known,) = [message for message in messages if message.ts == ts]
    others = [message for message in messages if message.ts != ts and message.thread_ts is None]
    return Shown(known, others, [message for message in messages if message.thread_ts == ts])


async def live(scene: Scene) -> None:
    """A process that nothing happens to."""
    life = Life(scene)
    assert await life.until_quiet()
    await life.end()


async def live_through(scene: Scene, case: Case, method: str) -> None:
    """The process meets it, and another one follows where it ends."""
    scene.slack.faults.next(method, case.fault)
    life = Life(scene, method, case.moment)
    survives = await life.until_quiet()
    assert survives is (case.moment is Moment.NEVER)
    await life.end()
    await live(scene)


async def post(scene: Scene, case: Case) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    await live_through(scene, case, POST)
    await scene.house.tell(joined(person(1), 2), finished(60))
    await live(scene)
    found = await shown(scene)
    assert len(found.others) == case.acts_twice
    assert len(found.notes) == 1


async def update(scene: Scene, case: Case) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    await live(scene)
    await scene.house.tell(joined(person(1), 2))
    await live_through(scene, case, UPDATE)
    await scene.shows("1 person")
    await scene.house.tell(finished(60))
    await live(scene)
    found = await shown(scene)
    assert found.others == []
    assert len(found.notes) == 1


async def note(scene: Scene, case: Case) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    await live(scene)
    await scene.house.tell(joined(person(1), 2), finished(60))
    await live_through(scene, case, POST)
    found = await shown(scene)
    assert found.others == []
    assert len(found.notes) == 1 + case.acts_twice


async def delete(scene: Scene, case: Case) -> None:
    """A second message: while ours is on its way, somebody else's becomes the card's."""
    posted = await scene.web.chat_postMessage(channel=scene.general.id, text="somebody else's")
    await scene.house.command(seen(1), channel=scene.general.id)
    faults = scene.slack.faults
    faults.next(DELETE, case.fault)
    faults.hold()
    earlier = len(faults.arrivals)
    life = Life(scene, DELETE, case.moment)
    await scene.slack.until(lambda: faults.arrivals[earlier:] or None)
    taken = update_of(card).values(ts=str(posted["ts"]), hash=None, claim=None, lease_until=None)
    await scene.house.store.write(lambda conn: conn.execute(taken))
    faults.let_go()
    survives = await life.until_quiet()
    await life.end()
    await scene.house.tell(joined(person(1), 2), finished(60))
    await live(scene)
    found = await shown(scene)
    assert survives is (case.moment is Moment.NEVER)
    assert found.card.ts == posted["ts"]
    assert len(found.others) == (not case.is_done)
    assert len(found.notes) == 1


Action = Callable[[Scene, Case], Awaitable[None]]
ACTIONS: tuple[Action, ...] = (post, update, note, delete)


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.name.lower())
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_when_it_is_quiet_again_the_card_is_true(
    tmp_path: Path, trouble: str, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The four actions at once, each in a scene of its own, as they do little but wait."""
    if "time-out" in trouble:
        monkeypatch.setattr(client, "CALL_SECONDS", DEADLINE_SECONDS)

    async def play(action: Action, scene: Scene) -> None:
        await action(scene, Case(trouble, moment))
        assert "Ended" in (await shown(scene)).card.words

    async with AsyncExitStack() as stack:
        scenes = []
        for action in ACTIONS:  # one after the other, as Alembic migrates one database at a time
            (directory := tmp_path / action.__name__).mkdir()
            scenes.append((action, await stack.enter_async_context(open_scene(directory))))
        async with asyncio.TaskGroup() as group:
            for action, scene in scenes:
                group.create_task(play(action, scene), name=action.__name__)
