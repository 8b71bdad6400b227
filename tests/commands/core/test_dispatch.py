"""The road of every command: the attempt, the role, the check, the question, the run, and how each can end."""

import asyncio
import logging
from types import MappingProxyType
from typing import Annotated, ClassVar

import pytest
from pydantic import Field, SecretStr

from commands.core.attempts import QUESTION_LIFETIME, Attempt, Outcome
from commands.core.base import Arg, Command, Needs, Role, ServerCommand
from commands.core.context import Context
from commands.core.dispatch import (
    MOST_AT_ONCE,
    Answer,
    Asked,
    Bug,
    Dispatcher,
    Door,
    Interrupted,
    Request,
    check,
    missing,
    require,
)
from commands.core.errors import CannotDo, Ended, NotAllowed, Problem, UsageError
from commands.core.ports import CHANNEL_PROVIDER
from commands.core.registry import Commands
from commands.core.reply import Question, Reply, plain
from providers.base import Backend, Capability, Provider
from providers.errors import ProviderError, TimedOut
from providers.memory.provider import Memory
from tests.commands.ports import AttemptLog
from tests.commands.workspace import ANNA, NOAH, OLGA, STUDIO, VERA, Workspace, refused, says, told


class Journal:
    """The steps of the road, in the order in which they were taken."""

    steps: ClassVar[list[str]] = []


@pytest.fixture(autouse=True)
def steps() -> list[str]:
    Journal.steps = []
    return Journal.steps


CALLED = "call-_+493012345678_x"


class Step(ServerCommand, path="step take", role=Role.OPERATOR, needs=Capability.CREATE_ROOM):
    """Take a step and write down which."""

    ending: Arg[str] = Field("well", description="How it ends")
    loud: Annotated[bool, Needs(Capability.RECORD_FROM_START)] = Field(False, description="Loudly")
    key: SecretStr | None = Field(None, description="A secret")

    def problems(self, provider: Provider) -> list[Problem]:
        Journal.steps.append("check")
        return [Problem("It is too odd.", "ending")] if self.ending == "odd" else []

    async def question(self, ctx: Context) -> Question | None:
        Journal.steps.append("question")
        return Question(command=self, text="Really?", confirm="Yes") if self.ending == "gravely" else None

    async def run(self, ctx: Context) -> Reply:
        Journal.steps.append("run")
        match self.ending:
            case "refused":
                raise Ended("It is over.", "Begin again.")
            case "failed":
                raise TimedOut("the server's own words", provider=self.provider)
            case "bug":
                raise LookupError("never shown")
            case "elsewhere":
                ctx.meant.append(self.ending)
            case "called":
                ctx.meant.append(CALLED)
            case "never":
                await asyncio.Event().wait()
        return Reply(text="Taken.")


class Look(Command, path="look", role=Role.NOBODY):
    """Say which video server it would be."""

    async def run(self, ctx: Context) -> Reply:
        return Reply(text=ctx.provider.name)


class Bare(Backend):
    """Can nothing."""

    kind = "bare"


STEPS = Commands([Step, Look])


class JournalledAttempts(AttemptLog):
    async def open(self, attempt: Attempt) -> int:
        Journal.steps.append("open")
        return await super().open(attempt)

    async def close(
        self,
        attempt_id: int,
        outcome: Outcome,
        *,
        detail: str = "",
        reference: str = "",
        also_about: str | None = None,
    ) -> None:
        Journal.steps.append("close")
        await super().close(attempt_id, outcome, detail=detail, reference=reference, also_about=also_about)


@pytest.fixture
def workspace(memory: Memory, annex: Memory) -> Workspace:
    made = Workspace(memory, annex, commands=STEPS)
    made.attempts = JournalledAttempts()
    made.dispatcher = Dispatcher(made.ports, made.attempts, made.pending)
    return made


def bug(answer: Answer) -> Bug:
    assert answer.outcome is Outcome.FAILED, answer
    assert isinstance(answer.result, Bug)
    return answer.result


# The order


async def test_the_order(workspace: Workspace, steps: list[str]) -> None:
    assert told(await workspace.say("step take")).text == "Taken."
    assert steps == ["open", "check", "question", "run", "close"]


async def test_the_role_comes_before_the_check(workspace: Workspace, steps: list[str]) -> None:
    error = refused(await workspace.say("step take odd", by=VERA))
    assert isinstance(error, NotAllowed)
    assert says(error) == (
        "step take is for people with the role operator.",
        "You are viewer: the test said so. Ask whoever the test names to do it.",
    )
    assert steps == ["open", "close"]


async def test_the_role_comes_before_the_provider(workspace: Workspace) -> None:
    """Who may do nothing learns nothing of the video servers."""
    error = refused(await workspace.say("step take --provider nowhere", by=NOAH))
    assert isinstance(error, NotAllowed)
    assert "memory" not in " ".join(says(error))


async def test_the_check_comes_before_the_question(workspace: Workspace, steps: list[str]) -> None:
    error = refused(await workspace.say("step take odd"))
    assert isinstance(error, UsageError)
    assert error.problems == (Problem("ENDING: It is too odd.", "ending"),)
    assert error.path == ("step", "take")
    assert steps == ["open", "check", "check", "close"]  # the second time it is an example that is looked at


async def test_the_question_comes_before_the_run(workspace: Workspace, steps: list[str]) -> None:
    answer = await workspace.say("step take gravely")
    assert answer.outcome is Outcome.ASKED
    assert isinstance(answer.result, Asked)
    assert answer.result.question.text == "Really?"
    assert steps == ["open", "check", "question", "close"]


async def test_a_yes_skips_the_question_and_nothing_else(workspace: Workspace, steps: list[str]) -> None:
    asked = await workspace.say("step take gravely")
    steps.clear()
    assert told(await workspace.confirm(asked)).text == "Taken."
    assert steps == ["open", "check", "run", "close"]


async def test_an_admin_may_what_an_operator_may(workspace: Workspace) -> None:
    assert told(await workspace.say("step take", by=ANNA)).text == "Taken."


# The attempt


async def test_the_attempt_says_who_what_and_where(workspace: Workspace) -> None:
    command = Step(provider="memory", ending="well", key=SecretStr("s3cret"))
    request = Request(OLGA, STUDIO, Door.FORM, SecretStr("https://hooks.test/answer-here"))
    await workspace.dispatcher.dispatch(command, request)
    attempt = workspace.attempts.rows[0].attempt
    assert attempt == Attempt(
        caller=OLGA,
        place=STUDIO,
        path=("step", "take"),
        words="step take well --provider memory --key ***",
        provider="memory",
        door="form",
        response_url=SecretStr("https://hooks.test/answer-here"),
    )
    assert "answer-here" not in repr(attempt)


@pytest.mark.parametrize(
    ("ending", "outcome", "detail"),
    [
        ("well", Outcome.DONE, ""),
        ("refused", Outcome.REFUSED, "Ended: It is over."),
        ("odd", Outcome.REFUSED, "UsageError: ENDING: It is too odd."),
        ("gravely", Outcome.ASKED, ""),
        ("failed", Outcome.FAILED, "TimedOut: the server's own words"),
        ("bug", Outcome.FAILED, ""),
    ],
)
async def test_every_attempt_is_closed_once(
    workspace: Workspace, steps: list[str], ending: str, outcome: Outcome, detail: str
) -> None:
    answer = await workspace.say(f"step take {ending}")
    [row] = workspace.attempts.rows
    assert (row.outcome, row.detail, row.closings) == (outcome, detail, 1)
    assert answer.outcome is outcome
    assert (steps[0], steps[-1]) == ("open", "close")


async def test_a_cancelled_one_is_unknown(workspace: Workspace, steps: list[str]) -> None:
    task = asyncio.create_task(workspace.say("step take never"))
    async with asyncio.timeout(5):
        while "run" not in steps:
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [row] = workspace.attempts.rows
    assert (row.outcome, row.closings) == (Outcome.UNKNOWN, 1)


async def test_only_so_many_run_at_once_and_those_that_wait_are_written_down(
    workspace: Workspace, steps: list[str]
) -> None:
    count = MOST_AT_ONCE + 2
    tasks = [asyncio.create_task(workspace.say("step take never")) for _ in range(count)]
    async with asyncio.timeout(5):
        while steps.count("check") < count:
            await asyncio.sleep(0)
    assert (len(workspace.attempts.rows), steps.count("run")) == (count, MOST_AT_ONCE)
    for task in tasks:
        task.cancel()
    for number, task in enumerate(tasks):
        with pytest.raises(Interrupted) as cut:
            await task
        assert cut.value.attempt == number
    assert {row.outcome for row in workspace.attempts.rows} == {Outcome.UNKNOWN}
    assert steps.count("run") == MOST_AT_ONCE


async def test_the_answer_names_its_attempt_and_leaves_it_to_be_answered(workspace: Workspace) -> None:
    await workspace.say("step take refused")
    answer = await workspace.say("step take")
    assert workspace.attempts.rows[answer.attempt].outcome is Outcome.DONE
    assert [row.answered for row in workspace.attempts.rows] == [False, False]


async def test_nothing_runs_that_could_not_be_written_down(workspace: Workspace, steps: list[str]) -> None:
    class Broken(AttemptLog):
        async def open(self, attempt: Attempt) -> int:
            raise OSError("the disk is full")

    dispatcher = Dispatcher(workspace.ports, Broken(), workspace.pending)
    with pytest.raises(OSError, match="the disk is full"):
        await dispatcher.dispatch(Step(provider="memory"), Request(OLGA, STUDIO, Door.SLASH))
    assert steps == []


# What it needs


async def test_what_a_server_cannot_do_is_refused(steps: list[str]) -> None:
    workspace = Workspace(Bare("bare"), commands=STEPS)
    error = refused(await workspace.say("step take"))
    assert isinstance(error, CannotDo)
    assert says(error) == (
        "The video server bare cannot do this: create room.",
        "None that is configured here can; /video provider show says what this one can do.",
    )
    [row] = workspace.attempts.rows
    assert (row.attempt.path, row.attempt.provider) == (("step", "take"), "bare")
    assert row.detail == "CannotDo: The video server bare cannot do this: create room."
    assert steps == []


async def test_what_an_installation_lacks_is_refused(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.CREATE_ROOM})
    assert isinstance(refused(await workspace.say("step take")), CannotDo)
    memory.lacking = frozenset()
    assert told(await workspace.say("step take"))


async def test_another_server_that_can_is_named(memory: Memory, annex: Memory) -> None:
    workspace = Workspace(Bare("bare"), memory, annex, commands=STEPS)
    error = refused(await workspace.say("step take"))
    assert says(error) == (
        "The video server bare cannot do this: create room.",
        "memory can: say --provider memory.",
    )
    memory.lacking = frozenset({Capability.CREATE_ROOM})
    error = refused(await workspace.say("step take"))
    assert says(error)[1] == "annex can: say --provider annex."
    assert told(await workspace.say("step take --provider annex"))


async def test_what_another_edition_could_do_is_said(memory: Memory) -> None:
    class Small(Bare):
        editions = MappingProxyType({Capability.CREATE_ROOM: "Bare Enterprise"})

    error = refused(await Workspace(Small("bare"), commands=STEPS).say("step take"))
    assert says(error)[0] == "The video server bare cannot do this: create room. Of its kind only Bare Enterprise can."


async def test_why_an_installation_cannot_is_said(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.CREATE_ROOM, Capability.RECORD_FROM_START})
    memory.lacking_because = dict.fromkeys(memory.lacking, "No worker answers.")
    error = refused(await workspace.say("step take"))
    assert says(error)[0] == "The video server memory cannot do this: create room. No worker answers."
    memory.lacking = frozenset({Capability.RECORD_FROM_START})
    assert check(Step(provider="memory", loud=True), memory) == [
        Problem("memory cannot do this. No worker answers.", "loud")
    ]
    assert told(await workspace.say("step take"))


def test_missing_names_what_is_lacking() -> None:
    assert missing(Step, Bare("bare")) == [Capability.CREATE_ROOM]
    assert missing(Look, Bare("bare")) == []


def test_an_unsupported_field_is_named(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.RECORD_FROM_START})
    command = Step(provider="memory", loud=True)
    assert check(command, memory) == [Problem("memory cannot do this.", "loud")]
    with pytest.raises(UsageError) as refusal:
        require(command, memory, workspace.ports)
    assert refusal.value.path == ("step", "take")


def test_an_unsupported_field_counts_only_when_it_is_changed(memory: Memory) -> None:
    memory.lacking = frozenset({Capability.RECORD_FROM_START})
    assert check(Step(provider="memory", loud=False), memory) == []


def test_every_problem_is_found_at_once(memory: Memory) -> None:
    memory.lacking = frozenset({Capability.RECORD_FROM_START})
    found = check(Step(provider="memory", ending="odd", loud=True), memory)
    assert [problem.field for problem in found] == ["loud", "ending"]


# What goes wrong


async def test_a_server_that_fails_is_no_bug(workspace: Workspace) -> None:
    answer = await workspace.say("step take failed")
    assert isinstance(answer.result, ProviderError)
    assert answer.result.what == "The video server took too long to answer."


async def test_a_bug_has_a_reference_and_a_traceback(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        reference = bug(await workspace.say("step take bug")).reference
    assert len(reference) == 8
    [error] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert error.__dict__["reference"] == reference
    assert error.exc_info is not None
    assert error.exc_info[0] is LookupError
    assert workspace.attempts.rows[0].reference == reference


async def test_a_bug_goes_by_the_id_of_its_request(workspace: Workspace) -> None:
    request = Request(OLGA, STUDIO, Door.SLASH, request_id="0a1b2c3d")
    answer = await workspace.dispatcher.dispatch(Step(ending="bug", provider="memory"), request)
    assert bug(answer).reference == "0a1b2c3d"
    assert workspace.attempts.rows[0].attempt.request_id == "0a1b2c3d"


async def test_what_else_it_was_about_is_closed_with_it(workspace: Workspace) -> None:
    await workspace.say("step take elsewhere")
    await workspace.say("step take")
    assert [row.also_about for row in workspace.attempts.rows] == ["elsewhere", None]


async def test_no_record_has_the_whole_number_that_a_room_is_called_by(
    workspace: Workspace, memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    whole, shown = Workspace(memory), "call-_…5678_x"
    await workspace.say("step take called")
    await whole.say(f"room show {CALLED}")
    (taken,), (missed,) = workspace.attempts.rows, whole.attempts.rows
    assert (taken.also_about, missed.attempt.about) == (shown, shown)
    assert missed.attempt.words == f"room show {shown} --provider memory"
    assert shown in missed.detail
    assert "3012345678" not in repr([record.__dict__ for record in caplog.records])


async def test_a_form_that_is_refused_is_closed_at_once(workspace: Workspace) -> None:
    given = {"ending": "grave", "provider": "annex"}
    refusal, request = NotAllowed("No.", "Ask Anna."), Request(VERA, STUDIO, Door.SHORTCUT, request_id="0a1b2c3d")
    attempt_id = await workspace.dispatcher.refuse_form(Step, given, refusal, request)
    row = workspace.attempts.rows[attempt_id]
    assert (row.outcome, row.detail, row.closings) == (Outcome.REFUSED, "NotAllowed: No.", 1)
    assert (row.attempt.words, row.attempt.provider, row.attempt.door) == ("step take", "annex", "shortcut")
    assert row.attempt.request_id == "0a1b2c3d"


async def test_two_bugs_have_two_references(workspace: Workspace) -> None:
    first, second = bug(await workspace.say("step take bug")), bug(await workspace.say("step take bug"))
    assert first.reference != second.reference


async def test_one_line_is_logged_without_secrets(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await workspace.press(Step(provider="memory", key=SecretStr("s3cret")))
    [line] = caplog.records
    logged = line.__dict__
    assert logged["words"] == "step take well --provider memory --key ***"
    assert (logged["outcome"], logged["user"], logged["channel"], logged["door"]) == (
        "done",
        "UOLGA",
        "CSTUDIO",
        "button",
    )
    assert "s3cret" not in repr(logged)


# Which video server


async def test_an_unknown_provider(workspace: Workspace, steps: list[str]) -> None:
    error = refused(await workspace.say("step take --provider nowhere"))
    assert isinstance(error, UsageError)
    assert error.problems == (Problem("There is no video server called “nowhere” here.", "provider"),)
    assert plain(error.remedy) == "There is memory and annex."
    assert steps == ["open", "close"]


async def test_a_command_without_a_server_gets_the_channels(workspace: Workspace) -> None:
    assert told(await workspace.say("look")).text == "memory"
    await workspace.settings.put(STUDIO, CHANNEL_PROVIDER, "annex", by=ANNA.user_id)
    assert told(await workspace.say("look")).text == "annex"


async def test_a_channels_server_that_was_taken_away_gives_way_to_the_default(workspace: Workspace) -> None:
    await workspace.settings.put(STUDIO, CHANNEL_PROVIDER, "gone", by=ANNA.user_id)
    assert told(await workspace.say("look")).text == "memory"


# The question


async def test_a_question_waits_for_its_asker_alone(workspace: Workspace) -> None:
    answer = await workspace.say("step take gravely")
    assert isinstance(answer.result, Asked)
    pending = await workspace.pending.peek(answer.result.token)
    assert pending is not None
    assert pending.command == Step(provider="memory", ending="gravely")
    assert (pending.team_id, pending.user_id, pending.confirmed) == ("T1", "UOLGA", True)
    assert pending.expires_at == workspace.clock.now() + QUESTION_LIFETIME


async def test_a_question_expires(workspace: Workspace) -> None:
    answer = await workspace.say("step take gravely")
    assert isinstance(answer.result, Asked)
    workspace.clock.advance(QUESTION_LIFETIME)
    assert await workspace.pending.peek(answer.result.token) is None


async def test_running_does_not_use_up_the_question(workspace: Workspace) -> None:
    """Whoever takes the press takes the question; dispatch only makes it."""
    asked = await workspace.say("step take gravely")
    assert isinstance(asked.result, Asked)
    told(await workspace.confirm(asked))
    assert await workspace.pending.take(asked.result.token)
    assert not await workspace.pending.take(asked.result.token)


async def test_the_role_is_looked_at_again_at_the_answer(workspace: Workspace) -> None:
    answer = await workspace.press(Step(provider="memory", ending="gravely"), by=VERA, confirmed=True)
    assert isinstance(refused(answer), NotAllowed)
