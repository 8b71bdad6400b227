"""What we count, in a registry of our own so that two bots in one process (tests, demo) do not share numbers.

Labels hold what we name ourselves (paths of commands, methods, providers), never what people or servers name.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Of what `Metrics.render` returns."""

ACK_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
"""Slack gives up after 3 s."""

COMMAND_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Count with `metrics.commands.labels("room create", "done").inc()`; gauges take a callback by `set_function`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.ack_seconds = Histogram(
            "showcaller_ack_seconds",
            "From a payload of Slack to our acknowledgement.",
            ["transport"],
            buckets=ACK_BUCKETS,
            registry=self.registry,
        )
        self.commands = Counter(
            "showcaller_commands_total", "Commands by how they ended.", ["path", "outcome"], registry=self.registry
        )
        self.command_seconds = Histogram(
            "showcaller_command_seconds",
            "From the attempt to its end.",
            ["path"],
            buckets=COMMAND_BUCKETS,
            registry=self.registry,
        )
        self.slack_calls = Counter(
            "showcaller_slack_calls_total",
            "Calls of Slack's Web API; the outcome is `ok` or Slack's error.",
            ["method", "outcome"],
            registry=self.registry,
        )
        self.webhooks = Counter(
            "showcaller_webhooks_total",
            "Webhooks by what was made of them.",
            ["provider", "verdict"],
            registry=self.registry,
        )
        self.cards_behind = Gauge(
            "showcaller_cards_behind", "Cards whose newest version is not in Slack.", registry=self.registry
        )
        self.socket_connections = Gauge(
            "showcaller_socket_connections", "Socket Mode connections that are open.", registry=self.registry
        )
        self.socket_reconnects = Counter(
            "showcaller_socket_reconnects_total",
            "Socket Mode connections that ended and were to be replaced.",
            ["reason"],
            registry=self.registry,
        )
        self.tasks_in_flight = Gauge("showcaller_tasks_in_flight", "Tasks that run.", registry=self.registry)
        self.tasks_waiting = Gauge("showcaller_tasks_waiting", "Tasks that wait their turn.", registry=self.registry)

    def render(self) -> bytes:
        """Every number in Prometheus's text format."""
        return generate_latest(self.registry)
