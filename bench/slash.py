"""Signed slash commands as Slack sends them. Each has a trigger id of its own, so that none is taken for a retry, and a
response_url of its own, as each admits five answers only."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from bot.demo.slack.deliver import signature

LINE = "room list"
"""The cheapest command that asks a video server."""

PATH = "/slack/events"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who types, where, and what it takes to pass for Slack. Answers go to what begins with `response_url`."""

    port: int
    signing_secret: str
    team_id: str = "T0BENCH"
    channel_id: str = "C0BENCH"
    user_id: str = "U0BENCH"
    response_url: str = "https://hooks.slack.com/commands/T0BENCH/1"

    def requests(self) -> Iterator[bytes]:
        """Whole HTTP requests, without end, each signed as it is taken."""
        form = self._form()
        number = 0
        while True:
            number += 1
            yield self._signed(form % (number, number, time.time_ns()))

    def forged(self) -> bytes:
        """One that is signed with another secret."""
        body = self._form() % (0, 0, 0)
        return self._request(body, *_stamp("another secret", body))

    def _form(self) -> bytes:
        """All that is the same in each, with places for the ends of the response_url and of the trigger id."""
        fields = {
            "token": "",
            "team_id": self.team_id,
            "team_domain": "bench",
            "channel_id": self.channel_id,
            "channel_name": "general",
            "user_id": self.user_id,
            "user_name": "omar",
            "command": "/video",
            "text": LINE,
            "api_app_id": "A0BENCH",
            "is_enterprise_install": "false",
            "response_url": f"{self.response_url}/",
        }
        return urlencode(fields).encode().replace(b"%", b"%%") + b"%d&trigger_id=%d.%d"

    def press(self, value: str, action_id: str) -> bytes:
        """A button that is pressed in a message that one person sees."""
        number = time.time_ns()
        payload = {
            "type": "block_actions",
            "team": {"id": self.team_id, "domain": "bench"},
            "user": {"id": self.user_id, "username": "omar", "name": "omar", "team_id": self.team_id},
            "api_app_id": "A0BENCH",
            "container": {"type": "message", "message_ts": str(number), "is_ephemeral": True},
            "channel": {"id": self.channel_id, "name": "general"},
            "trigger_id": f"{number}.press",
            "response_url": f"{self.response_url}/{number}",
            "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}],
        }
        return self._signed(urlencode({"payload": json.dumps(payload)}).encode())

    def _signed(self, body: bytes) -> bytes:
        return self._request(body, *_stamp(self.signing_secret, body))

    def _request(self, body: bytes, timestamp: str, signed: str) -> bytes:
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\nAccept: application/json,*/*\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"X-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: {signed}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _stamp(secret: str, body: bytes) -> tuple[str, str]:
    timestamp = str(int(time.time()))
    return timestamp, signature(secret, timestamp, body)
