"""The rules of `docs/alarms.yml`: they speak of metrics that there are, and each fires on a bot in that trouble."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bot.demo.world import World
from bot.metrics import Metrics
from bot.observer import LOOK_SECONDS
from tests.bot.alerts.broken import without
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import MEMORY
from tests.bot.conversations.talk import accepted, ask, card
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn

DOCS = Path(__file__).parents[2] / "docs"
RULES: list[dict[str, Any]] = yaml.safe_load((DOCS / "alarms.yml").read_text("utf-8"))["groups"][0]["rules"]
EXPRESSIONS: dict[str, str] = {rule["alert"]: rule["expr"] for rule in RULES}

_COMPARED = re.compile(r"(?P<increase>increase\()?(?P<name>\w+)(?:\[5m\]\))? > (?P<than>[0-9.]+)")

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class Scrapes:
    """Two looks at one bot, as Prometheus takes them."""

    before: Samples
    now: Samples

    def fires(self, expression: str) -> list[dict[str, str]]:
        """The labels for which an expression of our rules holds: comparisons, with `and` between them."""
        holding = [self._compare(part) for part in expression.split(" and ")]
        return [dict(labels) for labels in frozenset.intersection(*holding)]

    def _compare(self, comparison: str) -> frozenset[frozenset[tuple[str, str]]]:
        found = _COMPARED.fullmatch(comparison)
        assert found is not None, f"the test does not understand “{comparison}”"
        values = {labels: value for (name, labels), value in self.now.items() if name == found["name"]}
        if found["increase"]:
            values = {labels: value - self.before[found["name"], labels] for labels, value in values.items()}
        return frozenset(labels for labels, value in values.items() if value > float(found["than"]))


async def scrape(world: World) -> Samples:
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/metrics") as answer:
        families = text_string_to_metric_families(await answer.text())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


async def fired(world: World, alarm: str, before: Samples) -> list[dict[str, str]]:
    """Wait until the alarm would go off."""
    async with asyncio.timeout(LOOK_SECONDS + 5):
        while not (found := Scrapes(before, await scrape(world)).fires(EXPRESSIONS[alarm])):
            await asyncio.sleep(0.05)
    return found


async def looked(world: World, name: str, *, above: float) -> Samples:
    """Wait until the observer has seen that."""
    async with asyncio.timeout(LOOK_SECONDS + 5):
        while True:
            samples = await scrape(world)
            if any(value > above for (each, _), value in samples.items() if each == name):
                return samples
            await asyncio.sleep(0.05)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest_asyncio.fixture(name="world")
async def _world(tmp_path: Path, clock: MovedClock) -> AsyncIterator[World]:
    """Over Socket Mode, as its clock is moved further than a signed request may be old."""
    async with await World.open(tmp_path, transport="socket", clock=clock, providers=MEMORY) as world:
        yield world


def test_every_rule_says_what_to_do() -> None:
    headings = re.findall(r"^### (\w+)$", (DOCS / "operations.md").read_text("utf-8"), re.MULTILINE)
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["alert"] in headings
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(EXPRESSIONS) <= set(headings)


def test_rules_and_runbooks_speak_of_metrics_that_there_are() -> None:
    known = {f"{each.name}{end}" for each in Metrics().described for end in ("", "_bucket", "_sum", "_count")}
    text = (DOCS / "alarms.yml").read_text("utf-8") + (DOCS / "operations.md").read_text("utf-8")
    assert set(re.findall(r"\bshowcaller_[a-z_]+", text)) <= known | {"showcaller_name"}


def test_rules_use_labels_that_there_are() -> None:
    labels_of = {each.name: {*each.labels, "instance"} for each in Metrics().described}
    for rule in RULES:
        named = [labels_of[name] for name in re.findall(r"showcaller_[a-z_]+", rule["expr"]) if name in labels_of]
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert used <= (set.intersection(*named) if named else {"instance"})


async def test_nothing_fires_on_a_bot_that_is_well(world: World, clock: MovedClock) -> None:
    before = await scrape(world)
    await ask(world, world.operator, "/video room create standup")
    await card(world, "standup", "🟢 *Live*")
    now = await looked(world, "showcaller_live_rooms", above=0)
    clock.move(seconds=600)
    now = await scrape(world)
    for alarm, expression in EXPRESSIONS.items():
        if alarm != "ShowcallerDown":
            assert Scrapes(before, now).fires(expression) == [], alarm


async def test_delivery_lag_fires_while_slack_takes_no_card(world: World, clock: MovedClock) -> None:
    world.slack.refuse("chat.postMessage", "internal_error", times=100)
    accepted(await world.slack.command(world.operator, world.general, "/video room create standup"))
    before = await looked(world, "showcaller_cards_behind", above=0)
    assert Scrapes(before, before).fires(EXPRESSIONS["ShowcallerDeliveryLag"]) == []
    clock.move(seconds=181)
    assert await fired(world, "ShowcallerDeliveryLag", before) == [{}]


async def test_delivery_lag_fires_while_the_deliverer_and_the_database_hang(world: World, clock: MovedClock) -> None:
    """The age grows by itself: nobody has to look at anything for that."""
    world.slack.refuse("chat.postMessage", "internal_error", times=100)
    accepted(await world.slack.command(world.operator, world.general, "/video room create standup"))
    before = await looked(world, "showcaller_oldest_untold_change_seconds", above=0)
    async with without("card", world.directory / "showcaller.db"):
        clock.move(seconds=200)
        now = await scrape(world)
        assert Scrapes(before, now).fires(EXPRESSIONS["ShowcallerDeliveryLag"]) == [{}]


async def test_webhook_silence_fires_where_a_server_with_live_rooms_tells_nothing(
    world: World, clock: MovedClock
) -> None:
    await ask(world, world.operator, "/video room create standup")
    before = await looked(world, "showcaller_live_rooms", above=0)
    assert Scrapes(before, before).fires(EXPRESSIONS["ShowcallerWebhookSilence"]) == []
    clock.move(seconds=3_700)
    assert await fired(world, "ShowcallerWebhookSilence", before) == [{"provider": "memory"}]


async def test_webhook_silence_fires_where_none_ever_came(tmp_path: Path) -> None:
    livekit = '[providers.livekit]\nkind = "livekit"\nurl = "{}"\napi_key = "{}"\napi_secret = "{}"\n'
    async with (
        LiveKitStandIn() as server,
        await World.open(tmp_path, providers=livekit.format(server.url, KEY, SECRET)) as world,
    ):
        before = await scrape(world)
        assert before["showcaller_webhook_age_seconds", frozenset({("provider", "livekit")})] == float("inf")
        assert Scrapes(before, before).fires(EXPRESSIONS["ShowcallerWebhookSilence"]) == [], "nothing is live"
        await ask(world, world.operator, "/video room create standup")
        assert await fired(world, "ShowcallerWebhookSilence", before) == [{"provider": "livekit"}]


async def test_store_errors_fire_where_the_database_cannot_be_used(world: World) -> None:
    before = await scrape(world)
    with capture_logs() as lines:
        async with without("thing", world.directory / "showcaller.db"):
            accepted(await world.slack.command(world.operator, world.general, "/video room create standup"))
            assert await fired(world, "ShowcallerStoreErrors", before)
    assert any(line["log_level"] == "error" for line in lines)
