"""Forms: opened from a command that lacks something or from a button, and read back into a command."""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe

from pydantic import ValidationError

from bot.render.form import form_errors, read_form, render_form
from bot.slack.answers import Address
from bot.slack.client import SlackClient
from bot.slack.payloads import Body, FormMeta, form_address, read_meta
from commands.core.base import Command, Internal, ServerCommand, marks
from commands.core.dispatch import check
from commands.core.errors import CommandError
from commands.core.explaining import explain
from commands.core.fields import is_hidden
from commands.core.ports import Clock, Providers
from commands.core.registry import Commands

MOST_KEPT = 1_000
KEPT_SECONDS = 1_800.0
"""As long as Slack honours a response_url."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was filled in rightly."""

    command: Command
    address: Address


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong, by block id; empty where the form itself is not understood."""

    errors: Mapping[str, str]


class Forms:
    """Response URLs of open forms are kept in memory: after a restart the answer goes another way."""

    def __init__(self, slack: SlackClient, commands: Commands, providers: Providers, clock: Clock) -> None:
        self._slack = slack
        self._commands = commands
        self._providers = providers
        self._clock = clock
        self._response_urls: dict[str, tuple[str, float]] = {}

    async def open(
        self,
        command_type: type[Command],
        given: Mapping[str, object],
        *,
        provider: str,
        address: Address,
    ) -> None:
        """Raises `SlackError`: a trigger lives for three seconds."""
        assert address.trigger_id is not None, "whoever has none is given a button first"
        provider = str(given.get("provider", provider))
        meta = FormMeta(
            provider=provider,
            channel_id=address.place.channel_id,
            thread_ts=address.place.thread_ts,
            is_direct=address.place.is_direct,
            fixed=_fixed(command_type, given),
            opened=_opened(command_type, given),
            reply_key=self._keep(address.response_url),
        )
        await self._slack.open_view(address.trigger_id, self._view(command_type, given, meta))

    async def show_more(self, body: Body) -> None:
        """Draw the open form again with its rarely wanted fields, keeping what was typed."""
        view = body["view"]
        command_type, meta = self._of(view), read_meta(view)
        if command_type is None or meta is None:
            return
        typed = read_form(command_type, view["state"]["values"])
        await self._slack.update_view(view["id"], view["hash"], self._view(command_type, typed, meta, more=True))

    def _view(
        self, command_type: type[Command], given: Mapping[str, object], meta: FormMeta, *, more: bool = False
    ) -> dict[str, object]:
        provider = self._providers.get(meta.provider) or self._providers.get(self._providers.default)
        assert provider is not None, "a deployment without providers does not start"
        return render_form(
            command_type, given=given, provider=provider, private_metadata=meta.model_dump_json(), more=more
        )

    def read(self, body: Body) -> Submission | Refused:
        """Pure, as its verdict is the acknowledgement: the fields, the rules between them, the provider's limits."""
        view = body["view"]
        command_type, meta = self._of(view), read_meta(view)
        provider = self._providers.get(meta.provider) if meta else None
        shown = [str(b["block_id"]) for b in view["blocks"] if b["type"] == "input"]
        if command_type is None or meta is None or provider is None:
            return Refused(dict.fromkeys(shown[:1], "This form is too old. Close it and begin again."))
        filled_in = read_form(command_type, view["state"]["values"])
        fields = {**_still_meant(command_type, meta, filled_in), **filled_in}
        if issubclass(command_type, ServerCommand):
            fields.setdefault("provider", meta.provider)
        try:
            command = command_type.model_validate(fields)
            problems = check(command, provider)
        except ValidationError as error:
            problems = explain(error, command_type)
        except CommandError as error:
            return Refused(dict.fromkeys(shown[:1], str(error)))
        if problems:
            return Refused(form_errors(problems, shown))
        return Submission(command, form_address(body, meta, self._take(meta.reply_key)))

    def _of(self, view: Body) -> type[Command] | None:
        return self._commands.get(tuple(str(view["callback_id"]).removeprefix("form:").split(".")))

    def _keep(self, response_url: str | None) -> str | None:
        if response_url is None:
            return None
        now = self._clock.monotonic()
        if len(self._response_urls) >= MOST_KEPT:
            self._response_urls = {k: kept for k, kept in self._response_urls.items() if kept[1] > now}
        key = token_urlsafe(12)
        self._response_urls[key] = (response_url, now + KEPT_SECONDS)
        return key

    def _take(self, key: str | None) -> str | None:
        url, until = self._response_urls.pop(key or "", ("", 0.0))
        return url if self._clock.monotonic() < until else None


def _fixed(command_type: type[Command], given: Mapping[str, object]) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in given.items()
        if name in command_type.model_fields and is_hidden(command_type.model_fields[name]) and value is not None
    }


def _opened(command_type: type[Command], given: Mapping[str, object]) -> dict[str, str]:
    """What the fields began with that a fixed one says more about."""
    spoken_of = {mark.of for name in _fixed(command_type, given) for mark in _marks(command_type, name)}
    return {name: str(given[name]) for name in spoken_of if name is not None and given.get(name) is not None}


def _still_meant(command_type: type[Command], meta: FormMeta, filled_in: Mapping[str, object]) -> dict[str, str]:
    """The fixed fields, less those that speak of something else than what stands in the form by now."""
    return {
        name: value
        for name, value in meta.fixed.items()
        if all(
            mark.of is None or str(filled_in.get(mark.of, "")) == meta.opened.get(mark.of, "")
            for mark in _marks(command_type, name)
        )
    }


def _marks(command_type: type[Command], name: str) -> list[Internal]:
    return marks(command_type.model_fields[name], Internal)
