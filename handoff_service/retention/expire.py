"""Retention: closed conversations lose their content when the tenant's time for them is over.

Never an open one and never one on legal hold. When nothing is left of a contact he is forgotten too. Batches are
transactions that contain their row of the audit, so a process that dies between or in them loses nothing.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from handoff_service import audit
from handoff_service.agents.model import Agent
from handoff_service.clock import iso
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import Conflict
from handoff_service.failpoints import failpoint
from handoff_service.retention import store
from handoff_service.retention.erase import KIND, erase_conversation, forget_contact
from handoff_service.tenants import store as tenants

BATCH = 20


def expire(tx: Transaction, tenant: str, context: Context, *, limit: int = BATCH) -> int:
    """Erases at most `limit` conversations of the tenant whose time is over. Returns how many these were."""
    days = tenants.find(tx.connection, tenant).settings.retention_days
    if days is None:
        return 0
    before = context.now - timedelta(days=days)
    counts: Counter[str] = Counter()
    owners = set()
    for name in store.expired(tx.connection, tenant, before, limit=limit):
        conversation = conversations.find(tx.connection, tenant, name, lock=True)
        # It may have been reopened or put on hold since it was found.
        if conversation.owner.kind is OwnerKind.CLOSED and not store.is_held(tx.connection, tenant, name):
            counts += erase_conversation(tx, tenant, name, context)
            owners.add(conversation.contact)
        failpoint("retention_step")
    for contact in sorted(owners):
        if not store.to_erase(tx.connection, tenant, contact, limit=1):
            counts["contacts"] += 1
            forget_contact(tx, tenant, contact, context)
    if counts:
        detail = {
            "closed_before": iso(before),
            "conversations": counts["conversations"],
            "contacts": counts["contacts"],
        }
        audit.record(tx, tenant, actor="system", action="retention", subject="tenant", detail=detail, now=context.now)
    return counts["conversations"]


def set_hold(
    tx: Transaction, agent: Agent, conversation_id: str, *, hold: bool, reference: str, context: Context
) -> None:
    """Puts a conversation on legal hold, or releases it. Raises NotFound, and Conflict when it is being erased."""
    # His contact before his conversation, as everywhere; an erasure begins under the contact's lock.
    whose = conversations.find(tx.connection, agent.tenant, conversation_id).contact
    store.lock_contacts(tx.connection, agent.tenant, [whose])
    conversation = conversations.find(tx.connection, agent.tenant, conversation_id, lock=True)
    if hold and store.running_job(tx.connection, agent.tenant, KIND, conversation.contact):
        raise Conflict("This contact is being erased; it is too late for a hold.", conversation=conversation_id)
    if store.is_held(tx.connection, agent.tenant, conversation_id) == hold:
        return
    conversations.update(tx.connection, conversation, hold=hold)
    audit.record(
        tx,
        agent.tenant,
        actor=f"agent:{agent.id}",
        action="hold" if hold else "release",
        subject=conversation_id,
        detail={"reference": reference} if reference else {},
        now=context.now,
    )
