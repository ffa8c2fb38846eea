"""The log itself: nothing lost, nothing invented, nothing twice, one dense order that time and senders agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.history.case import Case, Finding, Message, judges
from tests.history.events import Entry, Hook, Send, tenant_of


@judges("I1")
def acknowledged_is_in_the_log(case: Case) -> Iterator[Finding]:
    """Each acknowledged message is there once, under the seq and mid that were told, with what was said."""
    if not case.logs:
        return
    for message in case.messages.values():
        for ok in message.acknowledged:
            conv = ok.conv or message.first.conv or ""
            found = _loss(case, message, ok, conv)
            if found:
                yield Finding(
                    conv, found, f"{message.cid} as entry {ok.seq}, {ok.mid}", (*message.lines, _line(case, conv))
                )
                break


def _loss(case: Case, message: Message, ok: Send, conv: str) -> str:
    """What is wrong with an acknowledged message, or nothing."""
    if conv not in case.logs:
        return "" if {conv, message.author} & case.erased else f"{message.cid} was acknowledged, its log was not found"
    there = [entry for where, entry in case.entries_of.get((message.author, message.cid), ()) if where == conv]
    if not there:
        if {conv, message.author} & case.erased:
            return ""
        return f"{message.cid} was acknowledged as entry {ok.seq} and is lost"
    entry = there[0]
    if (entry.seq, entry.mid) != (ok.seq, ok.mid):
        return f"{message.cid} was acknowledged as {ok.seq}, {ok.mid} and is {entry.seq}, {entry.mid}"
    if not entry.erased and entry.h != message.first.h:
        return f"{message.cid} says something else than was sent"
    return ""


def _line(case: Case, conv: str) -> int:
    return case.logs[conv].line if conv in case.logs else 0


@judges("I2")
def entries_were_sent(case: Case) -> Iterator[Finding]:
    """Each message of a person was asked for, and not refused every time."""
    hooked = {(tenant_of(hook.chan), hook.h) for hook in case.all(Hook) if hook.sig and hook.h}
    left: dict[tuple[str, str], int] = defaultdict(int)
    for invoke, outcome in case.changes:
        if invoke.verb == "leave_message" and (outcome is None or outcome.k != "fail"):
            left[invoke.actor, (outcome and outcome.conv) or invoke.conv or ""] += 1
    for log in case.logs.values():
        for entry in log.entries:
            if entry.kind != "message" or entry.author_kind not in ("customer", "agent") or entry.erased:
                continue
            if entry.cid is None and left[entry.author, log.conv] > 0:
                left[entry.author, log.conv] -= 1
                continue
            message = case.messages.get((entry.author, entry.cid or ""))
            if message is None and (tenant_of(log.conv), entry.h) not in hooked:
                seen = f"entry {entry.seq} of {entry.author} ({entry.cid}) was never sent"
                yield Finding(log.conv, seen, "an invoke or a channel event for it", (log.line,))
            elif message is not None and message.refused:
                seen = f"entry {entry.seq} is {entry.cid}, which was refused"
                yield Finding(log.conv, seen, "no entry", (*message.lines, log.line))


@judges("I3")
def client_ids_are_unique(case: Case) -> Iterator[Finding]:
    """One (author, client id) is one entry, over all logs."""
    for (author, cid), places in case.entries_of.items():
        if len(places) > 1:
            where = [f"{conv} {entry.seq}" for conv, entry in places]
            lines = tuple(case.logs[conv].line for conv, _ in places)
            yield Finding(places[0][0], f"{cid} of {author} is {len(places)} entries: {where}", "one entry", lines)


@judges("I3")
def mids_are_unique(case: Case) -> Iterator[Finding]:
    """One mid names one entry, over all logs."""
    known: dict[str, tuple[str, Entry]] = {}
    for log in case.logs.values():
        for entry in log.entries:
            conv, other = known.setdefault(entry.mid, (log.conv, entry))
            if other is not entry:
                seen = f"{entry.mid} is entry {entry.seq} of {log.conv} and entry {other.seq} of {conv}"
                yield Finding(log.conv, seen, "a mid of its own", (case.logs[conv].line, log.line))


@judges("I4")
def seqs_are_dense(case: Case) -> Iterator[Finding]:
    """The seqs of a log are 1, 2, 3 and so on."""
    for log in case.logs.values():
        for place, entry in enumerate(log.entries, 1):
            if entry.seq != place:
                yield Finding(log.conv, f"entry {entry.seq} stands at place {place}", f"entry {place}", (log.line,))
                break


@judges("I8")
def later_requests_come_later(case: Case) -> Iterator[Finding]:
    """What was asked for after somebody knew an entry stands behind it, on whatever node or device."""
    known: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for (conv, seq), t in case.seen_at.items():
        known[conv].append((t, seq))
    asked: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for (conv, seq), t in case.asked_at.items():
        asked[conv].append((t, seq))
    for conv, requests in asked.items():
        sightings = iter(sorted(known[conv]))
        sighting = next(sightings, None)
        highest = 0
        for t, seq in sorted(requests):
            while sighting is not None and sighting[0] < t:
                highest, sighting = max(highest, sighting[1]), next(sightings, None)
            if seq <= highest:
                entry = case.places[conv][seq]
                sent = case.messages.get((entry.author, entry.cid or ""))
                lines = (*(sent.lines if sent else ()), case.logs[conv].line)
                seen = f"entry {seq} was asked for when entry {highest} was known"
                yield Finding(conv, seen, f"a seq above {highest}", lines)


@judges("I9")
def devices_keep_their_order(case: Case) -> Iterator[Finding]:
    """What one device sends to one conversation stands in the order in which it sent it.

    A message that was refused once and sent again is left out: its client let others go first.
    """
    last: dict[tuple[str, str, str], tuple[int, int, Message]] = {}
    for key, message in sorted(case.messages.items(), key=lambda one: one[1].first.n):
        first = message.first
        if not first.device or any(one.result == "fail" for one in message.attempts):
            continue
        for conv, entry in case.entries_of.get(key, ())[:1]:
            n, seq, before = last.get((first.author, first.device, conv), (0, 0, message))
            if first.n > n and entry.seq < seq:
                seen = f"message {first.n} of {first.device} is entry {entry.seq}, its message {n} is entry {seq}"
                yield Finding(
                    conv, seen, "the order of the device", (*before.lines, *message.lines, case.logs[conv].line)
                )
            elif first.n > n:
                last[first.author, first.device, conv] = (first.n, entry.seq, message)


def lost_part(acknowledged: list[int], lost: set[int]) -> str:
    """Where the lost ones are among the acknowledged seqs: nothing, everything, prefix, suffix or middle."""
    order = sorted(acknowledged)
    if not lost:
        return "nothing"
    if len(lost) == len(order):
        return "everything"
    if set(order[: len(lost)]) == lost:
        return "prefix"
    return "suffix" if set(order[-len(lost) :]) == lost else "middle"


def lost_parts(case: Case) -> dict[str, tuple[str, list[int]]]:
    """By conversation with losses: which part of its acknowledged messages is lost, and their seqs."""
    told: dict[str, list[int]] = defaultdict(list)
    gone: dict[str, set[int]] = defaultdict(set)
    for message in case.messages.values():
        for ok in message.acknowledged[:1]:
            conv = ok.conv or message.first.conv or ""
            told[conv].append(ok.seq)
            if _loss(case, message, ok, conv):
                gone[conv].add(ok.seq)
    return {conv: (lost_part(told[conv], seqs), sorted(seqs)) for conv, seqs in gone.items()}
