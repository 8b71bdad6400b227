"""Changing what a participant is called, carries and may do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from commands.core.base import Advanced, LongText, Needs, Role
from commands.core.context import Context
from commands.core.errors import Problem
from commands.core.json_text import json_hint, json_problem
from commands.core.people import PersonCommand, has_left
from commands.core.permissions import PermissionFields
from commands.core.reply import Reply, Strong, Text
from commands.core.tracks import shortened, spoken_all
from commands.core.types import Pairs
from providers.base import (
    Capability,
    Limits,
    Participant,
    ParticipantChanges,
    PermissionChanges,
    Permissions,
    Provider,
    Track,
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
    "hidden": "stay unseen by the others",
}
_LONGEST_SHOWN = 60


class ParticipantUpdate(
    PermissionFields,
    PersonCommand,
    path="participant update",
    role=Role.OPERATOR,
    needs=(Capability.UPDATE_PARTICIPANT, Capability.LIST_PARTICIPANTS),
    examples=("standup bob --grant subscriber", 'standup bob --name "Bob B." --attribute role=host'),
):
    """Change somebody's name, metadata, attributes or permissions while they are in the room."""

    permissions_need: ClassVar[Capability] = Capability.PARTICIPANT_PERMISSIONS

    name: Annotated[str | None, Needs(Capability.PARTICIPANT_NAME)] = Field(
        None, description="The name that others see"
    )
    grant: Annotated[Literal["subscriber", "publisher"] | None, Needs(Capability.PARTICIPANT_PERMISSIONS)] = Field(
        None, description="What they may do: watch, or send too; single permissions given beside it win"
    )
    metadata: Annotated[str | None, Needs(Capability.PARTICIPANT_METADATA), LongText()] = Field(
        None, description="Text for the application, in place of what there is"
    )
    attribute: Annotated[Pairs, Needs(Capability.PARTICIPANT_ATTRIBUTES)] = Field(
        default_factory=dict, description="Key and value to set, such as role=host; role= removes it"
    )
    as_json: Annotated[bool, Advanced()] = Field(False, description="The metadata must be JSON")

    def problems(self, provider: Provider) -> list[Problem]:
        found = self.permission_problems()
        if not self.changed_fields() - {"provider", "room", "room_id", "who", "exact", "as_json"}:
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
        return limits.metadata_problem(text) or (json_problem(text) if self.as_json and text else None)

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        before = await self.find_who(ctx, room)
        try:
            after = await ctx.provider.update_participant(room, before.identity, self._changes())
        except NotFound:
            raise await has_left(ctx, room, before) from None
        changes = _differences(before, after)
        text: Text = ("Changed ", Strong(after.shown_name), " in ", Strong(room.name), ".")
        if not changes:
            text = (Strong(after.shown_name), " was like that already; nothing changed.")
        return Reply(
            text=text,
            facts=tuple(changes),
            hint=" ".join(filter(None, [_stopped(before, after), self._hidden(), json_hint(self.metadata or "")])),
        )

    def _hidden(self) -> str:
        """Seen on livekit-server 1.13.5, which tells nobody that somebody has become hidden."""
        return "Those who are in the room already may go on seeing them." if self.hidden else ""

    def _changes(self) -> ParticipantChanges:
        said = {name: value for name, value in self.permission_changes().items() if value is not None}
        return ParticipantChanges(
            name=self.name,
            metadata=self.metadata,
            attributes=self.attribute,
            permissions=replace(_PRESETS[self.grant], **said),
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


def _permissions(permissions: Permissions) -> Mapping[str, str]:
    found = {words: "yes" if getattr(permissions, name) else "no" for name, words in _WORDS.items()}
    if permissions.can_publish and permissions.sources:
        found[_WORDS["can_publish"]] = f"only {_sources(permissions)}"
    return found


def _shown(text: str | None) -> str:
    return shortened(text, _LONGEST_SHOWN) if text else "none"


def _stopped(before: Participant, after: Participant) -> str:
    """Taking a right away ends what was sent by it, and giving it back does not begin it again."""
    if after.permissions is None or not (stopped := [t for t in before.tracks if not _may_send(after.permissions, t)]):
        return ""
    return f"This has stopped: {spoken_all(stopped)}. Should they get the right back, their app must send it anew."


def _may_send(permissions: Permissions, track: Track) -> bool:
    return permissions.can_publish and (not permissions.sources or track.source in permissions.sources)
