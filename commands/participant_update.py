"""Changing what a participant is called, carries and may do."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from commands.core.base import Advanced, LongText, Needs, Private, Role
from commands.core.context import Context
from commands.core.errors import Problem
from commands.core.json_text import demanded_json_problem, json_hint
from commands.core.people import PersonCommand, has_left
from commands.core.permissions import ALL_SOURCES, PermissionFields
from commands.core.reply import Reply, Strong, Text
from commands.core.tracks import spoken_all
from commands.core.types import Pairs
from commands.core.words import shortened
from providers.base import (
    Capability,
    Limits,
    Participant,
    ParticipantChanges,
    PermissionChanges,
    Permissions,
    Provider,
)
from providers.errors import NotFound

_PRESETS = {
    None: PermissionChanges(),
    "subscriber": PermissionChanges(can_subscribe=True, can_publish=False, can_publish_data=False),
    "publisher": PermissionChanges(can_subscribe=True, can_publish=True, can_publish_data=True),
}
_WORDS = {
    "can_publish": "send sound and picture",
    "can_subscribe": "receive from others",
    "can_publish_data": "send messages",
    "can_update_metadata": "change their own name and metadata",
    "can_subscribe_metrics": "read measurements of connections",
    "can_manage_agent_session": "manage sessions with agents",
    "hidden": "stay unseen by the others",
}
_LONGEST_SHOWN = 60
_WHOM = frozenset({"provider", "room", "room_id", "who", "exact"})


class ParticipantUpdate(
    PermissionFields,
    PersonCommand,
    path="participant update",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_PARTICIPANT, Capability.LIST_PARTICIPANTS),
    examples=("standup bob --grant subscriber", 'standup bob --name "Bob B." --attribute role=host'),
):
    """Change somebody's name, metadata, attributes or permissions while they are in the room."""

    begins_from = ("room", "who")
    permissions_need: ClassVar[Capability] = Capability.PARTICIPANT_PERMISSIONS

    name: Annotated[str | None, Needs(Capability.PARTICIPANT_NAME)] = Field(
        None, description="The name that others see"
    )
    grant: Annotated[Literal["subscriber", "publisher"] | None, Needs(Capability.PARTICIPANT_PERMISSIONS)] = Field(
        None,
        description="What they may do: subscriber watches, publisher sends too; single permissions given beside it win",
    )
    metadata: Annotated[str | None, Needs(Capability.PARTICIPANT_METADATA), LongText(), Private()] = Field(
        None, description="Text for the application, in place of what there is"
    )
    attribute: Annotated[Pairs, Needs(Capability.PARTICIPANT_ATTRIBUTES), Private()] = Field(
        default_factory=dict, description="Key and value to set, such as role=host; role= removes it"
    )
    as_json: Annotated[bool, Advanced()] = Field(False, description="The metadata must be JSON")

    @classmethod
    async def begins_with(cls, ctx: Context, given: Mapping[str, object]) -> Mapping[str, object]:
        known = cls.model_validate({name: value for name, value in given.items() if name in _WHOM})
        person = await known.find_who(ctx, await ctx.find_room(known))
        return {
            "name": person.name,
            "metadata": person.metadata,
            "attribute": person.attributes,
            **(_as_fields(person.permissions) if person.permissions else {}),
        }

    @property
    def is_unfinished(self) -> bool:
        return not self.changed_fields() - _WHOM - {"as_json"}

    def problems(self, provider: Provider) -> list[Problem]:
        found = self.permission_problems()
        if self.is_unfinished:
            found.append(Problem("Say what to change: --name, --metadata, --attribute, --grant or a permission."))
        limits = provider.limits
        if problem := limits.display_name_problem(self.name or ""):
            found.append(Problem(problem, "name"))
        if problem := self._metadata_problem(limits):
            found.append(Problem(problem, "metadata"))
        if problem := limits.attributes_problem(self.attribute):
            found.append(Problem(problem, "attribute"))
        if Capability.CLEAR_PARTICIPANT_TEXT not in provider.capabilities:
            found += [
                Problem(f"On {provider.name} it cannot be emptied; give it another text.", field)
                for field in ("name", "metadata")
                if getattr(self, field) == ""
            ]
        return found

    def _metadata_problem(self, limits: Limits) -> str | None:
        text = self.metadata or ""
        return limits.metadata_problem(text) or demanded_json_problem(text, as_json=self.as_json)

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        before = await self.find_who(ctx, room)
        try:
            after = await ctx.provider.update_participant(room, before.identity, self._changes())
        except NotFound:
            raise await has_left(ctx, room, before) from None
        if before.is_person is not after.is_person:
            await ctx.participants(room)  # for the cards, as no webhook tells of somebody who is hidden
        changes = _differences(before, after)
        text: Text = ("Changed ", Strong(after.shown_name), " in ", Strong(room.name), ".")
        if not changes:
            text = (Strong(after.shown_name), " was like that already; nothing changed.")
        return Reply(
            text=text,
            facts=tuple(changes),
            hint=" ".join(filter(None, self._hints(before, after))),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """Part of what was to be set stands in no record, so what is there is shown instead."""
        person = await self.find_who(ctx, await ctx.find_room(self))
        attributes = ", ".join(f"{key}={value}" for key, value in sorted(person.attributes.items()))
        facts: list[tuple[str, Text]] = [
            ("Name", _shown(person.name)),
            ("Metadata", _shown(person.metadata)),
            ("Attributes", _shown(attributes)),
            *([("May", allowed(person.permissions))] if person.permissions is not None else []),
        ]
        text: Text = ("This is how ", Strong(person.shown_name), " is in ", Strong(self.room), " at present.")
        return Reply(text=text, facts=tuple(facts))

    def _hints(self, before: Participant, after: Participant) -> Iterator[str]:
        yield _stopped(before, after)
        yield _limit_lost(before, after)
        if self.hidden:  # seen on livekit-server 1.13.5, which tells nobody that somebody has become hidden
            yield "Those who are in the room already may go on seeing them."
        yield json_hint(self.metadata or "")

    def _changes(self) -> ParticipantChanges:
        return ParticipantChanges(
            name=self.name,
            metadata=self.metadata,
            attributes=self.attribute,
            permissions=replace(_PRESETS[self.grant], **self.permission_changes().named()),
        )


def allowed(permissions: Permissions) -> str:
    """`send camera, receive from others`: what somebody may do, in words."""
    words = [words for name, words in _WORDS.items() if getattr(permissions, name)]
    if permissions.can_publish and permissions.sources:
        words[0] = f"send {_sources(permissions)}"
    return ", ".join(words) or "nothing"


def _sources(permissions: Permissions) -> str:
    return ", ".join(source.value.replace("_", " ") for source in permissions.sources)


def _differences(before: Participant, after: Participant) -> list[tuple[str, Text]]:
    """What is otherwise than it was, each from what to what."""
    keys = sorted({*before.attributes, *after.attributes})
    compared = [
        ("Name", before.name, after.name),
        ("Metadata", before.metadata, after.metadata),
        *((f"Attribute {shortened(key, 40)}", before.attributes.get(key), after.attributes.get(key)) for key in keys),
    ]
    if before.permissions is not None and after.permissions is not None:
        was, is_ = _permissions(before.permissions), _permissions(after.permissions)
        compared += [(f"May {words}", was[words], is_[words]) for words in was]
    return [(label, f"{_shown(was)} → {_shown(now)}") for label, was, now in compared if was != now]


def _as_fields(permissions: Permissions) -> Mapping[str, object]:
    """As the fields of `PermissionFields` say it. Who may publish without a limit may send all sources."""
    sources = [source.value for source in permissions.sources] or ([ALL_SOURCES] if permissions.can_publish else [])
    return {name: getattr(permissions, name) for name in _WORDS} | {"source": sources}


def _permissions(permissions: Permissions) -> Mapping[str, str]:
    found = {words: "yes" if getattr(permissions, name) else "no" for name, words in _WORDS.items()}
    if permissions.can_publish:
        found[_WORDS["can_publish"]] = f"only {_sources(permissions)}" if permissions.sources else "all sources"
    return found


def _shown(text: str | None) -> str:
    return shortened(text, _LONGEST_SHOWN) if text else "none"


def _stopped(before: Participant, after: Participant) -> str:
    """Taking a right away ends what was sent by it, and giving it back does not begin it again."""
    may = after.permissions
    if may is None or not (stopped := [track for track in before.tracks if not may.may_publish(track.source)]):
        return ""
    return f"This has stopped: {spoken_all(stopped)}. Should they get the right back, their app must send it anew."


def _limit_lost(before: Participant, after: Participant) -> str:
    """Who may not publish has no sources, so that publishing comes back without the limit."""
    was, may = before.permissions, after.permissions
    if was is None or may is None or not was.sources or may.can_publish:
        return ""
    limit = f"The limit to {_sources(was)} is gone too"
    return f"{limit}; name it again when you give the right back, else all sources are allowed."
