"""What the customer thinks of it: thumbs on an answer, stars after the human part. Both are entries of the timeline."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.complaints.register import on_rating
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import BOT, AuthorKind, Conversation, Draft, Entry, Event, Kind, OwnerKind
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.request import request_handoff
from handoff_service.knowledge.teach import teach
from handoff_service.tenants import store as tenants
from handoff_service.texts import say

COMMENT_CHARS = 1000
MOST_ENTRIES = 500
THUMBS = 2
"""Answers with a thumb down after which a person is brought in; the bot counts the sign 👎 in a message alike."""
THUMB_DOWN = "thumb down"
NEW_PHASE = (Event.REOPEN, Event.GIVE_BACK)


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
    """Records a thumb up or down on an answer of the bot; the second answer with a thumb down brings a person in.

    Raises Invalid for anything else.
    """
    judged = store.entry_at(tx.connection, conversation.tenant, conversation.id, seq)
    if judged.kind is not Kind.MESSAGE or judged.author.kind is not AuthorKind.BOT:
        raise Invalid(f"Entry {seq} is not an answer of the bot.")
    contacts.lock(tx.connection, sender.tenant, sender.contact)
    body = {"of": seq, "value": value, **({"comment": comment[:COMMENT_CHARS]} if comment else {})}
    before = _judged_down(tx.connection, conversation)
    draft = Draft(kind=Kind.FEEDBACK, author=sender.author, body=body)
    conversation, entry = store.append(tx, conversation, draft, context.now)
    teach(tx, conversation, entry.seq, context)
    if value == "down" and seq not in before:
        _soothe(tx, conversation, entry, thumbs=len(before) + 1, context=context)
    return entry


def _judged_down(connection: sa.Connection, conversation: Conversation) -> set[int]:
    """The answers of this phase that ever had a thumb down; taking it back and giving it again makes no second one."""
    begins = (one.seq for one in store.last_states(connection, conversation) if one.body.get("event") in NEW_PHASE)
    after = max(next(begins, 0), conversation.last_seq - MOST_ENTRIES)
    entries = store.entries_after(connection, conversation.tenant, conversation.id, after, limit=MOST_ENTRIES)
    thumbs = [one.body for one in entries if one.kind is Kind.FEEDBACK and one.body["value"] == "down"]
    return {int(body["of"]) for body in thumbs if body["of"] > after}


def _soothe(tx: Transaction, conversation: Conversation, entry: Entry, *, thumbs: int, context: Context) -> None:
    """A word of regret and a person, once two answers were no help; only the bot can step aside."""
    blocked = contacts.blocked(tx.connection, conversation.tenant, conversation.contact) is not None
    if thumbs < THUMBS or blocked or conversation.owner.kind is not OwnerKind.BOT:
        return
    body = {"text": say("unhappy", conversation.language), "kind": "soothe"}
    conversation, _ = store.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=BOT, body=body), context.now)
    evidence = {"rule": THUMB_DOWN, "thumbs": thumbs, "asked_at": entry.seq}
    request_handoff(tx, conversation, Event.UNHAPPY, evidence=evidence, context=context, actor=BOT)
