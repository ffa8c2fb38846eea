"""Ringing, agreeing, declining and hanging up: each is an entry of the conversation, so both sides see it in order."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from handoff_service.agents.model import Agent
from handoff_service.conversations import store
from handoff_service.conversations.change import Context, check_held
from handoff_service.conversations.model import Author, Conversation, Draft, Entry, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.errors import Conflict
from handoff_service.handoffs.assign import as_author
from handoff_service.ids import new_id
from handoff_service.texts import say
from handoff_service.video.model import CALL, Call, CallState, lasted_s, latest_call, standing, told

LOOK_BACK = 200  # entries in which the call is looked for; nobody writes so many while it rings
WEB = "web"


def ring(tx: Transaction, conversation_id: str, agent: Agent, epoch: int, media: str, context: Context) -> Entry:
    """The agent who holds the conversation asks for a call. Raises Fenced, and Conflict off the web or in a call."""
    conversation = store.find(tx.connection, agent.tenant, conversation_id, lock=True)
    check_held(tx.connection, conversation, agent.id, epoch)
    if conversation.channel != WEB:
        raise Conflict("This customer writes from a channel that carries no calls.", conversation=conversation.id)
    if current(tx.connection, conversation, context.now) is not None:
        raise Conflict("There is a call already; end it first.", conversation=conversation.id)
    return _say(tx, conversation, as_author(agent), new_id("v"), media, CallState.RINGING, context)


def respond(
    tx: Transaction, conversation: Conversation, author: Author, call_id: str, context: Context, *, accept: bool
) -> Entry:
    """The customer agrees to the call, which is his consent, or declines it. Raises Conflict when it rings no more."""
    call = current(tx.connection, conversation, context.now)
    if call is None or call.id != call_id or call.state is not CallState.RINGING:
        raise Conflict("This call does not ring any more.", conversation=conversation.id)
    state = CallState.ACCEPTED if accept else CallState.DECLINED
    return _say(tx, conversation, author, call.id, call.media, state, context)


def hang_up(
    tx: Transaction, conversation: Conversation, author: Author, call_id: str, context: Context
) -> Entry | None:
    """Ends a call from either side; one that is over stays so, and None is returned."""
    call = current(tx.connection, conversation, context.now)
    if call is None or call.id != call_id:
        return None
    lasted = lasted_s(call, context.now)
    state = CallState.MISSED if lasted is None else CallState.ENDED
    return _say(tx, conversation, author, call.id, call.media, state, context, lasted=lasted)


def check_party(conversation: Conversation, agent: Agent) -> None:
    """Raises Conflict unless it is the agent's own conversation: nobody hangs up for others."""
    if conversation.owner.kind is not OwnerKind.AGENT or conversation.owner.agent != agent.id:
        raise Conflict("You do not own this conversation.", conversation=conversation.id)


def current(connection: sa.Connection, conversation: Conversation, now: datetime) -> Call | None:
    """The call that rings or goes on in the conversation."""
    if conversation.owner.kind is not OwnerKind.AGENT:
        return None
    after = max(0, conversation.last_seq - LOOK_BACK)
    entries = store.entries_after(connection, conversation.tenant, conversation.id, after, limit=LOOK_BACK)
    return standing(latest_call(entries), epoch=conversation.epoch, now=now)


def _say(
    tx: Transaction,
    conversation: Conversation,
    author: Author,
    call_id: str,
    media: str,
    state: CallState,
    context: Context,
    *,
    lasted: int | None = None,
) -> Entry:
    time = "" if lasted is None else f"{lasted // 60}:{lasted % 60:02}"
    text = _sentence(state, conversation.language, media, time)
    more = {} if lasted is None else {"lasted_s": lasted}
    body = {"text": text, "kind": "notice", CALL: told(call_id, media, state, **more)}
    _, entry = store.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=author, body=body), context.now)
    return entry


def _sentence(state: CallState, language: str, media: str, time: str) -> str:
    called = say("video_call", language) if media == "video" else say("voice_call", language)
    match state:
        case CallState.RINGING:
            return say("call_ringing", language, media=called)
        case CallState.ACCEPTED:
            return say("call_accepted", language, media=called)
        case CallState.DECLINED:
            return say("call_declined", language, media=called)
        case CallState.ENDED:
            return say("call_ended", language, media=called, time=time)
        case CallState.MISSED:
            return say("call_missed", language, media=called)
