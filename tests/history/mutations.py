"""Faults to plant into clean histories, and a view of a history that makes planting them one line each."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

Raw = dict[str, Any]


class NotHere(Exception):
    """This history has no place for the fault."""


class Scene:
    """A copy of a history that may be spoilt."""

    def __init__(self, events: str, chance: random.Random) -> None:
        self.events: list[Raw] = json.loads(events)
        self.chance = chance

    def all(self, f: str, **has: Any) -> list[Raw]:
        """Events of a kind with these values."""
        return [raw for raw in self.events if raw["f"] == f and all(raw.get(key) == has[key] for key in has)]

    def pick(self, found: Sequence[Any]) -> Any:
        if not found:
            raise NotHere
        return self.chance.choice(found)

    def one(self, f: str, **has: Any) -> Raw:
        """Any event of a kind with these values."""
        raw: Raw = self.pick(self.all(f, **has))
        return raw

    def logs(self) -> list[Raw]:
        """Final logs with content that nobody erased."""
        whole = self.all("final_log")
        return [log for log in whole if not any(entry.get("erased") for entry in log["entries"])]

    def entry(self, matches: Callable[[Raw], Any], *, log: Callable[[Raw], Any] = lambda _: True) -> tuple[Raw, Raw]:
        """(log, entry) of any entry that matches."""
        found = [(one, entry) for one in self.logs() if log(one) for entry in one["entries"] if matches(entry)]
        pair: tuple[Raw, Raw] = self.pick(found)
        return pair

    def add(self, f: str, behind: Raw | None = None, /, **given: Any) -> Raw:
        """A new event just after another one, or at the very end."""
        t = max(raw["t"] for raw in self.events) + 1 if behind is None else behind["t"] + 1e-6
        raw = {"t": t, "f": f, **given}
        self.events.append(raw)
        return raw

    def remove(self, *gone: Raw) -> None:
        ids = {id(raw) for raw in gone}
        self.events = [raw for raw in self.events if id(raw) not in ids]

    def append(self, log: Raw, author: str, **more: Any) -> Raw:
        """A new last entry of a log, under its present epoch."""
        states = [entry["epoch"] for entry in log["entries"] if entry["kind"] == "state"]
        entry = {
            "seq": len(log["entries"]) + 1, "mid": f"m_planted_{len(log['entries'])}", "kind": "message",
            "audience": "public", "author": author, "epoch": max(states, default=0),
            "h": f"planted-{log['conv']}", **more,
        }  # fmt: skip
        if any("commit" in one for one in log["entries"]):
            entry["commit"] = 10**6 + len(log["entries"])
        log["entries"].append(entry)
        return entry

    def acknowledged(self, conv: str) -> list[Raw]:
        """The entries of a log that were acknowledged to whoever sent them."""
        told = {raw["mid"] for raw in self.all("send", k="ok")}
        return [entry for log in self.logs() if log["conv"] == conv for entry in log["entries"] if entry["mid"] in told]

    def attempts(self, cid: str | None) -> list[tuple[Raw, Raw | None]]:
        """(invoke, outcome) of everything that was tried for a message."""
        outcomes = {raw["op"]: raw for raw in self.all("send") if raw["k"] != "invoke"}
        return [(raw, outcomes.get(raw["op"])) for raw in self.all("send", k="invoke", cid=cid)]

    def recvs(self, matches: Callable[[Raw, str], Any] = lambda *_: True) -> list[Raw]:
        """What sessions were shown; `matches` gets the event and the principal."""
        who = {raw["session"]: raw["principal"] for raw in self.all("resume")}
        return [raw for raw in self.all("recv") if matches(raw, who[raw["session"]])]


def renumber(log: Raw) -> None:
    """Makes a log dense again, as a gateway that lost something would."""
    for seq, entry in enumerate(log["entries"], 1):
        entry["seq"] = seq


def swap(first: Raw, second: Raw) -> None:
    """Exchanges two entries of a log, all but their seqs and commit numbers."""
    for key in {*first, *second} - {"seq", "commit"}:
        first[key], second[key] = second.get(key), first.get(key)
        for entry in (first, second):
            if entry[key] is None:
                del entry[key]


Fault = Callable[[Scene], None]
# Every fault by name: (the check that must see it, how it is planted).
MUTATIONS: dict[str, tuple[str, Fault]] = {}


def seen_by(check: str) -> Callable[[Fault], Fault]:
    """Registers a fault under the check that must see it."""

    def register(fault: Fault) -> Fault:
        name = fault.__name__
        assert name not in MUTATIONS, f"two faults are named {name}"
        MUTATIONS[name] = (check, fault)
        return fault

    return register
