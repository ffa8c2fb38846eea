"""Traces of a customer's message, as a real OTLP receiver gets them; and no cost for whoever wants none."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from handoff_service import tracing
from tests.handoff_service.bots.frail_bot import FrailBot
from tests.handoff_service.stage import trial_settings
from tests.handoff_service.web.serving import ROOT, Gateway


class Collector:
    """Takes spans over OTLP/HTTP, as protobuf."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                assert self.path == "/v1/traces"
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    named = {one.key: one.value.string_value for one in resource.resource.attributes}
                    collector.resources.append(named)
                    for scope in resource.scope_spans:
                        collector.spans += scope.spans
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.close()


@pytest.fixture
def open_traced(collector: Collector, database_url: str) -> Callable[[FrailBot], Gateway]:
    """A gateway with the real ladder, whose Rasa is the frail bot, and which sends its spans to the collector."""

    def opened(bot: FrailBot) -> Gateway:
        settings = trial_settings(
            database_url=database_url,
            kb_index_url="http://127.0.0.1:9",
            bot_url=bot.url,
            otlp_endpoint=collector.url,
        )
        gateway = Gateway(settings)
        gateway.start()
        return gateway

    return opened


def kinds(spans: list[Any]) -> dict[str, Any]:
    return {span.name: span for span in spans}


async def test_one_message_is_one_trace_through_all_parts(
    collector: Collector,
    open_traced: Callable[..., Gateway],
    build_house: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    bot = FrailBot()
    await bot.start()
    gateway = open_traced(bot)
    house = await build_house(gateway)
    customer = await house.customer()
    await customer.write("canary: how long does a refund take?")
    await customer.answered()
    await asyncio.to_thread(gateway.stop)  # sends what is left
    await bot.die()

    spans = kinds([span for span in collector.spans if span.name != "deliver"])
    assert set(spans) == {"receive", "turn", "bot rasa", "post"}
    assert len({span.trace_id for span in spans.values()}) == 1, "one trace"
    assert spans["receive"].parent_span_id == b""
    assert spans["turn"].parent_span_id == spans["receive"].span_id
    assert spans["bot rasa"].parent_span_id == spans["turn"].span_id
    assert spans["post"].parent_span_id == spans["turn"].span_id
    trace, span = spans["turn"].trace_id.hex(), spans["bot rasa"].span_id.hex()
    assert f"traceparent: 00-{trace}-{span}-01" in bot.headers[0].lower()
    assert collector.resources[0]["service.name"] == "tandem-gateway"
    assert not any("canary" in str(one) for one in collector.spans), "spans name conversations, not what is said"


async def test_a_failing_bot_is_an_error_by_its_kind(
    collector: Collector, open_traced: Callable[..., Gateway], build_house: Any
) -> None:
    bot = FrailBot()
    await bot.start()
    bot.mode = "html"
    gateway = open_traced(bot)
    house = await build_house(gateway)
    customer = await house.customer()
    await customer.write("let me talk to a person")
    await customer.answered()
    await asyncio.to_thread(gateway.stop)
    await bot.die()
    failed = kinds(collector.spans)["bot rasa"]
    assert (failed.status.code, failed.status.message) == (2, "BotFailed")
    assert len(failed.events) == 0


def test_the_same_message_has_the_same_trace_everywhere() -> None:
    one = tracing.origin("demo", "k_1", "client-01")
    assert one == tracing.origin("demo", "k_1", "client-01")
    assert one != tracing.origin("demo", "k_1", "client-02")
    assert one != tracing.origin("other", "k_1", "client-01")


def test_without_an_address_nothing_is_imported() -> None:
    """Who does not want traces pays nothing for them: no import, no header."""
    program = (
        "import sys\n"
        "from handoff_service import tracing\n"
        "from handoff_service.bots import ladder\n"
        "assert tracing.start('', node='n') is None\n"
        "with tracing.first_span('a', tracing.origin('t', 'k', 'c')), tracing.span('b'):\n"
        "    assert tracing.headers() == {}\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')], 'imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_address_without_the_packages_is_said() -> None:
    program = (
        "import sys\n"
        "sys.modules['opentelemetry.exporter.otlp.proto.http.trace_exporter'] = None\n"
        "from handoff_service import tracing\n"
        "tracing.start('http://127.0.0.1:4318', node='n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "TANDEM_OTLP_ENDPOINT needs the packages of tandem[tracing]" in done.stderr
