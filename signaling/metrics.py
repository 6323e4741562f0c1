"""Counters for Prometheus."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Metrics:
    """One registry per server, so that tests may run several in one process."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "belvedere_http_requests", "HTTP requests", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "belvedere_http_seconds", "Time to answer", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.streams = Gauge("belvedere_event_streams", "Open event streams", registry=self.registry)
        self.activations = Counter(
            "belvedere_activations", "Activations by outcome", ("outcome",), registry=self.registry
        )
        self.logins = Counter("belvedere_logins", "Sign-ins by outcome", ("outcome",), registry=self.registry)
        self.signaling = Counter(
            "belvedere_signaling", "What happened on signaling sockets", ("event",), registry=self.registry
        )
        self.sizes = Gauge(
            "belvedere_open",
            "Open sockets, cameras, relays, sessions; running tasks",
            ("kind",),
            registry=self.registry,
        )

    def count(self, event: str) -> None:
        """Something happened on a signaling socket."""
        self.signaling.labels(event).inc()

    def watch(self, sizes: Callable[[], dict[str, int]]) -> None:
        """Read these sizes whenever Prometheus asks."""
        for name in sizes():
            self.sizes.labels(name).set_function(_reader(sizes, name))

    def page(self) -> bytes:
        """The text Prometheus reads."""
        return generate_latest(self.registry)


def _reader(sizes: Callable[[], dict[str, int]], name: str) -> Callable[[], float]:
    return lambda: sizes()[name]
