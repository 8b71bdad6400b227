"""Whatever may come in from outside: texts as bad as they get, and payloads of Slack's shapes that hold them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from hypothesis import strategies as st

from bot.demo.slack.things import View, elements
from bot.demo.slack.views import view_payload
from bot.demo.world import World
from commands.core.registry import all_commands
from tests.commands.strategies import AWKWARD

Payload = dict[str, Any]

MARKUP: Final = (
    "<!channel>",
    "<!here|here>",
    "<!subteam^S0VICTIM|@ops>",
    "<@U0VICTIM1>",
    "<@U0VICTIM1|x>",
    "<#C0VICTIM1|x>",
    "<https://evil.test|x>",
    "<mailto:a@evil.test|x>",
    "<!date^1795210200^{ago}^https://evil.test|x>",
    "&lt;!channel&gt;",
    "&amp;lt;!channel&amp;gt;",
    "a`<!everyone>`b",
    "```<!channel>```",
    "*<!channel>* _<@U0VICTIM1>_",
)
"""What would call somebody or lead somewhere, if it went out as it came in."""

ODD: Final = (
    "\0",
    "\x1b[31m",
    "\u202e",
    "\u200b",
    "\u2028",
    "\ud800",
    "👩‍👩‍👧‍👦",
    "غرفة",
    "é" * 200,
    "x" * 5_000,
    "`",
    '"',
    "“",
)
WORDS: Final = ("standup", ".", "--", "--help", "--metadata", "{", '{"a": 1}', "[", "—name", "@U00000002", "help")

texts = st.lists(
    st.sampled_from(MARKUP) | st.sampled_from(ODD) | st.sampled_from(WORDS) | st.text(AWKWARD, max_size=12) | st.text(),
    max_size=5,
).map("".join)
"""Half a character (a lone surrogate) among them, which JSON can spell and a form cannot."""

PATHS: Final = tuple(" ".join(path) for path in all_commands())
lines = st.tuples(st.sampled_from(["", *PATHS]), st.lists(texts, max_size=4)).map(
    lambda line: " ".join([line[0], *line[1]])
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

FIELDS: Final = sorted({name for model in all_commands().values() for name in model.model_fields})
fields = st.dictionaries(st.sampled_from(FIELDS) | texts, json_values, max_size=4)

_dotted = st.sampled_from([path.replace(" ", ".") for path in PATHS])
action_ids = texts | st.builds(
    "{}:{}:{}".format, st.sampled_from(["cmd", "pending", "form", "more", "link", "ask", "home"]), _dotted, st.just(0)
)
action_ids |= st.builds("more:{}".format, _dotted) | st.sampled_from(["ask:yes", "ask:no", "link:0", "", ":"])
button_values = texts | json_values.map(json.dumps) | fields.map(lambda given: json.dumps({"v": 1, **given}))

callback_ids = texts | st.builds("form:{}".format, _dotted) | st.sampled_from(["create_room", "room_from_message"])
metas = texts | json_values.map(json.dumps)
metas |= st.builds(
    lambda provider, thread, known: json.dumps({"provider": provider, "channel_id": "C00000001", **thread, **known}),
    st.just("memory") | texts,
    st.fixed_dictionaries({}, optional={"thread_ts": texts, "reply_key": texts, "is_direct": st.booleans()}),
    st.fixed_dictionaries(
        {}, optional={name: st.dictionaries(texts, texts, max_size=2) for name in ("fixed", "opened")}
    ),
)

STATES: Final = ("value", "selected_option", "selected_options", "selected_user", "selected_users", "selected_date")
state_values = st.fixed_dictionaries({"type": texts | st.just("plain_text_input")}).flatmap(
    lambda known: st.dictionaries(st.sampled_from(STATES), json_values, max_size=2).map(lambda more: {**known, **more})
) | st.just({"type": "plain_text_input", "value": None})
states = st.dictionaries(
    st.sampled_from(FIELDS) | texts, st.dictionaries(st.just("value") | texts, state_values, max_size=2), max_size=4
)


class Payloads:
    """Payloads as Slack would make them for the operator of a world, at this moment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0

    def slash(self, text: str) -> Payload:
        channel = self._world.general
        return {
            "team_id": self._world.slack.team_id,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": self._world.operator.id,
            "user_name": self._world.operator.name,
            "command": "/video",
            "text": text,
            "response_url": self._response_url(),
            "trigger_id": self._trigger(),
        }

    def event(self, text: str, *, direct: bool = False) -> Payload:
        """A mention of the bot, or a direct message to it."""
        world = self._world
        said: Payload = {"type": "app_mention", "text": text, "user": world.operator.id, "channel": world.general.id}
        if direct:
            said |= {"type": "message", "channel_type": "im", "channel": world.slack.workspace.dm(world.operator).id}
        said["ts"] = world.slack.workspace.post(world.general, world.operator, "?").ts
        return self._told(said)

    def home_opened(self) -> Payload:
        world = self._world
        opened = {"type": "app_home_opened", "tab": "home", "user": world.operator.id}
        return self._told({**opened, "channel": world.slack.workspace.dm(world.operator).id})

    def _told(self, event: Payload) -> Payload:
        known = {"type": "event_callback", "team_id": self._world.slack.team_id}
        return {**known, "event_id": f"Ev{self._next()}", "event": event}

    def press(self, action_id: str, value: str, *, view: Payload | None = None) -> Payload:
        action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value, "action_ts": "1.1"}
        if view is not None:
            where: Payload = {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        else:
            ts = f"1.{self._next()}"
            container = {"type": "message", "message_ts": ts, "channel_id": self._world.general.id}
            where = {
                "container": {**container, "is_ephemeral": True},
                "channel": {"id": self._world.general.id, "name": self._world.general.name},
                "response_url": self._response_url(),
            }
        return {**self._gesture("block_actions"), **where, "actions": [action]}

    def submission(self, callback_id: str, private_metadata: str, values: Mapping[str, Any]) -> Payload:
        view = self.view(callback_id, private_metadata, values)
        return {**self._gesture("view_submission"), "view": view, "response_urls": []}

    def view(
        self, callback_id: str, private_metadata: str, values: Mapping[str, Any], *, surface: str = "modal"
    ) -> Payload:
        source = {
            "type": surface,
            "callback_id": callback_id,
            "private_metadata": private_metadata,
            "blocks": [{"type": "input", "block_id": block_id, "label": {}, "element": {}} for block_id in values],
        }
        view_id = f"V{self._next()}"
        return {**source, "id": view_id, "hash": "h", "root_view_id": view_id, "state": {"values": dict(values)}}

    def sent(self, view: View, words: Sequence[str | None]) -> Payload:
        """An open form, filled in with one of these after the other, and sent."""
        values: dict[str, Payload] = {}
        for (block_id, element), word in zip(elements(view.blocks), cycle(words), strict=False):
            values.setdefault(block_id, {})[element["action_id"]] = _filled(element["type"], word)
        payload = {**view_payload(view), "state": {"values": values}}
        return {**self._gesture("view_submission"), "view": payload, "response_urls": []}

    def suggestion(self, action_id: str, block_id: str, value: str, view: Payload) -> Payload:
        asked = {"action_id": action_id, "block_id": block_id, "value": value}
        return {**self._gesture("block_suggestion"), **asked, "container": {"type": "view"}, "view": view}

    def shortcut(self, callback_id: str, text: str | None) -> Payload:
        """A global one, or one on a message with that text."""
        if text is None:
            return {**self._gesture("shortcut"), "callback_id": callback_id, "action_ts": "1.1"}
        world = self._world
        message = world.slack.workspace.post(world.general, world.operator, "?")
        return {
            **self._gesture("message_action"),
            "callback_id": callback_id,
            "message": {"type": "message", "user": world.operator.id, "ts": message.ts, "text": text},
            "message_ts": message.ts,
            "channel": {"id": world.general.id, "name": world.general.name},
            "response_url": self._response_url(),
        }

    def _gesture(self, kind: str) -> Payload:
        user, team_id = self._world.operator, self._world.slack.team_id
        return {
            "type": kind,
            "team": {"id": team_id, "domain": "x"},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team_id},
            "trigger_id": self._trigger(),
        }

    def _trigger(self) -> str:
        return self._world.slack.workspace.permits.issue_trigger(self._world.operator.id)

    def _response_url(self) -> str:
        slack = self._world.slack
        key = slack.workspace.permits.issue_response_url(self._world.operator.id, self._world.general.id)
        return f"{slack.api_url.removesuffix('/api/')}/response/{key}"

    def _next(self) -> int:
        self._count += 1
        return self._count


def _filled(kind: str, word: str | None) -> Payload:
    """The state of an element of that type in which somebody gave this word, or nothing."""
    option = {"text": {"type": "plain_text", "text": word}, "value": word}
    match kind:
        case "static_select" | "external_select" | "radio_buttons":
            return {"type": kind, "selected_option": None if word is None else option}
        case "checkboxes" | "multi_static_select" | "multi_external_select":
            return {"type": kind, "selected_options": [] if word is None else [option]}
        case "users_select" | "conversations_select":
            return {"type": kind, f"selected_{kind.removesuffix('s_select')}": word}
        case "multi_users_select" | "multi_conversations_select":
            return {"type": kind, f"selected_{kind[6:].removesuffix('_select')}": [] if word is None else [word]}
        case _:
            return {"type": kind, "value": word}


def places(payload: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a payload, from outside to inside."""
    inner = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def spoilt(payload: Payload, which: int, junk: object, *, gone: bool) -> Payload:
    """The payload with one value missing, or of whatever kind."""
    ways = list(places(payload))
    *outer, last = ways[which % len(ways)]
    copy: Payload = json.loads(json.dumps(payload))
    inside: Any = copy
    for key in outer:
        inside = inside[key]
    if gone:
        del inside[last]
    else:
        inside[last] = junk
    return copy
