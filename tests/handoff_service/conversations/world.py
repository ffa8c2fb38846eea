"""A small shop in memory on which random walks play every event of a conversation's life, and what must hold then."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

import pysqlite3 as sqlite3
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role
from handoff_service.bots.model import Answer
from handoff_service.conversations import lifecycle, store, sweep, turn
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import (
    Audience,
    Author,
    AuthorKind,
    Conversation,
    Entry,
    Event,
    Kind,
    OwnerKind,
)
from handoff_service.conversations.receive import Sender, receive
from handoff_service.conversations.reply import reply
from handoff_service.database import Transaction
from handoff_service.errors import TandemError
from handoff_service.handoffs import assign, moves, release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.assign import as_author
from handoff_service.handoffs.request import request_handoff
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.handoff_service.stage import (
    MONDAY,
    FakeClock,
    answer,
    end_shift,
    meet,
    person,
    shop,
    start_shift,
    trial_settings,
)

HELPED = {OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.MAILBOX}
HELD = {OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.AGENT, OwnerKind.MAILBOX}


@cache
def _memory() -> tuple[sqlite3.Connection, sa.Engine, sqlite3.Connection]:
    """One database in memory for all walks (its statements are compiled once), and its empty content."""
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    raw.isolation_level = None
    engine = sa.create_engine("sqlite://", module=sqlite3, creator=lambda: raw, poolclass=sa.StaticPool)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    tables.metadata.create_all(engine)
    empty = sqlite3.connect(":memory:", check_same_thread=False)
    raw.backup(empty)
    return raw, engine, empty


class Head(NamedTuple):
    """The cached columns of a conversation."""

    id: str
    contact: str
    kind: str
    agent: str | None
    queue: str | None
    epoch: int
    last_seq: int
    handoff: str | None
    deadline_at: int | None
    closed_at: int | None


@dataclass
class Seen:
    """What the checker knows of one timeline: its state entries so far, and who owns it after them."""

    states: list[Entry] = field(default_factory=list)
    owner: Mapping[str, Any] | None = None
    epoch: int = 0
    last_seq: int = 0


@dataclass
class Running:
    """A turn that a process works on, and the outbox row that it leased for it."""

    turn: turn.Turn
    job: outbox.Job


def _pushing_shop() -> Tenant:
    """The demo shop with queues that offer, so that walks see offers as well as claims by hand."""
    tenant = shop()
    queues = tuple(queue.model_copy(update={"mode": "offer"}) for queue in tenant.settings.queues)
    return tenant.model_copy(update={"settings": tenant.settings.model_copy(update={"queues": queues})})


class World:
    """Three customers, two agents and a supervisor; `step` plays one event in a transaction and checks everything."""

    def __init__(self) -> None:
        self.raw, self.engine, empty = _memory()
        empty.backup(self.raw)
        self.clock = FakeClock()
        self.settings = trial_settings()
        self.running: list[Running] = []
        self.zombies: list[Running] = []
        self.seen: dict[str, Seen] = {}
        self.sent: dict[tuple[str, str, str], Entry] = {}
        self.messages: list[tuple[Sender, str, dict[str, Any]]] = []
        # What the last event asked for and was told, for whoever writes it down: ("send" or "change", its parts).
        self.asked: tuple[str, dict[str, Any]] | None = None
        self.told: dict[str, Any] = {}
        self.last_row = 0
        self.count = 0
        with self.engine.begin() as connection:
            tenants.save(connection, _pushing_shop())
            people = [person("lin", capacity=1), person("maya", capacity=2)]
            people.append(person("chen", role=Role.SUPERVISOR, capacity=2))
            self.people = [start_shift(connection, one, self.clock()) for one in people]
            self.customers = [meet(connection, self.clock()) for _ in range(3)]

    @property
    def context(self) -> Context:
        return Context(self.settings, self.clock())

    def step(self, event: str, pick: int, seconds: int) -> str:
        """Plays one event, refused or not, and checks that everything still holds. Returns the outcome."""
        self.clock.advance(seconds)
        self.count += 1
        self.asked, self.told = None, {}
        try:
            with self.engine.begin() as connection:
                outcome = getattr(self, event)(Transaction(connection), pick) or "nothing to do"
        except TandemError as error:
            outcome, self.told = error.code, {"code": error.code}
        self.check()
        return str(outcome)

    # What may happen. Each returns a word for the tally, or None when there was nothing to do.

    def customer_writes(self, tx: Transaction, pick: int) -> str:
        sender, client_id = self.customers[pick % 3], f"client-{self.count:06}"
        body = {"text": f"message {self.count}"}
        self.messages.append((sender, client_id, body))
        conversation, _ = self._receive(tx, sender, client_id, body)
        return conversation.owner.kind

    def customer_repeats(self, tx: Transaction, pick: int) -> str | None:
        said = [one for one in self.messages if one[0] == self.customers[pick % 3]]
        if not said:
            return None
        sender, client_id, body = said[pick % len(said)]
        before = self.sent.get((AuthorKind.CUSTOMER, sender.contact, client_id))
        _, entry = self._receive(tx, sender, client_id, body)
        if before is not None:
            assert (entry.mid, entry.seq) == (before.mid, before.seq), "a repeat is the entry of the first time"
        return "same entry"

    def _receive(
        self, tx: Transaction, sender: Sender, client_id: str, body: dict[str, Any]
    ) -> tuple[Conversation, Entry]:
        self.asked = "send", {"author": sender.author, "client_id": client_id, "body": body}
        conversation, entry = receive(tx, sender, client_id=client_id, body=body, context=self.context)
        self.told = {"conv": conversation.id, "seq": entry.seq, "mid": entry.mid}
        return conversation, entry

    def turn_starts(self, tx: Transaction, pick: int) -> str | None:
        for job in outbox.lease(tx, "node", self.clock(), destinations=["bot"], limit=1 + pick % 3):
            begun = turn.begin(tx, job.tenant, job.conversation, self.clock())
            if begun is not None:
                self.running.append(Running(begun, job))
        return "started" if self.running else None

    def turn_answers(self, tx: Transaction, pick: int) -> str | None:
        return self._finish(tx, self.running, pick, answer())

    def turn_wants_human(self, tx: Transaction, pick: int) -> str | None:
        reason = ("asked", "unsure", "unhappy", "policy")[pick % 4]
        wish = {"reason": reason, "priority": None, "evidence": {"rule": "walk"}}
        return self._finish(tx, self.running, pick, Answer([{"text": "A colleague will help."}], wish))

    def late_turn_answers(self, tx: Transaction, pick: int) -> str | None:
        """A process that everybody took for dead comes back with its answer."""
        return self._finish(tx, self.zombies, pick, answer())

    def _finish(self, tx: Transaction, turns: list[Running], pick: int, said: Answer) -> str | None:
        if not turns:
            return None
        return turn.post(tx, turns.pop(pick % len(turns)).turn, said, self.context)

    def turn_is_slow(self, tx: Transaction, pick: int) -> str | None:
        if not self.running:
            return None
        turn.say_one_moment(tx, self.running.pop(pick % len(self.running)).turn, self.context)
        return "one moment"

    def turn_fails(self, tx: Transaction, pick: int) -> str | None:
        if not self.running:
            return None
        return outbox.put_back(tx.connection, self.running.pop(pick % len(self.running)).job, "boom", self.clock())

    def process_dies(self, tx: Transaction, pick: int) -> str | None:  # noqa: ARG002
        """All turns are abandoned; their leases run out later."""
        lost = len(self.running)
        self.zombies += self.running
        self.running = []
        return "turns abandoned" if lost else None

    def asks_for_human(self, tx: Transaction, pick: int) -> str | None:
        found = self._current(tx, pick)
        if found is None:
            return None
        self._asks("ask_human", self.customers[pick % 3].author, found)
        moved = request_handoff(
            tx,
            found,
            Event.ASKED,
            evidence={},
            context=self.context,
            priority=pick % 10,
            actor=self.customers[pick % 3].author,
        )
        return self._done(moved, "handed off")

    def _asks(self, verb: str, actor: Author, found: Conversation, epoch: int | None = None) -> None:
        """Says what a person is about to do."""
        held = {} if epoch is None else {"epoch": epoch}
        self.asked = "change", {"verb": verb, "actor": actor, "conv": found.id, **held}

    def _done(self, moved: Conversation, outcome: str) -> str:
        self.told = {"epoch": moved.epoch, "to": moved.owner.kind}
        return outcome

    def accepts(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, HELD)
        if found is None:
            return None
        agent = self._agent(tx, pick)
        self._asks("accept", as_author(agent), found)
        return self._done(assign.accept(tx, str(found.handoff), agent, self.context), found.owner.kind)

    def offers_go_out(self, tx: Transaction, pick: int) -> str:  # noqa: ARG002
        sweep.make_offers(tx, "demo", self.context)
        return "made"

    def declines(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.OFFER})
        if found is None:
            return None
        agent = agents.find(tx.connection, "demo", str(found.owner.agent)) if pick % 3 else self._agent(tx, pick)
        self._asks("decline", as_author(agent), found)
        return self._done(assign.decline(tx, str(found.handoff), agent, self.context), "declined")

    def replies(self, tx: Transaction, pick: int) -> str | None:
        return self._writes(tx, pick, Audience.PUBLIC)

    def notes(self, tx: Transaction, pick: int) -> str | None:
        return self._writes(tx, pick, Audience.INTERNAL)

    def _writes(self, tx: Transaction, pick: int, audience: Audience) -> str | None:
        found = self._any(tx, pick, set(OwnerKind))
        if found is None:
            return None
        holder, epoch = self._holder(tx, found, pick), self._epoch(found, pick)
        client_id, body = f"agent-{self.count:06}", {"text": f"I am looking into it: {self.count}"}
        said = {"author": as_author(holder), "client_id": client_id, "body": body, "conv": found.id}
        self.asked = "send", {**said, "audience": audience, "epoch": epoch}
        _, entry = reply(
            tx,
            holder,
            found.id,
            client_id=client_id,
            body=body,
            epoch=epoch,
            audience=audience,
            context=self.context,
        )
        self.told = {"seq": entry.seq, "mid": entry.mid}
        return "written"

    def whispers(self, tx: Transaction, pick: int) -> str | None:
        """Mostly the supervisor, to the agent who serves the customer."""
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        agent = self._agent(tx, 2 if pick % 4 else pick)
        client_id, body = f"agent-{self.count:06}", {"text": f"ask him why: {self.count}"}
        said = {"author": as_author(agent), "client_id": client_id, "body": body, "conv": found.id}
        self.asked = "send", {**said, "audience": Audience.INTERNAL}
        _, entry = reply(
            tx,
            agent,
            found.id,
            client_id=client_id,
            body={**body, "whisper": found.owner.agent},
            epoch=None,
            audience=Audience.INTERNAL,
            context=self.context,
        )
        self.told = {"seq": entry.seq, "mid": entry.mid}
        return "whispered"

    def escalates(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        holder, epoch = self._holder(tx, found, pick), self._epoch(found, pick)
        self._asks("escalate", as_author(holder), found, epoch)
        moved = moves.escalate(tx, found.id, holder, epoch, self.context, reason="wants the manager")
        return self._done(moved, "escalated")

    def transfers_to_agent(self, tx: Transaction, pick: int) -> str | None:
        return self._transfer(tx, pick, to_agent=self.people[(pick + 1) % 3].id)

    def transfers_to_queue(self, tx: Transaction, pick: int) -> str | None:
        return self._transfer(tx, pick, to_queue=("support", "senior", "nowhere")[pick % 3])

    def _transfer(self, tx: Transaction, pick: int, **to: str) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT, OwnerKind.QUEUE})
        if found is None:
            return None
        holder = self._holder(tx, found, pick)
        epoch = self._epoch(found, pick)
        self._asks("transfer", as_author(holder), found, epoch)
        return self._done(release.transfer(tx, found.id, holder, epoch, self.context, **to), "transferred")

    def gives_back(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        holder, epoch = self._holder(tx, found, pick), self._epoch(found, pick)
        self._asks("give_back", as_author(holder), found, epoch)
        return self._done(release.give_back(tx, found.id, holder, epoch, self.context), "given back")

    def takes_over(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, set(OwnerKind))
        if found is None:
            return None
        agent, epoch = self._agent(tx, pick), self._epoch(found, pick)
        self._asks("take_over", as_author(agent), found, epoch)
        return self._done(assign.take_over(tx, found.id, agent, epoch, self.context), found.owner.kind)

    def closes(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        holder, epoch = self._holder(tx, found, pick), self._epoch(found, pick)
        self._asks("close", as_author(holder), found, epoch)
        return self._done(release.close(tx, found.id, holder, epoch, self.context, wrap_up="solved"), "closed")

    def is_solved(self, tx: Transaction, pick: int) -> str | None:
        found = self._current(tx, pick)
        if found is None:
            return None
        author = self.customers[pick % 3].author
        self._asks("solved", author, found)
        return self._done(release.solved(tx, found, author, self.context), "solved")

    def leaves_message(self, tx: Transaction, pick: int) -> str | None:
        found = self._current(tx, pick)
        if found is None:
            return None
        author = self.customers[pick % 3].author
        self._asks("leave_message", author, found)
        return self._done(release.leave_message(tx, found, author, self.context, reply_to=""), "left")

    def agent_goes(self, tx: Transaction, pick: int) -> str:
        end_shift(tx.connection, self.people[pick % 3], self.clock())
        return "gone"

    def agent_comes(self, tx: Transaction, pick: int) -> str:
        until = self.clock() + timedelta(minutes=30)
        agents.keep_desk(tx.connection, "demo", self.people[pick % 3].id, "desk", now=self.clock(), until=until)
        return "here"

    def sweeper_runs(self, tx: Transaction, pick: int) -> str:  # noqa: ARG002
        now = self.clock()
        late = [one for queued in (False, True) for one in store.due(tx.connection, now, {}, queued=queued, limit=100)]
        for tenant, conversation in late:
            sweep.on_deadline(tx, tenant, conversation, self.context)
        for tenant, conversation in sweep.held_by_lost(tx.connection, self.context):
            sweep.on_lost(tx, tenant, conversation, self.context)
        return "swept"

    def time_passes(self, tx: Transaction, pick: int) -> str:  # noqa: ARG002
        self.clock.advance((40, 70, 400, 2000)[pick % 4])
        return "later"

    # Whom an event is about.

    def _current(self, tx: Transaction, pick: int) -> Conversation | None:
        sender = self.customers[pick % 3]
        return store.current(tx.connection, "demo", "web", sender.contact, lock=True)

    def _any(self, tx: Transaction, pick: int, kinds: set[OwnerKind]) -> Conversation | None:
        # Not by id: the same walk must always be about the same conversations.
        order = {sender.contact: number for number, sender in enumerate(self.customers)}
        listed = store.listed(tx.connection, "demo", list(kinds))
        found = sorted(listed, key=lambda one: (one.opened_at, order[one.contact]))
        return found[(pick // 3) % len(found)] if found else None

    def _agent(self, tx: Transaction, pick: int) -> Agent:
        return agents.find(tx.connection, "demo", self.people[pick % 3].id)

    def _holder(self, tx: Transaction, found: Conversation, pick: int) -> Agent:
        """Mostly the one who owns it; now and then somebody who only believes so."""
        if found.owner.agent and pick % 5:
            return agents.find(tx.connection, "demo", found.owner.agent)
        return self._agent(tx, pick)

    def _epoch(self, found: Conversation, pick: int) -> int:
        return found.epoch - (1 if pick % 7 == 0 else 0)

    # What must hold after every event. Read past SQLAlchemy: the checker shall not share a fault with what it checks.

    def check(self) -> None:
        self._check_new_entries()
        heads = [Head(*row) for row in self.raw.execute(HEADS)]
        for head in heads:
            self._check_head(head)
        open_of = Counter(head.contact for head in heads if head.kind != "closed")
        assert all(count == 1 for count in open_of.values()), "I25: two open conversations of one contact"
        held = Counter(head.agent for head in heads if head.kind == "agent")
        for agent, open_now, capacity in self.raw.execute("SELECT id, open, capacity FROM agents"):
            assert open_now == held[agent], f"I14: {agent} has open={open_now}, owns {held[agent]}"
            assert open_now <= capacity, f"I14: {agent} has too many"
        self._check_handoffs(heads)

    def _check_new_entries(self) -> None:
        for rowid, *row in self.raw.execute(ENTRIES, (self.last_row,)).fetchall():
            self.last_row = rowid
            entry = _entry(*row)
            seen = self.seen.setdefault(entry.conversation, Seen())
            assert entry.seq == seen.last_seq + 1, "I4: seq has a gap"
            seen.last_seq = entry.seq
            _check_author(entry, seen)
            if entry.kind is Kind.STATE:
                assert entry.epoch == seen.epoch + 1, "I10: an epoch is not the next one"
                seen.epoch, seen.owner = entry.epoch, entry.body["to"]
                seen.states.append(entry)
            if entry.client_id is not None:
                key = (entry.author.kind, entry.author.id, entry.client_id)
                assert key not in self.sent, "I3: a client id appears twice"
                self.sent[key] = entry

    def _check_head(self, head: Head) -> None:
        seen = self.seen[head.id]
        assert head.last_seq == seen.last_seq, "I4: last_seq is not the number of entries"
        owner, epoch = lifecycle.replay(seen.states)
        assert owner is not None
        assert (owner.kind, owner.agent, owner.queue) == (head.kind, head.agent, head.queue), "I12: not the log's owner"
        assert epoch == head.epoch, "I10: the cached epoch is not that of the log"
        open_now = head.kind != "closed"
        assert (head.deadline_at is not None) == open_now, "I13: open without a deadline, or closed with one"
        assert (head.closed_at is None) == open_now

    def _check_handoffs(self, heads: list[Head]) -> None:
        waiting: dict[str, list[tuple[int, str]]] = {}
        for head in heads:
            if head.kind not in HELD:
                continue
            found = self.raw.execute(HANDOFFS, (head.handoff,)).fetchone()
            assert found is not None, "somebody waits or is served without a handoff"
            queue, rank, *stages = found
            assert stages[-1] is None, "a closed handoff waits or is served"
            assert queue == head.queue, "handoff and owner name different queues"
            _check_stages(stages)
            if head.kind == "queue":
                waiting.setdefault(queue, []).append((rank, str(head.handoff)))
        for queue, expected in waiting.items():
            if len(expected) > 1:
                with self.engine.begin() as connection:
                    order = [(one.rank, one.id) for one in handoffs.waiting(connection, "demo", queue)]
                assert order == sorted(expected), f"I21: {queue} is not in order of rank"

    def check_turns(self) -> None:
        """At the end of a walk: no message was answered by two turns, every turn is in one known state."""
        posted = set()
        for conversation, state, upto in self.raw.execute("SELECT conversation, state, upto_seq FROM turns"):
            assert state in ("running", "posted", "suppressed", "failed")
            if state == "posted":
                assert (conversation, upto) not in posted, "I23: two turns answered the same message"
                posted.add((conversation, upto))
        assert self.raw.execute(OUT_OF_TURN).fetchall() == [], "I23: a turn spoke under another epoch than its own"
        assert self.raw.execute(UNPOSTED).fetchall() == [], "I23: a turn that was not posted has answered"


OUT_OF_TURN = """SELECT e.conversation, e.seq FROM entries e JOIN turns t ON t.id = e.turn
                 WHERE e.kind = 'message' AND e.epoch <> t.epoch"""
UNPOSTED = """SELECT e.conversation, e.seq FROM entries e JOIN turns t ON t.id = e.turn
              WHERE t.state <> 'posted' AND e.client_id NOT LIKE '%-wait'"""
HEADS = """SELECT id, contact, owner_kind, owner_agent, queue, epoch, last_seq, handoff, deadline_at, closed_at
           FROM conversations"""
ENTRIES = """SELECT rowid, conversation, seq, mid, kind, audience, author_kind, author_id, client_id, body, epoch
             FROM entries WHERE rowid > ? ORDER BY rowid"""
HANDOFFS = """SELECT queue, rank, requested_at, queued_at, offered_at, accepted_at, first_reply_at, closed_at
              FROM handoffs WHERE id = ?"""


def _entry(
    conversation: str,
    seq: int,
    mid: str,
    kind: str,
    audience: str,
    author_kind: str,
    author: str,
    client_id: str | None,
    body: str,
    epoch: int,
) -> Entry:
    return Entry(
        tenant="demo",
        conversation=conversation,
        seq=seq,
        mid=mid,
        kind=Kind(kind),
        audience=Audience(audience),
        author=Author(AuthorKind(author_kind), author, ""),
        body=json.loads(body),
        client_id=client_id,
        epoch=epoch,
        turn=None,
        at=MONDAY,
    )


def _check_author(entry: Entry, seen: Seen) -> None:
    """I11: the bot speaks only as owner (or beside a queue, marked as interim), an agent only as owner."""
    if entry.kind is not Kind.MESSAGE:
        return
    assert seen.owner is not None
    assert entry.epoch == seen.epoch, "I11: written under an epoch that is not the present one"
    kind = seen.owner["kind"]
    if entry.author.kind is AuthorKind.BOT:
        assert kind == "bot" or (kind in HELPED and entry.body.get("interim")), f"I11: the bot spoke in {kind}"
    if entry.author.kind is AuthorKind.AGENT and entry.audience is Audience.PUBLIC:
        assert (kind, seen.owner["agent"]) == ("agent", entry.author.id), "I11: an agent spoke without owning"


def _check_stages(stages: list[int | None]) -> None:
    requested, queued, offered, accepted, first_reply, _ = stages
    assert requested is not None
    assert all(requested <= stage for stage in stages if stage is not None), "a stage before the request"
    assert offered is None or queued is not None, "offered without having been queued"
    assert first_reply is None or (accepted is not None and accepted <= first_reply), "a reply before the acceptance"


EVENTS: tuple[str, ...] = (
    *("customer_writes",) * 4,
    "customer_repeats",
    *("turn_starts",) * 3,
    *("turn_answers",) * 2,
    "turn_wants_human",
    "late_turn_answers",
    "turn_is_slow",
    "turn_fails",
    "process_dies",
    *("asks_for_human",) * 2,
    *("accepts",) * 3,
    *("offers_go_out",) * 2,
    "declines",
    *("replies",) * 2,
    "notes",
    "transfers_to_agent",
    "transfers_to_queue",
    "whispers",
    "escalates",
    "gives_back",
    "takes_over",
    "closes",
    "is_solved",
    "leaves_message",
    "agent_goes",
    *("agent_comes",) * 2,
    *("sweeper_runs",) * 2,
    "time_passes",
)
