"""The figures of a server, and of several, in Prometheus' format by its client library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from labs.net.metrics import LATEST, Metrics, Spread

_QUANTILES = (0.5, 0.9, 0.99)

# The fields of the broker's counters that go up and down; all others only grow.
_GAUGES = {
    "sessions": "STOMP sessions that are open",
    "connected": "STOMP sessions that have CONNECTed",
    "slow": "slow consumers: sessions whose socket is not taking more",
    "queued": "messages waiting in queues",
    "unacknowledged": "messages delivered and not acknowledged",
}

_OF_ALL_NODES = frozenset({"stomp_queued", "stomp_dead_lettered", "stomp_expired"})  # the store's, the same on each


def text(metrics: Metrics) -> bytes:
    """One server's."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Server(metrics))
    return generate_latest(registry)


class _Server(Collector):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        of = self._metrics
        yield from _broker(of)
        yield _quantiles(of)
        open_now = GaugeMetricFamily("ws_connections", "WebSockets open", labels=["endpoint"])
        for endpoint, count in of.connections.items():
            open_now.add_metric([endpoint], count)
        yield open_now
        yield _counted("ws_connections_opened", "WebSockets opened", "endpoint", of.opened)
        yield _counted("ws_connections_closed", "by close code sent, or received", "code", of.closed)
        yield _spread("ws_connection_seconds", "how long WebSockets lasted", of.duration)
        yield _counted("http_requests", "HTTP requests answered", "status", of.requests)
        yield _spread("stomp_delivery_seconds", "from publishing to writing a MESSAGE", of.latency)
        yield _spread("loop_lag_seconds", "how late the event loop is", of.lag)
        yield GaugeMetricFamily("sockjs_http_sessions", "SockJS sessions over HTTP", value=of.sockjs)


def _broker(of: Metrics) -> Iterable[Metric]:
    for each in fields(of.counters):
        name, value = f"stomp_{each.name}", getattr(of.counters, each.name)
        if each.name in _GAUGES:
            yield GaugeMetricFamily(name, _GAUGES[each.name], value=value)
        else:
            yield CounterMetricFamily(name, f"{each.name.replace('_', ' ')}, since the start", value=value)


def _quantiles(of: Metrics) -> Metric:
    about = f"from publishing to writing a MESSAGE, of the latest {LATEST} messages"
    family = GaugeMetricFamily("stomp_delivery_latest_seconds", about, labels=["quantile"])
    ordered = sorted(of.latest)
    for quantile in _QUANTILES if ordered else ():
        family.add_metric([f"{quantile:g}"], ordered[int(quantile * (len(ordered) - 1))])
    return family


def _counted(name: str, about: str, label: str, counts: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, about, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _spread(name: str, about: str, spread: Spread) -> Metric:
    ends = [*(repr(float(bound)) for bound in spread.bounds), "+Inf"]
    buckets = list(zip(ends, map(float, accumulate(spread.counts)), strict=True))
    return HistogramMetricFamily(name, about, buckets=buckets, sum_value=spread.total)


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
