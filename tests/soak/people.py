"""Customers with several devices, and agents at their desks, who do what people do, seeded."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Sequence
from typing import Any

from tests.soak.scribe import Scribe
from tests.soak.wire import Answered, Frame, Http, Line, Signals

# How often each kind of thing is done, per step of a person.
CUSTOMER_ACTS = {"write": 60, "burst": 8, "human": 6, "ask human": 6, "solved": 4, "message": 3, "rate": 3, "leave": 6}
AGENT_ACTS = {
    "claim": 30, "reply": 40, "note": 10, "transfer": 6, "give_back": 8, "close": 8, "take_over": 4, "decline": 4,
    "stale": 4, "away": 2, "escalate": 4, "whisper": 3,
}  # fmt: skip
STEP_S = 0.5
MOST_TRIES = 40


async def insist(
    http: Http,
    path: str,
    body: dict[str, Any],
    *,
    scribe: Scribe,
    signals: Signals,
    verb: str,
    actor: str,
    conversation: str | None,
    headers: dict[str, str] | None = None,
) -> Answered:
    """A command with one op_id, sent again until its outcome is known."""
    op_id = secrets.token_urlsafe(12)
    for _ in range(MOST_TRIES):
        op = scribe.change(verb, actor, op_id, conversation, body.get("epoch"))
        answered = await http.post(path, {**body, "op_id": op_id}, headers)
        scribe.changed(op, answered)
        if not answered.retry or signals.over.is_set():
            break
        await asyncio.sleep(0.4)
    return answered


class Device(Line):
    """A tab or phone of a customer."""

    def __init__(self, owner: Customer, name: str, **options: Any) -> None:
        super().__init__(owner.url, owner.origin, name, owner.principal, **options)
        self._owner = owner

    async def ticket(self) -> str | None:
        answered = await self._owner.http.post("/v1/ws-ticket", {}, self._owner.headers)
        return str(answered.body["ticket"]) if answered.outcome == "ok" else None

    def seen(self, conversation: str, entry: Frame) -> None:  # noqa: ARG002
        self._owner.current = conversation


class Customer:
    """A visitor with one token and several devices. `prepare`, then `run`."""

    def __init__(
        self, number: int, url: str, origin: str, *, scribe: Scribe, signals: Signals, seed: int, pace: float = 1.0
    ) -> None:
        self.number, self.url, self.origin = number, url, origin
        self._step_s = STEP_S * pace
        self.scribe, self.signals = scribe, signals
        self.rng = random.Random(f"{seed} customer {number}")
        self.http = Http(url, scribe.traffic, {"Origin": origin})
        self.headers: dict[str, str] = {}
        self.principal = ""
        self.contact = ""
        self.devices: list[Device] = []
        self.current = ""

    async def prepare(self, devices: int, *, run: str) -> None:
        """Becomes a visitor, however often he has to ask. Raises RuntimeError when he is refused for good."""
        tenant, language = self.scribe.tenant, self.rng.choice(["zh", "en"])
        asked = {"tenant": tenant, "token": None, "identity": None, "language": language}
        while (answered := await self.http.post("/v1/widget/sessions", asked)).outcome != "ok":
            if not answered.retry or self.signals.over.is_set():
                raise RuntimeError(f"customer {self.number} was not let in: {answered}")
            await self.signals.pause(0.5)
        self.headers = {"Authorization": f"Bearer {answered.body['token']}"}
        self.contact = answered.body["contact"]["id"]
        self.principal = self.scribe.named(f"customer:{self.contact}")
        for index in range(devices):
            rng = random.Random(f"{self.rng.random()} {index}")
            name = f"d{run}-{self.number}-{index}"
            self.devices.append(Device(self, name, scribe=self.scribe, signals=self.signals, rng=rng))

    async def run(self) -> None:
        connected = [asyncio.create_task(device.run()) for device in self.devices]
        acts, weights = list(CUSTOMER_ACTS), list(CUSTOMER_ACTS.values())
        try:
            while not self.signals.over.is_set():
                await self.signals.pause(self.rng.expovariate(1 / self._step_s))
                act, device = self.rng.choices(acts, weights)[0], self.rng.choice(self.devices)
                if self.signals.writing:
                    await self._act(act, device)
                    await device.flush_quietly()
        finally:
            await asyncio.gather(*connected, return_exceptions=True)
            await self.http.close()

    def text(self, device: Device, words: str = "") -> str:
        """Something that nobody has said before."""
        return f"{self.number}.{device.device[-1]}.{device.counter} {words}".strip()

    async def _act(self, act: str, device: Device) -> None:
        conversation = self.current or None
        if act in ("write", "burst", "human") and len(device.outbox) < 20:
            for _ in range(self.rng.randint(3, 6) if act == "burst" else 1):
                device.write(conversation, self.text(device, "人工 human" if act == "human" else ""))
        elif act == "leave":
            device.hang_up()
        elif conversation is None:
            return
        elif act == "ask human":
            await self._command("ask_human", "ask-human", conversation, {})
        elif act == "solved":
            await self._command("solved", "solved", conversation, {})
        elif act == "message":
            await self._command("leave_message", "leave-message", conversation, {"text": self.text(device, "call me")})
        elif act == "rate":
            path = f"/v1/conversations/{conversation}/rating"
            op_id = secrets.token_urlsafe(12)
            await self.http.post(path, {"op_id": op_id, "score": self.rng.randint(1, 5)}, self.headers)

    async def _command(self, verb: str, path: str, conversation: str, body: dict[str, Any]) -> None:
        await insist(
            self.http, f"/v1/conversations/{conversation}/{path}", body, scribe=self.scribe, signals=self.signals,
            verb=verb, actor=self.principal, conversation=conversation, headers=self.headers,
        )  # fmt: skip


class Agent(Line):
    """Somebody at a desk."""

    def __init__(
        self,
        url: str,
        login: dict[str, Any],
        *,
        scribe: Scribe,
        signals: Signals,
        seed: int,
        pace: float = 1.0,
        without: Sequence[str] = (),
    ) -> None:
        """`without`: acts that he does not do."""
        name = login["id"]
        rng = random.Random(f"{seed} agent {name}")
        super().__init__(
            url, url, f"desk-{name}", scribe.named(f"agent:{name}"), scribe=scribe, signals=signals, rng=rng
        )
        self.login = login
        self._step_s = STEP_S * pace
        self._acts = {act: often for act, often in AGENT_ACTS.items() if act not in without}
        self.http = Http(url, scribe.traffic, {"X-Requested-By": "console"})
        self._here = asyncio.Event()
        self._here.set()

    async def prepare(self) -> None:
        """Signs in; before anything is broken."""
        asked = {"tenant": self.scribe.tenant, "email": self.login["email"], "password": self.login["password"]}
        answered = await self.http.post("/v1/agents/sign-in", asked)
        assert answered.outcome == "ok", answered
        self.cookie = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())

    async def ticket(self) -> str | None:
        await self._here.wait()
        answered = await self.http.post("/v1/ws-ticket", {})
        return str(answered.body["ticket"]) if answered.outcome == "ok" else None

    async def work(self) -> None:
        """Does one thing after the other until the soak is over."""
        connected = asyncio.create_task(self.run())
        acts, weights = list(self._acts), list(self._acts.values())
        try:
            while not self.signals.over.is_set():
                await self.signals.pause(self.rng.expovariate(1 / self._step_s))
                if self.signals.writing:
                    await self._act(self.rng.choices(acts, weights)[0])
                elif not self.signals.over.is_set():
                    await self._finish()
                await self.flush_quietly()
        finally:
            self._here.set()
            await asyncio.gather(connected, return_exceptions=True)
            await self.http.close()

    def _some(self, *boxes: str) -> Frame | None:
        cards = [card for box in boxes for card in self.desk.get(box, [])]
        return self.rng.choice(cards[:4]) if cards else None

    async def _act(self, act: str) -> None:
        if act == "claim" and (card := self._some("offers", "waiting", "waiting", "mailbox")):
            await self._accept(card)
        elif act == "decline" and (card := self._some("offers")):
            path = f"/v1/handoffs/{card['handoff']['id']}/decline"
            await self._command("decline", card, path, {})
        elif act == "take_over" and (card := self._some("others")):
            await self._command("take_over", card, epoch=True)
        elif act == "away":
            await self._go_away()
        elif act == "whisper":
            self._whisper()
        elif (card := self._some("mine")) is not None:
            await self._serve(act, card)

    async def _accept(self, card: Frame) -> None:
        if card["handoff"]:
            await self._command("accept", card, f"/v1/handoffs/{card['handoff']['id']}/accept", {})

    async def _serve(self, act: str, card: Frame) -> None:
        conversation = card["conversation"]
        await self.follow_quietly(conversation)
        if act in ("reply", "note", "stale"):
            self._speak(act, card)
        elif act == "transfer":
            colleagues = [one["id"] for one in self.desk.get("agents", []) if one["id"] != self.login["id"]]
            to = {"to_queue": "senior"} if self.rng.random() < 0.5 or not colleagues else {}
            await self._command("transfer", card, body=to or {"to_agent": self.rng.choice(colleagues)}, epoch=True)
        elif act == "escalate":
            await self._command("escalate", card, body={"reason": "wants the manager"}, epoch=True)
        elif act == "give_back":
            await self._command("give_back", card, epoch=True)
        elif act == "close":
            await self._command("close", card, body={"wrap_up": "solved"}, epoch=True)

    def _speak(self, act: str, card: Frame) -> None:
        if len(self.outbox) >= 20:
            return
        text = f"{self.login['id']}.{self.counter}"
        epoch = card["epoch"] - 1 if act == "stale" else card["epoch"]  # stale: as if the console had slept
        audience = "internal" if act == "note" else "public"
        self.write(card["conversation"], text, epoch=epoch, audience=audience)

    def _whisper(self) -> None:
        """A supervisor says something that only the agent who serves the customer reads."""
        card = self._some("others") if self.login["role"] == "supervisor" else None
        agent = ((card or {}).get("owner") or {}).get("agent")
        if card is None or agent is None or len(self.outbox) >= 20:
            return
        text, more = f"{self.login['id']}.{self.counter}", {"whisper": agent["id"]}
        self.write(card["conversation"], text, beside=more, epoch=card["epoch"], audience="internal")

    async def _go_away(self) -> None:
        """Closes the desk for a while; longer than the grace time as often as not."""
        self._here.clear()
        self.hang_up()
        await self.signals.pause(self.rng.uniform(1, 8))
        self._here.set()

    async def _finish(self) -> None:
        """Leaves nobody without an answer: takes what waits, answers what is his, and closes most of it."""
        if card := self._some("offers") or self._some("waiting", "mailbox"):
            await self._accept(card)
        for card in self.desk.get("mine", [])[:6]:
            await self.follow_quietly(card["conversation"])
            if not any(draft.conversation == card["conversation"] for draft in self.outbox):
                self._speak("reply", card)
                await self.flush_quietly()
        await self.signals.pause(1.0)
        for card in self.desk.get("mine", [])[:6]:
            if not any(draft.conversation == card["conversation"] for draft in self.outbox):
                await self._command("close", card, body={"wrap_up": "solved"}, epoch=True)

    async def _command(
        self,
        verb: str,
        card: Frame,
        path: str = "",
        body: dict[str, Any] | None = None,
        *,
        epoch: bool = False,
    ) -> Answered:
        conversation = card["conversation"]
        path = path or f"/v1/conversations/{conversation}/{verb.replace('_', '-')}"
        asked = {**(body or {}), **({"epoch": card["epoch"]} if epoch else {})}
        return await insist(
            self.http, path, asked, scribe=self.scribe, signals=self.signals, verb=verb, actor=self.author,
            conversation=conversation,
        )  # fmt: skip
