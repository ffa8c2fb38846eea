"""Customers of the signed API channel: a platform that posts its events until they are taken, often twice."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.history.events import text_digest
from tests.soak.scribe import Scribe
from tests.soak.wire import Signals

STEP_S = 0.8
FORGED = 20  # every so many events comes first with a wrong signature


class PlatformCustomers:
    """Some contacts of one account. `connect` comes first, then `run`."""

    def __init__(self, contacts: int, *, scribe: Scribe, signals: Signals, seed: int) -> None:
        self.scribe, self.signals = scribe, signals
        self.rng = random.Random(f"{seed} platform")
        self._contacts = [f"p{number}" for number in range(contacts)]
        self._said: dict[str, str] = {}
        self._seen: set[str] = set()
        self.platform = FakePlatform(watch=self._watched, seed=seed)
        self.events = 0

    @property
    def url(self) -> str:
        return self.platform.url

    def connect(self, webhook: str, secret: str) -> None:
        self.platform.connect(webhook, secret)

    def always(self, step: str | None) -> None:
        self.platform.always(step)

    def _watched(self, seen: dict[str, Any]) -> None:
        """Writes what the platform sees, as histories have it."""
        record = self.scribe.recorder.write
        if seen["f"] == "hook" and not seen["sig"] and not seen["status"]:
            return  # cut off: nobody knows what the gateway would have said
        if seen["f"] == "hook":
            said = self._said.get(seen["pid"])
            record(
                "hook", t=seen["t"], chan=self.scribe.named(seen["chan"]), pid=seen["pid"], sig=seen["sig"],
                status=seen["status"], **({"h": text_digest(said)} if said else {}),
            )  # fmt: skip
        elif seen["effect"]:
            record(
                "chan_rx", t=seen["t"], chan=self.scribe.named(self.platform.account),
                conv=self.scribe.named(seen["conv"]), key=seen["key"], dedups=True,
            )  # fmt: skip
            self.scribe.conversations.add(seen["conv"])

    async def run(self) -> None:
        """Each contact writes one thing after the other; a second copy of an event may come at the same time."""
        async with asyncio.TaskGroup() as group:
            for contact in self._contacts:
                group.create_task(self._write_on(contact))

    async def _write_on(self, contact: str) -> None:
        rng = random.Random(f"{self.rng.random()} {contact}")
        number = 0
        while not self.signals.over.is_set():
            await self.signals.pause(rng.expovariate(1 / STEP_S))
            if not self.signals.writing:
                return
            number += 1
            self.events += 1
            words = " human 人工" if rng.random() < 0.1 else ""
            event = self.platform.event(contact, f"{contact}.{number}{words}")
            self._said[event["event_id"]] = event["text"]
            if self.events % FORGED == 0:
                await asyncio.to_thread(self.platform.forge, event)
            copies = 1 if rng.random() < 0.7 else rng.randint(2, 3)
            posts = (asyncio.to_thread(self._post, event) for _ in range(copies))
            await asyncio.gather(*posts)

    def _post(self, event: dict[str, Any]) -> None:
        self.platform.post_until_accepted(event, within_s=90, every_s=0.3)

    def close(self) -> None:
        self.platform.close()
