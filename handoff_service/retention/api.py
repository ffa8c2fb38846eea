"""HTTP of keeping: erasing a person, a copy of his data, legal holds."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from handoff_service.access import Access
from handoff_service.agents.model import Agent
from handoff_service.clock import iso
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.inputs import OpId, Plain
from handoff_service.operations import once
from handoff_service.permissions import Permission
from handoff_service.retention import store
from handoff_service.retention.erase import begin
from handoff_service.retention.expire import set_hold
from handoff_service.retention.export import export_person
from handoff_service.retention.keeper import Keeper
from handoff_service.retention.kept import kept_of
from handoff_service.retention.reach import Whom, left_out
from handoff_service.service import Service

JOBS_SHOWN = 50
MOST_SHOWN = 100  # contacts of one person


class Command(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    op_id: OpId


class Erase(Command):
    """`contacts`: who was shown as this person. `merged`: with whom agents merged him, which only who saw them asks."""

    merged: bool = False
    contacts: list[Plain] | None = Field(None, min_length=1, max_length=MOST_SHOWN)


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

    @routes.post("/v1/contacts/{contact_id}/erase")
    async def erase(contact_id: str, asked: Erase, agent: SupervisorNow) -> dict[str, Any]:
        context, actor, tenant = service.context(), f"agent:{agent.id}", agent.tenant
        whom = _whom(asked.merged, asked.contacts)

        def write(tx: Transaction) -> dict[str, Any]:
            def work() -> dict[str, Any]:
                jobs = begin(tx, tenant, contact_id, whom, requested_by=actor, context=context)
                person = [job.subject for job in jobs]
                left = left_out(tx.connection, tenant, contact_id, person)
                # `job` is what a gateway of the release before asks for when this is repeated there.
                return {"job": jobs[0].id, "jobs": [job.id for job in jobs], "contacts": person, "left": left}

            chosen = asked.model_dump(exclude={"op_id"}, exclude_defaults=True)
            request = {"command": "erase", "contact": contact_id, **chosen}
            return once(tx, tenant, actor, asked.op_id, request=request, now=context.now, work=work)

        begun = await service.database.write(write)
        # What an older release has recorded of this op_id names one job.
        names = begun.get("jobs") or [begun["job"]]
        told = {"jobs": names, "contacts": begun.get("contacts", [contact_id]), "left": begun.get("left", [])}
        return {**await keeper.finish_all(tenant, names), **told}

    @routes.post("/v1/widget/erase")
    async def erase_me(_: Nothing, sender: CustomerNow) -> dict[str, Any]:
        context, actor = service.context(), f"customer:{sender.contact}"
        started = await service.database.write(
            lambda tx: begin(tx, sender.tenant, sender.contact, requested_by=actor, context=context)
        )
        return await keeper.finish_all(sender.tenant, [job.id for job in started])

    @routes.get("/v1/widget/export")
    async def export_me(sender: CustomerNow) -> dict[str, Any]:
        context, actor = service.context(), f"customer:{sender.contact}"
        await service.limits.message(f"{sender.tenant}:{actor}")
        return await service.database.write(
            lambda tx: export_person(tx, sender.tenant, sender.contact, requested_by=actor, context=context)
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
    async def kept(contact_id: str, agent: SupervisorNow, merged: bool = False) -> dict[str, Any]:
        """What is kept about a person, before he is erased or put on hold; `merged`: with whom agents merged him."""
        return await service.database.read(lambda c: kept_of(c, agent.tenant, contact_id, merged=merged))

    @routes.get("/v1/contacts/{contact_id}/export")
    async def export(
        contact_id: str,
        agent: SupervisorNow,
        merged: bool = False,
        contacts: Annotated[list[Plain] | None, Query(max_length=MOST_SHOWN)] = None,
    ) -> dict[str, Any]:
        """A copy of everything about a person, as he may see it; the audit says who took it."""
        context, actor = service.context(), f"agent:{agent.id}"
        whom = _whom(merged, contacts)
        return await service.database.write(
            lambda tx: export_person(tx, agent.tenant, contact_id, whom, requested_by=actor, context=context)
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


def _whom(merged: bool, contacts: list[str] | None) -> Whom:
    """Raises Invalid for who wants those whom agents merged without saying whom he was shown."""
    if merged and contacts is None:
        raise Invalid("With `merged`, name the `contacts` that were shown: the ids of `person` in what is kept.")
    return Whom(merged, contacts)


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("kind", "subject", "state", "requested_by")}
    moments = {name: iso(row[name]) for name in ("created_at", "updated_at")}
    return {"job": row["id"], **told, "erased": row["progress"], **moments}
