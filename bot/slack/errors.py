"""Slack's error codes, narrowed once to what can be done about them. docs/slack.md shows the same as a table.

    SlackError
    ├── ChannelClosed      the bot cannot write in that channel until somebody changes something there
    ├── PersonUnreachable  that person cannot be written to in that way
    ├── GroupGone          there is no such user group
    ├── FileRefused        the workspace takes no such file
    ├── MessageGone        the message was deleted, or cannot be edited any more
    ├── ViewGone           the trigger or the view is too old
    ├── PayloadRefused     our bug: what we sent is not what Slack takes
    ├── UrlSpent           the response_url is used up, too old or not Slack's
    ├── TokenDead          nothing works until somebody installs the app again
    ├── NotGranted         the app was not given what that call needs
    ├── Suspended          a rule or a move of the workspace that ends by itself or by an admin
    ├── Throttled          too many calls
    ├── Unfamiliar         a refusal whose code stands in no list here
    └── SlackDown          Slack's trouble or the network's: it may have happened
        └── Unreached      Slack never got the call

Codes and their meaning: https://docs.slack.dev/reference/methods/chat.postMessage and its siblings, and for a
response_url https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
"""

from collections.abc import Mapping
from typing import ClassVar

from slack_sdk.errors import SlackApiError

UNKNOWN_WAIT_SECONDS = 30.0
SHORTEST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 3600.0
"""What a longer Retry-After is cut to: trying again after an hour does no harm, and waiting for ever would."""


class SlackError(Exception):
    """`code` is Slack's word for it, or a word of ours where nothing was answered.

    `codes`: those that mean this; one that ends with `*` stands for all that begin so. `remedy`: what somebody can
    do. `may_have_happened`: whether Slack may have done what was asked all the same.
    """

    codes: ClassVar[frozenset[str]] = frozenset()
    remedy: ClassVar[str] = ""
    may_have_happened: ClassVar[bool] = False

    def __init__(self, code: str, method: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code
        self.method = method


class ChannelClosed(SlackError):
    """The bot cannot write in that channel."""

    remedy = "invite the bot to the channel, take it out of the archive, or let apps post there"
    codes = frozenset(
        [
            "not_in_channel",
            "channel_not_found",
            "no_permission",
            "is_archived",
            "is_inactive",
            "channel_is_archived",
            "action_prohibited",
            "posting_to_general_channel_denied",
            "restricted_action",
            "restricted_action_read_only_channel",
            "restricted_action_thread_only_channel",
            "restricted_action_non_threadable_channel",
            "restricted_action*",
        ]
    )


class PersonUnreachable(SlackError):
    """The person is not there, or takes no messages of the bot."""

    remedy = "the person joins the channel, or the app's Messages tab is switched on as manifest.yml has it"
    codes = frozenset(
        [
            "user_not_in_channel",
            "messages_tab_disabled",
            "cannot_dm_bot",
            "user_disabled",
            "user_not_found",
            "users_not_found",
            "user_not_visible",
            "invalid_user_combination",
        ]
    )


class GroupGone(SlackError):
    """There is no such user group any more, or the workspace's plan has none."""

    remedy = "take away what was granted to the group, or switch it on again"
    codes = frozenset(["no_such_subteam", "plan_upgrade_required"])


class FileRefused(SlackError):
    """The workspace takes no such file."""

    remedy = "ask whoever runs the workspace to allow uploads of such files"
    codes = frozenset(
        [
            "file_type_not_allowed",
            "file_upload_size_restricted",
            "file_uploads_disabled",
            "file_uploads_except_images_disabled",
        ]
    )


class MessageGone(SlackError):
    """The message was deleted, is not ours, or cannot be edited any more."""

    remedy = "none is needed: what is still true is posted as a new message when it ends or somebody asks for it"
    codes = frozenset(
        [
            "message_not_found",
            "cant_update_message",
            "edit_window_closed",
            "cant_delete_message",
            "cannot_reply_to_message",
            "thread_not_found",
            "invalid_thread_ts",
            "block_mismatch",
            "streaming_state_conflict",
        ]
    )


class ViewGone(SlackError):
    """Slack opens a form within three seconds of a press, and changes only the newest state of one."""

    remedy = "press again"
    codes = frozenset(
        [
            "expired_trigger_id",
            "exchanged_trigger_id",
            "invalid_trigger_id",
            "trigger_expired",
            "trigger_exchanged",
            "hash_conflict",
            "not_found",
            "view_not_found",
            "push_limit_reached",
        ]
    )


class PayloadRefused(SlackError):
    """What was sent is not what Slack takes."""

    remedy = "report it as a bug of the bot, with the line of the log"
    codes = frozenset(
        [
            "invalid_blocks",
            "invalid_blocks_format",
            "msg_too_long",
            "msg_blocks_too_long",
            "no_text",
            "too_many_attachments",
            "invalid_attachments",
            "only_one_table_allowed",
            "markdown_text_conflict",
            "as_user_not_supported",
            "cant_broadcast_message",
            "no_dual_broadcast_content_update",
            "view_too_large",
            "duplicate_external_id",
            "missing_profile_id",
            "metadata_too_large",
            "metadata_must_be_sent_from_app",
            "invalid_metadata_format",
            "invalid_metadata_schema",
            "invalid_arguments",
            "invalid_arg_name",
            "invalid_cursor",
            "invalid_limit",
            "invalid_array_arg",
            "invalid_charset",
            "invalid_form_data",
            "invalid_post_type",
            "missing_post_type",
            "missing_args",
            "missing_argument",
            "file_not_found",
            "invalid_channel",
            "invalid_json",
            "json_not_object",
            "invalid_payload",
            "insecure_request",
            "users_list_not_supplied",
            "not_enough_users",
            "too_many_users",
            "method_not_supported_for_channel_type",
            "method_deprecated",
            "deprecated_endpoint",
            "unknown_method",
        ]
    )


class UrlSpent(SlackError):
    """A `response_url` works five times within half an hour."""

    remedy = "none is needed: the answer goes another way"
    codes = frozenset(["used_url", "expired_url", "invalid_url", "no_service", "no_active_hooks", "foreign_host"])


class TokenDead(SlackError):
    """Slack refuses the token."""

    remedy = "install the app again, copy the token from the app's page and start the bot with it"
    codes = frozenset(
        [
            "account_inactive",
            "token_revoked",
            "token_expired",
            "invalid_auth",
            "invalid_token",
            "not_authed",
            "not_allowed_token_type",
            "is_bot",
            "forbidden_team",
            "team_disabled",
            "user_removed_from_team",
        ]
    )


class NotGranted(SlackError):
    """The app was not given what that call needs. `needed` and `provided` are scopes, where Slack names them."""

    remedy = "make the app's settings as manifest.yml has them, then install it again"
    codes = frozenset(
        [
            "missing_scope",
            "not_enabled",
            "not_implemented",
            "access_denied",
            "accesslimited",
            "team_access_not_granted",
            "team_not_found",
            "enterprise_is_restricted",
            "two_factor_setup_required",
        ]
    )

    def __init__(self, code: str, method: str, *, needed: str = "", provided: str = "") -> None:
        super().__init__(code, method)
        self.needed = needed
        self.provided = provided


class Suspended(SlackError):
    """Something in the workspace stands in the way for a while."""

    remedy = "none is needed where the workspace is being moved; else ask its admins"
    codes = frozenset(
        [
            "ekm_access_denied",
            "org_login_required",
            "team_added_to_org",
            "external_channel_migrating",
            "message_limit_exceeded",
            "slack_connect_*",
        ]
    )


class Throttled(SlackError):
    """Too many calls. `retry_after` in seconds, as Slack says it."""

    remedy = "none is needed"
    codes = frozenset(["ratelimited", "rate_limited"])

    def __init__(self, code: str, method: str, retry_after: float = UNKNOWN_WAIT_SECONDS) -> None:
        super().__init__(code, method)
        self.retry_after = retry_after


class Unfamiliar(SlackError):
    """A refusal by a code that stands in no list here: nothing was done."""

    remedy = "look the code up in Slack's reference of that method"


class SlackDown(SlackError):
    """Slack's trouble or the network's. It may have happened, and Slack says so itself of two of these codes."""

    remedy = "none is needed: cards follow by themselves; who asked looks before repeating it"
    may_have_happened = True
    codes = frozenset(
        [
            "internal_error",
            "fatal_error",
            "service_unavailable",
            "request_timeout",
            "update_failed",
            "rollup_error",
            "fetch_members_failed",
            "timeout",
            "connection",
            "http_5*",
        ]
    )


class Unreached(SlackDown):
    """No connection was made, or something before Slack refused it."""

    remedy = "check the network, its proxy and SLACK_API_URL"
    may_have_happened = False
    codes = frozenset(["no_connection", "http_3*", "http_4*"])


KINDS: tuple[type[SlackError], ...] = (
    ChannelClosed,
    PersonUnreachable,
    GroupGone,
    FileRefused,
    MessageGone,
    ViewGone,
    PayloadRefused,
    UrlSpent,
    TokenDead,
    NotGranted,
    Suspended,
    Throttled,
    SlackDown,
    Unreached,
    Unfamiliar,
)
_KIND_OF: Mapping[str, type[SlackError]] = {code: kind for kind in KINDS for code in kind.codes}
_PREFIXES = tuple((code.removesuffix("*"), kind) for code, kind in _KIND_OF.items() if code.endswith("*"))


def kind_of(code: str) -> type[SlackError]:
    """What that code means. An answer that is none of Slack's is known by its status, as in `http_502`."""
    if code in _KIND_OF:
        return _KIND_OF[code]
    if (found := next((kind for prefix, kind in _PREFIXES if code.startswith(prefix)), None)) is not None:
        return found
    return SlackDown if code.startswith("http_") else Unfamiliar


def narrow(error: SlackApiError, method: str) -> SlackError:
    """The SDK's one error to ours. What it carries is not always an answer of Slack's: a proxy's page has no code."""
    answer = getattr(error.response, "data", None)
    status, headers = getattr(error.response, "status_code", 0), getattr(error.response, "headers", {})
    return refusal(answer, status, headers, method)


def refusal(answer: object, status: int, headers: Mapping[str, str], method: str) -> SlackError:
    """What an answer other than yes means. `answer` is what was read of its body as JSON, of whatever type."""
    said = answer if isinstance(answer, dict) else {}
    code = str(said.get("error") or "") or f"http_{status}"
    if code in Throttled.codes or status == 429:
        return Throttled(code, method, _wait_seconds(headers))
    kind = kind_of(code)
    if kind is Unfamiliar and status != 200:
        code = f"http_{status}"  # then the status says more than a word that nobody knows
        kind = kind_of(code)
    if kind is NotGranted and method == "apps.connections.open":
        return TokenDead(code, method)  # the app-level token is for this call alone
    if kind is NotGranted:
        needed, provided = (str(said.get(name) or "") for name in ("needed", "provided"))
        return NotGranted(code, method, needed=needed, provided=provided)
    return kind(code, method)


def _wait_seconds(headers: Mapping[str, str]) -> float:
    """Whole seconds by Slack; a proxy on the way may put a date there, or nothing, or write the name its own way."""
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    is_number = said.isascii() and said.isdigit()
    return min(max(float(said), SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS) if is_number else UNKNOWN_WAIT_SECONDS
