"""Files that are made of many rows hold up nobody who writes meanwhile: on SQLite there is one writer for all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from handoff_service.agents.model import Role
from handoff_service.complaints import api as complaints
from handoff_service.desk import context_api as context
from tests.handoff_service.web.test_tickets_over_http import filed
from tests.handoff_service.web.visitors import refused


class Held:
    """A function that waits in the middle until it is let go."""

    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner, self.begun, self.go = inner, threading.Event(), threading.Event()

    def __call__(self, *parts: Any, **named: Any) -> Any:
        self.begun.set()
        assert self.go.wait(10), "nobody let it go"
        return self.inner(*parts, **named)


@pytest.mark.parametrize(
    ("module", "name", "path", "action"),
    [
        (complaints, "_register", "/v1/complaints/export", "complaints_export"),
        (complaints, "timelines", "/v1/complaints/{ticket}/case.json", "case_export"),
        (context, "_timeline", "/v1/conversations/{conversation}/export", "conversation_export"),
    ],
    ids=str,
)
async def test_a_file_is_read_beside_those_who_write(
    house: Any, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, path: str, action: str
) -> None:
    chen = await house.agent("chen", role=Role.OWNER)
    customer = await house.customer()
    await customer.write("my parcel is late")
    await customer.answered()
    complaint = await filed(chen, conversation=customer.conversation)
    held = Held(getattr(module, name))
    monkeypatch.setattr(module, name, held)
    where = path.format(ticket=complaint["ticket"], conversation=customer.conversation)
    asked = asyncio.ensure_future(chen.http.get(where))
    try:
        assert await asyncio.to_thread(held.begun.wait, 10)
        await asyncio.wait_for(customer.write("and it rains"), 5)
        assert not asked.done()
    finally:
        held.go.set()
    assert (await asked).status_code == 200
    rows = (await chen.get("/v1/admin/audit", limit=5)).json()["rows"]
    assert (rows[0]["action"], rows[0]["actor"]) == (action, f"agent:{chen.id}")


async def test_what_is_not_there_leaves_no_row(house: Any) -> None:
    chen = await house.agent("chen", role=Role.OWNER)
    before = (await chen.get("/v1/admin/audit")).json()["rows"]
    refused(await chen.get("/v1/complaints/t_nothing/case.json"), 404, "not_found")
    refused(await chen.get("/v1/conversations/c_nothing/export"), 404, "not_found")
    assert (await chen.get("/v1/admin/audit")).json()["rows"] == before
