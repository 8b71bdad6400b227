import re
from pathlib import Path

import pytest

from bot.metrics import Metrics

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
UNITS = ("_seconds", "_total", "_info")
AMOUNTS = {
    "showcaller_cards_behind",
    "showcaller_channels_in_digest",
    "showcaller_live_rooms",
    "showcaller_socket_connections",
    "showcaller_tasks_in_flight",
    "showcaller_tasks_waiting",
}
"""Gauges of things that are counted, which have no unit."""


def documented_rows() -> list[str]:
    """The table of `docs/operations.md` as it must be."""
    return [
        f"| `{each.name}` | {', '.join(f'`{label}`' for label in each.labels) or '-'} | {each.help} |"
        for each in Metrics().described
    ]


def test_numbers_are_counted_in_a_registry_of_their_own() -> None:
    metrics, other = Metrics(), Metrics()
    metrics.commands.labels("room create", "done").inc()
    metrics.ack_seconds.labels("http").observe(0.002)
    metrics.cards_behind.set_function(lambda: 7)
    text = metrics.render().decode()
    assert 'showcaller_commands_total{outcome="done",path="room create"} 1.0' in text
    assert 'showcaller_ack_seconds_bucket{le="0.0025",transport="http"} 1.0' in text
    assert "showcaller_cards_behind 7.0" in text
    assert "process_resident_memory_bytes" in text
    assert "room create" not in other.render().decode()


def test_the_documented_metrics_are_those_that_there_are() -> None:
    page = OPERATIONS.read_text("utf-8")
    rows = page.partition("<!-- metrics -->\n")[2].partition("<!-- /metrics -->")[0].splitlines()
    assert rows[2:] == documented_rows()


def test_what_is_described_is_what_is_served() -> None:
    served = {
        f"{family.name}_total" if family.type == "counter" else f"{family.name}{'_info' * (family.type == 'info')}"
        for family in Metrics().registry.collect()
        if family.name.startswith("showcaller_")
    }
    assert {each.name for each in Metrics().described} == served


@pytest.mark.parametrize("name", [each.name for each in Metrics().described])
def test_names_follow_the_conventions(name: str) -> None:
    assert re.fullmatch(r"showcaller_[a-z_]+", name)
    assert name.endswith(UNITS) or name in AMOUNTS


def test_no_label_holds_what_people_or_servers_name() -> None:
    labels = {label for each in Metrics().described for label in each.labels}
    assert labels == {
        "limit",
        "method",
        "operation",
        "outcome",
        "path",
        "provider",
        "reason",
        "transport",
        "verdict",
        "version",
    }


def test_counts_that_alarms_watch_begin_at_zero() -> None:
    """Prometheus takes no increase from a count that was not there before."""
    text = Metrics().render().decode()
    assert 'showcaller_store_errors_total{operation="read"} 0.0' in text
    assert 'showcaller_store_errors_total{operation="write"} 0.0' in text
