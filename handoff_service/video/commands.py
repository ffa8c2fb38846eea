"""Ringing, agreeing, declining and hanging up: each is an entry of the conversation, so both sides see it in order."""

from __future__ import annotations

from handoff_service.agents.model import Agent
from handoff_service.conversations import store
from handoff_service.conversations.change import Context, check_held
from handoff_service.conversations.model import Author, Conversation, Entry, OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import Conflict
from handoff_service.handoffs.assign import as_author
from handoff_service.ids import new_id
from handoff_service.video.entries import WEB, current, end_call, end_unanswered, open_call, write_call
from handoff_service.video.model import RINGS, CallState


def ring(tx: Transaction, conversation_id: str, agent: Agent, epoch: int, media: str, context: Context) -> Entry:
    """The agent who holds the conversation asks for a call. Raises Fenced, and Conflict off the web or in a call."""
    conversation = store.find(tx.connection, agent.tenant, conversation_id, lock=True)
    check_held(tx.connection, conversation, agent.id, epoch)
    if conversation.channel != WEB:
        raise Conflict("This customer writes from a channel that carries no calls.", conversation=conversation.id)
    conversation = end_unanswered(tx, conversation, context.now)
    if current(tx.connection, conversation, context.now) is not None:
        raise Conflict("There is a call already; end it first.", conversation=conversation.id)
    call, now = new_id("v"), context.now
    conversation, entry = write_call(tx, conversation, as_author(agent), call, media, CallState.RINGING, now)
    unanswered_at = now + RINGS  # then the sweeper writes down that nobody answered
    if conversation.deadline_at is None or conversation.deadline_at > unanswered_at:
        store.update(tx.connection, conversation, deadline_at=unanswered_at)
    return entry


def respond(
    tx: Transaction, conversation: Conversation, author: Author, call_id: str, context: Context, *, accept: bool
) -> Entry:
    """The customer agrees to the call, which is his consent, or declines it. Raises Conflict when it rings no more."""
    call = current(tx.connection, conversation, context.now)
    if call is None or call.id != call_id or call.state is not CallState.RINGING:
        raise Conflict("This call does not ring any more.", conversation=conversation.id)
    state = CallState.ACCEPTED if accept else CallState.DECLINED
    return write_call(tx, conversation, author, call.id, call.media, state, context.now)[1]


def hang_up(
    tx: Transaction, conversation: Conversation, author: Author, call_id: str, context: Context
) -> Entry | None:
    """Ends a call from either side; one that is over stays so, and None is returned."""
    call = open_call(tx.connection, conversation)
    if call is None or call.id != call_id:
        return None
    return end_call(tx, conversation, call, author, context.now)[1]


def check_party(conversation: Conversation, agent: Agent) -> None:
    """Raises Conflict unless it is the agent's own conversation: nobody hangs up for others."""
    if conversation.owner.kind is not OwnerKind.AGENT or conversation.owner.agent != agent.id:
        raise Conflict("You do not own this conversation.", conversation=conversation.id)
