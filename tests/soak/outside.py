"""The soak of gateways that run already (`make run-replicas`): only people and a bad network are ours.

Nothing is known but addresses and logins, so what is judged is what clients saw against what a supervisor reads at the
end. Whoever kills, stops or restarts a gateway meanwhile makes the same promise be kept under that too.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.history.events import Recorder, wire_entry
from tests.soak.nemesis import Nemesis, Victims
from tests.soak.people import Agent, Customer
from tests.soak.proxy import ChaosProxy
from tests.soak.scribe import TENANT, Scribe
from tests.soak.settle import read_log
from tests.soak.verdict import check, shortest
from tests.soak.wire import Http, Line, Signals, Traffic

PATIENCE_S = 300.0
STILL_S = 3.0
PACE = 4.0  # the limits of a running system hold for these people too


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What is asked. `urls`: of the gateways, the first is the one that agents know; `shop`: where the widget is."""

    urls: Sequence[str]
    shop: str
    var: Path
    seconds: float
    seed: int
    faults: bool = True
    customers: int = 6

    @property
    def logins(self) -> list[dict[str, Any]]:
        """The agents of the demo tenant, as `make run` has noted them; a supervisor comes first."""
        held = json.loads((self.var / "secrets.json").read_text())
        return sorted(held["agents"], key=lambda one: str(one["role"]) != "supervisor")


async def run_outside(asked: Outside, say: Callable[[str], None]) -> tuple[bool, str]:
    """Plays and judges; whether nothing was violated, and the report."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-soak-outside-"))
    recorder, traffic, signals = Recorder(folder / "history.jsonl"), Traffic(), Signals()
    scribe = Scribe(recorder, traffic)
    rng = random.Random(f"{asked.seed} outside")
    addresses = [(urlsplit(url).hostname or "", urlsplit(url).port or 80) for url in asked.urls]
    proxy = ChaosProxy(lambda: rng.sample(addresses, k=len(addresses)))
    url = await proxy.start()
    agents, customers = await _people(asked, url, scribe, signals)
    victims = Victims([], proxy, None, None, [], None)
    nemesis = Nemesis(victims, scribe, signals, rng, only=("network",))
    tasks = [asyncio.create_task(one.run()) for one in customers] + [asyncio.create_task(one.work()) for one in agents]
    breaking = asyncio.create_task(nemesis.run()) if asked.faults else None
    try:
        until = time.monotonic() + asked.seconds
        while time.monotonic() < until:
            await signals.pause(min(15.0, until - time.monotonic()))
            say(
                f"{scribe.counts['sent']} messages, {scribe.counts['changed']} moves, {len(scribe.conversations)} begun"
            )
        signals.writing = False
        if breaking is not None:
            await breaking
        await nemesis.heal()
        left = await _settle(agents, [*agents, *(device for one in customers for device in one.devices)], scribe)
    finally:
        signals.over.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await proxy.stop()
    recorder.write("gauge", name=f"left undone: {left[:5]}", value=len(left), limit=0, inv="I24")
    recorder.close()
    return _judged(scribe, folder, nemesis)


async def _people(asked: Outside, url: str, scribe: Scribe, signals: Signals) -> tuple[list[Agent], list[Customer]]:
    """The agents, who are asked for their ids first, and fresh customers."""
    more: dict[str, Any] = {"scribe": scribe, "signals": signals, "seed": asked.seed, "pace": PACE}
    run_name = f"{asked.seed}o{int(time.time()) % 100_000}"
    agents = []
    for login in asked.logins:
        http = Http(url, scribe.traffic, {"X-Requested-By": "console"})
        answered = await http.post("/v1/agents/sign-in", {"tenant": TENANT, **_only(login)})
        await http.close()
        if answered.outcome != "ok":
            raise RuntimeError(f"{login['email']} could not sign in: {answered}")
        agents.append(Agent(url, {**login, "id": answered.body["agent"]["id"]}, **more))
        agents[-1].origin = asked.urls[0]
        agents[-1].device += f"-{run_name}"  # names of messages must be new in a database that has seen others
        await agents[-1].prepare()
    customers = [Customer(number, url, asked.shop, **more) for number in range(asked.customers)]
    for customer in customers:
        await customer.prepare(1 + customer.number % 2, run=run_name)
    return agents, customers


def _only(login: dict[str, Any]) -> dict[str, str]:
    return {"email": str(login["email"]), "password": str(login["password"])}


async def _settle(agents: Sequence[Agent], lines: Sequence[Line], scribe: Scribe) -> list[str]:
    """Waits until nobody waits for anything and all logs stand still, then records them; what is left undone."""
    http, begun, before = agents[0].http, time.monotonic(), {}
    while True:
        sizes = {name: len(await read_log(http, name)) for name in sorted(scribe.conversations)}
        left = [f"{one.device} has no socket" for one in lines if one.session is None]
        left += [f"{one.device} waits for {len(one.outbox)} answers" for one in lines if one.outbox]
        left += [
            f"{one.device} has {seq} of {sizes.get(name, 0)} entries of {name}"
            for one in lines
            for name, seq in one.cursors.items()
            if seq != sizes.get(name, seq)
        ]
        if (not left and sizes == before) or time.monotonic() - begun > PATIENCE_S:
            break
        before = sizes
        await asyncio.sleep(STILL_S)
    for line in lines:
        scribe.live(line)
    for name in sorted(scribe.conversations):
        entries = [wire_entry(TENANT, one) for one in await read_log(http, name)]
        contact = next((one["author"] for one in entries if "/customer:" in one["author"]), "")
        scribe.recorder.write("final_log", conv=scribe.named(name), contact=contact, entries=entries)
    for principal, where, conversation in sorted(scribe.shown):
        scribe.recorder.write("saw", principal=principal, tenant=TENANT, where=where, conv=scribe.named(conversation))
    return left


def _judged(scribe: Scribe, folder: Path, nemesis: Nemesis) -> tuple[bool, str]:
    path, counts = folder / "history.jsonl", scribe.counts
    ok, text = check([path])
    lines = [
        f"{counts['sent']} messages and {counts['changed']} owner changes acknowledged, {counts['received']} entries "
        f"received, {len(scribe.conversations)} conversations; faults: {dict(Counter(nemesis.done))}",
        f"history: {path}",
    ]
    return ok, "\n".join(lines if ok else [*lines, text, shortest([path])])
