"""What the system does outside its log: channel events in, deliveries out, turns, and whether it comes to rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from tests.history.case import Case, Finding, judges
from tests.history.events import (
    ChanRx,
    DeliveryRow,
    Exit,
    Fault,
    Gauge,
    Hook,
    Http,
    InboxRow,
    TurnRow,
    tenant_of,
)

ANNOUNCED = frozenset({503, 507})
ENDS = frozenset({"posted", "suppressed", "failed"})


@judges("I15")
def effects_happen_once(case: Case) -> Iterator[Finding]:
    """One effect for each key where the channel recognises keys; elsewhere every further one is marked uncertain."""
    first: dict[tuple[str, str], ChanRx] = {}
    for one in case.all(ChanRx):
        before = first.setdefault((one.chan, one.key), one)
        if before is not one and (one.dedups or not one.uncertain):
            seen = f"{one.key} was delivered to {one.chan} again"
            yield Finding(one.conv, seen, "one effect, or a repeat that says so", (before.line, one.line))


@judges("I15")
def effects_arrive_in_order(case: Case) -> Iterator[Finding]:
    """The first arrivals of a conversation's entries are in the order of the log."""
    seqs = {(log.conv, entry.mid): entry.seq for log in case.logs.values() for entry in log.entries}
    last: dict[tuple[str, str], tuple[int, int]] = {}
    arrived: set[tuple[str, str]] = set()
    for one in case.all(ChanRx):
        seq = seqs.get((one.conv, one.key))
        if seq is None or (one.chan, one.key) in arrived:
            continue
        arrived.add((one.chan, one.key))
        highest, line = last.get((one.chan, one.conv), (0, 0))
        if seq < highest:
            seen = f"entry {seq} arrived at {one.chan} after entry {highest}"
            yield Finding(one.conv, seen, "the order of the log", (line, one.line, case.logs[one.conv].line))
        else:
            last[one.chan, one.conv] = (seq, one.line)


@judges("I15")
def nothing_stays_undelivered(case: Case) -> Iterator[Finding]:
    """After the quiesce every public message to a customer on a channel has arrived, or is shown as dead."""
    if case.quiesce is None:
        return
    arrived = {one.key for one in case.all(ChanRx)}
    dead = {(one.conv, one.seq) for one in case.all(DeliveryRow) if one.state == "dead"}
    for log in case.logs.values():
        if log.channel == "web" or log.conv in case.erased:
            continue
        for entry in log.entries:
            outgoing = entry.kind == "message" and entry.audience == "public" and entry.author_kind != "customer"
            if outgoing and entry.mid not in arrived and (log.conv, entry.seq) not in dead:
                yield Finding(log.conv, f"entry {entry.seq} was never delivered", "its arrival", (log.line,))


@judges("I15")
def deliveries_end(case: Case) -> Iterator[Finding]:
    """After the quiesce no delivery is under way, and one that is told as sent has arrived."""
    if case.quiesce is None:
        return
    arrived = {one.key for one in case.all(ChanRx)}
    for row in {(row.conv, row.seq): row for row in case.all(DeliveryRow)}.values():
        entry = case.places.get(row.conv, {}).get(row.seq)
        if row.state in ("new", "leased"):
            yield Finding(row.conv, f"the delivery of entry {row.seq} is {row.state}", "an end", (row.line,))
        elif row.state == "sent" and entry is not None and entry.mid not in arrived:
            yield Finding(row.conv, f"entry {row.seq} is told as sent and never arrived", "its arrival", (row.line,))


@judges("I16")
def inbox_holds_an_event_once(case: Case) -> Iterator[Finding]:
    """An event that was answered with 2xx has one row, however often it came, and one that never came has none."""
    rows: dict[tuple[str, str], list[InboxRow]] = defaultdict(list)
    for row in case.all(InboxRow):
        rows[row.chan, row.pid].append(row)
    taken = {(hook.chan, hook.pid): hook for hook in case.all(Hook) if hook.sig and 200 <= hook.status < 300}
    posted = {(hook.chan, hook.pid) for hook in case.all(Hook) if hook.sig}
    if case.quiesce is not None:
        for key, hook in taken.items():
            if key not in rows and hook.chan not in case.erased:
                yield Finding(hook.chan, f"event {key[1]} was taken and has no row", "one row", (hook.line,))
    for key, found in rows.items():
        lines = tuple(row.line for row in found)
        if len(found) > 1:
            yield Finding(key[0], f"event {key[1]} has {len(found)} rows", "one row", lines)
        if key not in posted:
            yield Finding(key[0], f"event {key[1]} has a row and was never posted truly", "no row", lines)


@judges("I16")
def events_become_one_entry(case: Case) -> Iterator[Finding]:
    """A customer's message that a channel posted is in the logs once when it was taken, and never twice."""
    if not case.logs:
        return
    known: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for log in case.logs.values():
        for entry in log.entries:
            if entry.author_kind == "customer" and entry.kind == "message":
                known[tenant_of(log.conv), entry.h].append((log.conv, entry.seq))
    accepted = {(hook.chan, hook.pid) for hook in case.all(Hook) if hook.sig and 200 <= hook.status < 300}
    for hook in {(hook.chan, hook.pid): hook for hook in case.all(Hook) if hook.h and hook.sig}.values():
        places = known[tenant_of(hook.chan), hook.h or ""]
        taken = (hook.chan, hook.pid) in accepted
        if len(places) > 1:
            yield Finding(hook.chan, f"event {hook.pid} is the entries {places}", "one entry", (hook.line,))
        elif taken and not places and not case.erased:
            yield Finding(hook.chan, f"event {hook.pid} was taken and is in no log", "one entry", (hook.line,))


@judges("I16")
def forged_events_are_refused(case: Case) -> Iterator[Finding]:
    """A wrong signature gets 4xx and leaves nothing."""
    said = {(tenant_of(log.conv), entry.h) for log in case.logs.values() for entry in log.entries}
    true = {(hook.chan, hook.h) for hook in case.all(Hook) if hook.sig}
    for hook in case.all(Hook):
        if hook.sig:
            continue
        if not 400 <= hook.status < 500 and hook.status not in ANNOUNCED:
            yield Finding(hook.chan, f"forged event {hook.pid} was answered {hook.status}", "4xx", (hook.line,))
        if hook.h and (tenant_of(hook.chan), hook.h) in said and (hook.chan, hook.h) not in true:
            yield Finding(hook.chan, f"forged event {hook.pid} is in a log", "no entry", (hook.line,))


@judges("I23")
def turns_end_once(case: Case) -> Iterator[Finding]:
    """Every turn ends, in one way, and never in another one later."""
    rows: dict[str, list[TurnRow]] = defaultdict(list)
    for row in case.all(TurnRow):
        rows[row.turn].append(row)
    for turn, found in rows.items():
        ends = [row for row in found if row.state in ENDS]
        lines = tuple(row.line for row in found)
        if any(row.state not in ENDS | {"running"} for row in found):
            yield Finding(found[0].conv, f"{turn} is {found[-1].state}", "a known state", lines)
        elif len({row.state for row in ends}) > 1:
            yield Finding(found[0].conv, f"{turn} ended as {[row.state for row in ends]}", "one end", lines)
        elif case.quiesce is not None and found[-1].state == "running" and found[-1].t > case.quiesce.t:
            yield Finding(found[0].conv, f"{turn} still runs", "an end", lines)


@judges("I23")
def turns_speak_in_their_epoch(case: Case) -> Iterator[Finding]:
    """A turn's entries carry its epoch, and only a posted turn has answered. "One moment" is not an answer."""
    turns = {row.turn: row for row in case.all(TurnRow)}
    for log in case.logs.values():
        for entry in log.entries:
            row = turns.get(entry.turn or "")
            if row is None or entry.kind != "message":
                continue
            if entry.epoch != row.epoch:
                seen = f"entry {entry.seq} of {row.turn} carries epoch {entry.epoch}"
                yield Finding(log.conv, seen, f"epoch {row.epoch}", (row.line, log.line))
            elif row.state != "posted" and not (entry.cid or "").endswith("-wait"):
                seen = f"entry {entry.seq} is an answer of {row.turn}, which is {row.state}"
                yield Finding(log.conv, seen, "no answer", (row.line, log.line))


@judges("I23")
def a_message_is_answered_by_one_turn(case: Case) -> Iterator[Finding]:
    """No two posted turns answer up to the same entry.

    What the bot says beside a queue is no answer yet: back with the bot, the customer gets one, and if that fails and
    people are asked again, a word beside that queue too.
    """
    posted: dict[tuple[str, int, int], TurnRow] = {}
    returns: dict[str, dict[int, int]] = {}  # conversation, epoch: how often the bot had got it; 0 while it has it
    for log in case.logs.values():
        moves = [entry for entry in log.entries if entry.event and entry.to]
        given = accumulate(int(one.to == "bot") for one in moves)
        returns[log.conv] = {
            one.epoch: 0 if one.to == "bot" else count for one, count in zip(moves, given, strict=True)
        }
    for row in {row.turn: row for row in case.all(TurnRow)}.values():
        if row.state != "posted" or not row.upto:
            continue
        before = posted.setdefault((row.conv, row.upto, returns.get(row.conv, {}).get(row.epoch, 0)), row)
        if before is not row:
            seen = f"{before.turn} and {row.turn} both answered entry {row.upto}"
            yield Finding(row.conv, seen, "one answer", (before.line, row.line))


@judges("I24")
def retries_succeed_after_healing(case: Case) -> Iterator[Finding]:
    """With nothing broken any more, a message that is tried again is acknowledged or refused before the quiesce."""
    healed = max((fault.t for fault in case.all(Fault) if fault.k == "heal"), default=None)
    if healed is None or case.quiesce is None:
        return
    for message in case.messages.values():
        open_still = all(one.result == "info" for one in message.attempts)
        if open_still and any(healed < one.invoke.t < case.quiesce.t for one in message.attempts):
            seen = f"{message.cid} was tried again after the heal and never answered"
            yield Finding(message.first.conv or "", seen, "ok or fail", message.lines)


@judges("I24")
def ages_return_below_their_limits(case: Case) -> Iterator[Finding]:
    """After the quiesce nothing waits for longer than it may."""
    for gauge in case.all(Gauge):
        if gauge.inv == "I24" and gauge.value > gauge.limit:
            yield Finding("", f"{gauge.name} is {gauge.value:g}", f"at most {gauge.limit:g}", (gauge.line,))


@judges("I26")
def nothing_breaks(case: Case) -> Iterator[Finding]:
    """No 5xx but those that are announced, no process that ends by itself, no figure over its limit."""
    for answer in case.all(Http):
        if answer.status >= 500 and answer.status not in ANNOUNCED:
            yield Finding("", f"{answer.path} answered {answer.status}", "no such answer", (answer.line,))
    for end in case.all(Exit):
        if not end.wanted:
            yield Finding("", f"{end.node} ended with {end.code}", "that it lives", (end.line,))
    for gauge in case.all(Gauge):
        if gauge.inv == "I26" and gauge.value > gauge.limit:
            yield Finding("", f"{gauge.name} is {gauge.value:g}", f"at most {gauge.limit:g}", (gauge.line,))
