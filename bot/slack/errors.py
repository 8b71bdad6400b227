"""Slack's error codes, narrowed once to what can be done about them.

    SlackError
    ├── ChannelClosed   the bot cannot post there: stop, and say how to invite it
    ├── MessageGone     the message was deleted or is not ours
    ├── ViewGone        the trigger or the view is too old: ask the person to press again
    ├── PayloadRefused  our bug: what we sent is not what Slack takes
    ├── TokenDead       nothing works until somebody installs the app again
    ├── Throttled       wait `retry_after`
    └── SlackDown       Slack's trouble or the network's: it may or may not have happened

Codes and their meaning: https://docs.slack.dev/reference/methods/chat.postMessage and its siblings.
"""

from collections.abc import Mapping

from slack_sdk.errors import SlackApiError

UNKNOWN_WAIT_SECONDS = 30.0


class SlackError(Exception):
    """`code` is Slack's word for it, or a word of ours where nothing was answered."""

    codes: frozenset[str] = frozenset()

    def __init__(self, code: str, method: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code
        self.method = method


class ChannelClosed(SlackError):
    codes = frozenset(
        [
            "not_in_channel",
            "channel_not_found",
            "is_archived",
            "is_inactive",
            "restricted_action",
            "restricted_action_read_only_channel",
            "restricted_action_thread_only_channel",
            "restricted_action_non_threadable_channel",
            "user_not_in_channel",
            "messages_tab_disabled",
            "cannot_dm_bot",
            "user_disabled",
        ]
    )


class MessageGone(SlackError):
    codes = frozenset(
        [
            "message_not_found",
            "cant_update_message",
            "edit_window_closed",
            "cant_delete_message",
            "cannot_reply_to_message",
        ]
    )


class ViewGone(SlackError):
    codes = frozenset(
        [
            "expired_trigger_id",
            "exchanged_trigger_id",
            "trigger_expired",
            "trigger_exchanged",
            "hash_conflict",
            "not_found",
            "view_not_found",
            "push_limit_reached",
        ]
    )


class PayloadRefused(SlackError):
    codes = frozenset(
        [
            "invalid_blocks",
            "invalid_blocks_format",
            "msg_too_long",
            "msg_blocks_too_long",
            "no_text",
            "too_many_attachments",
            "only_one_table_allowed",
            "invalid_arguments",
            "view_too_large",
            "duplicate_external_id",
        ]
    )


class TokenDead(SlackError):
    codes = frozenset(
        [
            "account_inactive",
            "token_revoked",
            "token_expired",
            "invalid_auth",
            "not_authed",
            "not_allowed_token_type",
            "access_denied",
            "forbidden_team",
            "team_disabled",
            "user_removed_from_team",
            "missing_scope",
            "no_permission",
            "team_access_not_granted",
        ]
    )


class Throttled(SlackError):
    """`retry_after` in seconds, as Slack says it."""

    codes = frozenset(["ratelimited", "rate_limited", "message_limit_exceeded"])

    def __init__(self, code: str, method: str, retry_after: float = UNKNOWN_WAIT_SECONDS) -> None:
        super().__init__(code, method)
        self.retry_after = retry_after


class SlackDown(SlackError):
    """Whatever is in no list belongs here too: waiting and trying again does no harm to an update."""


_CLASS_OF: Mapping[str, type[SlackError]] = {
    code: kind
    for kind in (ChannelClosed, MessageGone, ViewGone, PayloadRefused, TokenDead, Throttled)
    for code in kind.codes
}


def _seconds(retry_after: str) -> float:
    """Whole seconds by Slack; a proxy on the way may put a date there, or nothing."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else UNKNOWN_WAIT_SECONDS


def narrow(error: SlackApiError, method: str) -> SlackError:
    """The SDK's one error to ours. What it carries is not always an answer of Slack's: a proxy's page has no code."""
    answer, headers = getattr(error.response, "data", None), getattr(error.response, "headers", {})
    status = getattr(error.response, "status_code", 0)
    code = str(answer.get("error") if isinstance(answer, dict) else "") or f"http_{status}"
    if code in Throttled.codes or status == 429:
        return Throttled(code, method, _seconds(headers.get("Retry-After", "")))
    return _CLASS_OF.get(code, SlackDown)(code, method)
