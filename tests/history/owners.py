"""Who owns a conversation: legal moves under counted epochs, one winner, fenced writers, nobody forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.history.case import EVENTS_OF, NOBODY, Case, Finding, Standing, after, judges, standings
from tests.history.events import AgentRow, Change, Entry, Log, tenant_of

REASONS = ("asked", "unsure", "unhappy", "policy", "bot_failed", "reply_timeout")
OPEN = ("bot", "queue", "offer", "agent", "mailbox")
PLACE_KEPT_S = 600.0  # for who has left the queue by himself
# The design's owner table as the checker knows it, on purpose not the product's: (from, event) -> where to.
MOVES: dict[tuple[str | None, str], frozenset[str]] = {
    (None, "opened"): frozenset({"bot", "queue"}),
    **{("bot", reason): frozenset({"queue", "mailbox"}) for reason in REASONS},
    ("bot", "take_over"): frozenset({"agent"}),
    ("queue", "offer"): frozenset({"offer"}),
    ("queue", "claim"): frozenset({"agent"}),
    ("queue", "closing_time"): frozenset({"mailbox"}),
    ("queue", "overflow"): frozenset({"queue", "mailbox"}),
    ("queue", "leave_message"): frozenset({"mailbox"}),
    ("queue", "solved"): frozenset({"bot"}),
    ("offer", "accept"): frozenset({"agent"}),
    ("offer", "decline"): frozenset({"queue"}),
    ("offer", "offer_timeout"): frozenset({"queue"}),
    ("offer", "agent_lost"): frozenset({"queue"}),
    ("offer", "solved"): frozenset({"bot"}),
    ("offer", "leave_message"): frozenset({"mailbox"}),
    ("mailbox", "claim"): frozenset({"agent"}),
    **{(kind, "escalate"): frozenset({"queue", "mailbox"}) for kind in ("queue", "offer", "mailbox")},
    ("agent", "transfer"): frozenset({"agent", "queue"}),
    ("agent", "escalate"): frozenset({"agent", "queue"}),
    ("agent", "take_over"): frozenset({"agent"}),
    ("agent", "agent_lost"): frozenset({"queue"}),
    ("agent", "give_back"): frozenset({"bot"}),
    **{(kind, event): frozenset({"closed"}) for kind in OPEN for event in ("close", "idle")},
    ("closed", "reopen"): frozenset({"bot", "queue"}),
}
BESIDE_BOT = ("queue", "offer", "mailbox")  # there the bot may still answer, marked as interim
CLAIMS = ("accept", "take_over")
RELEASES = ("decline", "transfer", "escalate", "give_back", "close")
AGENT_LOST_SLACK_S = 5.0


@judges("I10")
def epochs_count_up(case: Case) -> Iterator[Finding]:
    """The epochs of a log's state entries are 1, 2, 3 and so on."""
    for log in case.logs.values():
        states = (entry for entry in log.entries if entry.kind == "state")
        for epoch, entry in enumerate(states, 1):
            if entry.epoch != epoch:
                yield Finding(log.conv, f"entry {entry.seq} begins epoch {entry.epoch}", f"epoch {epoch}", (log.line,))
                break


@judges("I10")
def an_epoch_has_one_winner(case: Case) -> Iterator[Finding]:
    """Of all who were told that they changed the owner under one epoch, there is one.

    Whoever accepts what is his already is told so again; that is no second winner.
    """
    won: dict[tuple[str, int, bool], dict[str, int]] = defaultdict(dict)
    for invoke, outcome in case.changes:
        if outcome is None or outcome.k != "ok" or outcome.epoch is None or invoke.verb not in CLAIMS + RELEASES:
            continue
        claims = invoke.verb in CLAIMS
        who = invoke.actor if claims else f"{invoke.actor} {invoke.verb} {invoke.opid or invoke.op}"
        won[outcome.conv or invoke.conv or "", outcome.epoch, claims].setdefault(who, outcome.line)
    for (conv, epoch, _), winners in won.items():
        if len(winners) > 1:
            yield Finding(conv, f"epoch {epoch} was won by {sorted(winners)}", "one winner", tuple(winners.values()))


@judges("I10")
def told_changes_are_in_the_log(case: Case) -> Iterator[Finding]:
    """Who was told that he changed the owner did so: the log has his entry under that epoch."""
    if not case.logs:
        return
    for invoke, outcome in case.changes:
        if outcome is None or outcome.k != "ok" or outcome.epoch is None or invoke.verb not in CLAIMS + RELEASES:
            continue
        conv = outcome.conv or invoke.conv or ""
        if conv in case.erased and conv not in case.logs:
            continue
        entry = case.states.get((conv, outcome.epoch))
        wrong = _untrue(invoke, outcome, entry)
        if wrong:
            line = case.logs[conv].line if conv in case.logs else 0
            told = f"{invoke.actor} was told {invoke.verb} under epoch {outcome.epoch}, but {wrong}"
            yield Finding(conv, told, "what he was told", (invoke.line, outcome.line, line))


def _untrue(invoke: Change, outcome: Change, entry: Entry | None) -> str:
    if entry is None:
        return "no entry begins that epoch"
    if invoke.verb in CLAIMS:
        return "" if (entry.to, entry.agent) == ("agent", invoke.actor) else f"it went to {entry.agent or entry.to}"
    if entry.author != invoke.actor or entry.event not in EVENTS_OF[invoke.verb]:
        return f"it was {entry.event} by {entry.author}"
    if invoke.epoch is not None and outcome.epoch != invoke.epoch + 1:
        return f"he held epoch {invoke.epoch}"
    return ""


@judges("I11")
def the_bot_speaks_as_owner(case: Case) -> Iterator[Finding]:
    """The bot writes where it is the owner, or beside a queue with the mark `interim`."""
    for log in case.logs.values():
        for entry, owner in standings(log.entries):
            if entry.kind != "message" or entry.author_kind != "bot":
                continue
            if owner.kind != "bot" and not (owner.kind in BESIDE_BOT and entry.interim):
                seen = f"entry {entry.seq}: the bot wrote while {owner.agent or owner.kind} owned it"
                yield Finding(log.conv, seen, "nothing of the bot", (log.line,))


@judges("I11")
def agents_speak_as_owner(case: Case) -> Iterator[Finding]:
    """An agent writes to the customer only what he owns, under the epoch that he knew."""
    for log in case.logs.values():
        for entry, owner in standings(log.entries):
            if entry.kind != "message" or entry.author_kind != "agent" or entry.audience != "public":
                continue
            message = case.messages.get((entry.author, entry.cid or ""))
            lines = (*(message.lines if message else ()), log.line)
            if (owner.kind, owner.agent) != ("agent", entry.author):
                seen = f"entry {entry.seq}: {entry.author} wrote while {owner.agent or owner.kind} owned it"
                yield Finding(log.conv, seen, "fenced", lines)
            elif message is not None and message.epochs and entry.epoch not in message.epochs:
                seen = f"entry {entry.seq}: {entry.author} wrote into epoch {entry.epoch} and knew another"
                yield Finding(log.conv, seen, "fenced", lines)


@judges("I11")
def entries_carry_the_present_epoch(case: Case) -> Iterator[Finding]:
    """Every entry that is no move carries the epoch of the last move before it."""
    for log in case.logs.values():
        for entry, owner in standings(log.entries):
            if entry.kind != "state" and entry.epoch != owner.epoch:
                seen = f"entry {entry.seq} of {entry.author} carries epoch {entry.epoch}"
                yield Finding(log.conv, seen, f"epoch {owner.epoch}", (log.line,))


@judges("I11")
def only_the_owner_lets_go(case: Case) -> Iterator[Finding]:
    """Passing on, giving back and closing are the owner's; accepting and declining are his who was asked."""
    for log in case.logs.values():
        for entry, owner in standings(log.entries):
            if entry.kind != "state" or entry.author_kind != "agent":
                continue
            his = entry.event in RELEASES or entry.event == "accept"
            if his and owner.agent != entry.author:
                seen = f"entry {entry.seq}: {entry.event} by {entry.author} while {owner.agent or owner.kind} owned it"
                yield Finding(log.conv, seen, "fenced", (log.line,))


@judges("I12")
def moves_are_legal(case: Case) -> Iterator[Finding]:
    """Every move is one of the owner table, starts where the last one ended, and names whom its kind needs."""
    for log in case.logs.values():
        for entry, owner in standings(log.entries):
            if entry.kind != "state":
                continue
            move = f"entry {entry.seq}: {entry.event} from {owner.kind} to {entry.to}"
            if entry.to not in MOVES.get((owner.kind, entry.event or ""), frozenset()):
                yield Finding(log.conv, move, "a move of the owner table", (log.line,))
            elif entry.source is not None and entry.source != owner.kind:
                yield Finding(log.conv, f"{move}, which says it came from {entry.source}", str(owner.kind), (log.line,))
            elif (entry.agent is not None) != (entry.to in ("offer", "agent")):
                yield Finding(log.conv, f"{move} names agent {entry.agent}", "an agent exactly there", (log.line,))
            elif entry.queue is None and entry.to in BESIDE_BOT:
                yield Finding(log.conv, f"{move} names no queue", "its queue", (log.line,))


def _end(log: Log) -> Standing:
    owner = NOBODY
    for entry in log.entries:
        owner = after(entry, owner)
    return owner


@judges("I12")
def the_head_is_the_replay(case: Case) -> Iterator[Finding]:
    """The cached owner and epoch of a conversation are those that follow from its log."""
    for log in case.logs.values():
        owner = _end(log)
        if log.owner is not None and (log.owner, log.agent) != (owner.kind, owner.agent):
            seen = f"its row says {log.agent or log.owner}"
            yield Finding(log.conv, seen, f"{owner.agent or owner.kind} by its log", (log.line,))
        elif log.epoch is not None and log.epoch != owner.epoch:
            yield Finding(log.conv, f"its row says epoch {log.epoch}", f"{owner.epoch} by its log", (log.line,))


@judges("I13")
def nobody_is_forgotten(case: Case) -> Iterator[Finding]:
    """After the quiesce everything open is in the hands of somebody who can go on with it."""
    if case.quiesce is None:
        return
    agents = {row.agent: row for row in case.all(AgentRow)}
    offered = {log.agent for log in case.logs.values() if _end(log).kind == "offer"}
    for log in case.logs.values():
        seen = _forgotten(case, log, agents, offered)
        if seen:
            yield Finding(log.conv, seen, "somebody who goes on with it", (case.quiesce.line, log.line))


def _forgotten(case: Case, log: Log, agents: dict[str, AgentRow], offered: set[str | None]) -> str:
    """Why nobody goes on with a conversation, or nothing."""
    assert case.quiesce is not None
    owner = _end(log)
    if owner.kind is None:
        return "nobody owns it" if log.entries or log.conv not in case.erased else ""
    if owner.kind == "offer" and log.deadline_in_s is not None and log.deadline_in_s < -AGENT_LOST_SLACK_S:
        return f"the offer to {owner.agent} ran out {-log.deadline_in_s:.0f} s ago"
    if owner.kind == "agent" and owner.agent in agents:
        away = agents[owner.agent].away_s
        if away > case.quiesce.grace_s + AGENT_LOST_SLACK_S:
            return f"{owner.agent} owns it and has been away for {away:.0f} s"
    if owner.kind == "queue" and owner.queue in case.quiesce.pushing:
        for row in agents.values():
            if _could_take(row, log, owner) and row.agent not in offered:
                return f"it waits in {owner.queue} while {row.agent} is free"
    if owner.kind == "bot":
        last = next((entry for entry in reversed(log.entries) if entry.audience == "public"), None)
        if last is not None and last.kind == "message" and last.author_kind == "customer":
            return f"entry {last.seq} of the customer has no answer"
    return ""


def _could_take(row: AgentRow, log: Log, owner: Standing) -> bool:
    free = row.online and row.away_s == 0 and (row.open or 0) < row.cap
    fits = owner.queue in row.queues and (not log.language or log.language in row.languages)
    return free and fits and tenant_of(row.agent) == tenant_of(log.conv)


@dataclass(frozen=True, slots=True)
class Span:
    """For how long something surely was so: after `start` (at the latest) until `end` (at the earliest)."""

    start: float
    end: float
    conv: str
    line: int


def _spans(case: Case, log: Log) -> Iterator[tuple[Standing, Entry, Span]]:
    """Every stretch of a log under one owner, and the entry that began it."""
    moments = case.moments[log.conv]
    states = [place for place, entry in enumerate(log.entries) if entry.kind == "state"]
    for place, following in zip(states, [*states[1:], None], strict=False):
        end = float("inf") if following is None else moments[following][0]
        entry = log.entries[place]
        yield after(entry, NOBODY), entry, Span(moments[place][1], end, log.conv, log.line)


def _most_at_once(spans: list[Span]) -> list[Span]:
    """The largest set of spans that surely overlap."""
    turns = sorted(
        [(one.start, 1, one) for one in spans if one.start < one.end]
        + [(one.end, 0, one) for one in spans if one.start < one.end],
        key=lambda turn: turn[:2],
    )
    held: dict[int, Span] = {}
    most: list[Span] = []
    for _, begins, span in turns:
        if begins:
            held[id(span)] = span
            if len(held) > len(most):
                most = list(held.values())
        else:
            held.pop(id(span))
    return most


@judges("I14")
def nobody_has_more_than_his_capacity(case: Case) -> Iterator[Finding]:
    """At no moment does an agent surely own more conversations than he may."""
    caps: dict[str, int] = {}
    for row in case.all(AgentRow):
        caps[row.agent] = max(row.cap, caps.get(row.agent, 0))
    held: dict[str, list[Span]] = defaultdict(list)
    for log in case.logs.values():
        for owner, _, span in _spans(case, log):
            if owner.kind == "agent" and owner.agent is not None:
                held[owner.agent].append(span)
    for agent, spans in held.items():
        most = _most_at_once(spans)
        if agent in caps and len(most) > caps[agent]:
            convs = sorted(span.conv for span in most)
            lines = tuple(sorted({span.line for span in most}))
            yield Finding("", f"{agent} owned {convs} at once", f"at most {caps[agent]}", lines)


@judges("I14")
def open_is_what_an_agent_owns(case: Case) -> Iterator[Finding]:
    """The count that capacity is decided by is the number of conversations that he owns."""
    owned: dict[str | None, int] = defaultdict(int)
    for log in case.logs.values():
        owner = _end(log)
        if owner.kind == "agent":
            owned[owner.agent] += 1
    last = {row.agent: row for row in case.all(AgentRow)}
    for row in last.values():
        if case.logs and row.open is not None and row.open != owned[row.agent]:
            seen = f"{row.agent} counts {row.open} open conversations"
            yield Finding("", seen, f"{owned[row.agent]} by the logs", (row.line,))


@dataclass(frozen=True, slots=True)
class _Wait:
    """A conversation in a queue, since an unbroken request for a person."""

    requested: tuple[float, float]
    span: Span
    queue: tuple[str, str | None]
    priority: int | None
    left: Entry | None
    left_at: tuple[float, float]


def _waits(case: Case, log: Log) -> Iterator[_Wait]:
    """The stretches in a queue that came straight from the bot, also after offers that led to nothing.

    Not of who came back to the place that was kept for him: it counts from a request before this one.
    """
    moments = case.moments[log.conv]
    kept_until = -float("inf")
    states = [place for place, entry in enumerate(log.entries) if entry.kind == "state"]
    requested: int | None = None
    for place, following in zip(states, [*states[1:], None], strict=False):
        entry = log.entries[place]
        if entry.event == "solved":
            kept_until = moments[place][1] + PLACE_KEPT_S
        if entry.to == "queue" and entry.event in REASONS:
            requested = place if moments[place][0] > kept_until else None
        elif (
            entry.to not in ("queue", "offer")
            or entry.source == "agent"
            or entry.event in ("transfer", "escalate", "overflow")
        ):
            requested = None
        if entry.to == "queue" and requested is not None:
            gone = float("inf") if following is None else moments[following][0]
            yield _Wait(
                requested=moments[requested],
                span=Span(moments[place][1], gone, log.conv, log.line),
                queue=(tenant_of(log.conv), entry.queue),
                priority=log.entries[requested].priority,
                left=None if following is None else log.entries[following],
                left_at=(gone, float("inf")) if following is None else moments[following],
            )


@judges("I21")
def queues_are_fair(case: Case) -> Iterator[Finding]:
    """Nobody is offered to an agent before somebody of the same priority who has surely waited for longer."""
    spoken = {log.language for log in case.logs.values() if log.language}
    able = {row.agent for row in case.all(AgentRow) if spoken <= set(row.languages)}
    lines: dict[tuple[tuple[str, str | None], int | None], list[_Wait]] = defaultdict(list)
    for log in case.logs.values():
        for wait in _waits(case, log):
            lines[wait.queue, wait.priority].append(wait)
    for waits in lines.values():
        waits.sort(key=lambda one: one.requested)
        waiting: list[_Wait] = []
        for wait in waits:
            # Who left before this one asked for a person cannot have been passed over by it, nor by later ones.
            waiting = [other for other in waiting if other.span.end > wait.requested[0]]
            if wait.left is not None and wait.left.event == "offer" and wait.left.agent in able:
                passed = next((other for other in waiting if _passed_over(other, wait)), None)
                if passed is not None:
                    seen = f"offered to {wait.left.agent} before {passed.span.conv}, which had waited for longer"
                    yield Finding(wait.span.conv, seen, "first come, first served", (passed.span.line, wait.span.line))
            waiting.append(wait)


def _passed_over(first: _Wait, second: _Wait) -> bool:
    """Whether `second` was surely offered while `first`, who surely asked earlier, surely waited."""
    earlier = first.requested[1] < second.requested[0]
    waited = first.span.start < second.left_at[0] and second.left_at[1] < first.span.end
    return earlier and waited and first.span.conv != second.span.conv


@judges("I25")
def a_contact_has_one_open_conversation(case: Case) -> Iterator[Finding]:
    """At no moment are two conversations of one contact on one channel surely open."""
    opened: dict[tuple[str, str, str], list[Span]] = defaultdict(list)
    for log in case.logs.values():
        if not log.contact:
            continue
        start: Span | None = None
        for owner, _, span in _spans(case, log):
            if owner.kind == "closed":
                start = None
                continue
            if start is not None:
                opened[tenant_of(log.conv), log.channel, log.contact].pop()
            start = Span(start.start if start else span.start, span.end, span.conv, span.line)
            opened[tenant_of(log.conv), log.channel, log.contact].append(start)
    for (_, channel, contact), spans in opened.items():
        most = _most_at_once(spans)
        if len(most) > 1:
            convs = sorted(span.conv for span in most)
            seen = f"{contact} had {convs} open on {channel} at once"
            yield Finding(convs[0], seen, "one", tuple(sorted({span.line for span in most})))
