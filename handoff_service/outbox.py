"""Effects that follow from a commit: written in the same transaction, carried out afterwards, in order.

Each row is for one (conversation, destination) and one entry; only the row with the lowest unfinished `seq` of such a
pair may be leased, so a destination sees a conversation's entries in order. Its life:

    new ─────────► leased ──settle, finish──► sent
     ▲ ▲            │ │ │
     │ └──put_back──┘ │ └──put_back, give_up──► dead       tried often or long enough, or refused for good
     │                └──put_back, release, a lease that ran out──► uncertain ──► leased …
     └──renew── any but sent

`uncertain`: an attempt may have had its effect although nobody told us. Only destinations OUTSIDE know this state;
what the bot says has no effect before it is posted. A row that was uncertain once stays so until it is settled.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
import structlog

from handoff_service import tables
from handoff_service.bell import OUTBOX_TOPIC
from handoff_service.conversations.model import Audience, AuthorKind, Conversation, Draft, Kind
from handoff_service.database import Transaction
from handoff_service.ids import new_id
from handoff_service.public_mentions.model import CHANNEL as IN_PUBLIC
from handoff_service.shares import FIRST_WORDS, Shares
from handoff_service.statements import Statement, inserting

log = structlog.get_logger()

B = tables.outbox.c
N = tables.nodes.c
UNFINISHED = ("new", "uncertain", "leased")
# A question that the bot was asked in vain is still not answered.
UNANSWERED = (*UNFINISHED, "dead")
CHANNEL = "channel"
PUBLIC = "public"  # a line of its own: a release that does not know what is said in public leaves it to others
KNOWLEDGE = "knowledge"
MEDIA = "media"
ALARM = "alarm"
# Destinations where an attempt cannot be taken back. Their handlers decide themselves when to give up.
OUTSIDE = frozenset({CHANNEL, PUBLIC, ALARM})
# Longer than all bots of the ladder may take, shorter than the customer is left without an answer: when a process
# dies in the middle of a turn, another one still answers in time.
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 8
LONGEST_WAIT_S = 300.0
LONGEST_ASKED_S = 900.0  # the longest that a platform can make us wait
AT_ONCE = 32
POLL_S = 2.0


@dataclass(frozen=True)
class Job:
    """One leased row."""

    tenant: str
    id: str
    conversation: str
    destination: str
    seq: int
    attempts: int
    uncertain: bool = False
    parts_sent: int = 0
    parts_digest: str | None = None
    leased_at: datetime | None = None
    upto: int | None = None  # the last entry that goes in the same message, once that was decided


def outbox_topic(destination: str) -> str:
    """Rung when there is something to do for a destination."""
    return f"{OUTBOX_TOPIC}/{destination}"


def enqueue(tx: Transaction, conversation: Conversation, destination: str, seq: int, now: datetime) -> None:
    """Asks for an effect of entry `seq`, once this transaction is committed."""
    row = {"id": new_id("o"), "destination": destination, "seq": seq, "state": "new", "attempts": 0, "next_at": now}
    ENQUEUE.run(tx.connection, tenant=conversation.tenant, conversation=conversation.id, **row)
    tx.ring(outbox_topic(destination))


def enqueue_delivery(tx: Transaction, conversation: Conversation, draft: Draft, seq: int, now: datetime) -> None:
    """Asks for the delivery of an entry that its customer is to read, if he is on a platform."""
    own = draft.author.kind is AuthorKind.CUSTOMER and draft.kind is Kind.MESSAGE
    if conversation.account is None or draft.audience is not Audience.PUBLIC or own:
        return
    by_person = draft.author.kind is AuthorKind.AGENT and draft.kind is Kind.MESSAGE
    if conversation.channel == IN_PUBLIC and not by_person:  # the world reads nothing that no person has decided
        return
    if draft.kind in (Kind.MESSAGE, Kind.STATE) and draft.body.get("text"):
        enqueue(tx, conversation, PUBLIC if conversation.channel == IN_PUBLIC else CHANNEL, seq, now)


def _due() -> sa.Select[Any]:
    """Rows for some destinations that at `now` are free, due, and first of their line."""
    now = sa.bindparam("now", type_=B.next_at.type)
    # A release before this one puts what is said in public into the line CHANNEL, which its conversation has not else.
    other = sa.case((B.destination == PUBLIC, CHANNEL), else_=PUBLIC)
    first = sa.and_(
        _nothing_before(B.destination), sa.or_(B.destination.not_in((CHANNEL, PUBLIC)), _nothing_before(other))
    )
    # A clock that is ahead would find every lease at its end. So a living node keeps its own: when it is lost, they are
    # released, and what it has dropped it takes again itself.
    living = sa.exists().where(N.id == B.lease_owner, N.id != sa.bindparam("node"))
    running = B.id.in_(sa.bindparam("running", expanding=True))
    free = sa.or_(
        B.state.in_(("new", "uncertain")), sa.and_(B.state == "leased", B.lease_until <= now, ~living, ~running)
    )
    wanted = B.destination.in_(sa.bindparam("destinations", expanding=True))
    # What was never tried, or lies further ahead than any wait, is due: the clock that dated it may have been ahead.
    due = sa.or_(B.next_at <= now, B.attempts == 0, B.next_at > sa.bindparam("beyond", type_=B.next_at.type))
    return sa.select(tables.outbox).where(free, wanted, due, first)


def _nothing_before(destination: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """No entry before the row's is unfinished in this line of its conversation."""
    earlier = tables.outbox.alias()
    return ~sa.exists().where(
        earlier.c.tenant == B.tenant,
        earlier.c.conversation == B.conversation,
        earlier.c.destination == destination,
        earlier.c.seq < B.seq,
        earlier.c.state.in_(UNFINISHED),
    )


def _wanted(now: datetime, destinations: Sequence[str], node: str, running: Collection[str]) -> dict[str, Any]:
    """What `_due` asks for."""
    beyond = now + timedelta(seconds=LONGEST_ASKED_S)
    return {
        "now": now, "beyond": beyond, "destinations": list(destinations), "node": node, "running": list(running),
    }  # fmt: skip


# Built once: they run several times in every turn, and building them costs more than running them.
ANY_DUE = _due().limit(1)
DUE = _due().order_by(B.next_at).with_for_update(skip_locked=True)
_line = (
    B.tenant == sa.bindparam("tenant"),
    B.conversation == sa.bindparam("conversation"),
    B.destination == sa.bindparam("destination"),
)
_unanswered = sa.or_(*(B.state == state for state in UNANSWERED))
PENDING = Statement(sa.select(sa.func.min(B.seq).label("seq")).where(*_line, _unanswered))
_sent = sa.update(tables.outbox).values(state="sent", lease_owner=None, lease_until=None)
FINISH = Statement(_sent.where(*_line, _unanswered, B.seq <= sa.bindparam("upto_seq")))
_now = sa.bindparam("now", type_=B.next_at.type)
_hurry = sa.update(tables.outbox).where(*_line, B.state == "new", B.next_at > _now).values(next_at=_now)
HURRY, HURRY_FAILED = Statement(_hurry), Statement(_hurry.where(B.error.is_not(None)))
_row = (B.tenant == sa.bindparam("of_tenant"), B.id == sa.bindparam("of_id"))
_leased = {"state": "leased", "lease_owner": sa.bindparam("node"), "lease_until": sa.bindparam("until")}
LEASED = Statement(sa.update(tables.outbox).where(*_row).values(**_leased, attempts=B.attempts + 1))
ENQUEUE = inserting(tables.outbox, "tenant", "id", "conversation", "destination", "seq", "state", "attempts", "next_at")


@cache
def _ending(columns: tuple[str, ...]) -> Statement:
    """Ends a lease and sets these columns."""
    mine = (*_row, B.state == "leased", B.attempts == sa.bindparam("of_attempts"))
    changes: dict[str, Any] = {name: sa.bindparam(name) for name in ("state", *columns)}
    return Statement(sa.update(tables.outbox).where(*mine).values(lease_owner=None, lease_until=None, **changes))


def lease(
    tx: Transaction,
    node: str,
    now: datetime,
    *,
    destinations: Sequence[str],
    limit: int = AT_ONCE,
    shares: Shares | None = None,
    running: Collection[str] = (),
) -> list[Job]:
    """Takes rows that are due and first of their line, for LEASE; nobody else gets them meanwhile.

    `running` are the ids of the jobs that this node carries out: however late it is, they are not taken again.
    """
    wanted = _wanted(now, destinations, node, running)
    due = DUE.limit(limit)
    if shares is not None and any(used_up := shares.used_up()):
        tenants, newcomers = used_up
        due = due.where(B.tenant.not_in(tenants), sa.or_(B.tenant.not_in(newcomers), B.seq > FIRST_WORDS))
    rows = tx.connection.execute(due, wanted).mappings().all()
    if shares is not None:
        rows = [row for row in rows if shares.take(row["tenant"], row["seq"])]
    jobs = []
    for row in rows:
        LEASED.run(tx.connection, of_tenant=row["tenant"], of_id=row["id"], node=node, until=now + LEASE)
        # Of a lease that ran out: its holder may have died after the effect.
        uncertain = row["state"] == "uncertain" or (row["state"] == "leased" and row["destination"] in OUTSIDE)
        place = {name: row[name] for name in ("tenant", "id", "conversation", "destination", "seq")}
        done = {"parts_sent": row["parts_sent"] or 0, "parts_digest": row["parts_digest"], "upto": row["upto"]}
        jobs.append(Job(**place, attempts=row["attempts"] + 1, uncertain=uncertain, **done, leased_at=now))
    return jobs


def finish(connection: sa.Connection, tenant: str, conversation: str, destination: str, *, upto_seq: int) -> None:
    """Marks what was asked for up to an entry as sent."""
    FINISH.run(connection, tenant=tenant, conversation=conversation, destination=destination, upto_seq=upto_seq)


def renew(tx: Transaction, tenant: str, conversation: str, destination: str, now: datetime) -> None:
    """Asks for unanswered effects anew: what was under way has no place any more."""
    _ask_again(tx, tenant, conversation, destination, UNANSWERED, now)


def revive(tx: Transaction, tenant: str, conversation: str, destination: str, now: datetime) -> None:
    """Tries once more what was given up."""
    _ask_again(tx, tenant, conversation, destination, ("dead",), now)


def _ask_again(
    tx: Transaction, tenant: str, conversation: str, destination: str, states: Sequence[str], now: datetime
) -> None:
    tx.connection.execute(
        sa.update(tables.outbox)
        .where(B.tenant == tenant, B.conversation == conversation)
        .where(B.destination == destination, B.state.in_(states))
        .values(state="new", next_at=now, lease_owner=None, lease_until=None)
    )
    tx.ring(outbox_topic(destination))


def pending(connection: sa.Connection, tenant: str, conversation: str, destination: str) -> int | None:
    """The lowest entry of the conversation that this destination has not dealt with, or None."""
    found = PENDING.first(connection, tenant=tenant, conversation=conversation, destination=destination)
    return found["seq"] if found else None


def put_back(
    connection: sa.Connection, job: Job, error: str, now: datetime, *, uncertain: bool = False, wait_s: float = 0.0
) -> str:
    """Plans another attempt after a failure, not before `wait_s`, or gives up the bot after MOST_ATTEMPTS.

    `uncertain`: this attempt may have had its effect. Returns the new state.
    """
    state = "uncertain" if uncertain or job.uncertain else "new"
    if job.attempts >= MOST_ATTEMPTS and job.destination not in OUTSIDE:
        state = "dead"
    _let_go(connection, job, state, error=error[:500], next_at=now + timedelta(seconds=max(wait_s, back_off(job))))
    return state


def back_off(job: Job) -> float:
    """Seconds until the next attempt: twice as long each time, with jitter so that not all come back at once."""
    return min(LONGEST_WAIT_S, 0.5 * 2.0 ** min(job.attempts, 20)) * random.uniform(0.5, 1.0)


def postpone(connection: sa.Connection, job: Job, reason: str | None, *, until: datetime) -> bool:
    """Plans another attempt at a job that is not to blame (without a reason: only held back); it is never given up."""
    state = "uncertain" if job.uncertain else "new"
    return _let_go(connection, job, state, error=reason and reason[:500], next_at=until)


def hurry(tx: Transaction, conversation: Conversation, destination: str, now: datetime, *, held: bool = True) -> None:
    """Makes what was postponed due at once: there is news for it. Without `held` not what is only held back."""
    line = {"tenant": conversation.tenant, "conversation": conversation.id, "destination": destination}
    (HURRY if held else HURRY_FAILED).run(tx.connection, **line, now=now)
    tx.ring(outbox_topic(destination))


def settle(connection: sa.Connection, job: Job, *, provider_id: str | None = None) -> bool:
    """Marks the leased row as sent; False when it is somebody else's by now."""
    return _let_go(connection, job, "sent", provider_id=provider_id)


def sent_part(connection: sa.Connection, job: Job, parts: int, now: datetime, *, digest: str | None = None) -> bool:
    """Remembers how many parts of the entry have arrived, and goes on; False when the row is somebody else's by now.

    `digest` is of what these parts said: another release may cut the rest elsewhere.
    """
    mine = (B.tenant == job.tenant, B.id == job.id, B.state == "leased", B.attempts == job.attempts)
    values = {"parts_sent": parts, "parts_digest": digest, "lease_until": now + LEASE}
    return connection.execute(sa.update(tables.outbox).where(*mine).values(**values)).rowcount == 1


def keep(connection: sa.Connection, job: Job, now: datetime) -> bool:
    """Leases the row for LEASE from now on; False when it is somebody else's by now."""
    mine = (B.tenant == job.tenant, B.id == job.id, B.state == "leased", B.attempts == job.attempts)
    return connection.execute(sa.update(tables.outbox).where(*mine).values(lease_until=now + LEASE)).rowcount == 1


def bind(connection: sa.Connection, job: Job, upto_seq: int) -> bool:
    """Notes that all attempts say the entries up to this one as well; False when the row is somebody else's by now."""
    mine = (B.tenant == job.tenant, B.id == job.id, B.state == "leased", B.attempts == job.attempts)
    return connection.execute(sa.update(tables.outbox).where(*mine).values(upto=upto_seq)).rowcount == 1


def behind(connection: sa.Connection, job: Job, *, limit: int) -> list[int]:
    """The entries that wait behind the job in its line and were never tried, in order."""
    query = sa.select(B.seq).where(*_behind(job)).order_by(B.seq).limit(limit)
    return list(connection.execute(query).scalars())


def is_leased(connection: sa.Connection, tenant: str, conversation: str, destination: str) -> bool:
    """Whether something of the conversation is being carried out at this moment."""
    line = (B.tenant == tenant, B.conversation == conversation, B.destination == destination, B.state == "leased")
    return connection.execute(sa.select(B.seq).where(*line).limit(1)).first() is not None


def unclear(connection: sa.Connection, tenant: str, conversation: str, destination: str, *, limit: int) -> list[int]:
    """The last entries of the conversation that were tried, of which nobody knows that they arrived."""
    line = (B.tenant == tenant, B.conversation == conversation, B.destination == destination, B.attempts > 0)
    query = (
        sa.select(B.seq).where(*line, B.state.in_(("leased", "uncertain", "dead"))).order_by(B.seq.desc()).limit(limit)
    )
    return list(connection.execute(query).scalars())


def first_of(connection: sa.Connection, tenant: str, conversation: str, destination: str, upto_seq: int) -> int:
    """The first of the entries that went as one message up to this one."""
    line = (B.tenant == tenant, B.conversation == conversation, B.destination == destination, B.upto == upto_seq)
    return connection.execute(sa.select(sa.func.min(B.seq)).where(*line)).scalar() or upto_seq


def end_with(connection: sa.Connection, job: Job, upto_seq: int, state: str) -> None:
    """What waited behind the job went with it, up to an entry: it is as the job is."""
    upto = (*_behind(job), B.seq <= upto_seq)
    connection.execute(sa.update(tables.outbox).where(*upto).values(state=state))


def _behind(job: Job) -> tuple[sa.ColumnElement[bool], ...]:
    line = (B.tenant == job.tenant, B.conversation == job.conversation, B.destination == job.destination)
    return (*line, B.seq > job.seq, B.state == "new", B.attempts == 0)


def give_up(connection: sa.Connection, job: Job, reason: str) -> bool:
    """Marks the leased row as dead; False when it is somebody else's by now."""
    return _let_go(connection, job, "dead", error=reason[:500])


def _let_go(connection: sa.Connection, job: Job, state: str, **values: Any) -> bool:
    """Ends a lease. Nothing happens to a row that somebody else has leased since, or finished: `attempts` tells."""
    key = {"of_tenant": job.tenant, "of_id": job.id, "of_attempts": job.attempts}
    return _ending(tuple(values)).run(connection, **key, state=state, **values) == 1


def forget_sent(connection: sa.Connection, before: datetime) -> None:
    """Deletes rows that were sent and due before."""
    connection.execute(sa.delete(tables.outbox).where(B.state == "sent", B.next_at < before))


def forget(connection: sa.Connection, tenant: str, conversation: str) -> int:
    """Deletes what is to be done for an erased conversation, and the notes on what was. Returns how much it was."""
    mine = sa.delete(tables.outbox).where(B.tenant == tenant, B.conversation == conversation)
    return connection.execute(mine).rowcount


def release(
    connection: sa.Connection, now: datetime, *, node: str | None = None, destinations: Sequence[str] | None = None
) -> None:
    """Lets go of what a node has leased (None: any node), so that it is taken up again at once."""
    held = sa.update(tables.outbox).where(B.state == "leased")
    if node is not None:
        held = held.where(B.lease_owner == node)
    if destinations is not None:
        held = held.where(B.destination.in_(destinations))
    state = sa.case((B.destination.in_(OUTSIDE), "uncertain"), else_="new")
    connection.execute(held.values(state=state, next_at=now, lease_owner=None, lease_until=None))


def doubt(connection: sa.Connection) -> None:
    """After a restore: what was to be sent may have been sent since the backup was made."""
    connection.execute(
        sa.update(tables.outbox).where(B.state == "new", B.destination.in_(OUTSIDE)).values(state="uncertain")
    )


def any_due(
    connection: sa.Connection,
    now: datetime,
    destinations: Sequence[str],
    *,
    node: str = "",
    running: Collection[str] = (),
) -> bool:
    """Whether `lease` would take anything."""
    return connection.execute(ANY_DUE, _wanted(now, destinations, node, running)).first() is not None
