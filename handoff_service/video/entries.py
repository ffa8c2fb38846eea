"""What a conversation's timeline says of its calls: the one that stands, and the entries that begin and end it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from handoff_service.conversations import store
from handoff_service.conversations.model import SYSTEM, Author, Conversation, Draft, Entry, Kind, OwnerKind
from handoff_service.database import Transaction
from handoff_service.texts import say
from handoff_service.video.model import CALL, Call, CallState, answered_in_time, lasted_s, latest_call, told, unended

WEB = "web"
LOOK_BACK = 200  # entries in which the call is looked for; nobody writes so many while it rings


def current(connection: sa.Connection, conversation: Conversation, now: datetime) -> Call | None:
    """The call that rings or goes on in the conversation."""
    call = open_call(connection, conversation)
    return call if call is not None and answered_in_time(call, now) else None


def open_call(connection: sa.Connection, conversation: Conversation) -> Call | None:
    """The call whose end nobody has written down yet, even if it has rung for too long."""
    if conversation.owner.kind is not OwnerKind.AGENT or conversation.channel != WEB:
        return None
    after = max(0, conversation.last_seq - LOOK_BACK)
    entries = store.entries_after(connection, conversation.tenant, conversation.id, after, limit=LOOK_BACK)
    return unended(latest_call(entries), epoch=conversation.epoch)


def end_call(
    tx: Transaction, conversation: Conversation, call: Call, author: Author, now: datetime
) -> tuple[Conversation, Entry]:
    """Writes down that a call is over: how long it lasted, or that nobody answered it."""
    lasted = lasted_s(call, now)
    state = CallState.MISSED if lasted is None else CallState.ENDED
    return write_call(tx, conversation, author, call.id, call.media, state, now, lasted=lasted)


def end_at_move(tx: Transaction, conversation: Conversation, now: datetime) -> Conversation:
    """Ends what stands in a locked conversation that gets another owner; returns it as it is then."""
    call = open_call(tx.connection, conversation)
    return conversation if call is None else end_call(tx, conversation, call, SYSTEM, now)[0]


def end_unanswered(tx: Transaction, conversation: Conversation, now: datetime) -> Conversation:
    """Writes down that a call which has rung for its time was missed; returns the conversation as it is then."""
    call = open_call(tx.connection, conversation)
    if call is None or answered_in_time(call, now):
        return conversation
    return end_call(tx, conversation, call, SYSTEM, now)[0]


def write_call(
    tx: Transaction,
    conversation: Conversation,
    author: Author,
    call_id: str,
    media: str,
    state: CallState,
    now: datetime,
    *,
    lasted: int | None = None,
) -> tuple[Conversation, Entry]:
    """Adds the entry that says how a call stands now; `lasted` in seconds."""
    time = "" if lasted is None else f"{lasted // 60}:{lasted % 60:02}"
    text = _sentence(state, conversation.language, media, time)
    more = {} if lasted is None else {"lasted_s": lasted}
    body = {"text": text, "kind": "notice", CALL: told(call_id, media, state, **more)}
    return store.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=author, body=body), now)


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
