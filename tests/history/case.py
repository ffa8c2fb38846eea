"""A history made ready for judging: logs, operations, sessions and erasures, each found once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from tests.history.events import (
    Change,
    Entry,
    Erase,
    Happening,
    History,
    Log,
    Operation,
    Quiesce,
    Recv,
    Resume,
    Send,
)

Kind = TypeVar("Kind", bound=Happening)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw in a conversation (or elsewhere), what it should have seen, and the lines that show it."""

    conv: str
    seen: str
    expected: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding with the invariant that it breaks and the check that found it."""

    invariant: str
    check: str
    conv: str
    seen: str
    expected: str
    lines: tuple[int, ...]

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same in every sub-history that still shows it."""
        return self.check, self.conv, self.seen

    def __str__(self) -> str:
        return f"{self.invariant} {self.conv or '-'}: {self.seen}; expected: {self.expected} [{self.check}]"


@dataclass(slots=True)
class Attempt:
    """An operation and its outcome; None counts as `info`."""

    invoke: Operation
    outcome: Operation | None = None

    @property
    def result(self) -> str:
        return self.outcome.k if self.outcome else "info"

    @property
    def lines(self) -> tuple[int, ...]:
        return (self.invoke.line, self.outcome.line) if self.outcome else (self.invoke.line,)


@dataclass(slots=True)
class Message:
    """Everything that was tried to get one (author, cid) into a log."""

    author: str
    cid: str
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def first(self) -> Send:
        invoke = self.attempts[0].invoke
        assert isinstance(invoke, Send)
        return invoke

    @property
    def acknowledged(self) -> list[Send]:
        return [one.outcome for one in self.attempts if isinstance(one.outcome, Send) and one.outcome.k == "ok"]

    @property
    def epochs(self) -> set[int]:
        """The epochs that its author knew when he tried."""
        tried = (one.invoke for one in self.attempts)
        return {invoke.epoch for invoke in tried if isinstance(invoke, Send) and invoke.epoch is not None}

    @property
    def refused(self) -> bool:
        """Whether it surely never happened."""
        return all(one.result == "fail" for one in self.attempts)

    @property
    def lines(self) -> tuple[int, ...]:
        return tuple(line for one in self.attempts for line in one.lines)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who owns a conversation at some place of its log."""

    kind: str | None = None
    agent: str | None = None
    queue: str | None = None
    epoch: int = 0


NOBODY = Standing()

# The events that a person's verb may make.
EVENTS_OF = {
    "accept": {"accept", "claim"},
    "take_over": {"take_over"},
    "decline": {"decline"},
    "transfer": {"transfer"},
    "escalate": {"escalate"},
    "give_back": {"give_back"},
    "close": {"close"},
    "ask_human": {"asked"},
    "solved": {"solved"},
    "leave_message": {"leave_message"},
}


def after(entry: Entry, before: Standing) -> Standing:
    """The owner behind an entry, whether or not the move was allowed."""
    if entry.kind != "state":
        return before
    return Standing(entry.to, entry.agent, entry.queue, entry.epoch)


def standings(entries: list[Entry]) -> Iterator[tuple[Entry, Standing]]:
    """Every entry with the owner before it."""
    owner = NOBODY
    for entry in entries:
        yield entry, owner
        owner = after(entry, owner)


class Case:
    """What the checks ask of a history; each property is computed once."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._by_type: dict[type[Happening], list[Happening]] = defaultdict(list)
        for one in history.events:
            self._by_type[type(one)].append(one)

    def all(self, kind: type[Kind]) -> list[Kind]:
        """The events of exactly this kind, in order of time."""
        return self._by_type[kind]  # type: ignore[return-value]

    @cached_property
    def logs(self) -> dict[str, Log]:
        """The last final log of each conversation."""
        return {log.conv: log for log in self.all(Log)}

    @cached_property
    def quiesce(self) -> Quiesce | None:
        """The moment from which on nothing may be left over."""
        return max(self.all(Quiesce), key=lambda one: one.t, default=None)

    def attempts(self, kind: type[Operation]) -> list[Attempt]:
        """Operations of this kind with their outcomes, in the order of their invocations."""
        found: dict[str, Attempt] = {}
        for one in self.all(kind):
            if one.k == "invoke":
                found[one.op] = Attempt(one)
            elif one.op in found:
                found[one.op].outcome = one
        return list(found.values())

    @cached_property
    def messages(self) -> dict[tuple[str, str], Message]:
        """By (author, cid), in the order in which they were first tried."""
        found: dict[tuple[str, str], Message] = {}
        for attempt in self.attempts(Send):
            invoke = attempt.invoke
            assert isinstance(invoke, Send)
            key = (invoke.author, invoke.cid)
            found.setdefault(key, Message(*key)).attempts.append(attempt)
        return found

    @cached_property
    def changes(self) -> list[tuple[Change, Change | None]]:
        """Owner changes by persons: how they were invoked, and the outcome."""
        return [(one.invoke, one.outcome) for one in self.attempts(Change)]  # type: ignore[misc]

    @cached_property
    def entries_of(self) -> dict[tuple[str, str], list[tuple[str, Entry]]]:
        """(conversation, entry) by (author, cid), over all logs."""
        found: dict[tuple[str, str], list[tuple[str, Entry]]] = defaultdict(list)
        for log in self.logs.values():
            for entry in log.entries:
                if entry.cid is not None:
                    found[entry.author, entry.cid].append((log.conv, entry))
        return found

    @cached_property
    def places(self) -> dict[str, dict[int, Entry]]:
        """By conversation and seq; of two entries with the same seq, the first."""
        found: dict[str, dict[int, Entry]] = {}
        for log in self.logs.values():
            entries: dict[int, Entry] = {}
            for entry in log.entries:
                entries.setdefault(entry.seq, entry)
            found[log.conv] = entries
        return found

    @cached_property
    def following(self) -> dict[tuple[str, str], list[Resume | Recv]]:
        """What happened on each (session, conversation), in order."""
        found: dict[tuple[str, str], list[Resume | Recv]] = defaultdict(list)
        for one in self.history.events:
            if isinstance(one, Resume | Recv):
                found[one.session, one.conv].append(one)
        return found

    @cached_property
    def holders(self) -> dict[str, Resume]:
        """By session, an event that names its principal and device."""
        found: dict[str, Resume] = {}
        for one in self.all(Resume):
            found.setdefault(one.session, one)
        return found

    def conversations_of(self, session: str) -> list[str]:
        """What a session follows."""
        return self._by_session[session]

    @cached_property
    def _by_session(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for session, conv in self.following:
            found[session].append(conv)
        return found

    @cached_property
    def erasures(self) -> list[tuple[Erase, Erase | None]]:
        return [(one.invoke, one.outcome) for one in self.attempts(Erase)]  # type: ignore[misc]

    @cached_property
    def erased(self) -> set[str]:
        """Conversations and principals whose content may be gone, because somebody asked for it."""
        asked = [invoke for invoke, outcome in self.erasures if outcome is None or outcome.k != "fail"]
        subjects = {invoke.subject for invoke in asked}
        owned = {log.conv for log in self.logs.values() if log.contact in subjects}
        return subjects | {conv for invoke in asked for conv in invoke.convs} | owned

    @cached_property
    def moments(self) -> dict[str, list[tuple[float, float]]]:
        """By conversation, for every entry in order: it was committed after the first and before the second.

        By commit numbers, when the tester could read them (then both are the same), else by what was asked for and
        seen: an entry is younger than every request that an earlier entry fulfils, and older than every observation
        of a later one.
        """
        numbered = all(entry.commit is not None for log in self.logs.values() for entry in log.entries)
        if numbered:
            return {log.conv: [(float(entry.commit or 0),) * 2 for entry in log.entries] for log in self.logs.values()}
        asked, seen = self._asked_and_seen
        return {log.conv: _bounds(log, asked, seen) for log in self.logs.values()}

    @property
    def asked_at(self) -> dict[tuple[str, int], float]:
        """By (conversation, seq): when the request behind the entry was first made."""
        return self._asked_and_seen[0]

    @property
    def seen_at(self) -> dict[tuple[str, int], float]:
        """By (conversation, seq): when anybody first knew that the entry exists."""
        return self._asked_and_seen[1]

    @cached_property
    def _asked_and_seen(self) -> tuple[dict[tuple[str, int], float], dict[tuple[str, int], float]]:
        asked: dict[tuple[str, int], float] = {}
        seen: dict[tuple[str, int], float] = {}

        def note(place: tuple[str, int], t: float) -> None:
            seen[place] = min(t, seen.get(place, t))

        for key, message in self.messages.items():
            for conv, entry in self.entries_of.get(key, ()):
                asked[conv, entry.seq] = message.first.t
                for ok in message.acknowledged:
                    if ok.seq == entry.seq:
                        note((conv, entry.seq), ok.t)
        for one in self.all(Recv):
            note((one.conv, one.seq), one.t)
        unsure: dict[tuple[str, str, str | None], float] = {}
        for invoke, outcome in self.changes:
            if outcome is None or outcome.k == "info":
                unsure.setdefault((invoke.actor, invoke.verb, invoke.conv), invoke.t)
        for invoke, outcome in self.changes:
            conv = (outcome and outcome.conv) or invoke.conv or ""
            made = self.states.get((conv, outcome.epoch or 0)) if outcome and outcome.k == "ok" else None
            if made is None or outcome is None:
                continue
            note((conv, made.seq), outcome.t)
            # Whoever accepts what is his already is told an epoch that his request did not make.
            if made.author == invoke.actor and made.event in EVENTS_OF.get(invoke.verb, ()):
                first = min(invoke.t, unsure.get((invoke.actor, invoke.verb, invoke.conv), invoke.t))
                asked[conv, made.seq] = min(asked.get((conv, made.seq), first), first)
        return asked, seen

    @cached_property
    def states(self) -> dict[tuple[str, int], Entry]:
        """State entries by (conversation, epoch)."""
        return {
            (log.conv, entry.epoch): entry
            for log in self.logs.values()
            for entry in log.entries
            if entry.kind == "state"
        }


def _bounds(
    log: Log, asked: dict[tuple[str, int], float], seen: dict[tuple[str, int], float]
) -> list[tuple[float, float]]:
    low, lows = float("-inf"), []
    for entry in log.entries:
        low = max(low, asked.get((log.conv, entry.seq), low))
        lows.append(low)
    high, highs = log.t, []
    for entry in reversed(log.entries):
        high = min(high, seen.get((log.conv, entry.seq), high))
        highs.append(high)
    return list(zip(lows, reversed(highs), strict=True))


Check = Callable[[Case], Iterator[Finding]]
# Every check of the checker: name -> (invariant, function). `judges` fills it when the modules are imported.
CHECKS: dict[str, tuple[str, Check]] = {}


def judges(invariant: str) -> Callable[[Check], Check]:
    """Registers a check for an invariant."""

    def register(check: Check) -> Check:
        name = check.__name__
        assert name not in CHECKS, f"two checks are named {name}"
        CHECKS[name] = (invariant, check)
        return check

    return register
