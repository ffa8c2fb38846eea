"""Customers of a platform that knows no keys of ours: what is sent to it twice is read twice.

It is Telegram's Bot API. Nothing of ours is in a message, so which entry arrived is found at the end: by the id that
the platform answered, which the product keeps; and for an answer that was cut off, by the text.
"""

from __future__ import annotations

import asyncio
import html
import http.client
import json
import random
import re
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.handoff_service.channels.platforms.fake import Answered, Call, Hook, Response
from tests.handoff_service.channels.platforms.telegram import FakeTelegram
from tests.history.events import text_digest
from tests.soak.platform import FORGED
from tests.soak.scribe import Scribe
from tests.soak.stores import Row
from tests.soak.wire import Signals

STEP_S = 1.5
PATIENCE_S = 90.0
FIRST_CHAT = 700_000
# What the platform does while it is in a mood, in the words of the nemesis; "after" means that the message was shown.
MOODS: Mapping[str, Response] = {
    "500": Response(500, {"ok": False, "description": "Internal Server Error"}),
    "429:1": Response(429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}),
    "reset": Response(502, {}),
    "reset_after": Response(drop=True),
    "timeout_after:3": Response(drop=True),
    "garbage": Response(200, b"<html>thanks"),
}
DELIVERIES = """SELECT o.conversation, o.seq, o.state, o.provider_id, e.mid, e.body, i.external_id
    FROM outbox o
    JOIN entries e ON e.tenant = o.tenant AND e.conversation = o.conversation AND e.seq = o.seq
    JOIN conversations c ON c.tenant = o.tenant AND c.id = o.conversation
    JOIN contact_identities i ON i.tenant = c.tenant AND i.contact = c.contact
    WHERE o.destination = 'channel' AND c.channel = 'telegram' ORDER BY o.conversation, o.seq"""


@dataclass(frozen=True)
class Arrived:
    """A message that a contact of the platform has read, and the id that the platform gave it."""

    t: float
    contact: str
    text: str
    id: str


class _Mood(deque[Response]):
    """Answers every call alike, as long as it lasts."""

    def popleft(self) -> Response:
        return self[0]


class Telegram(FakeTelegram):
    """The far side: keeps what arrived, and when."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self.secret = ""
        self.arrived: list[Arrived] = []
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the gateway was killed meanwhile

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        return _signed(events, secret or self.secret)

    def send(self, hook: Hook, timeout_s: float = 10.0) -> Answered:
        try:
            return super().send(hook, timeout_s)
        except http.client.HTTPException:  # cut off in the middle of the answer
            return Answered(0, b"", {})

    def answer(self, call: Call) -> Response:
        with self._lock:
            before = len(self.received)
            response = super().answer(call)
            for one in self.received[before:]:
                made = str(response.body["result"]["message_id"])
                self.arrived.append(Arrived(time.monotonic(), one.contact, one.text, made))
        return response

    def number(self) -> int:
        with self._lock:
            return super().number()


def _signed(events: Sequence[Mapping[str, Any]], secret: str) -> Hook:
    (event,) = events
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}
    return Hook(json.dumps(event).encode(), headers)


class PlainCustomers:
    """Some contacts of one account, who write on until the soak stops writing."""

    def __init__(self, contacts: int, *, scribe: Scribe, signals: Signals, seed: int) -> None:
        self._scribe, self._signals = scribe, signals
        self._rng = random.Random(f"{seed} plain platform")
        self._contacts = [str(FIRST_CHAT + number) for number in range(contacts)]
        self._account = ""
        self.events = 0
        self.far = Telegram()

    @property
    def fields(self) -> list[str]:
        """What the account is told, as the command line wants it."""
        return [word for name, value in self.far.fields().items() for word in ("--set", f"{name}={value}")]

    def connect(self, account: Mapping[str, Any]) -> None:
        self._account = str(account["account"])
        self.far.webhook, self.far.secret = str(account["webhook"]), str(account["webhook_secret"])

    def always(self, step: str | None) -> None:
        """The mood from now on; None for a good one. A slow platform is the other one's part."""
        mood = MOODS.get(step or "")
        self.far.faults = _Mood([mood]) if mood is not None else deque()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for contact in self._contacts:
                group.create_task(self._write_on(contact))

    async def _write_on(self, contact: str) -> None:
        rng, number = random.Random(f"{self._rng.random()} {contact}"), 0
        while not self._signals.over.is_set():
            await self._signals.pause(rng.expovariate(1 / STEP_S))
            if not self._signals.writing:
                return
            number += 1
            text = f"{contact}.{number}{' human 人工' if rng.random() < 0.1 else ''}"
            event = self.far.text(contact, text)
            self.events += 1
            if self.events % FORGED == 0:
                await asyncio.to_thread(self._forge, event, text)
            copies = 1 if rng.random() < 0.7 else 2
            await asyncio.gather(*(asyncio.to_thread(self._post, event, text) for _ in range(copies)))

    def _forge(self, event: Mapping[str, Any], text: str) -> None:
        """Posts it once with a secret that is not this account's."""
        if status := self.far.send(self.far.hook(event, secret="somebody-elses-secret")).status:
            self._note(event, text, sig=False, status=status)

    def _note(self, event: Mapping[str, Any], text: str, *, sig: bool, status: int) -> None:
        self._scribe.recorder.write(
            "hook", chan=self._scribe.named(self._account), pid=str(event["update_id"]), sig=sig, status=status,
            h=text_digest(text),
        )  # fmt: skip

    def _post(self, event: Mapping[str, Any], text: str) -> None:
        """Posts until it is taken or refused, as platforms do."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and not self._signals.over.is_set():
            status = self.far.post(event).status
            self._note(event, text, sig=True, status=status)
            if 200 <= status < 500:
                return
            time.sleep(0.4)

    def record(self, rows: Sequence[Row]) -> None:
        """Writes every arrival into the history, under the entry that it was."""
        arrived = list(self.far.arrived)
        found = entries_of(arrived, rows)
        for one, row in zip(arrived, found, strict=True):
            chan, conv = self._scribe.named(self._account), row["conversation"] if row else f"of {one.contact}"
            key = row["mid"] if row else f"nothing of ours: {one.text[:60]}"
            self._scribe.recorder.write(
                "chan_rx", t=one.t, chan=chan, conv=self._scribe.named(conv), key=key, dedups=False
            )
        strange = [one.text for one, row in zip(arrived, found, strict=True) if row is None]
        self._scribe.recorder.write(
            "gauge", name=f"messages on a platform that are no entries: {strange[:3]}", value=len(strange), limit=0,
            inv="I26",
        )  # fmt: skip

    def close(self) -> None:
        self.far.close()


def entries_of(arrived: Sequence[Arrived], rows: Sequence[Row]) -> list[Row | None]:
    """Which delivery each arrival was; None for none. Two arrivals have the same one when it was sent twice.

    `rows` are those of DELIVERIES. Where the product knows the platform's id, that decides; an arrival whose answer it
    never got is a delivery to this contact with that text which has no id and no arrival yet: the first behind what
    arrived before it, because a bot that says the same again may have been cut off the first time without an arrival.
    """
    by_id = {row["provider_id"]: row for row in rows if row["provider_id"] is not None}
    cut_off = [row for row in rows if row["provider_id"] is None]
    last: dict[str, int] = {}
    found: list[Row | None] = []
    for one in arrived:
        alike = [row for row in cut_off if _reads(one, row)]
        later = [row for row in alike if row["seq"] > last.get(row["conversation"], 0)]
        row = by_id.get(one.id) or next(iter(later or alike), None)
        if row in cut_off:
            cut_off.remove(row)
        row = row or next((row for row in rows if _reads(one, row)), None)
        if row is not None:
            last[row["conversation"]] = max(row["seq"], last.get(row["conversation"], 0))
        found.append(row)
    return found


def _reads(one: Arrived, row: Row) -> bool:
    body = json.loads(row["body"]) if isinstance(row["body"], str) else row["body"]
    return one.contact == row["external_id"] and _plain(str(body.get("text", ""))) in _plain(one.text)


def _plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())
