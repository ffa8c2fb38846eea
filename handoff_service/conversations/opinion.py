"""What the customer thinks of it: thumbs on an answer, stars after the human part. Both are entries of the timeline."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.complaints.register import on_rating
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import AuthorKind, Conversation, Draft, Entry, Kind, OwnerKind
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.handoffs import store as handoffs
from handoff_service.knowledge.teach import teach
from handoff_service.tenants import store as tenants

COMMENT_CHARS = 1000


def may_rate(connection: sa.Connection, conversation: Conversation, context: Context) -> bool:
    """One rating per human episode, after its close and within the reopen window, unless its wrap-up code asks none."""
    if (
        conversation.owner.kind is not OwnerKind.CLOSED
        or conversation.handoff is None
        or conversation.closed_at is None
    ):
        return False
    if context.now - conversation.closed_at > timedelta(seconds=context.settings.reopen_s):
        return False
    handoff = handoffs.find(connection, conversation.tenant, conversation.handoff)
    rated = conversation.rated_seq is not None and conversation.rated_seq > handoff.requested_seq
    if handoff.accepted_at is None or rated:
        return False
    return tenants.find(connection, conversation.tenant).settings.wants_survey(handoff.wrap_up)


def rate(
    tx: Transaction, sender: Sender, conversation: Conversation, *, score: int, comment: str, context: Context
) -> Entry:
    """Records 1 to 5 stars. Raises Conflict when there is nothing (more) to rate."""
    if not 1 <= score <= 5:
        raise Invalid(f"A rating is between 1 and 5, not {score}.")
    if not may_rate(tx.connection, conversation, context):
        raise Conflict("There is nothing to rate now.", conversation=conversation.id)
    contacts.lock(tx.connection, sender.tenant, sender.contact)
    body = {"score": score, **({"comment": comment[:COMMENT_CHARS]} if comment else {})}
    draft = Draft(kind=Kind.RATING, author=sender.author, body=body)
    conversation, entry = store.append(tx, conversation, draft, context.now)
    store.update(tx.connection, conversation, rated_seq=entry.seq)
    on_rating(tx, conversation, score, comment, context)
    return entry


def judge(
    tx: Transaction,
    sender: Sender,
    conversation: Conversation,
    *,
    seq: int,
    value: str,
    comment: str,
    context: Context,
) -> Entry:
    """Records a thumb up or down on an answer of the bot. Raises Invalid for anything else."""
    judged = store.entry_at(tx.connection, conversation.tenant, conversation.id, seq)
    if judged.kind is not Kind.MESSAGE or judged.author.kind is not AuthorKind.BOT:
        raise Invalid(f"Entry {seq} is not an answer of the bot.")
    contacts.lock(tx.connection, sender.tenant, sender.contact)
    body = {"of": seq, "value": value, **({"comment": comment[:COMMENT_CHARS]} if comment else {})}
    _, entry = store.append(tx, conversation, Draft(kind=Kind.FEEDBACK, author=sender.author, body=body), context.now)
    teach(tx, conversation, entry.seq, context)
    return entry
