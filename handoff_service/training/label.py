"""What people do with a misunderstood message: one labels it, another one reviews the label."""

from __future__ import annotations

from handoff_service import audit
from handoff_service.agents.model import Agent
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Forbidden
from handoff_service.training import store
from handoff_service.training.model import Misunderstood, State


def label(
    tx: Transaction, agent: Agent, message_id: str, *, intent: str, wording: str, context: Context
) -> Misunderstood:
    """Says what a message means, in words that may be trained on. Raises Conflict when that has been decided."""
    message = store.find(tx.connection, agent.tenant, message_id, lock=True)
    if message.state not in (State.OPEN, State.LABELLED):
        raise Conflict(f"This message is {message.state} already.")
    changed = store.change(
        tx.connection,
        message,
        state=State.LABELLED,
        label=intent,
        wording=wording,
        labelled_by=agent.id,
        labelled_at=context.now,
        reviewed_by=None,
        reviewed_at=None,
    )
    _record(tx, agent, "training_label", message_id, context, intent=intent)
    return changed


def review(tx: Transaction, agent: Agent, message_id: str, *, accept: bool, context: Context) -> Misunderstood:
    """Accepts a label, and the line is used by the next training; or opens the message again.

    Raises Conflict when there is no label, Forbidden when it is the agent's own and four eyes are asked for.
    """
    message = store.find(tx.connection, agent.tenant, message_id, lock=True)
    if message.state is not State.LABELLED:
        raise Conflict(f"There is no label to review: the message is {message.state}.")
    if accept and message.labelled_by == agent.id and context.settings.training_four_eyes:
        raise Forbidden("Somebody else must review what you have labelled.")
    changed = store.change(
        tx.connection,
        message,
        state=State.ACCEPTED if accept else State.OPEN,
        reviewed_by=agent.id,
        reviewed_at=context.now,
    )
    _record(tx, agent, "training_review", message_id, context, accepted=accept, intent=message.label or "")
    return changed


def drop(tx: Transaction, agent: Agent, message_id: str, *, context: Context) -> Misunderstood:
    """Takes a message out, its words too; one that was accepted is not used by the next training."""
    message = store.find(tx.connection, agent.tenant, message_id, lock=True)
    if message.state is State.DROPPED:
        return message
    changed = store.change(tx.connection, message, state=State.DROPPED, text="", wording=None)
    _record(tx, agent, "training_drop", message_id, context, was=message.state.value)
    return changed


def _record(tx: Transaction, agent: Agent, action: str, subject: str, context: Context, **detail: str | bool) -> None:
    audit.record(
        tx, agent.tenant, actor=f"agent:{agent.id}", action=action, subject=subject, detail=detail, now=context.now
    )
