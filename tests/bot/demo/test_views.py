"""`views.*`: triggers, the stack, hashes and the Home tab."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import StandIn, User
from tests.bot.demo.blocks import home, modal, section, text_entry
from tests.bot.demo.conftest import Clock


def trigger(slack: StandIn, user: User, view_id: str | None = None) -> str:
    return slack.workspace.permits.issue_trigger(user.id, view_id)


async def refusal(client: AsyncWebClient, method: str, **arguments: object) -> str:
    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, json=arguments)
    return str(refused.value.response["error"])


async def test_a_trigger_opens_one_view_within_three_seconds(
    slack: StandIn, client: AsyncWebClient, clock: Clock, ana: User
) -> None:
    fresh, stale = trigger(slack, ana), trigger(slack, ana)
    clock.age(2.9)
    opened = await client.views_open(trigger_id=fresh, view=modal(text_entry("name"), private_metadata="m"))
    view = slack.view_of(ana)
    assert view is not None
    assert (view.id, view.hash) == (opened["view"]["id"], opened["view"]["hash"])
    assert (view.title, view.fields, view.private_metadata) == ("Form", {"name": "Name"}, "m")
    assert await refusal(client, "views.open", trigger_id=fresh, view=modal(section("x"))) == "exchanged_trigger_id"
    clock.age(0.2)
    assert await refusal(client, "views.open", trigger_id=stale, view=modal(section("x"))) == "expired_trigger_id"
    assert await refusal(client, "views.open", trigger_id="made up", view=modal(section("x"))) == "invalid_trigger_id"


async def test_the_stack_holds_three(slack: StandIn, client: AsyncWebClient, ana: User) -> None:
    answer = await client.views_open(trigger_id=trigger(slack, ana), view=modal(section("1")))
    view_id = answer["view"]["id"]
    for depth in ("2", "3"):
        pushed = await client.views_push(trigger_id=trigger(slack, ana, view_id), view=modal(section(depth)))
        assert pushed["view"]["root_view_id"] == view_id
    view = slack.view_of(ana)
    assert view is not None
    assert view.lines == ["Form", "3", "[Send]"]
    inside = trigger(slack, ana, view_id)
    assert await refusal(client, "views.push", trigger_id=inside, view=modal(section("4"))) == "push_limit_reached"
    outside = trigger(slack, ana)
    assert await refusal(client, "views.push", trigger_id=outside, view=modal(section("4"))) == "invalid_trigger_id"
    await slack.close(ana, view)
    shown = slack.view_of(ana)
    assert shown is not None
    assert shown.lines[1] == "2"


async def test_an_update_with_a_stale_hash(slack: StandIn, client: AsyncWebClient, ana: User) -> None:
    first = (await client.views_open(trigger_id=trigger(slack, ana), view=modal(section("1"))))["view"]
    second = (await client.views_update(view_id=first["id"], hash=first["hash"], view=modal(section("2"))))["view"]
    assert second["hash"] != first["hash"]
    arguments = {"view_id": first["id"], "hash": first["hash"], "view": modal(section("3"))}
    assert await refusal(client, "views.update", **arguments) == "hash_conflict"
    await client.views_update(view_id=first["id"], view=modal(section("3")))
    view = slack.view_of(ana)
    assert view is not None
    assert view.lines[1] == "3"
    assert await refusal(client, "views.update", view_id="V404", view=modal(section("x"))) == "not_found"


async def test_an_external_id_names_one_view(slack: StandIn, client: AsyncWebClient, ana: User, ben: User) -> None:
    await client.views_open(trigger_id=trigger(slack, ana), view=modal(section("1"), external_id="e"))
    await client.views_update(external_id="e", view=modal(section("2"), external_id="e"))
    view = slack.view_of(ana)
    assert view is not None
    assert view.lines[1] == "2"
    twice = {"trigger_id": trigger(slack, ben), "view": modal(section("1"), external_id="e")}
    assert await refusal(client, "views.open", **twice) == "duplicate_external_id"


@pytest.mark.parametrize(
    ("view", "error"),
    [
        ({"type": "modal"}, "invalid_arguments"),
        (home(section("a home is no modal")), "invalid_arguments"),
        (modal(section("x"), title="x" * 25), "invalid_arguments"),
        (modal(section("x"), private_metadata="x" * 3001), "invalid_arguments"),
        (modal(*[section("x" * 3000)] * 90), "view_too_large"),
        ("{not json", "invalid_arguments"),
        (None, "invalid_arguments"),
    ],
)
async def test_views_that_slack_refuses(
    slack: StandIn, client: AsyncWebClient, ana: User, view: object, error: str
) -> None:
    assert await refusal(client, "views.open", trigger_id=trigger(slack, ana), view=view) == error
    assert slack.view_of(ana) is None


async def test_home(slack: StandIn, client: AsyncWebClient, ana: User) -> None:
    first = (await client.views_publish(user_id=ana.id, view=home(section("1"))))["view"]
    await client.views_publish(user_id=ana.id, view=home(section("2")), hash=first["hash"])
    seen = slack.home_of(ana)
    assert seen is not None
    assert seen.lines == ["2"]
    stale = {"user_id": ana.id, "view": home(section("3")), "hash": first["hash"]}
    assert await refusal(client, "views.publish", **stale) == "hash_conflict"
    assert await refusal(client, "views.publish", user_id="U404", view=home(section("3"))) == "invalid_arguments"
    assert await refusal(client, "views.publish", user_id=ana.id, view=modal(section("3"))) == "invalid_arguments"


async def test_a_home_that_is_switched_off() -> None:
    async with StandIn({}) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        user = slack.workspace.add_user("ana")
        assert await refusal(client, "views.publish", user_id=user.id, view=home(section("1"))) == "not_enabled"
