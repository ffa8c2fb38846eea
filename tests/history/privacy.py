"""Who may know what: tenants apart, notes inside, erased means gone, and an audit that nobody can edit."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.history.case import Case, Finding, judges
from tests.history.events import (
    Admin,
    AgentRow,
    AuditRow,
    Canary,
    ChanRx,
    Entry,
    Erase,
    Recv,
    Resume,
    Saw,
    kind_of,
    tenant_of,
)


@judges("I17")
def tenants_stay_apart(case: Case) -> Iterator[Finding]:
    """Whatever a principal is shown, or succeeds to write, belongs to his tenant."""
    for one in case.all(Recv):
        holder = case.holders.get(one.session)
        if holder is not None and tenant_of(holder.principal) != tenant_of(one.conv):
            yield Finding(one.conv, f"{holder.principal} was shown it", "its own tenant only", (holder.line, one.line))
    for saw in case.all(Saw):
        if tenant_of(saw.principal) != saw.tenant or (saw.conv and tenant_of(saw.conv) != saw.tenant):
            seen = f"{saw.principal} saw something of {saw.tenant} in {saw.where}"
            yield Finding(saw.conv or "", seen, "his own tenant only", (saw.line,))
    for log in case.logs.values():
        for entry in log.entries:
            if tenant_of(entry.author) != tenant_of(log.conv):
                yield Finding(log.conv, f"entry {entry.seq} is of {entry.author}", "its own tenant only", (log.line,))


@judges("I18")
def customers_see_their_own(case: Case) -> Iterator[Finding]:
    """A customer is shown conversations of nobody else."""
    for session, holder in case.holders.items():
        if kind_of(holder.principal) != "customer":
            continue
        for conv in case.conversations_of(session):
            log = case.logs.get(conv)
            happened = case.following[session, conv]
            shown = [one for one in happened if isinstance(one, Recv)]
            if log is not None and log.contact and log.contact != holder.principal and shown:
                lines = (holder.line, shown[0].line, log.line)
                yield Finding(conv, f"{holder.principal} was shown it", f"only {log.contact}", lines)
    for saw in case.all(Saw):
        log = case.logs.get(saw.conv or "")
        if kind_of(saw.principal) == "customer" and log is not None and log.contact not in ("", saw.principal):
            seen = f"{saw.principal} saw it in {saw.where}"
            yield Finding(log.conv, seen, f"only {log.contact}", (saw.line, log.line))


@judges("I18")
def notes_stay_inside(case: Case) -> Iterator[Finding]:
    """A customer is shown nothing of an internal entry but its place, on no way out."""
    notes = [(log.conv, entry) for log in case.logs.values() for entry in log.entries if entry.audience == "internal"]
    said = {(conv, entry.h) for conv, entry in notes if entry.h}
    mids = {entry.mid for _, entry in notes}
    for one in case.all(Recv):
        holder = case.holders.get(one.session)
        if holder is None or kind_of(holder.principal) != "customer":
            continue
        if one.vis == "internal" or (one.vis == "public" and ((one.conv, one.h) in said or one.mid in mids)):
            seen = f"{holder.principal} was shown note {one.seq}"
            yield Finding(one.conv, seen, "a place-holder", (holder.line, one.line))
        elif one.vis == "hidden" and (one.mid or one.h):
            yield Finding(one.conv, f"hidden entry {one.seq} names its content", "a place-holder", (one.line,))
    for delivery in case.all(ChanRx):
        if delivery.key in mids:
            yield Finding(
                delivery.conv, f"note {delivery.key} went out on {delivery.chan}", "nothing", (delivery.line,)
            )
    for saw in case.all(Saw):
        if kind_of(saw.principal) == "customer" and saw.audience == "internal":
            yield Finding(saw.conv or "", f"{saw.principal} saw a note in {saw.where}", "nothing", (saw.line,))


@judges("I18")
def agents_see_what_is_for_them(case: Case) -> Iterator[Finding]:
    """A whisper is shown to nobody but whom it is for, who said it and supervisors; what is about an agent's own
    complaint not to him; everything else to every agent of the tenant."""
    agents = {row.agent: row for row in case.all(AgentRow)}
    for one in case.all(Recv):
        holder, entry = case.holders.get(one.session), case.places.get(one.conv, {}).get(one.seq)
        if holder is None or entry is None or kind_of(holder.principal) != "agent" or entry.erased:
            continue
        kept, lines = _is_kept(entry, holder.principal, agents), (holder.line, one.line, case.logs[one.conv].line)
        if kept and (one.vis != "hidden" or one.mid or one.h):
            yield Finding(one.conv, f"{holder.principal} was shown entry {one.seq}", "a place-holder", lines)
        elif kept is False and one.vis == "hidden":
            yield Finding(one.conv, f"entry {one.seq} was hidden from {holder.principal}", "the entry", lines)


def _is_kept(entry: Entry, agent: str, agents: dict[str, AgentRow]) -> bool | None:
    """Whether an agent may not see an entry; None when the tester does not know his role."""
    if entry.kept_from == agent:
        return True
    if entry.whisper is None or agent in (entry.whisper, entry.author):
        return False
    return None if agent not in agents else not agents[agent].supervises


@judges("I19")
def the_audit_is_a_chain(case: Case) -> Iterator[Finding]:
    """Rows count 1, 2, 3 for each tenant; each names the hash of the one before; each hash is that of its content."""
    rows: dict[str, dict[int, AuditRow]] = defaultdict(dict)
    for row in case.all(AuditRow):
        rows[row.tenant][row.n] = row
    for tenant, found in rows.items():
        before: AuditRow | None = None
        for place, n in enumerate(sorted(found), 1):
            row = found[n]
            lines = (*((before.line,) if before else ()), row.line)
            if n != place:
                yield Finding(tenant, f"audit row {place} is missing", f"rows 1 to {len(found)}", lines)
                break
            if before is not None and row.prev != before.hash:
                yield Finding(tenant, f"audit row {n} does not continue row {n - 1}", "its hash", lines)
                break
            if row.content and hashlib.sha256(row.content.encode()).hexdigest() != row.hash:
                yield Finding(tenant, f"audit row {n} is not what was hashed", "its own content", lines)
                break
            if row.content and row.prev not in row.content:
                yield Finding(tenant, f"the hash of audit row {n} leaves out row {n - 1}", "a chain", lines)
                break
            before = row


@judges("I19")
def the_audit_is_complete(case: Case) -> Iterator[Finding]:
    """Every erasure, every administrative act and (where they are audited) every move has one row of its own."""
    rows = Counter((row.tenant, row.action, row.subject) for row in case.all(AuditRow))
    if not rows:
        return
    done: Counter[tuple[str, str, str]] = Counter()
    maybe: Counter[tuple[str, str, str]] = Counter()
    lines: dict[tuple[str, str, str], int] = {}
    for attempt in (*case.attempts(Erase), *case.attempts(Admin)):
        asked = attempt.invoke
        assert isinstance(asked, Erase | Admin)
        if not asked.action:
            continue
        tenant = asked.tenant if isinstance(asked, Admin) else tenant_of(asked.subject)
        key = (tenant, asked.action, asked.subject)
        lines[key] = asked.line
        (done if attempt.result == "ok" else maybe)[key] += attempt.result != "fail"
    if any(action == "state" for _, action, _ in rows):
        for log in case.logs.values():
            for entry in log.entries:
                if entry.kind == "state":
                    key = (tenant_of(log.conv), "state", f"{log.conv}#{entry.epoch}")
                    done[key] += 1
                    lines[key] = log.line
    for key, times in (done | maybe).items():
        least = done[key]
        if not least <= rows[key] <= max(least + maybe[key], times):
            seen = f"{rows[key]} audit rows tell of {key[1]} {key[2]}"
            yield Finding(key[0], seen, f"{least}", (lines[key],))


@judges("I20")
def erased_is_gone(case: Case) -> Iterator[Finding]:
    """After an erasure nothing that only its subject wrote is found anywhere or shown to anybody who asks anew."""
    gone = {invoke.subject: outcome for invoke, outcome in case.erasures if outcome is not None and outcome.k == "ok"}
    if not gone:
        return
    for canary in case.all(Canary):
        erased = gone.get(canary.subject)
        if erased is not None and canary.t > erased.t:
            seen = f"{canary.subject} was erased and is still in {canary.where}"
            yield Finding("", seen, "nothing of him", (erased.line, canary.line))
    said = {(message.first.h): message.author for message in case.messages.values() if message.author in gone}
    for log in case.logs.values():
        for entry in log.entries:
            erased = gone.get(said.get(entry.h, "")) if not entry.erased else None
            if erased is not None and entry.author_kind == "customer" and log.t > erased.t:
                seen = f"entry {entry.seq} of {entry.author} has its content after the erasure"
                yield Finding(log.conv, seen, "nothing of him", (erased.line, log.line))
    for happened in case.following.values():
        resumed: Resume | None = None
        for one in happened:
            if isinstance(one, Resume):
                resumed = one
                continue
            erased = gone.get(said.get(one.h or "", ""))
            # A frame that was under way when the erasure ended may arrive after it; what is asked for anew may not.
            if erased is not None and resumed is not None and resumed.t > erased.t:
                seen = f"entry {one.seq} of an erased customer was shown to {resumed.principal}"
                yield Finding(one.conv, seen, "nothing of him", (erased.line, resumed.line, one.line))
