"""The fixed road of every command, whatever door it came through.

Write the attempt down, look at the role, `check`, ask where it must be asked, run, close the attempt. The order is
here and nowhere else. What the asker gets is an `Answer`; nothing is raised but cancellation
and `Repeated`.

A form that is refused for lack of role is written down too (`refuse_form`). A line that is no command is not: it may
hold a secret anywhere in it, and nothing was tried with it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from time import perf_counter

from pydantic import SecretStr

from commands.core.access import permitted, reachable, within_reach
from commands.core.attempts import QUESTION_LIFETIME, Attempt, Attempts, Outcome, Pending, PendingActions, Press
from commands.core.base import Command, Needs, marks
from commands.core.context import Context, Ports, enter
from commands.core.errors import CannotDo, CommandError, NotAllowed, Problem, UsageError
from commands.core.examples import as_arrived, lines_of, remedy
from commands.core.fields import labelled
from commands.core.parsing import Here, parse
from commands.core.phone_numbers import without_numbers
from commands.core.ports import Caller, Place, Providers
from commands.core.reaching import require_reach
from commands.core.references import new_reference
from commands.core.registry import Commands
from commands.core.repeating import repeated
from commands.core.reply import Code, Mark, Question, Reply, Text
from commands.core.spelling import spell
from providers.base import Capability, Provider, RoomRef
from providers.errors import ProviderError, Unsupported

log = logging.getLogger(__name__)

MOST_AT_ONCE = 64


class Door(StrEnum):
    """How somebody came to ask, as the audit and the log have it."""

    SLASH = "slash"
    MENTION = "mention"
    DIRECT = "direct"
    BUTTON = "button"
    FORM = "form"
    SHORTCUT = "shortcut"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, where, through which door, and where to answer if we die before.

    `delivery` is what the request is known by: one that comes again is not done again, not even after a restart.
    `is_aloud`: everybody who is there reads the answer. `request_id` is on every line of the log that belongs to it.
    """

    caller: Caller
    place: Place
    door: Door
    response_url: SecretStr | None = None
    under: str | None = None
    delivery: str | None = None
    is_aloud: bool = False
    request_id: str | None = None
    press: Press | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, and the token that the confirming button carries."""

    question: Question
    token: str


@dataclass(frozen=True, slots=True)
class Bug:
    """Something we did not foresee. `reference` finds it in the log."""

    reference: str


Result = Reply | Asked | CommandError | ProviderError | Bug


@dataclass(frozen=True, slots=True)
class Answer:
    """`attempt`: to be named in `Attempts.answered` once the asker has it."""

    attempt: int
    outcome: Outcome
    result: Result


class Interrupted(asyncio.CancelledError):
    """A command was cancelled. Its attempt is closed as unknown, and its asker is to be told."""

    def __init__(self, attempt: int) -> None:
        super().__init__()
        self.attempt = attempt


class Dispatcher:
    """What talks to video servers goes on `most_at_once` times at once; the rest waits after it was written down."""

    def __init__(
        self, ports: Ports, attempts: Attempts, pending: PendingActions, *, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        self._ports = ports
        self._attempts = attempts
        self._pending = pending
        self._turns = asyncio.Semaphore(most_at_once)

    async def dispatch(self, command: Command, request: Request, *, confirmed: bool = False) -> Answer:
        """`confirmed`: the asker has answered this command's question with yes. Raises `Repeated`."""
        began = perf_counter()
        words, server = spell(command, redacted=True), getattr(command, "provider", None)
        attempt = _attempt(request, type(command), words, server, command.about)
        attempt_id, meant = await self._attempts.open(attempt), list[str]()
        try:
            outcome, result = await self._carry_out(command, request, meant, confirmed=confirmed)
            detail, reference = _for_the_record(result)
            other = _other(meant, attempt)
            await self._attempts.close(attempt_id, outcome, detail=detail, reference=reference, also_about=other)
        except asyncio.CancelledError:
            await self._attempts.close(attempt_id, Outcome.UNKNOWN, also_about=_other(meant, attempt))
            raise Interrupted(attempt_id) from None
        _log(attempt_id, attempt, outcome, detail, also_about=other, seconds=round(perf_counter() - began, 4))
        return Answer(attempt_id, outcome, result)

    async def refuse_form(
        self, command_type: type[Command], given: Mapping[str, object], refusal: NotAllowed, request: Request
    ) -> int:
        """Write down that somebody was refused a form, who tried as much as whoever types the command does.

        What was to stand in it is left out but for the room. Returns the attempt's id. Raises `Repeated`.
        """
        server, about = given.get("provider"), given.get(command_type.room_field() or "")
        if isinstance(about, str) and command_type.may_meet_keys:
            about = repeated(about)
        attempt = _attempt(
            request,
            command_type,
            " ".join(command_type.spec.path),
            server if isinstance(server, str) else None,
            about if isinstance(about, str) else None,
        )
        attempt_id = await self._attempts.open(attempt)
        detail, _ = _for_the_record(refusal)
        await self._attempts.close(attempt_id, Outcome.REFUSED, detail=detail)
        _log(attempt_id, attempt, Outcome.REFUSED, detail)
        return attempt_id

    async def _carry_out(
        self, command: Command, request: Request, meant: list[str], *, confirmed: bool
    ) -> tuple[Outcome, Result]:
        """`meant`: see `Context`."""
        try:
            provider = await self._ports.provider_of(request.place, getattr(command, "provider", None))
            ctx = await enter(self._ports, request.caller, request.place, provider, is_aloud=request.is_aloud)
            ctx = replace(ctx, meant=meant)
            command = await permitted(command, ctx)
            if named := getattr(command, "provider", None):
                require_provider(named, self._ports.providers)
            require(command, provider, self._ports)
            async with self._turns:
                await require_reach(command, self._ports)
                return await self._run(command, ctx, confirmed=confirmed)
        except (CommandError, Unsupported) as refusal:
            return Outcome.REFUSED, refusal
        except ProviderError as failure:
            return Outcome.FAILED, failure
        except Exception:
            reference = request.request_id or new_reference()
            log.exception("command failed", extra={"reference": reference, "path": " ".join(command.spec.path)})
            return Outcome.FAILED, Bug(reference)

    async def _run(self, command: Command, ctx: Context, *, confirmed: bool) -> tuple[Outcome, Result]:
        """What is offered with the answer is what the asker may do."""
        try:
            if not confirmed and (question := await command.question(ctx)):
                return Outcome.ASKED, Asked(question, await self._ask(question.command, ctx.caller))
            return Outcome.DONE, await within_reach(await command.run(ctx), ctx)
        except CommandError as refusal:
            refusal.actions = await reachable(refusal.actions, ctx)
            raise

    async def _ask(self, command: Command, caller: Caller) -> str:
        """A question waits for its asker alone."""
        expires_at = self._ports.clock.now() + QUESTION_LIFETIME
        return await self._pending.put(Pending(command, caller.team_id, caller.user_id, True, expires_at))


def _attempt(
    request: Request, command_type: type[Command], words: str, provider: str | None, about: str | None
) -> Attempt:
    return Attempt(
        caller=request.caller,
        place=request.place,
        path=command_type.spec.path,
        words=words,
        provider=provider,
        door=request.door,
        response_url=request.response_url,
        under=request.under,
        delivery=request.delivery,
        about=without_numbers(about) if about else about,
        request_id=request.request_id,
        press=request.press,
    )


def _log(attempt_id: int, attempt: Attempt, outcome: Outcome, detail: str, **more: object) -> None:
    """One line with the ids of the row; that of the request stands on every line."""
    told = {
        "attempt": attempt_id,
        "words": attempt.words,
        "path": " ".join(attempt.path),
        "outcome": outcome.value,
        "detail": detail,
        "user": attempt.caller.user_id,
        "channel": attempt.place.channel_id,
        "door": attempt.door,
        "provider": attempt.provider,
        "about": attempt.about,
    }
    log.info("command", extra={**told, **more})


def _other(meant: Sequence[str], attempt: Attempt) -> str | None:
    """What the record has beside what was named."""
    return next((name for name in map(without_numbers, meant) if name != attempt.about), None)


def require_provider(name: str, providers: Providers, field: str = "provider") -> Provider:
    """Raises `UsageError` for a name that no video server has. `field`: where it was typed."""
    provider = providers.get(name)
    if provider is None:
        raise UsageError(
            [Problem(f"There is no video server called “{repeated(name)}” here.", field)],
            ("There is ", " and ".join(providers.names), "."),
        )
    return provider


def check(command: Command, provider: Provider) -> list[Problem]:
    """What can be said to be wrong without asking anybody: field needs, limits, rules between fields. Pure."""
    fields = type(command).model_fields
    needs = [
        Problem(" ".join([f"{provider.name} cannot do this.", *_because(provider, need.capability)]), name)
        for name in command.changed_fields()
        for need in marks(fields[name], Needs)
        if need.capability not in provider.capabilities
    ]
    return needs + command.problems(provider)


def missing(command_type: type[Command], provider: Provider) -> Sequence[Capability]:
    """What the command as a whole needs and this provider lacks."""
    return sorted(command_type.spec.needs - provider.capabilities)


def require(command: Command, provider: Provider, ports: Ports) -> None:
    """Raises `CannotDo` or `UsageError`."""
    if lacking := missing(type(command), provider):
        raise CannotDo(cannot(provider, lacking[0]), _who_can(type(command), ports))
    if problems := check(command, provider):
        shown, path = labelled(type(command), problems), command.spec.path
        slash, about = ports.slash, [problem.field for problem in problems]
        if command.example is not None:
            line = " ".join([slash, *path, command.example])
            raise UsageError(shown, ("For example: ", Code(line)), path=path)
        works = partial(_works, type(command), provider)
        raise UsageError(shown, remedy(type(command), about, slash, provider=provider.name, works=works), path=path)


def examples(command_type: type[Command], provider: Provider) -> list[str]:
    """The examples of a command that this server can carry out; all of them where it can do none."""
    lines = lines_of(command_type)
    return [line for line in lines if _works(command_type, provider, line)] or lines


def _works(command_type: type[Command], provider: Provider, line: str) -> bool:
    here = Here(provider.name, RoomRef(provider.name, "", "standup"))
    try:
        return not check(parse(as_arrived(line), Commands([command_type]), here), provider)
    except UsageError:
        return False


def cannot(provider: Provider, capability: Capability) -> tuple[str | Mark, ...]:
    """What a server lacks, in one sentence, and why, or which of its kind have it."""
    what = capability.value.replace("_", " ")
    sentences = [f" cannot do this: {what}.", *_because(provider, capability)]
    return ("The video server ", Code(provider.name), " ".join(sentences))


def _because(provider: Provider, capability: Capability) -> Sequence[str]:
    """What is known of why a server lacks it: a sentence, or none."""
    if because := provider.lacking_because.get(capability):
        return [because]
    edition = provider.editions.get(capability)
    return [f"Of its kind only {edition} can."] if edition else []


def _who_can(command_type: type[Command], ports: Ports) -> Text:
    """The nearest thing that works: another video server that can, else what this one can."""
    others = [
        name for name in ports.providers.names if (p := ports.providers.get(name)) and not missing(command_type, p)
    ]
    if others:
        return (Code(others[0]), " can: say ", Code(f"--provider {others[0]}"), ".")
    return ("None that is configured here can; ", Code(f"{ports.slash} provider show"), " says what this one can do.")


def _for_the_record(result: Result) -> tuple[str, str]:
    """What the audit keeps of an answer: why it was refused or failed, and the reference of a bug."""
    match result:
        case Bug(reference):
            return "", reference
        case CommandError() | ProviderError():
            return without_numbers(f"{type(result).__name__}: {result}"), ""
        case _:
            return "", ""
