"""Prometheus metrics of a deployable: its own registry, bounded labels, cached children."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one application; nothing is global, so two apps can share a process."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "http_requests_total",
            "Requests served, by route template.",
            ["service", "method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time from the first byte in to the last byte out.",
            ["service", "method", "route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._service = service
        self._requests: dict[tuple[str, str, int], Counter] = {}
        self._seconds: dict[tuple[str, str], Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template (`/x/{id}`), never the path."""
        count = self._requests.get((method, route, status))
        if count is None:
            count = self.requests.labels(self._service, method, route, str(status))
            self._requests[method, route, status] = count
        count.inc()
        timer = self._seconds.get((method, route))
        if timer is None:
            timer = self.seconds.labels(self._service, method, route)
            self._seconds[method, route] = timer
        timer.observe(seconds)

    def gauge(self, name: str, text: str) -> Gauge:
        """Return a new gauge in this registry."""
        return Gauge(name, text, registry=self.registry)

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        """Return a new counter in this registry."""
        return Counter(name, text, labels, registry=self.registry)

    def text(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self.registry)
