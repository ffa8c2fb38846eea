"""HTTP of keeping: erasing a person, a copy of his data, legal holds."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.clock import iso
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Unavailable
from handoff_service.inputs import OpId
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.retention import store
from handoff_service.retention.erase import begin
from handoff_service.retention.expire import set_hold
from handoff_service.retention.export import export_person
from handoff_service.retention.keeper import Keeper
from handoff_service.retention.kept import kept_of
from handoff_service.service import Service

JOBS_SHOWN = 50


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    op_id: OpId


class Hold(Command):
    hold: bool
    reference: str = Field("", max_length=64, pattern=r"^[A-Za-z0-9_./-]*$")  # of the case; goes into the audit


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def router(service: Service) -> APIRouter:
    routes = APIRouter()
    access = Access(service)
    _add_reading(routes, service, access)
    keeper = Keeper(service.database, service.settings, service.clock)
    CustomerNow = Annotated[Sender, Depends(access.customer)]
    SupervisorNow = Annotated[Agent, Depends(access.may(Permission.PRIVACY))]

    async def finish(tenant: str, name: str) -> dict[str, Any]:
        """Carries the erasure to its end if that is possible now; otherwise the keeper does."""
        job = await service.database.read(lambda connection: store.find_job(connection, tenant, name))
        try:
            job = await keeper.finish(job)
        except Unavailable:
            job = await service.database.read(lambda connection: store.find_job(connection, tenant, name))
        return {"job": job.id, "state": job.state, "erased": job.progress}

    @routes.post("/v1/contacts/{contact_id}/erase")
    async def erase(contact_id: str, asked: Command, agent: SupervisorNow) -> dict[str, Any]:
        context, actor = service.context(), f"agent:{agent.id}"

        def write(tx: Transaction) -> dict[str, Any]:
            return once(
                tx,
                agent.tenant,
                actor,
                asked.op_id,
                request={"command": "erase", "contact": contact_id},
                now=context.now,
                work=lambda: {"job": begin(tx, agent.tenant, contact_id, requested_by=actor, context=context).id},
            )

        return await finish(agent.tenant, (await service.database.write(write))["job"])

    @routes.post("/v1/widget/erase")
    async def erase_me(_: Nothing, sender: CustomerNow) -> dict[str, Any]:
        context, actor = service.context(), f"customer:{sender.contact}"
        started = await service.database.write(
            lambda tx: begin(tx, sender.tenant, sender.contact, requested_by=actor, context=context, by_himself=True)
        )
        return await finish(sender.tenant, started.id)

    @routes.get("/v1/widget/export")
    async def export_me(sender: CustomerNow) -> dict[str, Any]:
        context, actor = service.context(), f"customer:{sender.contact}"
        await service.limits.message(f"{sender.tenant}:{actor}")
        return await service.database.write(
            lambda tx: export_person(
                tx, sender.tenant, sender.contact, requested_by=actor, context=context, by_himself=True
            )
        )

    @routes.post("/v1/conversations/{conversation_id}/hold")
    async def hold(conversation_id: str, asked: Hold, agent: SupervisorNow) -> dict[str, Any]:
        context = service.context()

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                set_hold(tx, agent, conversation_id, hold=asked.hold, reference=asked.reference, context=context)
                return {"conversation": conversation_id, "hold": asked.hold}

            request = {"command": "hold", "conversation": conversation_id, **asked.model_dump()}
            return once(tx, agent.tenant, f"agent:{agent.id}", asked.op_id, request=request, now=context.now, work=work)

        return await service.database.write(write)

    return routes


def _add_reading(routes: APIRouter, service: Service, access: Access) -> None:
    SupervisorNow = Annotated[Agent, Depends(access.may(Permission.PRIVACY))]

    @routes.get("/v1/contacts/{contact_id}/kept")
    async def kept(contact_id: str, agent: SupervisorNow) -> dict[str, Any]:
        """What is kept about a person, before he is erased or put on hold."""
        return await service.database.read(lambda connection: kept_of(connection, agent.tenant, contact_id))

    @routes.get("/v1/contacts/{contact_id}/export")
    async def export(contact_id: str, agent: SupervisorNow) -> dict[str, Any]:
        """A copy of everything about a person, as he may see it; the audit says who took it."""
        context, actor = service.context(), f"agent:{agent.id}"
        return await service.database.write(
            lambda tx: export_person(tx, agent.tenant, contact_id, requested_by=actor, context=context)
        )

    @routes.get("/v1/jobs")
    async def jobs(agent: SupervisorNow) -> dict[str, Any]:
        """Erasures, the latest first."""
        found = await service.database.read(lambda c: store.latest_jobs(c, agent.tenant, limit=JOBS_SHOWN))
        return {"jobs": [_listed(row) for row in found]}

    @routes.get("/v1/jobs/{job_id}")
    async def job(job_id: str, agent: SupervisorNow) -> dict[str, Any]:
        found = await service.database.read(lambda connection: store.find_job(connection, agent.tenant, job_id))
        return {"job": found.id, "kind": found.kind, "state": found.state, "erased": found.progress}


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("kind", "subject", "state", "requested_by")}
    moments = {name: iso(row[name]) for name in ("created_at", "updated_at")}
    return {"job": row["id"], **told, "erased": row["progress"], **moments}
