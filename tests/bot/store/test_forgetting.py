"""After somebody was forgotten, no table speaks of them; what was done is still there."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic_core import to_json
from sqlalchemy import Table, select, update

from bot.alerts.state import (
    CallState,
    Deed,
    IngressState,
    Plan,
    Present,
    RecordingState,
    RoomState,
    RoomStatus,
    TrialState,
    state_from_json,
)
from bot.secrets import SecretBox, new_key
from bot.store.engine import Store
from bot.store.forgetting import BATCH, StoredForgetting
from bot.store.tables import (
    attempt,
    card,
    closure,
    draft,
    egress_request,
    follow,
    inbox,
    keep_out,
    metadata,
    mute,
    pace,
    pending_action,
    reserved_name,
    role_grant,
    setting,
    subscription,
    thing,
    timer,
)
from commands.core.identity import numbered, stable_identity
from commands.core.ports import Traces
from commands.core.tokens import quote
from providers.base import (
    Call,
    CallRef,
    CallStatus,
    EgressKind,
    EgressSource,
    Ingress,
    IngressRef,
    IngressStatus,
    Participant,
    ParticipantKind,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Written,
    WrittenKind,
)
from providers.facts import (
    AlertTested,
    CallChanged,
    Fact,
    Origin,
    ParticipantJoined,
    ParticipantKeptOut,
    ParticipantsListed,
    Paused,
    RecordingChanged,
    Source,
    StopPlanned,
    ThingKind,
    facts_from_json,
    facts_to_json,
)
from tests.bot.store.rows import add, row
from tests.bot.store.snapshots import SEEN_AT, dumped

ANA, BEN = "U0ANA000001", "U0BEN000001"
MINE = stable_identity("T1", ANA)
GUEST = 'guest "100%" \\_7'
ROOM = RoomRef("livekit", "RM_1", "standup")
ORIGIN = Origin(provider="livekit", key="EV_1", at=SEEN_AT, seen_at=SEEN_AT, source=Source.WEBHOOK)


@pytest.fixture
def box() -> SecretBox:
    return SecretBox(new_key())


@pytest.fixture
def forgetting(store: Store, box: SecretBox) -> StoredForgetting:
    return StoredForgetting(store, box)


def who(identity: str, name: str = "") -> Participant:
    return Participant(f"PA_{identity[-4:]}", identity, name)


def over(state: RoomState | RecordingState | TrialState) -> dict[str, Any]:
    room = isinstance(state, RoomState)
    known = {"kind": state.kind, "name": state.name, "terminal": True, "made_by": state.made_by}
    return row(thing, **known, status="ended" if room else "failed", state=state.model_dump_json())


def failed(location: str, error: str, made_by: str | None, identity: str = "bob") -> RecordingState:
    recording = Recording(
        RecordingRef("livekit", "EG_1"),
        ROOM,
        RecordingStatus.FAILED,
        location=location,
        error=error,
        source=EgressSource(EgressKind.PARTICIPANT, identity=identity, url=f"https://a.example/{identity}/"),
        written=(Written(WrittenKind.FILE, location),),
    )
    return RecordingState(recording=recording, seen_at=SEEN_AT, made_by=made_by)


def told(*facts: Fact, **given: object) -> dict[str, Any]:
    return row(inbox, body=facts_to_json(list(facts)), folded_at=SEEN_AT, **given)


def tried(words: str, **given: object) -> dict[str, Any]:
    return row(attempt, words=words, path=" ".join(words.split()[:2]), provider="livekit", answered_at=SEEN_AT) | given


async def fill(store: Store, box: SecretBox, identity: str, user_id: str, name: str) -> None:
    """Everything that can be known of somebody."""
    second, me = numbered(identity, 2) if identity == stable_identity("T1", user_id) else identity, who(identity, name)
    ended = RoomState(ref=ROOM, status=RoomStatus.ENDED, made_by=user_id, kept_out={identity: SEEN_AT, second: SEEN_AT})
    plan = Plan(stops_at=SEEN_AT, by=user_id, rev=1)
    deed = Deed(by=user_id, at=SEEN_AT)
    recorded = failed(f"out/{identity}.mp4", f"{identity} has left", user_id, identity).model_copy(
        update={"plan": plan, "pause": deed, "dismissal": deed}
    )
    tested = TrialState(provider="livekit", by=user_id, at=SEEN_AT, made_by=user_id)
    await add(store, thing, over(ended), over(recorded), over(tested))
    await add(
        store,
        inbox,
        told(ParticipantJoined(**ORIGIN, room=ROOM, participant=me), user_id=user_id),
        told(ParticipantsListed(**ORIGIN, room=ROOM, participants=(me, who(second, name), who("bob", "Bob")))),
        told(ParticipantKeptOut(**ORIGIN, room=ROOM, participant=me, until=SEEN_AT, by=user_id)),
        told(RecordingChanged(**ORIGIN, recording=failed("", f"{second} has left", None).recording)),
        row(inbox, body=facts_to_json([ParticipantJoined(**ORIGIN, room=ROOM, participant=me)]), attempts=5),
        told(
            AlertTested(**ORIGIN, by=user_id),
            Paused(**ORIGIN, thing=ThingKind.RECORDING, thing_id="EG_1", by=user_id),
        ),
        told(StopPlanned(**ORIGIN, thing=ThingKind.RECORDING, thing_id="EG_1", stops_at=SEEN_AT, by=user_id, rev=1)),
    )
    typed = (
        f"participant mute standup {quote(identity)}",
        f"participant remove standup @{user_id}",
        f"participant show standup {quote(name)}",
        f"participant unmute standup --who={quote(second)}",
    )
    await add(store, attempt, *map(tried, typed))
    detail = f"NotInRoom: {name} is not in standup"
    refused = tried("participant show standup slack-T1-U9", user_id=user_id, detail=detail)
    await add(store, attempt, refused, tried("role list", about=f"@{user_id}"))
    await add(store, keep_out, *(row(keep_out, identity=each, stays=[]) for each in {identity, second}))
    await add(store, keep_out, row(keep_out, identity="bob", said_by=user_id, stays=[]))
    await add(store, closure, row(closure, user_id=user_id))
    await add(store, subscription, row(subscription, channel_id="C1", created_by=user_id))
    await add(store, subscription, row(subscription, user_id=user_id, created_by=user_id))
    await add(store, mute, row(mute, said_by=user_id))
    await add(store, timer, row(timer, said_by=user_id))
    [public] = await add(store, thing, over(RoomState(ref=RoomRef("livekit", "RM_7", "retro"))))
    await add(store, follow, row(follow, user_id=user_id, thing_id=public), row(follow, thing_id=public))
    await add(store, role_grant, row(role_grant, kind="person", subject=user_id), row(role_grant, granted_by=user_id))
    await add(store, setting, row(setting, set_by=user_id))
    await add(store, reserved_name, row(reserved_name, made_by=user_id))
    await add(store, pending_action, row(pending_action, user_id=user_id))
    sealed = box.seal(json.dumps({"fields": {"who": identity}}, ensure_ascii=False))
    await add(store, pending_action, row(pending_action, payload=sealed))
    await add(store, draft, row(draft, payload=sealed), row(draft, payload=b"of a key that is gone"))
    whole = box.seal('{"options":{"source":{"identity":"bob"}}}')
    await add(store, egress_request, row(egress_request, options=sealed))
    await add(store, egress_request, row(egress_request, options=whole, said_by=user_id))


async def rows(store: Store, table: Table) -> list[dict[str, Any]]:
    async with store.reading() as conn:
        order = list(table.primary_key.columns)
        return [dict(each) for each in (await conn.execute(select(table).order_by(*order))).mappings()]


async def counted(store: Store) -> dict[str, int]:
    return {table.name: len(await rows(store, table)) for table in metadata.sorted_tables}


async def test_somebody_of_the_workspace(store: Store, box: SecretBox, forgetting: StoredForgetting) -> None:
    await fill(store, box, MINE, ANA, "Ana Ángel")
    before, counts = await dumped(store), await counted(store)
    assert before.count(ANA.encode()) > 20

    traces = Traces(commands=6, events=7, things=3, others=15, live=0, roles=1, keep_outs=2)
    assert await forgetting.traces("T1", MINE) == traces
    assert await dumped(store) == before
    assert await forgetting.forget("T1", MINE) == traces

    after = await dumped(store)
    assert [word for word in (ANA, MINE, "Ana", "Ángel") if word.encode() in after] == []
    assert b"bob" in after
    gone = {"keep_out": 2, "closure": 1, "subscription": 1, "role_grant": 1, "pending_action": 2, "draft": 1}
    gone |= {"follow": 1, "egress_request": 1}
    assert await counted(store) == {name: count - gone.get(name, 0) for name, count in counts.items()}


async def test_a_second_time_is_harmless(store: Store, box: SecretBox, forgetting: StoredForgetting) -> None:
    await fill(store, box, MINE, ANA, "Ana Ángel")
    await forgetting.forget("T1", MINE)
    after = await dumped(store)
    assert await forgetting.forget("T1", numbered(MINE, 2)) == Traces()
    assert await dumped(store) == after


async def test_somebody_from_outside_with_a_nasty_identity(
    store: Store, box: SecretBox, forgetting: StoredForgetting
) -> None:
    await fill(store, box, GUEST, BEN, "Guest")
    await forgetting.forget("T1", GUEST)
    after = await dumped(store)
    assert to_json(GUEST)[1:-1] not in after
    assert b'"identity":"forgotten","name":"forgotten"' in after
    assert BEN.encode() in after
    assert [each["identity"] for each in await rows(store, keep_out)] == ["bob"]


async def test_what_is_left_can_be_read(store: Store, box: SecretBox, forgetting: StoredForgetting) -> None:
    await fill(store, box, MINE, ANA, "Ana Ángel")
    await forgetting.forget("T1", MINE)
    ended, recorded, tested, *_ = [state_from_json(each["state"]) for each in await rows(store, thing)]
    assert isinstance(ended, RoomState)
    assert (ended.ref, ended.made_by, set(ended.kept_out)) == (ROOM, None, {"forgotten"})
    assert isinstance(recorded, RecordingState)
    assert (recorded.recording.location, recorded.recording.error) == ("out/forgotten.mp4", "forgotten has left")
    source = recorded.recording.source
    assert (source.identity, source.url) == ("forgotten", "https://a.example/forgotten/")
    assert [each.location for each in recorded.recording.written] == ["out/forgotten.mp4"]
    assert recorded.pause == recorded.dismissal == Deed(by="forgotten", at=SEEN_AT)
    assert recorded.plan is not None
    assert isinstance(tested, TrialState)
    assert (recorded.plan.by, tested.by, tested.made_by) == ("forgotten", "forgotten", None)
    listed = facts_from_json((await rows(store, inbox))[1]["body"])[0]
    assert isinstance(listed, ParticipantsListed)
    assert [(p.identity, p.name) for p in listed.participants] == [
        ("forgotten", "forgotten"),
        ("forgotten", "forgotten"),
        ("bob", "Bob"),
    ]
    assert [each["words"] for each in await rows(store, attempt)][:4] == [
        "participant mute standup forgotten --provider livekit",
        "participant remove standup forgotten --provider livekit",
        "participant show standup forgotten --provider livekit",
        "participant unmute standup forgotten --provider livekit",
    ]
    assert (await rows(store, attempt))[4]["user_id"] == "forgotten"
    assert [each["said_by"] for each in await rows(store, egress_request)] == ["forgotten"]


@pytest.mark.parametrize("named", ["+493012344567", "…4567", "phone-4567"])
async def test_whoever_was_on_the_telephone(store: Store, forgetting: StoredForgetting, named: str) -> None:
    """By their number, whole or as it was shown, or by what they were called in the room."""
    other = Call(CallRef("livekit", "SCL_2"), ROOM, CallStatus.ENDED, "phone-9999", "…9999")
    theirs = replace(other, ref=CallRef("livekit", "SCL_1"), identity="phone-4567", number="…4567")
    phone = Participant("PA_1", "phone-4567", "…4567", kind=ParticipantKind.PHONE)
    states = [CallState(call=each, seen_at=SEEN_AT) for each in (theirs, other)]
    for state in states:
        kept = row(thing, kind="call", terminal=True, status="ended", state=state.model_dump_json())
        await add(store, thing, kept | {"server_id": state.call.ref.id})
    await add(store, inbox, told(CallChanged(**ORIGIN, call=theirs)))
    await add(store, inbox, told(ParticipantJoined(**ORIGIN, room=ROOM, participant=phone)))
    assert await forgetting.forget("T1", named) == Traces(things=1, events=2)
    forgotten, kept_as_it_was = [state_from_json(each["state"]) for each in await rows(store, thing)]
    assert isinstance(forgotten, CallState)
    assert (forgotten.call.identity, forgotten.call.number) == ("forgotten", "")
    assert kept_as_it_was == states[1]
    assert b"4567" not in await dumped(store)


async def test_whoever_sent_into_a_room(store: Store, forgetting: StoredForgetting) -> None:
    sent = Ingress(
        IngressRef("livekit", "IN_1"), ROOM, IngressStatus.COMPLETE, name="Ana's desk", identity="ana", error="ana left"
    )
    state = IngressState(ingress=replace(sent, participant_name="Ana"), seen_at=SEEN_AT)
    await add(store, thing, row(thing, kind="ingress", terminal=True, state=state.model_dump_json()))
    assert await forgetting.forget("T1", "ana") == Traces(things=1)
    [left] = [state_from_json(each["state"]) for each in await rows(store, thing)]
    assert isinstance(left, IngressState)
    found = left.ingress
    assert {found.identity, found.name, found.participant_name} == {"forgotten"}
    assert found.error == "forgotten left"


async def test_what_is_live_stays_until_it_ends(store: Store, forgetting: StoredForgetting) -> None:
    present = {"PA_1": Present(participant=who(MINE), seen_at=SEEN_AT)}
    live = RoomState(ref=ROOM, made_by=ANA, present=present)
    await add(store, thing, over(live) | {"terminal": False, "status": "live"})
    await add(store, attempt, row(attempt, user_id=ANA))
    before = await dumped(store)
    assert await forgetting.forget("T1", MINE) == Traces(live=1)
    assert await dumped(store) == before


@pytest.mark.parametrize("kind", ["recording", "stream"])
async def test_what_was_asked_of_something_live_stays_until_that_ends(
    store: Store, box: SecretBox, forgetting: StoredForgetting, kind: str
) -> None:
    """Without it, nobody could take a destination away from it."""
    its, options = {"provider": "livekit", "server_id": "EG_1"}, box.seal(json.dumps({"identity": MINE}))
    await add(store, thing, row(thing, **its, kind=kind, terminal=False, state="{}"))
    await add(store, egress_request, row(egress_request, provider="livekit", egress_id="EG_1", options=options))
    assert await forgetting.forget("T1", MINE) == Traces()
    assert len(await rows(store, egress_request)) == 1
    await store.write(lambda conn: conn.execute(update(thing).values(terminal=True)))
    assert await forgetting.forget("T1", MINE) == Traces(others=1)
    assert await rows(store, egress_request) == []


async def test_nobody_else_is_forgotten(store: Store, box: SecretBox, forgetting: StoredForgetting) -> None:
    """Whose id begins alike, who is of another team, and a room that is called like somebody."""
    near, room = stable_identity("T1", ANA + "9"), RoomRef("livekit", "RM_9", "bob")
    await fill(store, box, near, ANA + "9", "Anabel")
    await add(store, attempt, row(attempt, team_id="T2", user_id=ANA, words=f"@{ANA}", answered_at=SEEN_AT))
    await add(store, thing, over(RoomState(ref=room, status=RoomStatus.ENDED)))
    await add(store, attempt, row(attempt, words="room show bobby", answered_at=SEEN_AT))
    before = await dumped(store)
    assert await forgetting.forget("T1", MINE) == Traces()
    assert await forgetting.traces("T1", "live") == Traces()
    assert await dumped(store) == before
    await forgetting.forget("T1", "bob")
    assert state_from_json((await rows(store, thing))[-1]["state"]).name == "bob"
    assert (await rows(store, attempt))[-1]["words"] == "room show bobby"


@pytest.mark.parametrize("identity", ["alpha", "room", "create", "livekit", "about", "ben"])
async def test_what_others_did_stays_as_it_was(store: Store, forgetting: StoredForgetting, identity: str) -> None:
    """A room may be called like somebody, and so may a command, an option and a video server."""
    joined = ParticipantJoined(**ORIGIN, room=ROOM, participant=who(identity, "alpha"))
    lines = ("room create alpha --provider livekit", "room show room", "role list", "room gone standup --about 1")
    await add(store, inbox, told(joined))
    await add(store, attempt, *(tried(words, about="alpha", detail="NothingHere: no room alpha") for words in lines))
    before = await rows(store, attempt)
    await forgetting.forget("T1", identity)
    assert await rows(store, attempt) == before


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("participant mute room room", "participant mute room forgotten --provider livekit"),
        (
            "room mute room --except room --except bob",
            "room mute room --provider livekit --except forgotten --except bob",
        ),
        ("token create room --identity room", "token create room --provider livekit --identity forgotten"),
        ("token create room --name ROOM", "token create room --provider livekit --name forgotten"),
        ("participant gone alpha --who=room --room 1", "participant gone alpha --who=forgotten --room 1"),
    ],
)
async def test_only_what_names_people_loses_them(
    store: Store, forgetting: StoredForgetting, words: str, left: str
) -> None:
    await add(store, inbox, told(ParticipantJoined(**ORIGIN, room=ROOM, participant=who("room", "Room"))))
    detail = "NotInRoom: room is not in room" if "mute" in words else ""
    await add(store, attempt, tried(words, detail=detail))
    await forgetting.forget("T1", "room")
    kept = (await rows(store, attempt))[0]
    assert (kept["words"], kept["detail"]) == (left, detail)


async def test_the_log_of_the_file_forgets_too(file_store: Store, box: SecretBox) -> None:
    await fill(file_store, box, MINE, ANA, "Ana Ángel")
    assert file_store.file is not None
    log = file_store.file.with_name(f"{file_store.file.name}-wal")
    assert ANA.encode() in log.read_bytes()
    await StoredForgetting(file_store, box).forget("T1", MINE)
    assert log.read_bytes() == b""
    assert ANA.encode() not in file_store.file.read_bytes()


async def test_the_conversation_with_the_bot_is_forgotten_too(
    store: Store, box: SecretBox, forgetting: StoredForgetting
) -> None:
    there = {"channel_id": "D0ANA000001"}
    [live, ended] = await add(
        store,
        thing,
        over(RoomState(ref=ROOM, made_by=ANA)) | there | {"made_by": ANA, "terminal": False, "status": "live"},
        over(RoomState(ref=ROOM, status=RoomStatus.ENDED, made_by=ANA)) | there,
    )
    await add(store, attempt, row(attempt, user_id=ANA, is_direct=True, answered_at=SEEN_AT, **there))
    await add(store, attempt, row(attempt, user_id=ANA, is_direct=True, channel_id="C1", answered_at=SEEN_AT))
    await add(store, inbox, told(user_id=ANA, **there))
    await add(store, card, *(row(card, thing_id=thing_id, **there) for thing_id in (live, ended)))
    await add(store, setting, row(setting, **there), row(setting, channel_id="C1"))
    await add(store, subscription, row(subscription, **there))
    await add(store, mute, row(mute, **there))
    await add(store, pace, row(pace, key="D0ANA000001"), row(pace, key="chat.update"))
    await add(
        store,
        follow,
        row(follow, user_id="U0BEN000001", thing_id=live),
        row(follow, user_id=ANA, thing_id=live, **there),
    )
    await add(store, reserved_name, row(reserved_name, **there))
    await add(store, closure, row(closure, **there))
    await add(store, draft, row(draft, payload=box.seal(json.dumps({"meta": there}))))

    await forgetting.forget("T1", MINE)
    of_live = {table.name for table in metadata.sorted_tables if "D0ANA000001" in str(await rows(store, table))}
    assert of_live == {"thing", "card"}, "as long as the room is live its card is kept true"
    assert [each["channel_id"] for each in await rows(store, attempt)] == ["forgotten", "C1"]
    assert [each["channel_id"] for each in await rows(store, setting)] == ["C1"], "a channel that is for others stays"
    assert await rows(store, draft) == []

    await store.write(lambda conn: conn.execute(update(thing).values(terminal=True)))
    await forgetting.forget("T1", MINE)
    assert b"D0ANA000001" not in await dumped(store)


@pytest.mark.parametrize(("table", "column"), [(draft, "payload"), (egress_request, "options")])
async def test_many_sealed_rows_are_gone_through_in_batches(
    store: Store, box: SecretBox, forgetting: StoredForgetting, table: Table, column: str
) -> None:
    sealed, others = {column: box.seal(json.dumps({"who": MINE}))}, {column: box.seal("of somebody else")}
    await add(store, table, *(row(table, **sealed) for _ in range(BATCH + 1)), row(table, **others))
    assert await forgetting.forget("T1", MINE) == Traces(others=BATCH + 1)
    assert len(await rows(store, table)) == 1


async def test_there_may_be_many_rows(store: Store, forgetting: StoredForgetting) -> None:
    many = 2 * BATCH + 1
    await add(store, attempt, *(row(attempt, user_id=ANA, answered_at=SEEN_AT) for _ in range(many)))
    assert await forgetting.forget("T1", MINE) == Traces(commands=many)
    assert {each["user_id"] for each in await rows(store, attempt)} == {"forgotten"}
