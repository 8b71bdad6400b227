"""What a participant may do, as LiveKit says it in a participant and in a token."""

from livekit.api import ParticipantPermission, VideoGrants
from livekit.api import TrackSource as SourceNumber

from providers.base import Grant, PermissionChanges, Permissions, TokenOptions, TrackSource

_SOURCES = {number: TrackSource(name.lower()) for name, number in SourceNumber.items()}


def source(number: int) -> TrackSource:
    return _SOURCES.get(number, TrackSource.UNKNOWN)


def permissions(message: ParticipantPermission) -> Permissions:
    return Permissions(
        can_subscribe=message.can_subscribe,
        can_publish=message.can_publish,
        can_publish_data=message.can_publish_data,
        sources=tuple(source(number) for number in message.can_publish_sources),
        can_update_metadata=message.can_update_metadata,
        can_subscribe_metrics=message.can_subscribe_metrics,
        can_manage_agent_session=message.can_manage_agent_session,
        hidden=message.hidden,
    )


def changed(message: ParticipantPermission, changes: PermissionChanges) -> ParticipantPermission:
    """The whole set to send. What we do not know of (a recorder's and an agent's flags) stays as it is."""
    before = permissions(message)
    after = before.changed(changes)
    whole = ParticipantPermission()
    whole.CopyFrom(message)
    whole.can_subscribe = after.can_subscribe
    whole.can_publish = after.can_publish
    whole.can_publish_data = after.can_publish_data
    whole.can_update_metadata = after.can_update_metadata
    whole.can_subscribe_metrics = after.can_subscribe_metrics
    whole.can_manage_agent_session = after.can_manage_agent_session
    whole.hidden = after.hidden
    if after.sources != before.sources:
        whole.ClearField("can_publish_sources")
        whole.MergeFrom(ParticipantPermission(can_publish_sources=[each.name for each in after.sources]))
    return whole


def grants(room: str, options: TokenOptions) -> VideoGrants:
    """What a token to join says. Publishing is said in so many words, because LiveKit takes its absence for a yes."""
    allowed = options.permitted
    return VideoGrants(
        room_join=True,
        room=room,
        room_admin=True if options.grant is Grant.MODERATOR else None,
        can_subscribe=allowed.can_subscribe,
        can_publish=allowed.can_publish,
        can_publish_data=allowed.can_publish_data,
        can_publish_sources=[each.value for each in allowed.sources] or None,
        can_update_own_metadata=allowed.can_update_metadata or None,
        can_subscribe_metrics=allowed.can_subscribe_metrics or None,
        can_manage_agent_session=allowed.can_manage_agent_session or None,
        hidden=allowed.hidden or None,
    )
