"""One trace from the customer's message through the gateway and the real Rasa to the real knowledge base."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handoff_service.bell import Bell
from handoff_service.database import open_database
from handoff_service.migrate import migrate
from handoff_service.tenants import store as tenants
from tests.end_to_end.stage import running_parts
from tests.end_to_end.story import EN, Stage
from tests.handoff_service.stage import shop, trial_settings
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.test_tracing import Collector
from tests.handoff_service.web.visitors import Customer

pytestmark = pytest.mark.stack


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.close()


async def test_a_trace_goes_through_gateway_rasa_and_knowledge_base(
    stage: Stage,  # noqa: ARG001 (its parts run)
    stage_var: Path,
    collector: Collector,
    tmp_path: Path,
) -> None:
    """A gateway that sends its spans to a collector, before the bot and the knowledge base of the stage."""
    url = f"sqlite:///{tmp_path / 'traced.sqlite'}"
    await migrate(url)
    database = open_database(url, Bell())
    await database.write(lambda tx: tenants.save(tx.connection, shop()))
    await database.close()
    parts = running_parts(stage_var)
    far = {"bot_url": parts["bot"]["url"], "kb_index_url": parts["kb_index"]["url"]}
    gateway = Gateway(trial_settings(database_url=url, var=tmp_path, otlp_endpoint=collector.url, **far))
    gateway.start()
    try:
        customer = await Customer(gateway.url, "demo").arrive()
        await customer.write(EN.routine[0])
        said = await customer.answered(within=30)
        assert [one["article"] for one in said["body"]["sources"]][:1] == [EN.routine[1]]
        await customer.leave()
    finally:
        await asyncio.to_thread(gateway.stop)  # sends what is left
    spans = {span.name: span for span in collector.spans}
    assert {"receive", "turn", "bot rasa", "post"} <= set(spans)
    trace = spans["receive"].trace_id.hex()
    assert spans["bot rasa"].trace_id.hex() == trace
    for part in ("bot", "kb_index"):
        assert await _logged(stage_var / "logs" / f"{part}.log", trace), f"{part} knows nothing of it"


async def _logged(log: Path, trace: str) -> list[dict[str, Any]]:
    """Lines of a part's log that belong to the trace; what it writes last may take a moment."""
    for _ in range(50):
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
        if found := [line for line in lines if line.get("trace") == trace]:
            return found
        await asyncio.sleep(0.1)
    return []
