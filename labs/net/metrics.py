"""What `/metrics` tells, in Prometheus' format by its client library. Counting happens where things
happen; here it gets its names."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import fields

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from labs.broker import Counters

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LATENCY = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_DURATION = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86400.0)
_QUANTILES = (0.5, 0.9, 0.99)
_LATEST = 1000  # messages whose latency is kept for them
_LAG = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)

# The fields of the broker's counters that go up and down; all others only grow.
_GAUGES = {
    "sessions": "STOMP sessions that are open",
    "connected": "STOMP sessions that have CONNECTed",
    "slow": "slow consumers: sessions whose socket is not taking more",
    "queued": "messages waiting in queues",
    "unacknowledged": "messages delivered and not acknowledged",
}

_OF_ALL_NODES = frozenset({"stomp_queued", "stomp_dead_lettered", "stomp_expired"})  # the store's, the same on each


class Metrics:
    """One server's figures; `counters` are its broker's."""

    def __init__(self, counters: Counters) -> None:
        self._registry = registry = CollectorRegistry()
        registry.register(_BrokerCollector(counters))
        self._latest: deque[float] = deque(maxlen=_LATEST)
        registry.register(_Quantiles(self._latest))
        self.connections = Gauge("ws_connections", "WebSockets open", ["endpoint"], registry=registry)
        self.opened = Counter("ws_connections_opened", "WebSockets opened", ["endpoint"], registry=registry)
        self.closed = Counter("ws_connections_closed", "by close code sent, or received", ["code"], registry=registry)
        self.duration = Histogram(
            "ws_connection_seconds", "how long WebSockets lasted", buckets=_DURATION, registry=registry
        )
        self.requests = Counter("http_requests", "HTTP requests answered", ["status"], registry=registry)
        self.latency = Histogram(
            "stomp_delivery_seconds", "from publishing to writing a MESSAGE", buckets=_LATENCY, registry=registry
        )
        self.lag = Histogram("loop_lag_seconds", "how late the event loop is", buckets=_LAG, registry=registry)
        self.sockjs = Gauge("sockjs_http_sessions", "SockJS sessions over HTTP", registry=registry)

    def delivered(self, seconds: float, count: int) -> None:
        """A message went to `count` subscribers; the latency is the message's, once."""
        if count:
            self.latency.observe(seconds)
            self._latest.append(seconds)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)


def merged(texts: Mapping[str, str | None]) -> bytes:
    """The metrics of several nodes as one text, by the label `node`; of a node that is down (None) it says just that.
    What all of them know of their common store is there once, without the label."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(texts))
    return generate_latest(registry)


class _Merged(Collector):
    def __init__(self, texts: Mapping[str, str | None]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("node_up", "1 where the node answers, else 0", labels=["node"])
        families: dict[str, Metric] = {}
        for node, text in self._texts.items():
            up.add_metric([node], float(text is not None))
            for family in text_string_to_metric_families(text or ""):
                if family.name not in _OF_ALL_NODES:
                    family.samples = [each._replace(labels={**each.labels, "node": node}) for each in family.samples]
                    families.setdefault(family.name, _without_samples(family)).samples += family.samples
                else:
                    families.setdefault(family.name, family)
        yield up
        yield from families.values()


def _without_samples(family: Metric) -> Metric:
    return Metric(family.name, family.documentation, family.type)


class _BrokerCollector(Collector):
    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def collect(self) -> Iterable[Metric]:
        for each in fields(self._counters):
            name, value = f"stomp_{each.name}", getattr(self._counters, each.name)
            if each.name in _GAUGES:
                yield GaugeMetricFamily(name, _GAUGES[each.name], value=value)
            else:
                yield CounterMetricFamily(name, f"{each.name.replace('_', ' ')}, since the start", value=value)


class _Quantiles(Collector):
    def __init__(self, latest: deque[float]) -> None:
        self._latest = latest

    def collect(self) -> Iterable[Metric]:
        text = f"from publishing to writing a MESSAGE, of the latest {_LATEST} messages"
        family = GaugeMetricFamily("stomp_delivery_latest_seconds", text, labels=["quantile"])
        ordered = sorted(self._latest)
        for quantile in _QUANTILES if ordered else ():
            family.add_metric([f"{quantile:g}"], ordered[int(quantile * (len(ordered) - 1))])
        yield family
