"""The small shop of the random walks, watched as a black box would be: all that is seen goes into a history."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role
from handoff_service.agents.presence import present
from handoff_service.conversations import access, store
from handoff_service.conversations.model import Author
from handoff_service.live.principal import Principal
from tests.handoff_service.conversations.world import World
from tests.history.events import text_digest, wire_digest, wire_entry

Raw = dict[str, Any]
ROUNDS = 12  # of waiting and sweeping until everything has come to rest
LEAST_ROUNDS = 2  # longer than the grace time of an agent who is lost
TICK_S = 0.001


@dataclass
class Screen:
    """A session that follows one conversation, and how far it has come."""

    session: str
    principal: Principal
    device: str
    conv: str
    at: int = 0

    @property
    def name(self) -> str:
        kind, name = self.principal.key
        return f"demo/{kind}:{name}"


class Watched(World):
    """Plays like the World, checks nothing on the way, and holds what was seen in `events`."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Raw] = []
        self.screens: list[Screen] = []
        self.loses_answer = False
        self.count_n: dict[str, int] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        for one in self.people:
            more = {"queues": list(one.queues), "languages": list(one.languages), "supervises": supervises(one)}
            self.note("agent", agent=f"demo/agent:{one.id}", cap=one.capacity, **more)

    def note(self, f: str, **given: Any) -> None:
        self.events.append({"t": round(len(self.events) * TICK_S, 6), "f": f, **given})

    def check(self) -> None:
        """Writes down what the last event asked for and what it was told; the checker of histories judges later."""
        if self.asked is None:
            return
        f, asked = self.asked
        op = f"op-{len(self.events)}"
        self.note(f, k="invoke", op=op, **self._operation(f, dict(asked)))
        if self.loses_answer:
            self.loses_answer = False
            self.note(f, k="info", op=op)
            return
        conv = {"conv": f"demo/{self.told['conv']}"} if "conv" in self.told else {}
        self.note(f, k="fail" if "code" in self.told else "ok", op=op, **{**self.told, **conv})

    def _operation(self, f: str, asked: Raw) -> Raw:
        who = asked.pop("author" if f == "send" else "actor")
        assert isinstance(who, Author)
        name = f"demo/{who.kind}:{who.id}"
        if "conv" in asked:
            asked["conv"] = f"demo/{asked['conv']}"
        if f == "change":
            return {"actor": name, "opid": f"op-{self.count}", **asked}
        cid, body = asked.pop("client_id"), asked.pop("body")
        if (name, cid) not in self.numbers:
            self.count_n[name] = self.numbers[name, cid] = self.count_n.get(name, 0) + 1
        device = {"device": "d_1", "n": self.numbers[name, cid]} if who.kind == "customer" else {}
        return {"author": name, "cid": cid, "h": text_digest(body["text"]), **device, **asked}

    # Sessions

    def opens_screen(self, pick: int) -> None:
        """Somebody who may see a conversation follows it from its beginning."""
        convs = self.raw.execute("SELECT id FROM conversations ORDER BY rowid").fetchall()
        if convs:
            (conv,) = convs[pick % len(convs)]
            agent = Principal(agent=self.people[pick % len(self.people)])
            self._opens(conv, self._customer_of(conv) if pick % 3 else agent)

    def _customer_of(self, conv: str) -> Principal:
        (contact,) = self.raw.execute("SELECT contact FROM conversations WHERE id = ?", (conv,)).fetchone()
        return Principal(customer=next(one for one in self.customers if one.contact == contact))

    def _opens(self, conv: str, principal: Principal) -> None:
        number = len(self.screens) + 1
        self.screens.append(Screen(f"s{number}", principal, f"d_s{number}", conv))
        self._resumes(self.screens[-1])

    def _resumes(self, screen: Screen) -> None:
        who = {"session": screen.session, "principal": screen.name, "device": screen.device}
        self.note("resume", **who, conv=f"demo/{screen.conv}", after=screen.at)

    def screen_reads(self, pick: int, most: int) -> None:
        """The server sends a session some of what is behind its cursor, as `live/session.py` reads it."""
        if self.screens:
            self._read(self.screens[pick % len(self.screens)], most)

    def _read(self, screen: Screen, most: int) -> None:
        with self.engine.begin() as connection:
            found = access.visible(connection, screen.principal, screen.conv)
            listed = store.entries_after(connection, found.tenant, found.id, screen.at, limit=most)
            shown = access.projected(connection, screen.principal, listed)
        for one in shown:
            content = {} if one["kind"] == "hidden" else {"mid": one["mid"], "h": wire_digest(one)}
            vis = str(one.get("audience", "hidden"))
            self.note("recv", session=screen.session, conv=f"demo/{screen.conv}", seq=one["seq"], vis=vis, **content)
            screen.at = int(one["seq"])

    def screen_breaks(self, pick: int) -> None:
        """The socket breaks with its last frame still on the way; the client comes back behind what it has."""
        if self.screens:
            screen = self.screens[pick % len(self.screens)]
            back = replace(screen, session=f"{screen.session}-{len(self.events)}", at=max(0, screen.at - pick % 2))
            self.screens[pick % len(self.screens)] = back
            self._resumes(back)

    # The end

    def finish(self) -> None:
        """Nothing breaks any more: time passes, turns end, the sweeper sweeps; then everything is read."""
        self.loses_answer = False
        self.note("fault", k="heal")
        for number in range(ROUNDS):
            while self.zombies:
                self.step("late_turn_answers", 0, 0)
            self.step("turn_starts", 2, 45)
            while self.running:
                self.step("turn_answers", 0, 0)
            self.step("sweeper_runs", 0, 0)
            if number >= LEAST_ROUNDS and self.raw.execute(UNFINISHED).fetchone() is None:
                break
        self.step("offers_go_out", 0, 0)
        self.note("quiesce", grace_s=self.settings.agent_grace_s, pushing=["support", "senior"])
        for (conv,) in self.raw.execute("SELECT id FROM conversations ORDER BY rowid").fetchall():
            self._opens(conv, self._customer_of(conv))
            self._opens(conv, Principal(agent=self.people[0]))
        for screen in self.screens:
            self._read(screen, 10_000)
            self.note("live", session=screen.session, conv=f"demo/{screen.conv}")
        self.events = self.with_reports()

    def with_reports(self) -> list[Raw]:
        """What was seen, and the database as it is now, read past the product's own code."""
        before, self.events = self.events, [*self.events]
        self._report()
        self.events, reported = before, self.events
        return reported

    def _report(self) -> None:
        now = (self.clock() - tables.EPOCH) / timedelta(seconds=1)
        logs: dict[str, list[Raw]] = {}
        for (
            rowid,
            conv,
            seq,
            mid,
            kind,
            audience,
            author_kind,
            author,
            client_id,
            body,
            epoch,
            turn,
        ) in self.raw.execute(ENTRIES):
            wire = {"seq": seq, "mid": mid, "kind": kind, "audience": audience, "epoch": epoch, "client_id": client_id}
            wire |= {"author": {"kind": author_kind, "id": author}, "body": json.loads(body)}
            logs.setdefault(conv, []).append(wire_entry("demo", wire, turn=turn, commit=rowid))
        for conv, contact, language, owner, agent, epoch, deadline in self.raw.execute(CONVERSATIONS):
            head = {"owner": owner, "epoch": epoch, "contact": f"demo/customer:{contact}", "language": language}
            head |= {"agent": f"demo/agent:{agent}"} if agent else {}
            head |= {"deadline_in_s": deadline / 1e6 - now} if deadline else {}
            self.note("final_log", conv=f"demo/{conv}", **head, entries=logs.get(conv, []))
        for turn, conv, epoch, state, upto in self.raw.execute(
            "SELECT id, conversation, epoch, state, upto_seq FROM turns"
        ):
            self.note("turn_row", turn=turn, conv=f"demo/{conv}", epoch=epoch, state=state, upto=upto)
        with self.engine.begin() as connection:
            here = agents.connected(connection, "demo", self.clock())
            everyone = agents.everyone(connection, "demo")
        for one in everyone:
            away = 0.0 if one.id in here or one.seen_at is None else (self.clock() - one.seen_at) / timedelta(seconds=1)
            more = {"queues": list(one.queues), "languages": list(one.languages), "online": present(one, here)}
            more["supervises"] = supervises(one)
            self.note("agent", agent=f"demo/agent:{one.id}", cap=one.capacity, open=one.open, away_s=away, **more)


def supervises(agent: Agent) -> bool:
    """As the checker means it, on purpose not asked of the product."""
    return agent.role is Role.SUPERVISOR


UNFINISHED = "SELECT 1 FROM outbox WHERE state IN ('new', 'leased') LIMIT 1"
ENTRIES = """SELECT rowid, conversation, seq, mid, kind, audience, author_kind, author_id, client_id, body, epoch, turn
             FROM entries ORDER BY rowid"""
CONVERSATIONS = """SELECT id, contact, language, owner_kind, owner_agent, epoch, deadline_at
                   FROM conversations ORDER BY rowid"""
