"""The fields that say what somebody may do in a room: the same for a token and for a participant who is in."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from commands.core.base import Advanced, Needs, RoomCommand
from commands.core.errors import Problem
from commands.core.types import DASHED
from providers.base import Capability, PermissionChanges, TrackSource

Source = Literal["camera", "microphone", "screen_share", "screen_share_audio", "all"]

ALL_SOURCES = "all"


class PermissionFields(RoomCommand):
    """Base of the commands that have them. `permissions_need` is what the server must be able to do for each field."""

    permissions_need: ClassVar[Capability]

    can_publish: Annotated[bool | None, Advanced()] = Field(None, description="Whether they may send sound and picture")
    can_subscribe: Annotated[bool | None, Advanced()] = Field(None, description="Whether they may receive from others")
    can_publish_data: Annotated[bool | None, Advanced()] = Field(None, description="Whether they may send messages")
    source: Annotated[tuple[Source, ...], Advanced(), DASHED] = Field(
        (), description="What they may send, as often as needed"
    )
    can_update_metadata: Annotated[bool | None, Advanced()] = Field(
        None, description="Whether they may change their own name, metadata and attributes"
    )
    can_subscribe_metrics: Annotated[bool | None, Advanced()] = Field(
        None, description="Whether they may read the measurements of others' connections"
    )
    can_manage_agent_session: Annotated[bool | None, Advanced()] = Field(
        None, description="Whether they may manage sessions with agents"
    )
    hidden: Annotated[bool | None, Advanced()] = Field(None, description="Whether the others do not see them")

    @classmethod
    def __pydantic_init_subclass__(cls, **keywords: Any) -> None:
        """What the fields need differs from command to command, so each command's own fields are marked."""
        super().__pydantic_init_subclass__(**keywords)
        for name in PermissionFields.__annotations__.keys() & cls.model_fields.keys():
            cls.model_fields[name].metadata.append(Needs(cls.permissions_need))

    def permission_changes(self) -> PermissionChanges:
        """What was said of permissions; false where nothing was."""
        return PermissionChanges(
            can_publish=self.can_publish,
            can_subscribe=self.can_subscribe,
            can_publish_data=self.can_publish_data,
            sources=self._sources(),
            can_update_metadata=self.can_update_metadata,
            can_subscribe_metrics=self.can_subscribe_metrics,
            can_manage_agent_session=self.can_manage_agent_session,
            hidden=self.hidden,
        )

    def permission_problems(self) -> list[Problem]:
        """What contradicts itself."""
        if self.source and self.can_publish is False:
            return [Problem("Who may not publish has no sources; leave one of the two out.", "source")]
        if ALL_SOURCES in self.source and len(set(self.source)) > 1:
            return [Problem("All sources include the others; name all of them or those that are meant.", "source")]
        return []

    def _sources(self) -> tuple[TrackSource, ...] | None:
        if not self.source:
            return None
        return tuple(TrackSource(name) for name in dict.fromkeys(self.source) if name != ALL_SOURCES)
