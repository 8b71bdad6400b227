"""What a video server may or may not be able to do."""

from enum import StrEnum


class Capability(StrEnum):
    """A member whose value names a method of `Backend` is that method's: derived from what is overridden.

    The others are options of a method; a backend declares them in `options`.
    """

    CREATE_ROOM = "create_room"
    LIST_ROOMS = "list_rooms"
    UPDATE_ROOM_METADATA = "update_room_metadata"
    CLOSE_ROOM = "close_room"
    CREATE_TOKEN = "create_token"  # noqa: S105 - the name of a method
    CREATE_API_TOKEN = "create_api_token"  # noqa: S105 - the name of a method
    LIST_PARTICIPANTS = "list_participants"
    UPDATE_PARTICIPANT = "update_participant"
    REMOVE_PARTICIPANT = "remove_participant"
    MOVE_PARTICIPANT = "move_participant"
    FORWARD_PARTICIPANT = "forward_participant"
    MUTE_TRACK = "mute_track"
    UNMUTE_TRACK = "unmute_track"
    UPDATE_SUBSCRIPTIONS = "update_subscriptions"
    SEND_SIGNAL = "send_signal"
    START_RECORDING = "start_recording"
    STOP_RECORDING = "stop_recording"
    LIST_RECORDINGS = "list_recordings"
    UPDATE_RECORDING_LAYOUT = "update_recording_layout"
    START_STREAM = "start_stream"
    STOP_STREAM = "stop_stream"
    LIST_STREAMS = "list_streams"
    UPDATE_STREAM = "update_stream"
    UPDATE_STREAM_LAYOUT = "update_stream_layout"
    START_EGRESS = "start_egress"
    STOP_EGRESS = "stop_egress"
    LIST_EGRESSES = "list_egresses"
    UPDATE_EGRESS_LAYOUT = "update_egress_layout"

    MAX_PARTICIPANTS = "max_participants"
    EMPTY_TIMEOUT = "empty_timeout"
    DEPARTURE_TIMEOUT = "departure_timeout"
    ROOM_METADATA = "room_metadata"
    RECORD_FROM_START = "record_from_start"
    ROOM_MADE_ON_JOIN = "room_made_on_join"
    TOKEN_METADATA = "token_metadata"  # noqa: S105 - an option's name
    TOKEN_ATTRIBUTES = "token_attributes"  # noqa: S105 - an option's name
    TOKEN_PERMISSIONS = "token_permissions"  # noqa: S105 - an option's name
    PARTICIPANT_TRACKS = "participant_tracks"
    PARTICIPANT_METADATA = "participant_metadata"
    PARTICIPANT_ATTRIBUTES = "participant_attributes"
    PARTICIPANT_NAME = "participant_name"
    PARTICIPANT_PERMISSIONS = "participant_permissions"
    CLEAR_PARTICIPANT_TEXT = "clear_participant_text"
    SIGNAL_TOPIC = "signal_topic"
    SIGNAL_LOSSY = "signal_lossy"
    RECORDING_LAYOUT = "recording_layout"
    RECORDING_AUDIO_ONLY = "recording_audio_only"
    RECORDING_VIDEO_ONLY = "recording_video_only"
    RECORDING_PARTICIPANT = "recording_participant"
    RECORDING_TRACKS = "recording_tracks"
    RECORDING_WEB = "recording_web"
    RECORDING_FORMAT = "recording_format"
    RECORDING_SEGMENTS = "recording_segments"
    RECORDING_IMAGES = "recording_images"
    RECORDING_PRESET = "recording_preset"
    RECORDING_ENCODING = "recording_encoding"
    RECORDING_OUTPUT = "recording_output"
    STREAM_LAYOUT = "stream_layout"
    STREAM_AUDIO_ONLY = "stream_audio_only"
    STREAM_PRESET = "stream_preset"
    STREAM_HLS = "stream_hls"
