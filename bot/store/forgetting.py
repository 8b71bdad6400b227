"""What is kept of somebody, and how it is forgotten: rows stay as a record that something was done, without the person.

Identities and display names of participants stand in the states of things, in the facts that servers told, and in what
people typed; ids of people of the workspace in columns, too. What Slack shows and a video server keeps stays there.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    LargeBinary,
    RowMapping,
    Select,
    Table,
    Update,
    and_,
    delete,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.egress_requests import its_things
from bot.store.engine import Store
from bot.store.forgotten import Person
from bot.store.inbox import PARKED_AFTER
from bot.store.tables import (
    attempt,
    card,
    closure,
    draft,
    egress_request,
    follow,
    inbox,
    keep_out,
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
from commands.core.anonymity import Names, unnamed
from commands.core.identity import FORGOTTEN
from commands.core.ports import Traces

BATCH = 200
"""Rows of a transaction: each is read, changed and written."""

_FREE_TEXT: Final = frozenset({"error", "reason", "metadata", "location", "url", "playlist"})
"""Where somebody may say anything. Elsewhere a word that somebody has for an identity means what it means."""

_BLANK: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "identity": FORGOTTEN,
        "name": FORGOTTEN,
        "participant_name": FORGOTTEN,
        "number": "",
        "metadata": "",
        "attributes": {},
    }
)
"""What stands in the place of somebody's: participants, ingresses and calls have some of these."""

_REF: Final = frozenset({"provider", "id", "name"})
"""The fields of a `RoomRef`: a room may be called like anybody."""

_SIGNED: Final[Mapping[str, str | None]] = MappingProxyType({"made_by": None, "by": FORGOTTEN})
"""Who did it, in states and facts."""

_TYPED: Final = (attempt.c.words, attempt.c.detail, attempt.c.about, attempt.c.also_about)
_OWN: Final = (
    closure.c.user_id,
    subscription.c.user_id,
    follow.c.user_id,
    role_grant.c.subject,
    pending_action.c.user_id,
)
_OF_CHANNEL: Final = (
    setting.c.channel_id,
    subscription.c.channel_id,
    mute.c.channel_id,
    pace.c.key,
    role_grant.c.subject,
    closure.c.channel_id,
)
"""What is set for their own conversation with the bot goes."""

_ENDED: Final = (role_grant, keep_out)
_DONE_BY: Final = (
    (keep_out.c.said_by, FORGOTTEN),
    (subscription.c.created_by, FORGOTTEN),
    (mute.c.said_by, FORGOTTEN),
    (timer.c.said_by, FORGOTTEN),
    (role_grant.c.granted_by, FORGOTTEN),
    (setting.c.set_by, FORGOTTEN),
    (reserved_name.c.made_by, None),
    (egress_request.c.said_by, FORGOTTEN),
)
_SEALED: Final = (
    (pending_action.c.payload, true()),
    (draft.c.payload, true()),
    (egress_request.c.options, not_(exists().where(its_things(), thing.c.terminal.is_(False)))),
)


Change = Callable[[RowMapping, Person], dict[str, object]]


class StoredForgetting:
    """`commands.core.ports.Forgetting`."""

    def __init__(self, store: Store, box: SecretBox) -> None:
        self._store = store
        self._box = box

    async def traces(self, team_id: str, identity: str) -> Traces:
        return await self._go_through(await self._known(team_id, identity), erases=False)

    async def forget(self, team_id: str, identity: str) -> Traces:
        found = await self._go_through(await self._known(team_id, identity), erases=True)
        await self._store.empty_log()
        return found

    async def _known(self, team_id: str, identity: str) -> Person:
        """With where they spoke with the bot alone. What they made or follow there says it, too, when their commands
        are forgotten. Only an id with the letter of such conversations counts: a channel for others must stay."""
        who = Person.of(team_id, identity)
        spoken = select(attempt.c.channel_id).where(
            attempt.c.team_id == team_id, attempt.c.is_direct, _is(attempt.c.user_id, who)
        )
        made = select(thing.c.channel_id).where(thing.c.team_id == team_id, _is(thing.c.made_by, who))
        followed = select(follow.c.channel_id).where(follow.c.team_id == team_id, _is(follow.c.user_id, who))
        async with self._store.reading() as conn:
            channels = (await conn.execute(union(spoken, made, followed))).scalars().all()
        return replace(who, channels=frozenset(each for each in channels if each and each.startswith("D")))

    async def _go_through(self, who: Person, *, erases: bool) -> Traces:
        """Count, and change where it `erases`. What people typed comes last, as by then the names are known."""
        in_things = or_(
            _is(thing.c.made_by, who),
            thing.c.channel_id.in_(who.channels),
            *(thing.c.state.contains(_in_json(each), autoescape=True) for each in who.needles),
        )
        live = await self._each(thing, and_(in_things, not_(thing.c.terminal)), who, _thing_without, erases=False)
        things = await self._each(thing, and_(in_things, thing.c.terminal), who, _thing_without, erases=erases)
        is_read = or_(inbox.c.folded_at.is_not(None), inbox.c.attempts >= PARKED_AFTER)
        spoken_of = [self._body_has(each) for each in who.needles]
        told = and_(is_read, or_(_is(inbox.c.user_id, who), inbox.c.channel_id.in_(who.channels), *spoken_of))
        events = await self._each(inbox, told, who, _event_without, erases=erases)
        spoken = [column.icontains(word, autoescape=True) for column in _TYPED for word in (who.needle, *who.names)]
        by_them = or_(_is(attempt.c.user_id, who), attempt.c.channel_id.in_(who.channels))
        tried = and_(attempt.c.answered_at.is_not(None), or_(by_them, *spoken))
        commands = await self._each(attempt, tried, who, _attempt_without, erases=erases)
        others, roles, keep_outs = await self._others(who, erases=erases)
        others += await self._sealed(who, erases=erases)
        return Traces(commands, events, things, others, live, roles=roles, keep_outs=keep_outs)

    async def _each(
        self, table: Table, where: ColumnElement[bool], who: Person, change: Change, *, erases: bool
    ) -> int:
        """How many rows `change` makes other than they are, in the order of their ids."""
        meant = and_(table.c.team_id == who.team_id, where)
        query, after, count = select(table).where(meant).order_by(table.c.id).limit(BATCH), 0, 0
        while True:
            async with self._store.reading() as conn:
                rows = (await conn.execute(query.where(table.c.id > after))).mappings().all()
            if not rows:
                return count
            after, changed = rows[-1]["id"], [row["id"] for row in rows if change(row, who)]
            count += len(changed)
            if changed and erases:
                await self._store.write(partial(_change_all, table, and_(table.c.id.in_(changed), meant), who, change))

    def _body_has(self, word: str) -> ColumnElement[bool]:
        """LIKE looks into bytes on PostgreSQL alone, and what both have for it goes by two names."""
        position = func.pg_catalog.position if self._store.is_shared else func.instr
        return position(inbox.c.body, literal(_in_json(word).encode(), LargeBinary)) > 0

    async def _others(self, who: Person, *, erases: bool) -> tuple[int, int, int]:
        """What is their own goes; of what is for others, only who did it. Roles and keep-outs that go count apart."""
        others = _others_of(who)
        async with self._store.reading() as conn:
            count = sum([int((await conn.execute(query)).scalar_one()) for query in _counts(others)])
            gone = [[each for each in others if each.table is table and each.instead is None] for table in _ENDED]
            roles, keep_outs = [
                sum([int((await conn.execute(query)).scalar_one()) for query in _counts(each)]) for each in gone
            ]

        async def write(conn: AsyncConnection) -> None:
            for other in others:
                await conn.execute(other.statement)

        if count and erases:
            await self._store.write(write)
        return count - roles - keep_outs, roles, keep_outs

    async def _sealed(self, who: Person, *, erases: bool) -> int:
        """What waits for a press, in a form or to be done again, and speaks of them: all but what goes on."""
        gone = 0
        for column, where in _SEALED:
            key, table = list(column.table.primary_key.columns), column.table
            meant = and_(table.c.team_id == who.team_id, column != b"", where)
            query, after = select(*key, column).where(meant).order_by(*key).limit(BATCH), ("",) * len(key)
            while True:
                async with self._store.reading() as conn:
                    rows = [tuple(row) for row in await conn.execute(query.where(tuple_(*key) > tuple_(*after)))]
                if not rows:
                    break
                after, named = rows[-1][:-1], [row[:-1] for row in rows if self._speaks_of(who, row[-1])]
                gone += len(named)
                if named and erases:
                    await self._store.write(partial(_delete, delete(table).where(tuple_(*key).in_(named))))
        return gone

    def _speaks_of(self, who: Person, payload: bytes) -> bool:
        try:
            text = self._box.open(payload)
        except WrongKey:
            return False  # so nobody can read it
        escaped = _in_json(who.identity)
        spelled = who.channels | ({escaped} if escaped != who.identity else set())
        return who.without(text) != text or any(word in text for word in spelled)


async def _delete(meant: Delete, conn: AsyncConnection) -> None:
    await conn.execute(meant)


async def _change_all(
    table: Table, where: ColumnElement[bool], who: Person, change: Change, conn: AsyncConnection
) -> None:
    for row in (await conn.execute(select(table).where(where))).mappings().all():
        if values := change(row, who):
            await conn.execute(update(table).where(table.c.id == row["id"]).values(values))


def _thing_without(row: RowMapping, who: Person) -> dict[str, object]:
    """What changes, as in the next two; nothing where the row does not speak of them."""
    state = json.loads(row["state"])
    changed = _without(state, who)
    values: dict[str, object] = {} if changed == state else {"state": to_json(changed).decode()}
    return values | ({"made_by": None} if who.is_meant(row["made_by"]) else {}) | _place_without(row, who, None)


def _event_without(row: RowMapping, who: Person) -> dict[str, object]:
    facts = json.loads(row["body"])
    changed = _without(facts, who)
    values: dict[str, object] = {} if changed == facts else {"body": to_json(changed)}
    return values | ({"user_id": FORGOTTEN} if who.is_meant(row["user_id"]) else {}) | _place_without(row, who)


def _attempt_without(row: RowMapping, who: Person) -> dict[str, object]:
    """What was typed loses them where it names people, and so does what came of it."""
    line = unnamed(row["words"], row["path"], row["provider"], Names(who.identity, who.is_meant, who.names, who.unique))
    detail = partial(who.without, named=True, spared=line.others) if line.names_people else who.unique
    changed: dict[str, object] = {
        "words": line.words,
        "detail": row["detail"] and detail(row["detail"]),
        "about": row["about"] and who.unique(row["about"]),
        "also_about": row["also_about"] and who.unique(row["also_about"]),
    }
    values = {name: now for name, now in changed.items() if now != row[name]}
    return values | ({"user_id": FORGOTTEN} if who.is_meant(row["user_id"]) else {}) | _place_without(row, who)


def _place_without(row: RowMapping, who: Person, instead: str | None = FORGOTTEN) -> dict[str, object]:
    return {"channel_id": instead} if row["channel_id"] in who.channels else {}


def _without(value: Any, who: Person, key: str = "") -> Any:
    """JSON without them. The names that they go by in it are noted down."""
    match value:
        case {"identity": identity} if who.is_meant(identity) or who.is_on_telephone(value):
            names = (str(value.get(name, "")) for name in ("name", "participant_name"))
            who.names.update(name for name in names if len(name) > 1)
            return {k: _BLANK[k] if k in _BLANK else _without(entry, who, k) for k, entry in value.items()}
        case dict() if value.keys() == _REF:
            return value
        case dict():
            return {FORGOTTEN if who.is_meant(k) else k: _without(entry, who, k) for k, entry in value.items()}
        case list():
            return [_without(entry, who) for entry in value]
        case str() if key == "number" and value == who.shown:
            return _BLANK[key]
        case str() if key in _FREE_TEXT:
            return who.without(value)
        case str() if key in _SIGNED and who.is_meant(value):
            return _SIGNED[key]
        case _:
            return value


@dataclass(frozen=True, slots=True)
class _Other:
    """Rows that go, or get the values `instead`."""

    table: Table
    where: ColumnElement[bool]
    instead: dict[str, object] | None = None

    @property
    def statement(self) -> Delete | Update:
        if self.instead is None:
            return delete(self.table).where(self.where)
        return update(self.table).where(self.where).values(self.instead)


def _counts(others: Sequence[_Other]) -> Iterator[Select[Any]]:
    """By table, as two may mean the same row."""
    tables = {other.table: [each.where for each in others if each.table is other.table] for other in others}
    for table, meant in tables.items():
        yield select(func.count()).select_from(table).where(or_(*meant))


def _others_of(who: Person) -> list[_Other]:
    kept_out = or_(
        keep_out.c.identity == who.identity, keep_out.c.identity.startswith(f"{who.identity}-", autoescape=True)
    )
    others = [_Other(keep_out, kept_out if who.user_id else keep_out.c.identity == who.identity)]
    if who.user_id is not None:
        others += [_Other(column.table, column == who.user_id) for column in _OWN]
        others += [_Other(column.table, column == who.user_id, {column.name: name}) for column, name in _DONE_BY]
        others += [_Other(column.table, column.in_(who.channels)) for column in _OF_CHANNEL]
        shown = select(thing.c.id).where(thing.c.terminal)
        others.append(_Other(card, and_(card.c.channel_id.in_(who.channels), card.c.thing_id.in_(shown))))
        reserved = reserved_name.c.channel_id.in_(who.channels)
        others.append(_Other(reserved_name, reserved, {"channel_id": FORGOTTEN}))
    return [replace(other, where=and_(other.table.c.team_id == who.team_id, other.where)) for other in others]


def _is(column: Column[Any], who: Person) -> ColumnElement[bool]:
    return column == who.user_id if who.user_id is not None else false()


def _in_json(word: str) -> str:
    return to_json(word)[1:-1].decode()
