"""Histories without a fault: a tiny gateway that keeps every promise, played at random from a seed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.history.events import digest, text_digest

Raw = dict[str, Any]
ARTICLES = {"g1": ["refund", "delivery"], "g2": ["refund", "warranty"]}
GAP_S = 0.05
# What may happen, and how often.
STEPS = {
    "whispers": 5, "complaint_is_told": 2,
    "customer_sends": 24, "turn_begins": 14, "turn_ends": 14, "asks_human": 8, "offer": 8, "offer_ends": 8,
    "claims": 5, "replies": 14, "note_written": 6, "hands_on": 8, "takes_over": 4, "opens_screen": 10,
    "screens_read": 24, "channel_event": 8, "delivers": 10, "remembers": 6, "does_admin": 3, "looks": 4,
    "leaves_message": 1, "forges": 1, "restarts": 1, "agent_is_lost": 1,
}  # fmt: skip


@dataclass
class Talk:
    """A conversation of the tiny gateway."""

    id: str
    contact: str
    channel: str
    entries: list[Raw] = field(default_factory=list)
    owner: str | None = None
    agent: str | None = None
    epoch: int = 0
    requested: int | None = None
    to_deliver: list[str] = field(default_factory=list)
    turn: Raw | None = None
    erased: bool = False


@dataclass
class Desk:
    """An agent."""

    id: str
    cap: int
    supervises: bool = False
    away_s: float = 0.0
    held: set[str] = field(default_factory=set)


@dataclass
class Screen:
    """A session that follows one conversation."""

    id: str
    principal: str
    device: str
    talk: Talk
    at: int
    open: bool = True


class Play:
    """Plays `steps` random steps, lets everything finish, and holds the events in `events`."""

    def __init__(self, seed: int, *, steps: int = 160) -> None:
        self.chance = random.Random(seed)
        self.numbered = seed % 2 == 0  # half of the testers can read commit numbers
        self.now, self.count, self.commits = 100.0, 0, 0
        self.events: list[Raw] = []
        self.talks: list[Talk] = []
        self.desks = [Desk("demo/agent:a_lin", 1), Desk("demo/agent:a_maya", 2), Desk("demo/agent:a_chen", 3, True)]
        self.visitors = [f"demo/customer:k_{number}" for number in range(4)] + ["other/customer:k_9"]
        self.channel_users = ["demo/customer:k_10", "demo/customer:k_11"]
        self.screens: list[Screen] = []
        self.devices: dict[str, int] = {}
        self.audit: dict[str, list[Raw]] = {}
        self.delivered: dict[str, int] = {}
        self.erased: set[str] = set()
        for generation, articles in ARTICLES.items():
            self.note("kb_generation", generation=generation, articles=articles)
        for desk in self.desks:
            more = {"supervises": desk.supervises, "queues": ["support"], "languages": ["zh", "en"]}
            self.note("agent", agent=desk.id, cap=desk.cap, **more)
        for _ in range(steps):
            self.now += self.chance.random() * 2 * GAP_S
            (step,) = self.chance.choices(list(STEPS), list(STEPS.values()))
            getattr(self, step)()
        self.finish()
        self.events.sort(key=lambda raw: raw["t"])

    # Writing down

    def note(self, f: str, at: float | None = None, **given: Any) -> None:
        self.events.append({"t": self.now if at is None else at, "f": f, **given})

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}_{self.count}"

    def append(self, talk: Talk, author: str, kind: str = "message", **more: Any) -> Raw:
        self.commits += 1
        entry = {
            "seq": len(talk.entries) + 1, "mid": self.name("m"), "kind": kind, "audience": "public",
            "author": author, "epoch": talk.epoch, **more,
        }  # fmt: skip
        entry.setdefault("h", digest(kind, entry["mid"]))
        if self.numbered:
            entry["commit"] = self.commits
        talk.entries.append(entry)
        outgoing = kind == "message" and entry["audience"] == "public" and ":k_" not in author
        if talk.channel != "web" and outgoing:
            talk.to_deliver.append(entry["mid"])
        return entry

    def move(
        self, talk: Talk, event: str, to: str, author: str = "demo/system:system", agent: str | None = None
    ) -> Raw:
        if talk.owner == "agent":
            self.desk(talk.agent).held.discard(talk.id)
        source, talk.owner, talk.agent = talk.owner, to, agent
        talk.epoch += 1
        if to == "agent":
            assert len(self.desk(agent).held) < self.desk(agent).cap
            self.desk(agent).held.add(talk.id)
        target = {"agent": agent} if agent else {}
        queue = {"queue": "support"} if to in ("queue", "offer", "mailbox", "agent") else {}
        author = author if ":a_" in author or ":k_" in author else f"{talk.id.split('/')[0]}/system:system"
        entry = self.append(talk, author, "state", event=event, to=to, **target, **queue)
        if source:
            entry["source"] = source
        if to == "queue" and source == "bot":
            talk.requested = self.commits
            entry["priority"] = 3
        self.record(talk.id.split("/")[0], author, "state", f"{talk.id}#{talk.epoch}")
        return entry

    def record(self, tenant: str, actor: str, action: str, subject: str) -> None:
        rows = self.audit.setdefault(tenant, [])
        prev = rows[-1]["hash"] if rows else ""
        content = f"{prev}|{len(rows) + 1}|{actor}|{action}|{subject}"
        sealed = hashlib.sha256(content.encode()).hexdigest()
        row = {"tenant": tenant, "n": len(rows) + 1, "actor": actor, "action": action, "subject": subject}
        rows.append({**row, "prev": prev, "hash": sealed, "content": content})

    def operate(self, f: str, answer: Callable[[], Raw], **asked: Any) -> None:
        """An operation that succeeds; now and then the first answer gets lost and the client asks again."""
        before, again = self.now - self.chance.random() * GAP_S, self.chance.random()
        if again < 0.15:
            op = self.name("op")
            self.note(f, before - 2 * GAP_S, k="invoke", op=op, **asked)
            if again < 0.1:
                self.note(f, before - GAP_S, k="info", op=op)
        op = self.name("op")
        self.note(f, before, k="invoke", op=op, **asked)
        self.note(f, self.now + self.chance.random() * GAP_S, k="ok", op=op, **answer())

    def desk(self, agent: str | None) -> Desk:
        return next(desk for desk in self.desks if desk.id == agent)

    def some(self, *owners: str) -> Talk | None:
        found = [talk for talk in self.talks if talk.owner in owners and not talk.erased]
        return self.chance.choice(found) if found else None

    def free_desk(self) -> Desk | None:
        free = [desk for desk in self.desks if len(desk.held) < desk.cap and not desk.away_s]
        return self.chance.choice(free) if free else None

    # What happens

    def current(self, contact: str, channel: str) -> Talk:
        """The open conversation of a contact, reopened or begun if there is none."""
        mine = [talk for talk in self.talks if talk.contact == contact]
        if mine and mine[-1].owner != "closed":
            return mine[-1]
        if mine and self.chance.random() < 0.5:
            self.move(mine[-1], "reopen", "bot")
            return mine[-1]
        talk = Talk(f"{contact.split('/')[0]}/{self.name('c')}", contact, channel)
        self.talks.append(talk)
        self.move(talk, "opened", "bot")
        return talk

    def customer_sends(self) -> None:
        author = self.chance.choice([one for one in self.visitors if one not in self.erased])
        cid, text = self.name("cid"), self.name("text")
        device = f"d_{author[-1]}_{self.chance.randrange(2)}"
        self.devices[device] = n = self.devices.get(device, 0) + 1
        asked = {"author": author, "cid": cid, "h": text_digest(text), "device": device, "n": n}
        if self.chance.random() < 0.1:
            op = self.name("op")
            self.note("send", k="invoke", op=op, **asked)
            self.note("send", self.now + GAP_S, k="fail", op=op, code="rate")
            return
        talk = self.current(author, "web")
        entry = self.append(talk, author, h=text_digest(text), cid=cid)
        self.operate("send", lambda: {"seq": entry["seq"], "mid": entry["mid"], "conv": talk.id}, **asked)

    def turn_begins(self) -> None:
        talk = self.some("bot", "queue", "offer", "mailbox")
        if talk is not None and talk.turn is None:
            upto = max(one["seq"] for one in talk.entries)
            talk.turn = {"turn": self.name("t"), "conv": talk.id, "epoch": talk.epoch, "upto": upto}

    def turn_ends(self) -> None:
        talk = self.chance.choice([one for one in self.talks if one.turn] or [None])
        if talk is None:
            return
        turn, talk.turn = talk.turn, None
        assert turn is not None
        stale = talk.epoch != turn["epoch"] or talk.owner in ("agent", "closed") or talk.erased
        state = "suppressed" if stale else "posted"
        if not stale and self.chance.random() < 0.2:
            state = "failed"
        self.note("turn_row", **turn, state=state)
        if state == "posted":
            generation = self.chance.choice(sorted(ARTICLES))
            more: Raw = {"generation": generation, "sources": [ARTICLES[generation][0]]}
            if talk.owner != "bot":
                more["interim"] = True
            bot = f"{talk.id.split('/')[0]}/bot:bot"
            self.append(talk, bot, cid=f"{turn['turn']}-0", turn=turn["turn"], **more)

    def asks_human(self) -> None:
        talk = self.some("bot")
        if talk is not None and talk.id.startswith("demo/"):
            entry = self.move(talk, "asked", "queue", talk.contact)
            asked = {"verb": "ask_human", "actor": talk.contact, "conv": talk.id, "opid": self.name("opid")}
            self.operate("change", lambda: {"epoch": entry["epoch"]}, **asked)

    def offer(self) -> None:
        waiting = sorted((one for one in self.talks if one.owner == "queue"), key=lambda one: one.requested or 0)
        desk = self.free_desk()
        offered = {talk.agent for talk in self.talks if talk.owner == "offer"}
        if waiting and desk is not None and desk.id not in offered:
            self.move(waiting[0], "offer", "offer", agent=desk.id)

    def offer_ends(self) -> None:
        talk = self.some("offer")
        if talk is None:
            return
        desk = self.desk(talk.agent)
        if self.chance.random() < 0.7 and len(desk.held) < desk.cap:
            self.win(talk, desk, "accept", "accept")
        elif self.chance.random() < 0.5:
            entry = self.move(talk, "decline", "queue", desk.id)
            asked = {"verb": "decline", "actor": desk.id, "conv": talk.id, "opid": self.name("opid")}
            self.operate("change", lambda: {"epoch": entry["epoch"]}, **asked)
        else:
            self.move(talk, "offer_timeout", "queue")

    def win(self, talk: Talk, desk: Desk, verb: str, event: str) -> None:
        """One of those who try gets it; now and then somebody else tries at the same moment."""
        if self.chance.random() < 0.5:
            op, other = self.name("op"), self.chance.choice([one for one in self.desks if one is not desk])
            late = {"verb": verb, "actor": other.id, "conv": talk.id, "opid": self.name("opid")}
            self.note("change", self.now - GAP_S, k="invoke", op=op, **late)
            self.note("change", self.now + GAP_S, k="fail", op=op, code="already_taken")
        entry = self.move(talk, event, "agent", desk.id, desk.id)
        asked = {"verb": verb, "actor": desk.id, "conv": talk.id, "opid": self.name("opid")}
        self.operate("change", lambda: {"epoch": entry["epoch"], "to": "agent"}, **asked)

    def claims(self) -> None:
        talk, desk = self.some("queue", "mailbox"), self.free_desk()
        if talk is not None and desk is not None:
            self.win(talk, desk, "accept", "claim")

    def takes_over(self) -> None:
        talk, desk = self.some("bot"), self.free_desk()
        if talk is not None and desk is not None and talk.id.startswith("demo/"):
            self.win(talk, desk, "take_over", "take_over")

    def replies(self) -> None:
        talk = self.some("agent")
        if talk is not None and talk.agent is not None:
            self.writes(talk, talk.agent, "public")

    def note_written(self) -> None:
        talk = self.some("bot", "queue", "agent", "mailbox")
        if talk is not None and talk.id.startswith("demo/"):
            self.writes(talk, self.chance.choice(self.desks).id, "internal")

    def whispers(self) -> None:
        """The supervisor, to the agent who speaks with the customer."""
        talk = self.some("agent")
        if talk is not None and talk.id.startswith("demo/") and talk.agent != self.desks[2].id:
            self.writes(talk, self.desks[2].id, "internal", whisper=talk.agent)

    def complaint_is_told(self) -> None:
        """A word to the customer about his complaint, which the agent whom it is about does not see."""
        talk = self.some("bot", "queue", "agent")
        if talk is not None and talk.id.startswith("demo/"):
            self.append(talk, "demo/system:system", kept_from=self.chance.choice(self.desks).id)

    def writes(self, talk: Talk, author: str, audience: str, **more: Any) -> None:
        h, cid = text_digest(self.name("text")), self.name("cid")
        entry = self.append(talk, author, audience=audience, h=h, cid=cid, **more)
        asked = {"author": author, "cid": cid, "h": h, "conv": talk.id, "audience": audience}
        if audience == "public":
            asked["epoch"] = talk.epoch
        self.operate("send", lambda: {"seq": entry["seq"], "mid": entry["mid"]}, **asked)

    def hands_on(self) -> None:
        """Transfer, give back or close."""
        talk = self.some("agent")
        if talk is None or talk.agent is None:
            return
        actor, held, choice = talk.agent, talk.epoch, self.chance.random()
        other = self.free_desk()
        if choice < 0.3 and other is not None and other.id != actor:
            verb, entry = "transfer", self.move(talk, "transfer", "agent", actor, other.id)
        elif choice < 0.5:
            verb, entry = "transfer", self.move(talk, "transfer", "queue", actor)
        elif choice < 0.7:
            verb, entry = "give_back", self.move(talk, "give_back", "bot", actor)
        else:
            verb, entry = "close", self.move(talk, "close", "closed", actor)
        asked = {"verb": verb, "actor": actor, "conv": talk.id, "opid": self.name("opid"), "epoch": held}
        self.operate("change", lambda: {"epoch": entry["epoch"]}, **asked)

    def leaves_message(self) -> None:
        talk = self.some("queue")
        if talk is not None:
            self.append(talk, talk.contact, h=text_digest(self.name("text")))
            entry = self.move(talk, "leave_message", "mailbox", talk.contact)
            asked = {"verb": "leave_message", "actor": talk.contact, "conv": talk.id, "opid": self.name("opid")}
            self.operate("change", lambda: {"epoch": entry["epoch"]}, **asked)

    def agent_is_lost(self) -> None:
        desk = self.desks[0]
        if not desk.away_s:
            desk.away_s = 90.0
            for talk in [one for one in self.talks if one.agent == desk.id]:
                self.move(talk, "agent_lost", "queue")

    # What is seen

    def opens_screen(self) -> None:
        talk = self.chance.choice(self.talks or [None])
        if talk is None or talk.erased:
            return
        agents = [desk.id for desk in self.desks] if talk.id.startswith("demo/") else []
        principal = self.chance.choice([talk.contact, talk.contact, *agents])
        screen = Screen(self.name("s"), principal, f"d_{principal[-3:]}", talk, 0)
        earlier = [one for one in self.screens if (one.device, one.talk) == (screen.device, talk)]
        if earlier:
            screen.at = self.chance.randrange(max(one.at for one in earlier) + 1)
        self.screens.append(screen)
        self.resume(screen)

    def resume(self, screen: Screen) -> None:
        asked = {"session": screen.id, "principal": screen.principal, "device": screen.device}
        self.note("resume", **asked, conv=screen.talk.id, after=screen.at)

    def screens_read(self) -> None:
        for screen in self.screens:
            if screen.open and self.chance.random() < 0.3:
                self.read(screen, 1 + self.chance.randrange(5))

    def read(self, screen: Screen, most: int) -> None:
        for entry in screen.talk.entries[screen.at : screen.at + most]:
            self.now += 0.0005
            hidden = self.is_kept(entry, screen.principal)
            shown: Raw = (
                {"vis": "hidden"} if hidden else {"vis": entry["audience"], "mid": entry["mid"], "h": entry["h"]}
            )
            self.note("recv", session=screen.id, conv=screen.talk.id, seq=entry["seq"], **shown)
            screen.at = entry["seq"]
        if most > 2 and screen.at:
            self.now += 0.0005
            self.note("ack", session=screen.id, conv=screen.talk.id, seq=screen.at)

    def is_kept(self, entry: Raw, principal: str) -> bool:
        if ":k_" in principal:
            return entry["audience"] == "internal"
        between = {entry.get("whisper"), entry["author"], *(desk.id for desk in self.desks if desk.supervises)}
        return entry.get("kept_from") == principal or ("whisper" in entry and principal not in between)

    def restarts(self) -> None:
        """All sockets break; every client comes back behind what it has."""
        self.note("fault", k="start", what="restart")
        self.note("exit", node="gateway", code=-9, wanted=True)
        for screen in self.screens:
            if screen.open:
                self.now += 0.0005
                self.resume(screen)

    def remembers(self) -> None:
        for screen in self.screens[-1:]:
            most = max(one.at for one in self.screens if (one.device, one.talk) == (screen.device, screen.talk))
            where = {"principal": screen.principal, "device": screen.device, "conv": screen.talk.id}
            key = f"{screen.device}/{screen.talk.id}"
            self.devices[key] = max(self.devices.get(key, 0), self.chance.randrange(most + 1))
            self.note("cursor_row", **where, acked=self.devices[key], read=self.devices[key])

    def looks(self) -> None:
        self.note("saw", principal=self.desks[0].id, tenant="demo", where="search")
        self.note("http", status=503, path="/v1/conversations")
        if self.talks:
            talk = self.talks[-1]
            self.note("saw", principal=talk.contact, tenant=talk.id.split("/")[0], where="list", conv=talk.id)

    def does_admin(self) -> None:
        asked = {"actor": self.desks[2].id, "action": "export", "subject": self.name("demo/x"), "tenant": "demo"}
        self.record("demo", str(asked["actor"]), "export", str(asked["subject"]))
        op = self.name("op")
        self.note("admin", k="invoke", op=op, **asked)
        self.note("admin", self.now + GAP_S, k="ok", op=op)

    # Channels

    def channel_event(self) -> None:
        author, pid, h = self.chance.choice(self.channel_users), self.name("e"), text_digest(self.name("text"))
        talk = self.current(author, "api")
        entry = self.append(talk, author, h=h, cid=f"api:{pid}")
        for number in range(1 + self.chance.randrange(3)):
            self.note("hook", self.now + 0.01 * number, chan="demo/ch_1", pid=pid, sig=True, status=200, h=h)
        self.note("inbox_row", 1e6, chan="demo/ch_1", pid=pid, conv=talk.id, seq=entry["seq"])

    def forges(self) -> None:
        h = text_digest(self.name("text"))
        self.note("hook", chan="demo/ch_1", pid=self.name("e"), sig=False, status=401, h=h)

    def delivers(self) -> None:
        for talk in self.talks:
            if talk.to_deliver and self.chance.random() < 0.6:
                self.deliver(talk)

    def deliver(self, talk: Talk) -> None:
        key = talk.to_deliver.pop(0)
        chan = f"demo/ch_{1 + int(talk.contact[-1])}"
        dedups = chan.endswith("1")
        self.note("chan_rx", chan=chan, conv=talk.id, key=key, dedups=dedups)
        if not dedups and self.chance.random() < 0.3:
            self.now += 0.001
            self.note("chan_rx", chan=chan, conv=talk.id, key=key, uncertain=True)
        seq = next(entry["seq"] for entry in talk.entries if entry["mid"] == key)
        self.note("delivery_row", 1e6, conv=talk.id, seq=seq, state="sent")

    # The end

    def erase(self, subject: str) -> None:
        talks = [talk for talk in self.talks if talk.contact == subject]
        for talk in talks:
            if talk.owner != "closed":
                self.move(talk, "idle", "closed")
            talk.erased = True
            for entry in talk.entries:
                entry |= {"erased": True, "h": ""}
        self.erased.add(subject)
        self.record("demo", "demo/agent:a_chen", "erase", subject)
        op = self.name("op")
        asked = {"subject": subject, "convs": [talk.id for talk in talks], "actor": "demo/agent:a_chen"}
        self.note("erase", self.now - GAP_S, k="invoke", op=op, **asked, action="erase")
        self.now += GAP_S
        self.note("erase", k="ok", op=op)

    def finish(self) -> None:
        """Nothing is broken any more: all that is open comes to its end, then everything is read."""
        self.now += 1
        self.note("fault", k="heal")
        self.agent_is_lost()
        self.customer_sends()
        self.channel_event()
        for talk in self.talks:
            if talk.turn is not None:
                self.note("turn_row", **talk.turn, state="failed")
                talk.turn = None
            if talk.owner == "offer":
                self.move(talk, "offer_timeout", "queue")
            if talk.owner == "bot":
                self.append(talk, f"{talk.id.split('/')[0]}/bot:bot", cid=self.name("t"))
        self.now += 1
        self.erase(self.visitors[0])
        while any(talk.owner == "queue" for talk in self.talks) and self.free_desk() is not None:
            self.now += 1
            self.offer()
            for talk in self.talks:
                if talk.owner == "offer":
                    self.win(talk, self.desk(talk.agent), "accept", "accept")
        self.now += 10
        self.note("quiesce", grace_s=60, pushing=["support"])
        for talk in self.talks:
            while talk.to_deliver:
                self.deliver(talk)
        for screen in self.screens:
            if screen.open:
                self.read(screen, 10_000)
                self.note("live", session=screen.id, conv=screen.talk.id)
        self.now += 1
        self.reports()

    def reports(self) -> None:
        """What is read at the very end."""
        for raw in self.events:
            if raw["t"] == 1e6:
                raw["t"] = self.now
        for talk in self.talks:
            head = {"owner": talk.owner, "agent": talk.agent, "epoch": talk.epoch, "language": "en"}
            known = {key: value for key, value in head.items() if value is not None}
            about = {"conv": talk.id, "contact": talk.contact, "channel": talk.channel}
            if not (talk.erased and self.numbered):  # an erasure may empty a conversation, or remove it
                self.note("final_log", **about, **known, entries=[dict(entry) for entry in talk.entries])
            cut = self.chance.randrange(len(talk.entries) + 1)
            for name, size in (("backup_log", cut // 2), ("restored_log", cut), ("lost_log", len(talk.entries))):
                self.note(name, **about, entries=[dict(entry) for entry in talk.entries[:size]])
        for rows in self.audit.values():
            for row in rows:
                self.note("audit_row", **row)
        for desk in self.desks:
            free = {"queues": ["support"], "languages": ["zh", "en"], "away_s": desk.away_s}
            self.note("agent", agent=desk.id, cap=desk.cap, supervises=desk.supervises, open=len(desk.held), **free)
        self.note("gauge", name="queue age", value=0, limit=5)
        self.note("gauge", name="memory", value=100, limit=200, inv="I26")
        self.note("disk", what="integrity_check", ok=True)


def clean_history(seed: int, *, steps: int = 160) -> list[Raw]:
    """The events of a random run in which nothing went wrong, in order of time."""
    return Play(seed, steps=steps).events
