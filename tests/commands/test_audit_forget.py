"""Somebody is forgotten on an admin's word, after a question, and the record does not say who."""

import pytest

from commands.audit_forget import AuditForget
from commands.core.attempts import Outcome
from commands.core.dispatch import Asked
from commands.core.errors import NotAllowed
from commands.core.ports import Traces
from commands.core.reply import plain
from commands.core.spelling import spell
from providers.memory.provider import Memory
from tests.commands.workspace import ANNA, OLGA, TEAM, Workspace, refused, says, told

VERA = "slack-T1-UVERA"


@pytest.mark.parametrize("user", ["@UVERA", "slack-T1-UVERA"])
async def test_it_asks_first_and_says_how_much_there_is(workspace: Workspace, user: str) -> None:
    workspace.forgetting.kept[TEAM, VERA] = Traces(
        commands=1_200, events=3, things=2, others=1, live=1, roles=1, keep_outs=2
    )
    answer = await workspace.say(f"audit forget {user}", by=ANNA)
    assert isinstance(answer.result, Asked)
    question = answer.result.question
    assert plain(question.text) == ("Forget @UVERA? 1,209 rows that are kept speak of them. It cannot be undone.")
    assert [(name, plain(value)) for name, value in question.facts] == [
        ("What was done", "1,200"),
        ("What servers told", "3"),
        ("Rooms and recordings that are over", "2"),
        ("Roles that end", "1"),
        ("Keep-outs that are lifted", "2"),
        ("Other rows", "1"),
        ("Live ones, which stay", "1"),
    ]
    assert workspace.forgetting.asked == []

    reply = told(await workspace.confirm(answer))
    assert workspace.forgetting.asked == [VERA]
    assert reply.alone
    assert plain(reply.text) == "@UVERA is forgotten."
    assert plain(reply.hint) == (
        "1 room or recording that is live speaks of them until it is over; ask again then."
        " What Slack shows and what the video servers keep stays there."
    )


async def test_an_identity_of_a_room_will_do(workspace: Workspace) -> None:
    workspace.forgetting.kept[TEAM, "guest 7"] = Traces(events=1)
    answer = await workspace.say('audit forget "guest 7"', by=ANNA)
    assert plain(told(await workspace.confirm(answer)).text) == "guest 7 is forgotten."


async def test_where_nothing_is_kept_nothing_is_asked(workspace: Workspace) -> None:
    reply = told(await workspace.say("audit forget nobody", by=ANNA))
    assert (plain(reply.text), plain(reply.hint)) == ("Nothing that is kept speaks of nobody.", "")
    workspace.forgetting.kept[TEAM, "bob"] = Traces(live=2)
    reply = told(await workspace.say("audit forget bob", by=ANNA))
    assert plain(reply.hint) == "2 rooms and recordings that are live speak of them until it is over; ask again then."


async def test_the_record_does_not_say_whom(workspace: Workspace) -> None:
    workspace.forgetting.kept[TEAM, VERA] = Traces(events=1)
    await workspace.confirm(await workspace.say("audit forget @UVERA", by=ANNA))
    await workspace.say("audit forget @UVERA", by=OLGA)
    assert [(row.attempt.words, row.outcome) for row in workspace.attempts.rows] == [
        ("audit forget ***", Outcome.ASKED),
        ("audit forget ***", Outcome.DONE),
        ("audit forget ***", Outcome.REFUSED),
    ]
    assert "UVERA" not in "".join(row.detail + row.reference for row in workspace.attempts.rows)
    assert spell(AuditForget(user="@UVERA")) == "audit forget @UVERA"


async def test_it_is_for_admins(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("audit forget bob", by=OLGA)), NotAllowed)
    assert workspace.forgetting.asked == []


@pytest.mark.parametrize("user", ["@UANNA", "slack-T1-UANNA", "slack-T1-UANNA-2", "UANNA"])
async def test_nobody_clears_their_own_record(workspace: Workspace, user: str) -> None:
    workspace.forgetting.kept[TEAM, "slack-T1-UANNA"] = Traces(commands=1)
    for confirmed in (False, True):
        answer = await workspace.press(AuditForget(user=user), by=ANNA, confirmed=confirmed)
        assert says(refused(answer))[0] == "Nobody can have themselves forgotten."
    assert workspace.forgetting.asked == []


async def test_a_granted_role_is_not_enough(workspace: Workspace) -> None:
    workspace.forgetting.kept[TEAM, VERA] = Traces(commands=1)
    workspace.roles.from_grants["UANNA"] = {1}
    for confirmed in (False, True):
        answer = await workspace.press(AuditForget(user="@UVERA"), by=ANNA, confirmed=confirmed)
        assert says(refused(answer))[0] == "Your role is granted, and that is not enough to forget somebody."
    assert workspace.forgetting.asked == []


async def test_after_a_crash_it_is_asked_for_again(workspace: Workspace, memory: Memory) -> None:
    reply = await AuditForget(user="***").aftermath(workspace.context(memory, by=ANNA))
    assert plain(reply.text) == "Somebody may be forgotten in part only. Ask for it again: it does no harm twice."
