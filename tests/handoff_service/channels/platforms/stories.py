"""A whole conversation on every platform at once, played against one gateway that is killed again and again.

A customer asks, is answered, asks for a person, is answered by an agent, and gives stars. Everybody repeats what was
not confirmed, as platforms and consoles do. What each customer has seen in the end is compared with his timeline.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.channels.registry import CHANNELS
from handoff_service.conversations.model import AuthorKind, Kind
from handoff_service.database import Database
from handoff_service.texts import say
from tests.handoff_service.channels.platforms.fake import Platform, Received
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import GatewayProcess
from tests.handoff_service.web.visitors import Desk, fresh

ANN = "1111111"
LOOK_EVERY_S = 0.15
# Where a gateway dies: a webhook is stored and not acknowledged, or not even stored; an effect is leased and not
# begun; it has happened and is not recorded; and when an agent's reply was confirmed to him.
POINTS = ("hook_after_commit", "hook_before_commit", "outbox_after_lease", "outbox_after_http", "reply")
E_, B = tables.entries.c, tables.outbox.c


class Receptionist(FarBot):
    """A bot that answers, and fetches a person for who says "human"."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        told = super().answer(request)
        if request["text"] == "human":
            told["messages"] = [{"text": "Let me get a colleague.", "kind": "handoff", "buttons": [], "sources": []}]
            told["handoff"] = {"reason": "asked", "priority": 3, "evidence": {}}
        return told


class Mortal:
    """A gateway process that dies where its plan says, and is started again each time."""

    def __init__(self, process: GatewayProcess, plan: Sequence[tuple[str, int]]) -> None:
        self.process, self.deaths = process, list[str]()
        self._plan, self._replies = list(plan), 0

    def launch(self) -> None:
        """Starts the next life, armed for its end."""
        point, count = self._plan[0] if self._plan else ("", 0)
        named = "" if point in ("", "reply") else f"{point}:{count}:kill9"
        self.process._environment["TANDEM_FAILPOINTS"] = named
        self._replies = count if point == "reply" else 0
        self.process.launch()  # it may die before it is ready: there is work that waits

    def replied(self) -> None:
        """An agent was told that his reply is stored."""
        self._replies -= 1
        if self._replies == 0:
            self.process.kill()

    async def watch(self) -> None:
        """Starts it again whenever it has died, until cancelled."""
        while True:
            assert self.process._process is not None
            if (code := self.process._process.poll()) is not None:
                assert code == -signal.SIGKILL, self.process.output[-3000:]
                self.deaths.append(self._plan.pop(0)[0])
                await asyncio.to_thread(self.launch)
            await asyncio.sleep(0.02)


@dataclass
class Seen:
    """What the database holds, as of the last look."""

    heads: dict[str, dict[str, Any]] = field(default_factory=dict)  # by account
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # by conversation, kind and author
    waiting: Counter[str] = field(default_factory=Counter)  # effects by conversation


class Onlooker:
    """Reads the tenant's conversations for all stories, a few times in a second."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database, self._tenant = database, tenant
        self.seen = Seen()

    async def look(self) -> None:
        """Until cancelled."""
        while True:
            self.seen = await self._database.read(self._read)
            await asyncio.sleep(LOOK_EVERY_S)

    def _read(self, connection: sa.Connection) -> Seen:
        mine = sa.select(tables.conversations).where(tables.conversations.c.tenant == self._tenant)
        heads = {row["account"]: dict(row) for row in connection.execute(mine).mappings()}
        by = (E_.conversation, E_.kind, E_.author_kind)
        counted = connection.execute(sa.select(*by, sa.func.count()).where(E_.tenant == self._tenant).group_by(*by))
        open_ = B.state.in_(("new", "leased", "uncertain"))
        queued = sa.select(B.conversation, sa.func.count()).where(B.tenant == self._tenant, open_)
        waiting = connection.execute(queued.group_by(B.conversation))
        return Seen(heads, Counter({tuple(row[:3]): row[3] for row in counted}), Counter(dict(map(tuple, waiting))))


class Clerk:
    """An agent who repeats each command with the same id until he is told what became of it."""

    def __init__(self, desk: Desk, mortal: Mortal, patience_s: float) -> None:
        self._desk, self._mortal, self._patience_s = desk, mortal, patience_s

    async def insist(self, path: str, **body: Any) -> dict[str, Any]:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                answered = await self._desk.post(path, body)
            except httpx2.HTTPError:
                answered = None
            if answered is not None and answered.status_code == 200:
                return dict(answered.json())
            sure = answered is not None and answered.status_code < 500 and answered.status_code != 429
            assert not sure, (path, answered and answered.text)
            assert time.monotonic() < until, f"{path} never confirmed"
            await asyncio.sleep(0.15)

    async def accept(self, handoff: str) -> None:
        await self.insist(f"/v1/handoffs/{handoff}/accept", op_id=fresh())

    async def reply(self, head: dict[str, Any], text: str) -> None:
        path = f"/v1/conversations/{head['id']}/messages"
        await self.insist(path, client_id=fresh("msg"), body={"text": text}, epoch=head["epoch"], audience="public")
        self._mortal.replied()

    async def close(self, head: dict[str, Any]) -> None:
        path = f"/v1/conversations/{head['id']}/close"
        await self.insist(path, op_id=fresh(), epoch=head["epoch"], wrap_up="solved")


class Story:
    """One customer's conversation on one platform, from his question to his stars."""

    def __init__(self, far: Platform, clerk: Clerk, onlooker: Onlooker, patience_s: float) -> None:
        self.far, self._clerk, self._onlooker, self._patience_s = far, clerk, onlooker, patience_s
        self.said: list[str] = []
        self.rated_by = ""

    @property
    def account(self) -> str:
        assert self.far.account is not None
        return self.far.account.id

    async def play(self) -> None:
        await self._says(f"a question on {self.far.channel}")
        await self._until("the bot answers", lambda: self._count(Kind.MESSAGE, AuthorKind.BOT) >= 1)
        await self._says("human")
        await self._until("he waits", lambda: self._owner in ("queue", "offer", "mailbox"))
        await self._clerk.accept(self._head["handoff"])
        await self._says("is anybody there?")
        await self._until("he has an agent", lambda: self._owner == "agent")
        await self._clerk.reply(self._head, f"Hello, this is {self.far.channel}.")
        await self._says("my parcel is late")
        await self._clerk.reply(self._head, "It comes tomorrow.")
        await self._clerk.reply(self._head, "Anything else?")
        await self._clerk.close(self._head)
        await self._until("it is closed", lambda: self._owner == "closed" and self._settled)
        await self._rates()
        await self._until("the stars are there", lambda: self._count(Kind.RATING, AuthorKind.CUSTOMER) == 1)
        await self._until("all is delivered", lambda: self._settled)

    async def _says(self, text: str) -> None:
        if self._head:  # he reads first; some platforms let us write only so often until he writes again
            await self._until("he has read", lambda: self._settled)
        self.said.append(text)
        await asyncio.to_thread(self.far.insist, self.far.text(ANN, text), for_s=self._patience_s)
        # Where messages are fetched, the platform knows only that we were told of one.
        words = len(self.said)
        await self._until("his words are there", lambda: self._count(Kind.MESSAGE, AuthorKind.CUSTOMER) == words)

    async def _rates(self) -> None:
        last = self.far.received[-1]
        shown = len(last.buttons) == 5
        self.rated_by = "press" if shown else "number"
        event = self.far.press(ANN, last, 4) if shown else self.far.text(ANN, "5")
        await asyncio.to_thread(self.far.insist, event, for_s=self._patience_s)

    @property
    def _head(self) -> dict[str, Any]:
        return self._onlooker.seen.heads.get(self.account, {})

    @property
    def _owner(self) -> str:
        return str(self._head.get("owner_kind", ""))

    @property
    def _settled(self) -> bool:
        return self._onlooker.seen.waiting[self._head["id"]] == 0

    def _count(self, kind: Kind, author: AuthorKind) -> int:
        return self._onlooker.seen.counts[self._head.get("id", ""), kind, author]

    async def _until(self, what: str, found: Callable[[], bool]) -> None:
        seen, until = self._onlooker.seen, time.monotonic() + self._patience_s
        while self._onlooker.seen is seen or not found():
            assert time.monotonic() < until, f"{self.far.channel}: not {what}: {self._head}"
            await asyncio.sleep(LOOK_EVERY_S / 2)


def draw(seed: int, kills: int) -> list[tuple[str, int]]:
    """Where each life of the gateway ends: every point in turn, in the seed's order, at the n-th time in that life."""
    rng = random.Random(seed)
    order = rng.sample(POINTS, len(POINTS))
    return [(order[number % len(order)], rng.randint(2, max(3, 50 // kills))) for number in range(kills)]


def judge(story: Story, entries: Sequence[dict[str, Any]]) -> list[str]:
    """What is wrong with a story, in words; `entries` are the rows of its one conversation, in order."""
    wrong = []
    customer = [row for row in entries if row["author_kind"] == AuthorKind.CUSTOMER]
    said = [row["body"]["text"] for row in customer if row["kind"] == Kind.MESSAGE]
    if said != story.said:
        wrong.append(f"he said {story.said}, the timeline has {said}")
    scores = [row["body"]["score"] for row in customer if row["kind"] == Kind.RATING]
    if scores != [5]:
        wrong.append(f"he gave 5 stars once, the timeline has {scores}")
    if [row["seq"] for row in entries] != list(range(1, len(entries) + 1)):
        wrong.append("the timeline has gaps")
    meant = [
        (row["seq"], row["body"]["text"])
        for row in entries
        if row["audience"] == "public" and row["author_kind"] != AuthorKind.CUSTOMER
        if row["kind"] in (Kind.MESSAGE, Kind.STATE) and row["body"].get("text")
    ]
    missing, doubled = compare(meant, [one for one in story.far.received if one.contact == ANN])
    wrong += [f"twice, or out of order: {text!r}" for text in doubled]
    notes = {row["body"]["of"]: row["body"]["text"] for row in entries if row["body"].get("kind") == "undelivered"}
    perhaps = tuple(say("perhaps_delivered", language, reason="") for language in ("zh", "en"))
    wrong += [f"agents are told {note!r}" for note in notes.values() if not note.startswith(perhaps)]
    dedupes = CHANNELS[story.far.channel].abilities.dedupes
    wrong += [f"never delivered, and nobody was told: {seq} {text!r}" for seq, text in missing if seq not in notes]
    if dedupes and notes:
        wrong.append(f"the platform drops repeats, and yet there is doubt: {notes}")
    return wrong


def compare(meant: Sequence[tuple[int, str]], received: Sequence[Received]) -> tuple[list[tuple[int, str]], list[str]]:
    """What of a timeline a customer has not got, and what he has got that does not follow on what came before."""
    missing, wrong, place = list[tuple[int, str]](), list[str](), 0
    for one in received:
        found = next((at for at in range(place, len(meant)) if one.text.startswith(meant[at][1])), None)
        if found is None:
            wrong.append(one.text)
            continue
        missing += meant[place:found]
        place = found + 1
    return [*missing, *meant[place:]], wrong
