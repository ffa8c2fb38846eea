"""An agent has a customer and says nothing: he is reminded, then a supervisor is asked to look, then another gets him.

What the customer writes meanwhile puts nothing off; a word of the agent to him (or a call) ends it. Nobody is hurried
who answers a message that was left, or a letter, later than at once; nor for a customer whom he got from the bot or a
colleague and who waits for no answer; nor before he is back as he said when he left. Where nobody else is there who may
take the customer he keeps him, and the supervisors are asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import (
    SYSTEM,
    Audience,
    AuthorKind,
    Conversation,
    Draft,
    Entry,
    Event,
    Kind,
    OwnerKind,
)
from handoff_service.database import Transaction
from handoff_service.desk import supervisors
from handoff_service.handoffs import store
from handoff_service.handoffs.assign import requeue
from handoff_service.handoffs.colleagues import somebody_may_take
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from handoff_service.texts import say

LOOK_BACK = 200  # entries
SLOW_CHANNELS = frozenset({"mail", "public"})


class Nudge(StrEnum):
    """What happens while the agent is silent, in this order."""

    REMIND = "remind"
    CALL = "call_supervisor"
    REQUEUE = "requeue"


# The kinds of the notes that say so in the timeline.
NOTES: Mapping[str, Nudge] = {"silence_reminded": Nudge.REMIND, "silence_told": Nudge.CALL}
# After which part of the time that an agent has for his first words.
AFTER: Mapping[Nudge, float] = {Nudge.REMIND: 0.5, Nudge.CALL: 0.75, Nudge.REQUEUE: 1.0}


@dataclass(frozen=True)
class Silence:
    """Since when an agent has said nothing, how long he may, and what has happened because of it, with its moment.

    Nothing happens before `back_at`.
    """

    since: datetime
    allowed: timedelta
    done: Mapping[Nudge, datetime]
    back_at: datetime | None = None

    @property
    def next(self) -> tuple[datetime, Nudge]:
        """What comes next and when; never sooner after what came before than the parts of the time lie apart."""
        last, last_at = 0.0, self.since
        nudge = next(each for each in AFTER if each not in self.done)
        for before in AFTER:
            if before is nudge:
                break
            last, last_at = AFTER[before], self.done[before]
        at = max(self.since + AFTER[nudge] * self.allowed, last_at + (AFTER[nudge] - last) * self.allowed)
        return (at if self.back_at is None else max(at, self.back_at)), nudge


@dataclass(frozen=True)
class Taken:
    """The move by which its agent got a conversation, and that by which the first of those who passed it on did."""

    by: Entry
    first: Entry


def silence_of(connection: sa.Connection, conversation: Conversation) -> Silence | None:
    """How long the agent of a conversation has been silent; None where he has spoken, or need not at once."""
    got = _taken(connection, conversation)
    allowed = _allowed(connection, conversation, got)
    if got is None or allowed is None:
        return None
    recent = _recent(connection, conversation, got)
    if any(_speaks(one, conversation.owner.agent) for one in recent):
        return None
    since = _waits_since(connection, conversation, got)
    if since is None:
        return None
    done = {NOTES[kind]: one.at for one in recent if (kind := str(one.body.get("kind"))) in NOTES and one.at >= since}
    agent = agents.find(connection, conversation.tenant, str(conversation.owner.agent))
    return Silence(since, allowed, done, agent.back_at)


def look_again(connection: sa.Connection, conversation: Conversation, context: Context) -> datetime:
    """When to look whether the agent is silent, while he need not speak; what the customer writes sets no deadline."""
    idle = context.now + timedelta(seconds=context.settings.agent_idle_s)
    got = _taken(connection, conversation)
    allowed = _allowed(connection, conversation, got)
    if got is None or allowed is None:
        return idle
    if any(_speaks(one, conversation.owner.agent) for one in _recent(connection, conversation, got)):
        return idle
    return min(idle, context.now + AFTER[Nudge.REMIND] * allowed)


def _allowed(connection: sa.Connection, conversation: Conversation, got: Taken | None) -> timedelta | None:
    if got is None or got.first.body["from"] == OwnerKind.MAILBOX:
        return None
    return first_reply_of(tenants.find(connection, conversation.tenant), conversation.owner.queue, conversation.channel)


def _recent(connection: sa.Connection, conversation: Conversation, got: Taken) -> list[Entry]:
    return conversations.entries_after(connection, conversation.tenant, conversation.id, got.by.seq)


def _waits_since(connection: sa.Connection, conversation: Conversation, got: Taken) -> datetime | None:
    """Since when the customer waits for this agent; None while he waits for no answer.

    From a queue he waits, whatever the bot said last. Else it is from when he came to this agent, or wrote later.
    """
    taken_at, origin = got.by.at, got.first
    if got.by.body["from"] not in (OwnerKind.AGENT, OwnerKind.BOT):
        return taken_at
    if origin.body["from"] == OwnerKind.BOT:  # nobody asked for a person
        lines = conversations.unanswered(connection, conversation)
        return max(taken_at, lines[0].at) if lines else None
    after = max(origin.seq, conversation.last_seq - LOOK_BACK)
    recent = conversations.entries_after(connection, conversation.tenant, conversation.id, after, limit=LOOK_BACK)
    spoke = max((one.seq for one in recent if _speaks(one)), default=None)
    if spoke is None:
        return taken_at
    lines = [one for one in recent if one.author.kind is AuthorKind.CUSTOMER and one.kind is Kind.MESSAGE]
    return next((max(taken_at, one.at) for one in lines if one.seq > spoke), None)


def _taken(connection: sa.Connection, conversation: Conversation) -> Taken | None:
    moves = conversations.last_states(connection, conversation)
    if not moves or conversation.owner.kind is not OwnerKind.AGENT:
        return None
    return Taken(moves[0], next((one for one in moves if one.body.get("from") != OwnerKind.AGENT), moves[-1]))


def _speaks(entry: Entry, agent: str | None = None) -> bool:
    """Whether these are words to the customer, of this agent if one is given, else of any."""
    to_customer = entry.kind is Kind.MESSAGE and entry.audience is Audience.PUBLIC
    return to_customer and entry.author.kind is AuthorKind.AGENT and agent in (None, entry.author.id)


def first_reply_of(tenant: Tenant, queue: str | None, channel: str) -> timedelta | None:
    """How long an agent may take for his first words to a customer; None where nobody looks at that."""
    found = tenant.settings.queue(queue or "")
    if found is None or not found.first_reply_s or channel in SLOW_CHANNELS:
        return None
    return timedelta(seconds=found.first_reply_s)


def at_deadline(tx: Transaction, conversation: Conversation, context: Context) -> bool:
    """Does what is due because the agent is silent; False when he is not, and the deadline is about something else."""
    silence = silence_of(tx.connection, conversation)
    if silence is None:
        return _look_when_idle(tx, conversation, context)
    at, nudge = silence.next
    if at <= context.now:
        if nudge is Nudge.REQUEUE and not somebody_may_take(tx.connection, conversation, context):
            return _look_for_somebody(tx, conversation, silence, context)
        conversation = _act(tx, conversation, nudge, silence, context)
        if nudge is Nudge.REQUEUE:
            return True
        at, _ = replace(silence, done={**silence.done, nudge: context.now}).next
    idle = context.now + timedelta(seconds=context.settings.agent_idle_s)
    conversations.update(tx.connection, conversation, deadline_at=min(at, idle))
    return True


def _look_for_somebody(tx: Transaction, conversation: Conversation, silence: Silence, context: Context) -> bool:
    """Nobody else may take him: the supervisors are asked again now and then, and it is looked for somebody."""
    if context.now >= silence.done[Nudge.CALL] + supervisors.AGAIN:
        conversation = _act(tx, conversation, Nudge.CALL, silence, context)
    soon = (AFTER[Nudge.REQUEUE] - AFTER[Nudge.CALL]) * silence.allowed
    conversations.update(tx.connection, conversation, deadline_at=context.now + soon)
    return True


def _look_when_idle(tx: Transaction, conversation: Conversation, context: Context) -> bool:
    """Puts the deadline off to the usual one; False when that has passed, or the clock of the move was ahead."""
    got = _taken(tx.connection, conversation)
    idle = timedelta(seconds=context.settings.agent_idle_s)
    if got is None or not got.by.at <= context.now < got.by.at + idle:
        return False
    at = min(got.by.at + idle, look_again(tx.connection, conversation, context))
    conversations.update(tx.connection, conversation, deadline_at=at)
    return True


def _act(tx: Transaction, conversation: Conversation, nudge: Nudge, silence: Silence, context: Context) -> Conversation:
    language, agent = conversation.language, str(conversation.owner.agent)
    minutes = str(max(1, round((silence.allowed - AFTER[nudge] * silence.allowed).total_seconds() / 60)))
    if nudge is Nudge.REQUEUE:
        handoff = store.find(tx.connection, conversation.tenant, str(conversation.handoff))
        store.update(tx.connection, handoff, declined=sorted({*handoff.declined, agent}))
        text = say("requeued", language)
        return requeue(tx, conversation, context, event=Event.AGENT_LOST, text=text)
    if nudge is Nudge.REMIND:
        body = {"text": say("silent_agent", language, minutes=minutes), "kind": "silence_reminded"}
        draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
        return conversations.append(tx, conversation, draft, context.now)[0]
    people = agents.everyone(tx.connection, conversation.tenant)
    told = supervisors.choose(people, agents.connected(tx.connection, conversation.tenant, context.now), agent)
    name = next((one.name for one in people if one.id == agent), "–")
    text = say("silent_colleague", language, agent=name, minutes=minutes, names=supervisors.names_of(told))
    return supervisors.ask(tx, conversation, told, "silence_told", text, context)
