"""Whatever is drawn, with nothing in it, with one thing, with as many as fit and with one more, whatever it is called.

Forms and the Home have tests of their own.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import Field, SecretStr

from bot.alerts.pace import MEMBERS
from bot.alerts.state import DigestState, Present, RoomState, RoomStatus, ThingState
from bot.render.card import Member, draw, note
from bot.render.error import render_bug, render_error
from bot.render.limits import ACTIONS_ELEMENTS, BLOCKS_PER_MESSAGE, SECTION_FIELDS, TABLE_ROWS
from bot.render.message import Message, signed
from bot.render.reply import render_question, render_reply, stored_actions
from commands.core.base import Arg, Command
from commands.core.errors import NothingHere, Problem, UsageError
from commands.core.reply import Action, Button, Code, Form, Item, Moment, Person, Question, Reply, Secret, Strong, Table
from providers.base import Capability, DestinationStatus, Participant, StreamStatus
from providers.errors import Rejected
from providers.facts import Origin, ParticipantKeptOut, Source
from tests.bot.render import things
from tests.bot.render.foreign import NASTY, check, check_access, check_words, words

AT = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
NAMES = ("standup", *NASTY, "界" * 300, "🎬 studio", "אולפן")


class Show(Command, path="sample show"):
    """Show it."""

    name: Arg[str] = Field(description="Name")


def _called(name: str, n: int) -> str:
    return f"row{n}. {name}"


def _button(label: str, name: str, n: int) -> Action:
    return Action(label, Show(name=_called(name, n)), None, f"{label} {_called(name, n)}")


def _reply(reply: Reply) -> Message:
    return render_reply(reply, ["token"] * len(stored_actions(reply)))


def _facts(name: str, count: int) -> tuple[tuple[str, tuple[Strong]], ...]:
    return tuple((f"Label {n}", (Strong(_called(name, n)),)) for n in range(count))


def facts(name: str, count: int) -> Message:
    return _reply(Reply(text=("This is ", Strong(name), "."), facts=_facts(name, count)))


def items(name: str, count: int, *labels: str) -> Message:
    shown = tuple(
        Item((Strong(_called(name, n)),), ("since ", Moment(AT)), tuple(_button(label, name, n) for label in labels))
        for n in range(count)
    )
    return _reply(Reply(text=("There is ", Strong(name), "."), items=shown, hint="Page 1 of 2."))


def items_with_a_button(name: str, count: int) -> Message:
    return items(name, count, "Show")


def items_with_buttons(name: str, count: int) -> Message:
    return items(name, count, "Mute", "Remove", "Details")


def actions(name: str, count: int) -> Message:
    several: tuple[Button, ...] = tuple(_button(f"Do {n}", name, n) for n in range(count))
    return _reply(Reply(text="What shall be done?", actions=(*several, Form("Filter", Show, (("name", name),)))))


def secrets(name: str, count: int) -> Message:
    return _reply(
        Reply(text="This is yours.", secrets=tuple(Secret(f"Token {n}", SecretStr(f"{n}{name}")) for n in range(count)))
    )


def table(name: str, count: int) -> Message:
    rows = tuple(((Strong(_called(name, n)),), (Moment(AT),), (Person("U1"),), "") for n in range(count))
    return _reply(Reply(text="This is a table.", table=Table(("Name", "Since", "By", "Note"), rows)))


def question(name: str, count: int) -> Message:
    asked = Question(text=("End ", Strong(name), "?"), facts=_facts(name, count), command=Show(name=name), confirm=name)
    return render_question(asked, "token", asked="U1")


def answered(name: str, count: int) -> Message:
    return signed(items_with_a_button(name, count), ("Answered by ", Person("U1"), ": ", Strong("End room"), "."))


def error(name: str, count: int) -> Message:
    raised = NothingHere(
        ("There is no ", Code(name), "."), "See others.", actions=[_button(f"Do {n}", name, n) for n in range(count)]
    )
    return render_error(raised, ["token"] * len(stored_actions(raised)))


def problems(name: str, count: int) -> Message:
    return render_error(UsageError([Problem(f"“{name}” is wrong.") for _ in range(count + 1)], "Mend it."))


def providers_error(name: str, count: int) -> Message:
    return render_error(Rejected(name * (count + 1), provider=name))


def bug(name: str, count: int) -> Message:
    return render_bug("deadbeef")


def _room(name: str, count: int, **known: object) -> RoomState:
    named = {
        str(n): Present(participant=Participant(str(n), _called(name, n)), seen_at=things.BEGAN) for n in range(count)
    }
    return things.room(things.ref(name), present=named, **known)


def _card(state: ThingState) -> Message:
    return draw(state, capabilities=frozenset(Capability), card_id=1, generation=1)


def card_of_a_live_room(name: str, count: int) -> Message:
    return _card(_room(name, count, max_participants=count or None))


def card_of_an_ended_room(name: str, count: int) -> Message:
    return _card(_room(name, count, status=RoomStatus.ENDED, ended_at=things.ENDED))


def card_of_a_stream(name: str, count: int) -> Message:
    places = (
        things.destination(n, DestinationStatus.FAILED, address=_called(name, n), error=name) for n in range(count)
    )
    return _card(things.stream(StreamStatus.LIVE, *places, of=things.ref(name)))


def page(name: str, count: int) -> Message:
    each = things.one_of_each(things.ref(name), name)
    members = [Member(each[n % len(each)], 1, is_own=n % 2 == 0) for n in range(count)]
    state = DigestState(channel_id="C1", opened_at=things.BEGAN)
    return draw(state, capabilities=(), card_id=1, generation=1, digest=members)


def note_of_an_ended_room(name: str, count: int) -> Message:
    return _told(note("ended", _room(name, count, status=RoomStatus.ENDED, ended_at=things.ENDED), []))


def note_of_somebody_kept_out(name: str, count: int) -> Message:
    room = _room(name, count)
    origin = Origin(provider=room.provider, key="k", at=AT, seen_at=AT, source=Source.WEBHOOK)
    fact = ParticipantKeptOut(**origin, room=room.ref, participant=Participant("1", name), by="U1", until=AT)
    return _told(note(fact.type, room, [fact]))


def _told(shown: Message | None) -> Message:
    assert shown is not None
    return shown


def _card_of(index: int) -> Callable[[str, int], Message]:
    return lambda name, count: _card(things.one_of_each(things.ref(name), name)[index])


def _ending_of(index: int) -> Callable[[str, int], Message]:
    def draw_it(name: str, count: int) -> Message:
        state = things.one_of_each(things.ref(name), name)[index]
        return _told(note(state.shown_status, state, []))

    return draw_it


COUNTS = {
    facts: (SECTION_FIELDS,),
    items: (BLOCKS_PER_MESSAGE - 2,),
    items_with_a_button: (BLOCKS_PER_MESSAGE - 2,),
    items_with_buttons: (BLOCKS_PER_MESSAGE // 2 - 1,),
    actions: (ACTIONS_ELEMENTS,),
    secrets: (BLOCKS_PER_MESSAGE - 1,),
    table: (TABLE_ROWS - 1,),
    question: (SECTION_FIELDS,),
    answered: (BLOCKS_PER_MESSAGE - 3,),
    error: (ACTIONS_ELEMENTS,),
    problems: (5,),
    providers_error: (),
    bug: (),
    card_of_a_live_room: (100,),
    card_of_an_ended_room: (),
    card_of_a_stream: (40,),
    page: (MEMBERS,),
    note_of_an_ended_room: (),
    note_of_somebody_kept_out: (),
}
"""How many fit where names are short, and other numbers of interest."""

CASES = [
    pytest.param(draw_it, count, id=f"{draw_it.__name__}-{count}")
    for draw_it, counts in COUNTS.items()
    for count in sorted({0, 1, *counts, *(count + 1 for count in counts)})
]
CASES += [
    pytest.param(_card_of(index), 1, id=f"card of {things.standing_of(state)}")
    for index, state in enumerate(things.one_of_each())
]
CASES += [
    pytest.param(_ending_of(index), 1, id=f"end of {things.standing_of(state)}")
    for index, state in enumerate(things.one_of_each())
    if state.is_over and state.kind != "test"
]
every_case = pytest.mark.parametrize(("draw_it", "count"), CASES)


@every_case
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_slack_takes_it_and_everybody_can_use_it(draw_it: Callable[[str, int], Message], count: int, name: str) -> None:
    made = draw_it(name, count)
    for blocks in filter(None, [made.blocks, made.fallback]):
        check(Message(made.text, blocks))
        check_access(blocks)


@every_case
def test_it_says_in_words_what_it_is(draw_it: Callable[[str, int], Message], count: int) -> None:
    check_words(draw_it("standup", count))


@pytest.mark.parametrize("draw_it", [facts, items, items_with_a_button, items_with_buttons, table, question])
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("count", [0, 1, 23, 99, 501])
def test_what_is_cut_says_how_much(draw_it: Callable[[str, int], Message], count: int, name: str) -> None:
    made = draw_it(name, count)
    for blocks in filter(None, [made.blocks, made.fallback]):
        shown = words(blocks)
        there = sum(f"row{n}." in shown for n in range(count))
        said = re.search(r"(\d+) more (?:rows? )?(?:is|are) not shown", shown)
        assert there + (int(said[1]) if said else 0) == count
