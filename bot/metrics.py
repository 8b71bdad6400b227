"""What we count, in a registry of our own so that two bots in one process (tests, demo) do not share numbers.

Names follow https://prometheus.io/docs/practices/naming/. Labels hold what we name ourselves (paths of commands,
methods, providers), never what people or servers name. `docs/operations.md` has the same table for people, and
`docs/alarms.yml` what to be woken for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Of what `Metrics.render` returns."""

ACK_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
"""Slack gives up after 3 s."""

CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Described:
    """A metric for people. `name` is as a query has it; a histogram's has `_bucket`, `_sum` and `_count` behind it."""

    name: str
    labels: Sequence[str]
    help: str


class Metrics:
    """Count with `metrics.commands.labels("room create", "done").inc()`; gauges take a callback by `set_function`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.described: list[Described] = []
        ProcessCollector(registry=self.registry)
        self._build()
        self._requests()
        self._servers()
        self._delivery()
        self._process()

    def _requests(self) -> None:
        self.ack_seconds = self._histogram(
            "showcaller_ack_seconds",
            "From a payload of Slack to our acknowledgement.",
            "transport",
            buckets=ACK_BUCKETS,
        )
        self.commands = self._counter("showcaller_commands_total", "Commands by how they ended.", "path", "outcome")
        self.command_seconds = self._histogram(
            "showcaller_command_seconds", "From the attempt to its end.", "path", buckets=CALL_BUCKETS
        )
        self.limit_refusals = self._counter(
            "showcaller_limit_refusals_total", "What was not taken, by the limit that it was over.", "limit"
        )
        self.slack_calls = self._counter(
            "showcaller_slack_calls_total",
            "Calls of Slack's Web API; the outcome is `ok` or Slack's error.",
            "method",
            "outcome",
        )

    def _servers(self) -> None:
        self.provider_calls = self._counter(
            "showcaller_provider_calls_total",
            "What was asked of video servers; the outcome is `ok` or the kind of error.",
            "provider",
            "operation",
            "outcome",
        )
        self.provider_call_seconds = self._histogram(
            "showcaller_provider_call_seconds",
            "From asking a video server to its answer.",
            "provider",
            "operation",
            buckets=CALL_BUCKETS,
        )
        self.webhooks = self._counter(
            "showcaller_webhooks_total", "Webhooks by what was made of them.", "provider", "verdict"
        )
        self.webhook_age_seconds = self._gauge(
            "showcaller_webhook_age_seconds",
            "Since the last webhook that told something, over all replicas; `+Inf` before the first.",
            "provider",
        )
        self.reconcile_rounds = self._counter(
            "showcaller_reconcile_rounds_total",
            "Comparisons with a video server's own lists; the outcome is `ok`, the kind of error, or `LeaseLost`.",
            "provider",
            "outcome",
        )
        self.reconcile_differences = self._counter(
            "showcaller_reconcile_differences_total",
            "What such a comparison found that no webhook had told in time.",
            "provider",
        )
        self.live_rooms = self._gauge("showcaller_live_rooms", "Rooms that are live, as far as we know.", "provider")

    def _delivery(self) -> None:
        self.cards_behind = self._gauge("showcaller_cards_behind", "Cards whose newest version is not in Slack.")
        self.oldest_untold_change_seconds = self._gauge(
            "showcaller_oldest_untold_change_seconds",
            "Age of the oldest change that Slack does not show, where nothing but us keeps it back; 0 for none.",
        )
        self.channels_in_digest = self._gauge(
            "showcaller_channels_in_digest", "Channels where so much happens that it is shown on digest pages."
        )
        self.updates_paused_seconds = self._gauge(
            "showcaller_updates_paused_seconds", "Until Slack takes updates of cards again, after a 429; 0 for at once."
        )
        self._store_errors = self._counter(
            "showcaller_store_errors_total", "Failures of the database itself.", "operation"
        )
        for operation in ("read", "write"):  # a count that begins above 0 is no increase to Prometheus
            self._store_errors.labels(operation)

    def _process(self) -> None:
        self.socket_connections = self._gauge("showcaller_socket_connections", "Socket Mode connections that are open.")
        self.socket_reconnects = self._counter(
            "showcaller_socket_reconnects_total",
            "Socket Mode connections that ended and were to be replaced.",
            "reason",
        )
        self.tasks_in_flight = self._gauge("showcaller_tasks_in_flight", "Tasks that run.")
        self.tasks_waiting = self._gauge("showcaller_tasks_waiting", "Tasks that wait their turn.")

    def store_failed(self, operation: str) -> None:
        """`read` or `write`: what `bot.store.engine.Store.open` takes as `failed`."""
        self._store_errors.labels(operation).inc()

    def render(self) -> bytes:
        """Every number in Prometheus's text format."""
        return generate_latest(self.registry)

    def _build(self) -> None:
        help = "Which version runs; always 1."
        info = Info("showcaller_build", help, registry=self.registry)
        info.info({"version": _version()})
        self.described.append(Described("showcaller_build_info", ("version",), help))

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        self.described.append(Described(name, labels, help))
        return Counter(name, help, labels, registry=self.registry)

    def _gauge(self, name: str, help: str, *labels: str) -> Gauge:
        self.described.append(Described(name, labels, help))
        return Gauge(name, help, labels, registry=self.registry)

    def _histogram(self, name: str, help: str, *labels: str, buckets: Sequence[float]) -> Histogram:
        self.described.append(Described(name, labels, help))
        return Histogram(name, help, labels, buckets=buckets, registry=self.registry)


def _version() -> str:
    try:
        return version("showcaller")
    except PackageNotFoundError:
        return "not installed"
