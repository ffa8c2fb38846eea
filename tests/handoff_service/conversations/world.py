"""A small shop in memory on which random walks play every event of a conversation's life, and what must hold then."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role
from handoff_service.bots.model import Answer
from handoff_service.conversations import lifecycle, store, sweep, turn
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Conversation, Entry, Event, Kind, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.database import Transaction
from handoff_service.errors import TandemError
from handoff_service.handoffs import assign, release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.receipt import build_receipt
from handoff_service.handoffs.request import request_handoff
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.handoff_service.stage import FakeClock, answer, end_shift, meet, person, shop, start_shift, trial_settings

HELPED = {OwnerKind.QUEUE, OwnerKind.MAILBOX}
HELD = {OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.AGENT, OwnerKind.MAILBOX}
STAGES = ("requested", "queued", "offered", "accepted", "first_reply", "closed")


@cache
def _schema() -> bytes:
    """An empty database, to be loaded instead of made anew for each walk."""
    raw = sqlite3.connect(":memory:")
    engine = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=sa.StaticPool)
    tables.metadata.create_all(engine)
    return raw.serialize()


@dataclass
class Seen:
    """What the checker knows of one timeline: its entries so far, and who owned it after them."""

    entries: list[Entry] = field(default_factory=list)
    owner: Any = None
    epoch: int = 0


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
        raw = sqlite3.connect(":memory:", check_same_thread=False)
        raw.deserialize(_schema())
        raw.isolation_level = None
        self.engine = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=sa.StaticPool)
        sa.event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        self.clock = FakeClock()
        self.settings = trial_settings()
        self.running: list[Running] = []
        self.zombies: list[Running] = []
        self.seen: dict[str, Seen] = {}
        self.played: Counter[str] = Counter()
        self.trail: list[tuple[str, str]] = []
        self.count = 0
        with self.engine.begin() as connection:
            tenants.save(connection, _pushing_shop())
            people = [person("lin", capacity=1), person("maya", capacity=2)]
            people.append(person("chen", role=Role.SUPERVISOR, capacity=2))
            self.people = [start_shift(connection, one, self.clock()) for one in people]
            self.customers = [meet(connection, self.clock()) for _ in range(3)]

    def close(self) -> None:
        self.engine.dispose()

    @property
    def context(self) -> Context:
        return Context(self.settings, self.clock())

    def step(self, event: str, pick: int, seconds: int) -> str:
        """Plays one event; a refusal is as good as a success, as long as everything still holds. Returns the outcome."""
        self.clock.advance(seconds)
        self.count += 1
        try:
            with self.engine.begin() as connection:
                outcome = getattr(self, event)(Transaction(connection), pick) or "nothing to do"
        except TandemError as error:
            outcome = error.code
        self.played[f"{event}: {outcome}"] += 1
        with self.engine.begin() as connection:
            self.check(connection)
        return str(outcome)

    # What may happen. Each returns a word for the tally, or None when there was nothing to do.

    def customer_writes(self, tx: Transaction, pick: int) -> str:
        sender = self.customers[pick % 3]
        body = {"text": f"message {self.count}"}
        conversation, _ = receive(tx, sender, client_id=f"client-{self.count:06}", body=body, context=self.context)
        return conversation.owner.kind

    def customer_repeats(self, tx: Transaction, pick: int) -> str | None:
        sender = self.customers[pick % 3]
        said = [e for seen in self.seen.values() for e in seen.entries if e.author == sender.author and e.client_id]
        if not said:
            return None
        before = said[pick % len(said)]
        _, entry = receive(
            tx, sender, client_id=str(before.client_id), body=dict(before.body), context=self.context
        )
        assert (entry.mid, entry.seq) == (before.mid, before.seq), "a repeat is the entry of the first time"
        return "same entry"

    def turn_starts(self, tx: Transaction, pick: int) -> str | None:
        for job in outbox.lease(tx, "node", self.clock(), limit=1 + pick % 3):
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
        request_handoff(tx, found, Event.ASKED, evidence={}, context=self.context, priority=pick % 10)
        return "handed off"

    def accepts(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, HELD)
        if found is None:
            return None
        assign.accept(tx, str(found.handoff), self._agent(tx, pick), self.context)
        return found.owner.kind

    def offers_go_out(self, tx: Transaction, pick: int) -> str:  # noqa: ARG002
        sweep.make_offers(tx, "demo", self.context)
        return "made"

    def declines(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.OFFER})
        if found is None:
            return None
        agent = agents.find(tx.connection, "demo", str(found.owner.agent)) if pick % 3 else self._agent(tx, pick)
        assign.decline(tx, str(found.handoff), agent, self.context)
        return "declined"

    def replies(self, tx: Transaction, pick: int) -> str | None:
        return self._writes(tx, pick, Audience.PUBLIC)

    def notes(self, tx: Transaction, pick: int) -> str | None:
        return self._writes(tx, pick, Audience.INTERNAL)

    def _writes(self, tx: Transaction, pick: int, audience: Audience) -> str | None:
        found = self._any(tx, pick, set(OwnerKind))
        if found is None:
            return None
        holder = self._holder(tx, found, pick)
        reply(
            tx,
            holder,
            found.id,
            client_id=f"agent-{self.count:06}",
            body={"text": "I am looking into it."},
            epoch=self._epoch(found, pick),
            audience=audience,
            context=self.context,
        )
        return "written"

    def transfers_to_agent(self, tx: Transaction, pick: int) -> str | None:
        return self._transfer(tx, pick, to_agent=self.people[(pick + 1) % 3].id)

    def transfers_to_queue(self, tx: Transaction, pick: int) -> str | None:
        return self._transfer(tx, pick, to_queue=("support", "senior", "nowhere")[pick % 3])

    def _transfer(self, tx: Transaction, pick: int, **to: str) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT, OwnerKind.QUEUE})
        if found is None:
            return None
        holder = self._holder(tx, found, pick)
        release.transfer(tx, found.id, holder, self._epoch(found, pick), self.context, **to)
        return "transferred"

    def gives_back(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        release.give_back(tx, found.id, self._holder(tx, found, pick), self._epoch(found, pick), self.context)
        return "given back"

    def takes_over(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, set(OwnerKind))
        if found is None:
            return None
        assign.take_over(tx, found.id, self._agent(tx, pick), self._epoch(found, pick), self.context)
        return found.owner.kind

    def closes(self, tx: Transaction, pick: int) -> str | None:
        found = self._any(tx, pick, {OwnerKind.AGENT})
        if found is None:
            return None
        holder, epoch = self._holder(tx, found, pick), self._epoch(found, pick)
        release.close(tx, found.id, holder, epoch, self.context, wrap_up="solved")
        return "closed"

    def is_solved(self, tx: Transaction, pick: int) -> str | None:
        found = self._current(tx, pick)
        if found is None:
            return None
        release.solved(tx, found, self.customers[pick % 3].author, self.context)
        return "solved"

    def leaves_message(self, tx: Transaction, pick: int) -> str | None:
        found = self._current(tx, pick)
        if found is None:
            return None
        release.leave_message(tx, found, self.customers[pick % 3].author, self.context, reply_to="")
        return "left"

    def agent_goes(self, tx: Transaction, pick: int) -> str:
        end_shift(tx.connection, self.people[pick % 3], self.clock())
        return "gone"

    def agent_comes(self, tx: Transaction, pick: int) -> str:
        until = self.clock() + timedelta(minutes=30)
        agents.keep_desk(tx.connection, "demo", self.people[pick % 3].id, "desk", now=self.clock(), until=until)
        return "here"

    def sweeper_runs(self, tx: Transaction, pick: int) -> str:  # noqa: ARG002
        for tenant, conversation in store.due(tx.connection, self.clock()):
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
        found = sorted(store.listed(tx.connection, "demo", list(kinds)), key=lambda one: one.id)
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

    # What must hold after every event.

    def check(self, connection: sa.Connection) -> None:
        listed = store.listed(connection, "demo", list(OwnerKind), limit=1000)
        for one in listed:
            self._check_timeline(connection, one)
        self._check_contacts(listed)
        self._check_agents(connection, listed)
        self._check_handoffs(connection, listed)
        self._check_turns(connection)
        ids = Counter(
            (entry.author.kind, entry.author.id, entry.client_id)
            for seen in self.seen.values()
            for entry in seen.entries
            if entry.client_id
        )
        assert all(count == 1 for count in ids.values()), "I3: a client id appears twice"

    def _check_timeline(self, connection: sa.Connection, one: Conversation) -> None:
        seen = self.seen.setdefault(one.id, Seen())
        for entry in store.entries_after(connection, "demo", one.id, len(seen.entries)):
            assert entry.seq == len(seen.entries) + 1, "I4: seq has a gap"
            _check_author(entry, seen)
            if entry.kind is Kind.STATE:
                assert entry.epoch == seen.epoch + 1, "I10: an epoch is not the next one"
                seen.epoch = entry.epoch
                seen.owner = entry.body["to"]
                self.trail.append((one.id, entry.body["event"]))
            seen.entries.append(entry)
        assert one.last_seq == len(seen.entries), "I4: last_seq is not the number of entries"
        assert lifecycle.replay(seen.entries) == (one.owner, one.epoch), "I12: the log says another owner"
        open_now = one.owner.kind is not OwnerKind.CLOSED
        assert (one.deadline_at is not None) == open_now, "I13: open without a deadline, or closed with one"
        assert (one.closed_at is None) == open_now

    def _check_contacts(self, listed: list[Conversation]) -> None:
        open_of = Counter(one.contact for one in listed if one.owner.kind is not OwnerKind.CLOSED)
        assert all(count == 1 for count in open_of.values()), "I25: two open conversations of one contact"

    def _check_agents(self, connection: sa.Connection, listed: list[Conversation]) -> None:
        held = Counter(one.owner.agent for one in listed if one.owner.kind is OwnerKind.AGENT)
        for agent in agents.everyone(connection, "demo"):
            assert agent.open == held[agent.id], f"I14: {agent.name} has open={agent.open}, owns {held[agent.id]}"
            assert agent.open <= agent.capacity, f"I14: {agent.name} has too many"

    def _check_handoffs(self, connection: sa.Connection, listed: list[Conversation]) -> None:
        waiting: dict[str, list[tuple[int, str]]] = {"support": [], "senior": []}
        for one in listed:
            if one.owner.kind not in HELD:
                continue
            assert one.handoff is not None, "somebody waits or is served without a handoff"
            handoff = handoffs.find(connection, "demo", one.handoff)
            assert handoff.closed_at is None, "a closed handoff waits or is served"
            assert handoff.queue == one.owner.queue, "handoff and owner name different queues"
            _check_receipt(build_receipt(handoff, {}))
            if one.owner.kind is OwnerKind.QUEUE:
                waiting[handoff.queue].append((handoff.rank, handoff.id))
        for queue, expected in waiting.items():
            order = [(one.rank, one.id) for one in handoffs.waiting(connection, "demo", queue)]
            assert order == sorted(expected), f"I21: {queue} is not in order of rank"

    def _check_turns(self, connection: sa.Connection) -> None:
        T = tables.turns.c
        posted: dict[str, list[int]] = {}
        for row in connection.execute(sa.select(T.conversation, T.state, T.upto_seq).order_by(T.ended_at, T.upto_seq)):
            assert row.state in ("running", "posted", "suppressed", "failed")
            if row.state == "posted":
                posted.setdefault(row.conversation, []).append(row.upto_seq)
        for upto in posted.values():
            assert all(a < b for a, b in pairwise(sorted(upto))), "I23: two turns answered the same message"


def _check_author(entry: Entry, seen: Seen) -> None:
    """I11: the bot speaks only as owner (or beside a queue, marked as interim), an agent only as owner."""
    if entry.kind is not Kind.MESSAGE:
        return
    assert entry.epoch == seen.epoch, "I11: written under an epoch that is not the present one"
    kind = OwnerKind(seen.owner["kind"])
    if entry.author.kind == "bot":
        assert kind is OwnerKind.BOT or (kind in HELPED and entry.body.get("interim")), f"I11: the bot spoke in {kind}"
    if entry.author.kind == "agent" and entry.audience is Audience.PUBLIC:
        assert (kind, seen.owner["agent"]) == (OwnerKind.AGENT, entry.author.id), "I11: an agent spoke without owning"


def _check_receipt(receipt: list[dict[str, Any]]) -> None:
    assert receipt[0]["stage"] == "requested"
    assert all(earlier["at"] <= later["at"] for earlier, later in pairwise(receipt)), "a receipt goes back in time"
    stages = [line["stage"] for line in receipt]
    assert len(set(stages)) == len(stages)
    assert set(stages) <= set(STAGES)
    if "first_reply" in stages:
        assert stages.index("accepted") < stages.index("first_reply"), "a reply before the acceptance"


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

Play = Callable[[World], None]
