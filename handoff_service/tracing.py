"""Traces of messages through all parts, for OpenTelemetry; without TANDEM_OTLP_ENDPOINT nothing is imported or done.

A trace follows one customer's message: receive → turn → bot → post → deliver. Nothing is stored for it: the ids of
its first span are drawn from the message's own name (tenant, contact, client_id), so whichever gateway takes the
turn finds the trace again. Spans name conversations, never what is said.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

# The ids that the next span without a parent gets.
_first: ContextVar[Origin | None] = ContextVar("first", default=None)
_tracer: Tracer | None = None


@dataclass(frozen=True)
class Origin:
    """The first span of a message's trace."""

    trace_id: int
    span_id: int


def origin(tenant: str, contact: str, client_id: str | None) -> Origin:
    """Where the trace of a message begins; the same for everybody who knows the message."""
    digest = hashlib.sha256(f"{tenant}/{contact}/{client_id}".encode("utf-8", "surrogatepass")).digest()
    return Origin(int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1)


def start(endpoint: str, *, node: str) -> TracerProvider | None:
    """Begins to send spans to an OTLP/HTTP collector; None without an address.

    Raises ValueError when the packages for it are not installed.
    """
    global _tracer
    if not endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ImportError as error:
        raise ValueError("TANDEM_OTLP_ENDPOINT needs the packages of tandem[tracing]") from error

    class Ids(RandomIdGenerator):
        """Random, except for the first span of a message's trace."""

        def generate_trace_id(self) -> int:
            wanted = _first.get()
            return wanted.trace_id if wanted else super().generate_trace_id()

        def generate_span_id(self) -> int:
            wanted = _first.get()
            return wanted.span_id if wanted else super().generate_span_id()

    name = Resource.create({"service.name": "tandem-gateway", "service.instance.id": node})
    provider = TracerProvider(id_generator=Ids(), resource=name)
    address = f"{endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    _tracer = provider.get_tracer("tandem")
    return provider


def stop(provider: TracerProvider | None) -> None:
    """Sends what is left; takes a few seconds when nobody listens."""
    global _tracer
    if provider is not None:
        _tracer = None
        provider.shutdown()


@contextlib.contextmanager
def first_span(name: str, begins: Origin, **attributes: str | int) -> Iterator[None]:
    """The span with which a message's trace begins."""
    if _tracer is None:
        yield
        return
    from opentelemetry.context import Context

    token = _first.set(begins)
    try:
        begun = _tracer.start_span(name, Context(), attributes=attributes)
    finally:
        _first.reset(token)
    with _current(begun):
        yield


@contextlib.contextmanager
def span(name: str, *, after: Origin | None = None, **attributes: str | int) -> Iterator[None]:
    """A span inside the present one, or `after` the first span of a message's trace."""
    if _tracer is None:
        yield
        return
    parent = None
    if after is not None:
        from opentelemetry import trace

        far = trace.SpanContext(after.trace_id, after.span_id, is_remote=True, trace_flags=trace.TraceFlags(1))
        parent = trace.set_span_in_context(trace.NonRecordingSpan(far))
    with _current(_tracer.start_span(name, parent, attributes=attributes)):
        yield


def headers() -> dict[str, str]:
    """The W3C header that lets the next part go on with this trace; nothing without one."""
    if _tracer is None:
        return {}
    from opentelemetry import trace

    here = trace.get_current_span().get_span_context()
    if not here.is_valid:
        return {}
    return {"traceparent": f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}"}


def note(**attributes: str | int) -> None:
    """Adds to the present span what became known only within it."""
    if _tracer is None:
        return
    from opentelemetry import trace

    trace.get_current_span().set_attributes(attributes)


@contextlib.contextmanager
def _current(begun: Any) -> Iterator[None]:
    from opentelemetry import trace

    # What an error says may be what a customer said: only its kind is recorded.
    with trace.use_span(begun, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except BaseException as error:
            begun.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
