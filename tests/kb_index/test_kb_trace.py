"""Requests that belong to a trace are logged with its id, and never with what was asked."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
import structlog

from kb_index.api import create_app
from tests.kb_index.shop_articles import shop_settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADER = f"00-{TRACE}-b7ad6b7169203331-01"


async def ask(built_shop: Path, header: str | None) -> list[dict[str, object]]:
    """The requests that are logged while one question is answered, by the application without a server."""
    app = create_app(shop_settings(built_shop))
    headers = {} if header is None else {"traceparent": header}
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://kb") as client,
    ):
        with structlog.testing.capture_logs() as logs:
            body = {"text": "canary question", "tenant": "shop"}
            answer = await client.post("/understand", json=body, headers=headers)
    assert answer.status_code == 200
    assert "canary" not in str(logs)
    return [dict(line) for line in logs if line["event"] == "request"]


async def test_the_trace_is_in_the_log(built_shop: Path) -> None:
    (line,) = await ask(built_shop, HEADER)
    assert (line["trace"], line["route"]) == (TRACE, "/understand")


@pytest.mark.parametrize("header", [None, "nonsense", f"{HEADER} canary"])
async def test_what_is_no_trace_is_not_logged(built_shop: Path, header: str | None) -> None:
    assert await ask(built_shop, header) == []
