"""HTTP of deadlines: clocks of the service level, promises in words, and when the queues are open."""

from datetime import timedelta
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.bell import conversation_topic, desk_topic
from handoff_service.calendars.view import hours_json
from handoff_service.conversations.api import Command
from handoff_service.database import Transaction
from handoff_service.handoffs.assign import as_author
from handoff_service.inputs import Plain
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.promises import ledger, store
from handoff_service.promises.model import Settled
from handoff_service.promises.view import clock_json, kept_share, owed_by, promise_json
from handoff_service.service import Service
from handoff_service.tenants import store as tenants

MOST = 200


class Cancel(Command):
    reason: Annotated[Plain, Field(min_length=1, max_length=200)]


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    Supervisor = Annotated[Agent, Depends(access.may(Permission.REPORTS_READ))]
    Reader = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_READ))]
    Answerer = Annotated[Agent, Depends(access.may(Permission.CONVERSATIONS_ANSWER))]
    Limit = Annotated[int, Query(ge=1, le=MOST)]

    @routes.get("/v1/sla")
    async def clocks(
        agent: Supervisor,
        box: Literal["going", "late", "ended"] = "going",
        days: Annotated[int, Query(ge=1, le=14)] = 7,
        limit: Limit = 100,
    ) -> dict[str, Any]:
        """Clocks that go (the one due first at the top), were missed or ended, and how many were in time, by queue."""
        since = service.clock() - timedelta(days=days)
        listed_in = {"going": store.going_clocks, "late": store.late_clocks, "ended": store.ended_clocks}[box]

        def read(connection: sa.Connection) -> dict[str, Any]:
            listed = listed_in(connection, agent.tenant, limit=limit)
            return {
                "clocks": [clock_json(clock) for clock in listed],
                "kept": kept_share(store.counted_clocks(connection, agent.tenant, since)),
                "since_days": days,
            }

        return await service.database.read(read)

    @routes.get("/v1/promises")
    async def promised(
        agent: Reader, box: Literal["mine", "open", "overdue", "kept", "cancelled"] = "mine", limit: Limit = 100
    ) -> dict[str, Any]:
        """What was promised to customers, by oneself or by everybody; the one due first at the top."""
        now = service.clock()

        def read(connection: sa.Connection) -> dict[str, Any]:
            if box == "overdue":
                return {"promises": owed_by(connection, agent.tenant, None, now)[:limit]}
            state = Settled(box) if box in ("kept", "cancelled") else Settled.OPEN
            by = agent.id if box == "mine" else None
            listed = store.listed_promises(connection, agent.tenant, state=state, by=by, limit=limit)
            return {"promises": [promise_json(one, now) for one in listed]}

        return await service.database.read(read)

    @routes.post("/v1/promises/{promise_id}/done")
    async def done(promise_id: str, asked: Command, agent: Answerer) -> dict[str, Any]:
        """Marks what was promised as done; once more changes nothing."""
        return await settle(agent, promise_id, asked.op_id, Settled.KEPT, None)

    @routes.post("/v1/promises/{promise_id}/cancel")
    async def cancel(promise_id: str, asked: Cancel, agent: Answerer) -> dict[str, Any]:
        """Nothing is owed any more, for the reason given: the customer waived it, or it was no promise."""
        return await settle(agent, promise_id, asked.op_id, Settled.CANCELLED, asked.reason)

    @routes.get("/v1/hours")
    async def hours(agent: Reader) -> dict[str, Any]:
        """For each queue: open or not, until when, who is on a shift, what is wrong with its roster in two weeks."""
        now = service.clock()
        tenant = await service.database.read(lambda connection: tenants.find(connection, agent.tenant))
        return {"queues": [hours_json(tenant.settings, queue, now) for queue in tenant.settings.queues]}

    async def settle(agent: Agent, promise: str, op_id: str, state: Settled, reason: str | None) -> dict[str, Any]:
        now = service.clock()

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                found = store.find_promise(tx.connection, agent.tenant, promise)
                if found.state is Settled.OPEN:
                    ended = ledger.settled(found, state, now, by=as_author(agent), reason=reason)
                    if store.put_promise(tx.connection, ended):
                        tx.ring(desk_topic(agent.tenant))
                        tx.ring(conversation_topic(agent.tenant, found.conversation))  # his page shows what is owed
                    found = store.find_promise(tx.connection, agent.tenant, promise)
                return promise_json(found, now)

            request = {"command": f"promise {state}", "promise": promise, "reason": reason}
            return once(tx, agent.tenant, f"agent:{agent.id}", op_id, request=request, now=now, work=work)

        return await service.database.write(write)

    return routes
