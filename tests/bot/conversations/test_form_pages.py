"""Forms of several pages, forms that begin with what the server has, and forms sent twice."""

from typing import Any

import pytest

from bot.demo.form import fields_of
from bot.demo.slack import View
from bot.demo.world import World
from providers.base import Participant
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import Wanted
from tests.bot.conversations.talk import accepted, ask, attempts, card, forget_forms, form, heard, labels, opened, rooms


async def _turned(world: World, view: View, button: str) -> View:
    accepted(await world.slack.press(world.operator, view, button))
    return await opened(world, world.operator, after=view)


async def _bob(world: World) -> None:
    """In a room, with metadata and an attribute."""
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "bob", name="Bob")
    await ask(world, world.operator, "/video participant update standup bob --metadata here --attribute a=1")


async def _at_the_server(world: World) -> Participant:
    [room] = world.memory.server.list_rooms()
    [bob] = await world.memory.list_participants(room.ref)
    return bob


async def _said(world: World, words: str) -> str:
    found = await world.slack.until(
        lambda: next((m for m in heard(world, world.operator) if words in m.words), None),
    )
    return found.words


async def test_what_was_typed_on_other_pages_is_sent_from_any(world: World) -> None:
    first = await form(world, world.operator, "/video token create --ttl 1s")
    second = await _turned(world, first, "More options")
    assert "ttl" not in second.fields
    accepted(await world.slack.submit(world.operator, second, {"attribute": "role=host"}))
    needed = await opened(world, world.operator, after=second)
    assert "Room: It is needed." in needed.words.replace("*", "")
    accepted(await world.slack.submit(world.operator, needed, {"room": "standup"}))
    shown = await opened(world, world.operator)
    assert shown.errors == {"ttl": "A token can last from 10s to 30d."}
    second = await _turned(world, shown, "More options")
    accepted(await world.slack.submit(world.operator, second, {}))
    shown = await opened(world, world.operator, after=second)
    assert "TTL: A token can last from 10s to 30d." in shown.words.replace("*", "")
    accepted(await world.slack.submit(world.operator, shown, {"ttl": "15m"}))
    assert (await _said(world, "Your way into")).startswith("Your way into *standup*.")
    assert "--ttl 15m" in attempts(world)[-1][0]
    assert "--attribute role=***" in attempts(world)[-1][0]


async def test_pages_forth_and_back(world: World) -> None:
    first = await form(world, world.operator, "/video token create")
    second = await _turned(world, first, "More options")
    assert labels(second) == ["Back", "More options"]
    third = await _turned(world, second, "More options")
    assert labels(third) == ["Back"]
    assert list((await _turned(world, await _turned(world, third, "Back"), "Back")).fields) == list(first.fields)


async def test_other_pages_survive_a_restart(world: World) -> None:
    first = await form(world, world.operator, "/video token create --attribute a=1")
    assert "attribute" not in first.fields
    await world.restart()
    second = await _turned(world, first, "More options")
    assert {field.block_id: field.value for field in fields_of(second)}["attribute"] == "a=1"
    await world.restart()
    first = await _turned(world, second, "Back")
    accepted(await world.slack.submit(world.operator, first, {"room": "standup", "ttl": "15m"}))
    await _said(world, "Your way into")
    assert "--ttl 15m" in attempts(world)[-1][0]
    assert "--attribute a=***" in attempts(world)[-1][0]


async def test_after_half_an_hour_other_pages_are_lost_and_it_is_said_which(world: World) -> None:
    first = await form(world, world.operator, "/video token create --attribute a=1")
    await forget_forms(world)
    accepted(await world.slack.submit(world.operator, first, {"room": "standup", "ttl": "15m"}))
    shown = await opened(world, world.operator, after=first)
    assert "Lost, so give it again: *Attribute*." in shown.words
    accepted(await world.slack.submit(world.operator, shown, {}))
    await _said(world, "Your way into")
    assert "--ttl 15m" in attempts(world)[-1][0]


async def test_a_form_sent_twice_acts_once(world: World) -> None:
    view = await form(world, world.operator, "/video room create")
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    await card(world, "retro", "🟢 *Live*")
    accepted(await world.slack.redeliver())
    assert [words for words, _ in attempts(world)] == ["room create retro --provider memory"]
    assert rooms(world) == ["retro"]


async def test_only_what_was_changed_is_sent_on(world: World) -> None:
    await _bob(world)
    view = await form(world, world.operator, "/video participant update standup bob")
    assert view.fields["metadata"] == "Metadata"
    accepted(await world.slack.submit(world.operator, view, {"name": "Bobby"}))
    await _said(world, "Changed *Bobby*")
    assert attempts(world)[-1][0] == "participant update standup bob --provider memory --name Bobby"
    assert (await _at_the_server(world)).metadata == "here"


async def test_what_was_emptied_is_cleared(world: World) -> None:
    await _bob(world)
    view = await form(world, world.operator, "/video participant update standup bob")
    accepted(await world.slack.submit(world.operator, view, {"metadata": "", "attribute": "b=2"}))
    await _said(world, "Attribute b")
    bob = await _at_the_server(world)
    assert (bob.name, bob.metadata, dict(bob.attributes)) == ("Bob", "", {"b": "2"})


async def test_a_room_shows_its_metadata_to_be_changed(world: World) -> None:
    await ask(world, world.operator, "/video room create standup --metadata before")
    view = await form(world, world.operator, "/video room update standup")
    accepted(await world.slack.submit(world.operator, view, {}))
    same = await opened(world, world.operator)
    assert same.errors == {"metadata": "This is what is there already. Change it, or cancel."}
    await world.restart()
    accepted(await world.slack.submit(world.operator, same, {"metadata": ""}))
    await _said(world, "Cleared the metadata of *standup*.")


async def test_a_page_that_slack_does_not_turn(world: World, clock: MovedClock, wanted: Wanted) -> None:
    wanted.refusals.add("ratelimited")
    first = await form(world, world.operator, "/video token create")
    world.slack.refuse("views.update", "ratelimited", retry_after=30)
    accepted(await world.slack.press(world.operator, first, "More options"))
    assert await _said(world, "Slack did not") == "Slack did not turn the page.\nPress again."
    clock.move(seconds=1)
    assert labels(await _turned(world, first, "More options")) == ["Back", "More options"]


async def test_a_form_sent_twice_from_its_second_page_closes_twice(world: World) -> None:
    first = await form(world, world.operator, "/video token create --ttl 15m")
    accepted(await world.slack.submit(world.operator, first, {"room": "standup"}))
    await _said(world, "Your way into")
    for _ in range(2):
        again = await world.slack.redeliver()
        accepted(again)
        assert not again.body
    assert len(attempts(world)) == 1


@pytest.mark.parametrize("refusal", [{"code": "ratelimited", "retry_after": 1}, {"code": "internal_error"}], ids=str)
async def test_a_form_that_waits_is_filled_in_at_the_second_try(
    world: World, wanted: Wanted, refusal: dict[str, Any]
) -> None:
    wanted.refusals.add(refusal["code"])
    await ask(world, world.operator, "/video room create standup --metadata before")
    world.slack.refuse("views.update", **refusal)
    view = await form(world, world.operator, "/video room update standup")
    assert "metadata" in view.fields


@pytest.mark.parametrize("refusal", [{"code": "ratelimited", "retry_after": 30}, {"code": "internal_error"}], ids=str)
async def test_a_form_that_waits_for_ever_is_to_be_closed(
    world: World, wanted: Wanted, refusal: dict[str, Any]
) -> None:
    wanted.refusals.add(refusal["code"])
    await ask(world, world.operator, "/video room create standup")
    world.slack.refuse("views.update", **refusal, times=2)
    accepted(await world.slack.command(world.operator, world.general, "/video room update standup"))
    said = await _said(world, "Slack did not")
    assert said == "Slack did not fill in the form.\nClose the form and begin again."


async def test_a_form_about_what_is_gone_says_so(world: World) -> None:
    accepted(await world.slack.command(world.operator, world.general, "/video room update nowhere"))
    gone = await opened(world, world.operator)
    assert gone.lines == [
        "This form has ended",
        "There is no room `nowhere` on `memory`.",
        "See what is live with `/video room list`.",
        "[Close]",
    ]
    accepted(await world.slack.close(world.operator, gone))


async def test_a_form_from_nowhere_asks_where_its_answer_goes(world: World) -> None:
    accepted(await world.slack.shortcut(world.operator, "Create video room"))
    view = await opened(world, world.operator)
    assert view.fields[":conversation"] == "Conversation"
    missing = await world.slack.submit(world.operator, view, {"name": "retro"})
    assert missing.problem == "incomplete"
    accepted(await world.slack.submit(world.operator, view, {"name": "retro", ":conversation": world.general}))
    await card(world, "retro", "🟢 *Live*")
    assert await _said(world, "Created") == "Created *retro*."
