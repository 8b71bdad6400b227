"""Forms: opened from a command that lacks something or from a button, and read back into a command."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from pydantic import ValidationError

from bot.logs import reference
from bot.render.form import (
    PLACE,
    form_errors,
    label_of,
    read_place,
    render_ended,
    render_form,
    render_waiting,
)
from bot.render.form_fields import is_too_long
from bot.render.limits import PRIVATE_METADATA, length
from bot.render.text import Block
from bot.slack.answers import Address
from bot.slack.client import SlackClient
from bot.slack.drafts import Draft, Drafts
from bot.slack.errors import SlackError, Throttled, ViewGone
from bot.slack.metadata import FormMeta, read_meta
from bot.slack.open_form import OpenForm, begun, fixed, look, opened
from bot.slack.payloads import Body, acted_at, form_address
from bot.slack.presence import Presence
from commands.core.base import Command, Offered, Offers, ServerCommand, marks
from commands.core.context import Ports, enter
from commands.core.dispatch import check
from commands.core.errors import CommandError, Ended, Problem
from commands.core.explaining import explain
from commands.core.fields import is_hidden
from commands.core.reaching import unreachable
from commands.core.reply import Code, Strong, Text
from commands.core.words import joined
from providers.base import Provider
from providers.errors import ProviderError

log = structlog.get_logger(__name__)

UNCHANGED = "This is what is there already. Change it, or cancel."
NOTHING_YET = "Nothing is changed so far. Change something, or cancel."
OF_ANOTHER = "This form shows what “{}” has. Close it and ask for another one."
LOST_CHOICE = "This form was open for so long that I do not know this choice any more. Choose it again."
TOO_OLD = "This form is too old. Close it and begin again."

AGAIN_SECONDS = 0.1
MOST_TRIES = 10
"""How often a form is looked at that was drawn for an earlier choice at the same time."""

PATIENCE_SECONDS = 3.0
"""How long a form that was opened empty waits for a Slack that wants fewer calls."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was filled in rightly."""

    command: Command
    address: Address


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong, by block id."""

    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The form stays open and looks otherwise: what is wrong stands on another page, or is of no field."""

    view: Block


@dataclass(frozen=True, slots=True)
class SentBefore:
    """It was accepted once, and closes all the same."""


Verdict = Submission | Refused | Redrawn | SentBefore


class Forms:
    def __init__(self, slack: SlackClient, ports: Ports, presence: Presence, drafts: Drafts) -> None:
        self._slack = slack
        self._ports = ports
        self._presence = presence
        self._drafts = drafts

    # Opening

    async def open(
        self, command_type: type[Command], given: Mapping[str, object], *, provider: str, address: Address
    ) -> None:
        """A trigger lives for three seconds, so what a server must be asked for comes later.

        Raises `SlackError` where no form was opened, and `Ended` where one was and stays empty.
        """
        assert address.trigger_id is not None, "whoever has none is given a button first"
        form = await self._begin(
            command_type, given, self._ports.provider(str(given.get("provider") or provider)), address
        )
        self._warm(form, address.caller.team_id)
        if not command_type.begins_from or not all(given.get(name) for name in command_type.begins_from):
            await self._slack.open_view(address.trigger_id, self._view(form))
            return
        what: Text = ("Looking at ", Strong(str(given[command_type.begins_from[-1]])), "…")
        waiting = render_waiting(command_type, what, private_metadata=form.meta.model_dump_json())
        view = await self._slack.open_view(address.trigger_id, waiting)
        await self._fill(view, await self._found(form, given, address))

    async def _fill(self, view: Body, found: Block) -> None:
        """The hash of what waits there makes a second try harmless."""
        try:
            await self._update(view, found)
            return
        except SlackError as error:
            log.info("a form was not filled in at once", error=str(error))
            if isinstance(error, Throttled):
                await asyncio.sleep(min(error.retry_after, PATIENCE_SECONDS))
        try:
            await self._update(view, found)
        except SlackError as error:
            log.warning("a form stays empty", error=str(error), remedy=error.remedy)
            raise Ended("Slack did not fill in the form.", "Close the form and begin again.") from error

    async def _begin(
        self, command_type: type[Command], given: Mapping[str, object], provider: Provider, address: Address
    ) -> OpenForm:
        values = {name: value for name, value in given.items() if _is_asked(command_type, name)}
        draft = Draft(address.response_url, values)
        meta = FormMeta(
            provider=provider.name,
            channel_id=address.place.channel_id,
            thread_ts=address.place.thread_ts,
            is_direct=address.place.is_direct,
            fixed=fixed(command_type, given),
            opened=opened(command_type, given),
            key=await self._drafts.add(draft),
            under=address.under,
            turns=address.turns,
            door=address.door,
        )
        return OpenForm(command_type, provider, meta, draft, None, (), values)

    async def _found(self, form: OpenForm, given: Mapping[str, object], address: Address) -> Block:
        """The form with what the server has, or why there is none."""
        known = {**given, "provider": form.provider.name}
        ctx = await enter(self._ports, address.caller, address.place, form.provider)
        try:
            there = await form.command_type.begins_with(ctx, known)
        except (CommandError, ProviderError) as error:
            log.info("a form did not begin", path=form.command_type.spec.path, error=str(error))
            return render_ended(form.command_type.spec.path, joined([error.what, error.remedy], "\n"))
        except Exception:
            told = reference()
            log.exception("a form did not begin", path=form.command_type.spec.path, reference=told)
            said: Text = ("Something went wrong on our side. It has been written down as ", Code(told), ".")
            return render_ended(form.command_type.spec.path, said)
        return await self._prefilled(form, there)

    async def _prefilled(self, form: OpenForm, there: Mapping[str, object]) -> Block:
        meta = _fitting(form.meta, begun(form.command_type, there))
        whose = {name: str(form.values.get(name) or "") for name in form.command_type.begins_from}
        meta = meta.model_copy(update={"opened": {**meta.opened, **whose}})
        values = {**{name: there[name] for name in meta.begun}, **form.values}
        await self._drafts.keep(meta.key, values)
        fields = form.command_type.model_fields
        unseen = [label_of(name) for name, value in there.items() if is_too_long(fields[name], value)]
        note: Text = f"Too long to be shown, and kept unless you type another: {', '.join(unseen)}." if unseen else ""
        return self._view(replace(form, meta=meta, values=values), note=note)

    def _warm(self, form: OpenForm, team_id: str) -> None:
        """Who asks about somebody in a room will want to choose among those who are in it."""
        room = form.values.get(form.command_type.room_field() or "")
        offered = {mark.what for field in form.command_type.model_fields.values() for mark in marks(field, Offers)}
        if isinstance(room, str) and offered & {Offered.PARTICIPANT, Offered.TRACK}:
            self._presence.warm(team_id, form.provider, room)

    # While it is open

    async def look(self, body: Body) -> OpenForm | None:
        """The open form of a payload; None for one that this version did not open, or whose server is gone."""
        view = body.get("view") or {}
        command_type, meta = self._ports.commands.get(_path(view)), read_meta(view)
        provider = self._ports.providers.get(meta.provider) if meta else None
        if command_type is None or meta is None or provider is None:
            return None
        return await look(body, command_type, provider, meta, self._drafts)

    async def turn(self, body: Body, page: int | None = None) -> None:
        """Draw another page, or the same one as what was chosen in it wants it, keeping what was typed.

        Raises `SlackError`.
        """
        form, chosen_at = await self.look(body), acted_at(body)
        note: Text = ""
        if form is None:
            await self._update(body["view"], render_ended(_path(body["view"]), TOO_OLD))
            return
        if not form.is_remembered:
            form, note = await self._begun_again(form)
        elif not await self._drafts.keep(form.meta.key, form.values, chosen_at=chosen_at):
            return
        view = self._view(form, form.meta.page if page is None else page, note=note)
        await self._draw(body["view"], view, form.meta.key, chosen_at)

    async def address(self, body: Body) -> Address | None:
        """Where the answer of an open form would go."""
        form = await self.look(body)
        return form_address(body, form.meta, form.draft.response_url) if form is not None else None

    async def _begun_again(self, form: OpenForm) -> tuple[OpenForm, Text]:
        """Keep what stands in a form of which nothing is kept any more. What was on other pages is named, once."""
        key = await self._drafts.add(Draft(values=form.values))
        meta = form.meta.model_copy(update={"key": key, "elsewhere": []})
        gone = ", ".join(label_of(name) for name in form.meta.elsewhere)
        note: Text = ("This form was open for a long time. Lost, so give it again: ", Strong(gone), ".")
        return replace(form, meta=meta), note if gone else ""

    async def _draw(self, view: Body, drawn: Block, key: str, chosen_at: float | None) -> None:
        """Of several that are wanted at once the newest counts, though each was chosen in what stood there before.

        What an earlier one has drawn meanwhile, be it in another process, is known by the hash that was kept of it.
        """
        tried, now = str(view["hash"]), await self._update(view, drawn)
        for _ in range(MOST_TRIES):
            if now is not None:
                await self._drafts.drawn(key, now)
                return
            await asyncio.sleep(AGAIN_SECONDS)
            draft = await self._drafts.get(key)
            if draft is None or draft.is_sent or draft.chosen_at != chosen_at:
                return
            if draft.view_hash is not None and draft.view_hash != tried:
                tried, now = draft.view_hash, await self._update({**view, "hash": draft.view_hash}, drawn)

    async def _update(self, view: Body, drawn: Block) -> str | None:
        """The new hash. None where somebody has closed the form meanwhile, or something quicker has changed it."""
        try:
            return await self._slack.update_view(view["id"], view["hash"], drawn)
        except ViewGone as error:
            log.info("a form was not drawn again", error=str(error))
            return None

    # Sent

    async def read(self, body: Body) -> Verdict:
        """Asks no video server, as its verdict is the acknowledgement: the fields, the rules between them, the limits.

        Only where an address is given the name servers are asked, for a moment.
        """
        form = await self.look(body)
        if form is None:
            return _too_old(body["view"])
        if form.draft.is_sent:
            return SentBefore()
        if not form.is_remembered:
            form, note = await self._begun_again(form)
            if note:
                return Redrawn(self._view(form, form.meta.page, note=note))
        command, problems = await self._command(form)
        if command is not None and not problems:
            chosen = read_place(form.state_values) if not form.meta.channel_id else None
            address = form_address(body, form.meta, form.draft.response_url, chosen)
            return Submission(command, address) if await self._drafts.sent(form.meta.key) else SentBefore()
        await self._drafts.keep(form.meta.key, form.values)
        return self._refused(form, problems)

    async def _command(self, form: OpenForm) -> tuple[Command | None, list[Problem]]:
        if form.lost:
            return None, [Problem(LOST_CHOICE, name) for name in form.lost]
        if others := form.asked_of_another:
            return None, [Problem(OF_ANOTHER.format(form.meta.opened[name]), name) for name in others]
        fields = form.fields()
        required = {name for name in form.meta.begun if form.command_type.model_fields[name].is_required()}
        if unchanged := sorted(required - set(fields)):
            return None, [Problem(UNCHANGED, name) for name in unchanged]
        try:
            command = form.command_type.model_validate(fields)
            if command.is_unfinished:
                missing = [problem for problem in command.problems(form.provider) if problem.field is not None]
                return None, missing or [Problem(NOTHING_YET)]
            return command, check(command, form.provider) or await unreachable(command, self._ports.reach)
        except ValidationError as error:
            return None, explain(error, form.command_type)
        except CommandError as error:
            return None, [Problem(str(error))]

    def _refused(self, form: OpenForm, problems: Sequence[Problem]) -> Verdict:
        """Slack shows errors under inputs of the page that was sent, and under nothing else."""
        shown = [name for name in form.inputs if name != PLACE]
        elsewhere = {name: page for page, names in enumerate(form.pages) for name in names if name not in shown}
        here = [problem for problem in problems if problem.field in shown]
        whole = [problem for problem in problems if problem.field not in shown and problem.field not in elsewhere]
        if here and not whole:
            return Refused(form_errors(here, shown))
        page = min((elsewhere[p.field] for p in problems if p.field in elsewhere), default=form.meta.page)
        note = " ".join(problem.text for problem in whole)
        return Redrawn(self._view(form, page, problems=problems, note=note))

    # Drawing

    def _view(self, form: OpenForm, page: int = 0, *, problems: Sequence[Problem] = (), note: Text = "") -> Block:
        page = min(page, len(form.pages) - 1)
        meta = form.meta.model_copy(update={"page": page, "elsewhere": form.given_elsewhere(page)})
        return render_form(
            form.command_type,
            given=form.known,
            provider=form.provider,
            private_metadata=meta.model_dump_json(exclude_defaults=True),
            page=page,
            may_be_emptied=meta.begun,
            asks_place=not meta.channel_id,
            problems=problems,
            note=note,
        )


def _path(view: Body) -> tuple[str, ...]:
    return tuple(str(view.get("callback_id", "")).removeprefix("form:").split("."))


def _too_old(view: Body) -> Verdict:
    inputs = [str(block["block_id"]) for block in view["blocks"] if block["type"] == "input"]
    return Refused({inputs[0]: TOO_OLD}) if inputs else Redrawn(render_ended(_path(view), TOO_OLD))


def _is_asked(command_type: type[Command], name: str) -> bool:
    """Whether a form may show the field. Its video server is settled when it opens."""
    if name not in command_type.model_fields or is_hidden(command_type.model_fields[name]):
        return False
    return not (name == "provider" and issubclass(command_type, ServerCommand))


def _fitting(meta: FormMeta, digests: Mapping[str, str | dict[str, str]]) -> FormMeta:
    """With as many digests as a view can hold, those that take least first: what has none is not shown."""
    for name, digest in sorted(digests.items(), key=lambda entry: len(str(entry[1]))):
        wider = meta.model_copy(update={"begun": {**meta.begun, name: digest}})
        if length(wider.model_dump_json()) > PRIVATE_METADATA // 2:
            break
        meta = wider
    return meta
