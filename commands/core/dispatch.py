"""The fixed road of every command, whatever door it came through.

Write the attempt down, look at the role, `check`, ask where it must be asked, run, close the attempt. The order is
here and nowhere else. What the asker gets is an `Answer`; nothing is raised but cancellation
and `Repeated`.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from time import perf_counter
from typing import TypeVar
from uuid import uuid4

from commands.core.base import Command, Needs, Role, marks
from commands.core.context import Context, Ports, enter
from commands.core.errors import CannotDo, CommandError, NotAllowed, Problem, UsageError
from commands.core.examples import lines_of, remedy
from commands.core.fields import labelled
from commands.core.parsing import Here, parse
from commands.core.ports import (
    CHANNEL_PROVIDER,
    QUESTION_LIFETIME,
    Attempt,
    Attempts,
    Caller,
    Outcome,
    Pending,
    PendingActions,
    Place,
    Providers,
    Roles,
    Standing,
)
from commands.core.registry import Commands
from commands.core.reply import Code, Mark, Question, Reply, Strong, Text, parts
from commands.core.spelling import spell
from providers.base import Capability, Provider, RoomRef
from providers.errors import ProviderError, Unsupported

log = logging.getLogger(__name__)

C = TypeVar("C", bound=Command)

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
    response_url: str | None = None
    under: str | None = None
    delivery: str | None = None
    is_aloud: bool = False
    request_id: str | None = None


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
    """What talks to video servers goes on `MOST_AT_ONCE` times at once; the rest waits after it was written down."""

    def __init__(self, ports: Ports, attempts: Attempts, pending: PendingActions) -> None:
        self._ports = ports
        self._attempts = attempts
        self._pending = pending
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def dispatch(self, command: Command, request: Request, *, confirmed: bool = False) -> Answer:
        """`confirmed`: the asker has answered this command's question with yes. Raises `Repeated`."""
        began = perf_counter()
        words = spell(command, redacted=True)
        attempt = await self._attempts.open(
            Attempt(
                caller=request.caller,
                place=request.place,
                path=command.spec.path,
                words=words,
                provider=getattr(command, "provider", None),
                door=request.door,
                response_url=request.response_url,
                under=request.under,
                delivery=request.delivery,
                about=command.about,
                request_id=request.request_id,
            )
        )
        try:
            outcome, result = await self._carry_out(command, request, confirmed=confirmed)
            detail, reference = _for_the_record(result)
            await self._attempts.close(attempt, outcome, detail=detail, reference=reference)
        except asyncio.CancelledError:
            await self._attempts.close(attempt, Outcome.UNKNOWN)
            raise Interrupted(attempt) from None
        log.info(
            "command",
            extra={
                "words": words,
                "path": " ".join(command.spec.path),
                "outcome": outcome.value,
                "detail": detail,
                "user": request.caller.user_id,
                "channel": request.place.channel_id,
                "door": request.door,
                "seconds": round(perf_counter() - began, 4),
            },
        )
        return Answer(attempt, outcome, result)

    async def _carry_out(self, command: Command, request: Request, *, confirmed: bool) -> tuple[Outcome, Result]:
        try:
            provider = await self._provider(command, request.place)
            ctx = await enter(self._ports, request.caller, request.place, provider, is_aloud=request.is_aloud)
            command = await permitted(command, ctx)
            require(command, provider, self._ports)
            async with self._turns:
                if not confirmed and (question := await command.question(ctx)):
                    return Outcome.ASKED, Asked(question, await self._ask(question.command, request.caller))
                return Outcome.DONE, await command.run(ctx)
        except (CommandError, Unsupported) as refusal:
            return Outcome.REFUSED, refusal
        except ProviderError as failure:
            return Outcome.FAILED, failure
        except Exception:
            reference = uuid4().hex[:8]
            log.exception("command failed", extra={"reference": reference, "path": " ".join(command.spec.path)})
            return Outcome.FAILED, Bug(reference)

    async def _provider(self, command: Command, place: Place) -> Provider:
        """The command's own, or the channel's default for one that names none."""
        providers = self._ports.providers
        if named := getattr(command, "provider", None):
            return require_provider(named, providers)
        name = await self._ports.settings.get(place, CHANNEL_PROVIDER)
        provider = providers.get(name or providers.default) or providers.get(providers.default)
        assert provider is not None, "a deployment without providers does not start"
        return provider

    async def _ask(self, command: Command, caller: Caller) -> str:
        """A question waits for its asker alone."""
        expires_at = self._ports.clock.now() + QUESTION_LIFETIME
        return await self._pending.put(Pending(command, caller.team_id, caller.user_id, True, expires_at))


async def permitted(command: C, ctx: Context) -> C:
    """The command, if the asker's role allows it, or if it is about what the asker has made.

    In the latter case it is pinned to that very thing, so that it does not reach another one of the same name. Raises
    `NotAllowed`.
    """
    on = getattr(command, "provider", None)
    if ctx.standing.on(on).role >= command.spec.role:
        return command
    may_control = ctx.standing.on(on).role > Role.NOBODY and command.spec.role <= Role.OPERATOR
    own = await command.of_maker(ctx) if may_control else None
    if own is None:
        raise await not_allowed(type(command), ctx.caller, ctx.standing.on(on), ctx.ports.roles, on)
    return own


async def not_allowed(
    command_type: type[Command], caller: Caller, standing: Standing, roles: Roles, provider: str | None
) -> NotAllowed:
    """Says where the asker's role comes from, and who could do it."""
    needed = command_type.spec.role
    ask: Text = ()
    if standing.is_known:
        ask = (" Ask ", *parts(await roles.who_has(caller.team_id, needed, provider)), " to do it.")
    return NotAllowed(
        (Code(" ".join(command_type.spec.path)), f" is for people with the role {needed}."),
        ("You are ", Strong(str(standing.role)), ": ", *parts(standing.because), ".", *ask),
    )


def require_provider(name: str, providers: Providers) -> Provider:
    """Raises `UsageError` for a name that no video server has."""
    provider = providers.get(name)
    if provider is None:
        raise UsageError(
            [Problem(f"There is no video server called “{name}” here.", "provider")],
            ("There is ", " and ".join(providers.names), "."),
        )
    return provider


def check(command: Command, provider: Provider) -> list[Problem]:
    """What can be said to be wrong without asking anybody: field needs, limits, rules between fields. Pure."""
    fields = type(command).model_fields
    needs = [
        Problem(f"{provider.name} cannot do this.", name)
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
        works = partial(_works, type(command), provider)
        raise UsageError(shown, remedy(type(command), about, slash, provider=provider.name, works=works), path=path)


def examples(command_type: type[Command], provider: Provider) -> list[str]:
    """The examples of a command that this server can carry out; all of them where it can do none."""
    lines = lines_of(command_type)
    return [line for line in lines if _works(command_type, provider, line)] or lines


def _works(command_type: type[Command], provider: Provider, line: str) -> bool:
    here = Here(provider.name, RoomRef(provider.name, "", "standup"))
    try:
        return not check(parse(line, Commands([command_type]), here), provider)
    except UsageError:
        return False


def cannot(provider: Provider, capability: Capability) -> tuple[str | Mark, ...]:
    """What a server lacks, in one sentence, and which of its kind have it."""
    edition = provider.editions.get(capability)
    only = f" Of its kind only {edition} can." if edition else ""
    what = capability.value.replace("_", " ")
    return ("The video server ", Code(provider.name), f" cannot do this: {what}.{only}")


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
            return f"{type(result).__name__}: {result}", ""
        case _:
            return "", ""
