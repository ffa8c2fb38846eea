"""What can be measured of a gateway, for Prometheus; GET /metrics shows it.

Labels name kinds of things (a bot, a state, a channel), never a tenant, a conversation or a person: whoever reads the
metrics of a gateway must not learn from them who its customers are. All durations are seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nothing here reads
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LAG_EVERY_S = 0.5

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 20, 30, 60)

appends = Counter("tandem_appends", "Entries that were added to timelines", ["author_kind"], registry=REGISTRY)
commit_seconds = Histogram(
    "tandem_commit_seconds", "From the begin of a write to its durable commit", buckets=_FAST, registry=REGISTRY
)
commit_group_size = Histogram(
    "tandem_commit_group_size", "Writes in one commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128), registry=REGISTRY
)
fenced = Counter("tandem_fenced", "Writes that were refused because their epoch was over", registry=REGISTRY)

turn_seconds = Histogram(
    "tandem_turn_seconds", "From the begin of a turn to its end", ["bot", "state"], buckets=_SLOW, registry=REGISTRY
)
breaker_state = Gauge(
    "tandem_breaker_state", "0 closed (in use), 1 half open (one turn tries it), 2 open", ["bot"], registry=REGISTRY
)
deliveries = Counter(
    "tandem_channel_deliveries", "Attempts to deliver to a channel", ["channel", "state"], registry=REGISTRY
)

channel_accounts = Gauge(
    "tandem_channel_accounts", "Channel accounts: all, failing, disabled", ["channel", "state"], registry=REGISTRY
)

token_end = Gauge(
    "tandem_channel_token_end_timestamp_seconds",
    "When the first access token of a channel's accounts in use ends, as far as that is known, in Unix time",
    ["channel"],
    registry=REGISTRY,
)
last_event = Gauge(
    "tandem_channel_last_event_timestamp_seconds",
    "When the account in use that has been silent longest had its last event, in Unix time",
    ["channel"],
    registry=REGISTRY,
)

article_votes = Counter(
    "tandem_article_votes", "Whether an article of the help centre helped", ["helped"], registry=REGISTRY
)
policy_reports = Counter(
    "tandem_policy_reports", "What browsers did not let our pages do, by directive", ["directive"], registry=REGISTRY
)

sockets = Gauge("tandem_sockets", "WebSockets that said hello and are open", registry=REGISTRY)
reconnects = Counter("tandem_reconnects", "Hellos that went on behind an earlier socket", registry=REGISTRY)
shed = Counter("tandem_shed", "What was refused to protect the rest", ["what"], registry=REGISTRY)
loop_lag = Histogram(
    "tandem_loop_lag_seconds",
    "How much later than asked the event loop woke a waiting task",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)

# Read from the database whenever somebody asks; not a number while it cannot be read.
queue_age = Gauge("tandem_queue_age_seconds", "How long the longest waiting handoff has waited", registry=REGISTRY)
outbox_age = Gauge("tandem_outbox_age_seconds", "Age of the oldest entry with an unfinished effect", registry=REGISTRY)
oldest_unowned = Gauge(
    "tandem_oldest_unowned_seconds", "How long the most overdue conversation has been overdue", registry=REGISTRY
)


class LoopLag:
    """Measures how long ready tasks wait for the event loop (F-50): what blocks it delays every customer.

    `recent` is its average over the last two seconds or so.
    """

    def __init__(self) -> None:
        self.recent = 0.0

    async def run(self) -> None:
        """Probes until cancelled."""
        while True:
            planned = time.monotonic() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            lag = max(0.0, time.monotonic() - planned)
            self.recent += (lag - self.recent) / 4
            loop_lag.observe(lag)


def committed(appended: Sequence[Sequence[str]], began: float) -> None:
    """Records one durable commit: for each write in it the kinds of authors that it added entries of.

    `began` is time.perf_counter() at its begin.
    """
    commit_seconds.observe(time.perf_counter() - began)
    commit_group_size.observe(len(appended))
    for author_kind in chain.from_iterable(appended):
        appends.labels(author_kind).inc()


def set_accounts(standing: Sequence[Mapping[str, Any]]) -> None:
    """How many accounts each channel has, fail, and are switched off; when their tokens end and events came.

    Nothing when unknown.
    """
    for gauge in (channel_accounts, token_end, last_event):
        gauge.clear()
    for row in standing:
        for gauge, moment in ((token_end, row.get("token_until")), (last_event, row.get("last_event_at"))):
            if moment is not None:
                gauge.labels(row["channel"]).set(moment.timestamp())
        for state in ("accounts", "failing", "disabled"):
            channel_accounts.labels(row["channel"], state).set(row[state] or 0)


def page() -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
