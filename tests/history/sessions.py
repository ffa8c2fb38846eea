"""What sessions are shown: the log, in order, without gaps, to the end; and cursors that only go forward."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.history.case import Case, Finding, judges
from tests.history.events import Ack, CursorRow, Live, Recv, Resume


@judges("I5")
def received_is_in_the_log(case: Case) -> Iterator[Finding]:
    """What any session was shown is what the log says, unless it was erased since."""
    if not case.logs:
        return
    for one in case.all(Recv):
        if one.conv not in case.logs:
            if one.conv not in case.erased:
                yield Finding(one.conv, f"entry {one.seq} was shown, its log was not found", "a log", (one.line,))
            continue
        entry = case.places[one.conv].get(one.seq)
        lines = (one.line, case.logs[one.conv].line)
        if entry is None:
            if one.conv not in case.erased:
                yield Finding(one.conv, f"entry {one.seq} was shown and is not in the log", "that entry", lines)
        elif one.vis == "hidden":
            holder = case.holders.get(one.session)
            if entry.audience != "internal" and (holder is None or entry.kept_from != holder.principal):
                yield Finding(one.conv, f"public entry {one.seq} was hidden", "the entry", lines)
        elif one.vis != entry.audience or (one.mid != entry.mid and not (entry.erased and not entry.mid)):
            seen = f"entry {one.seq} was shown as {one.mid} ({one.vis})"
            yield Finding(one.conv, seen, f"{entry.mid} ({entry.audience})", lines)
        elif one.h != entry.h and not entry.erased and one.h is not None:
            yield Finding(one.conv, f"entry {one.seq} was shown with another content", "what the log says", lines)


@judges("I6")
def sessions_see_every_seq_in_order(case: Case) -> Iterator[Finding]:
    """After a resume behind k a session gets k+1, k+2 and so on."""
    for (session, conv), happened in case.following.items():
        last, line = 0, happened[0].line
        for one in happened:
            if isinstance(one, Resume):
                last, line = one.after, one.line
                continue
            if one.seq != last + 1:
                seen = f"entry {one.seq} on {session} behind entry {last}"
                yield Finding(conv, seen, f"entry {last + 1}", (line, one.line))
            last, line = one.seq, one.line


@judges("I7")
def live_sessions_have_everything(case: Case) -> Iterator[Finding]:
    """After the quiesce whoever follows a conversation has all of it."""
    for live in case.all(Live):
        if live.conv not in case.logs:
            continue
        happened = case.following.get((live.session, live.conv), [])
        cursor = 0
        for one in happened:
            cursor = one.after if isinstance(one, Resume) else one.seq
        size = len(case.logs[live.conv].entries)
        if cursor != size:
            lines = (*(one.line for one in happened[-1:]), live.line, case.logs[live.conv].line)
            yield Finding(live.conv, f"{live.session} stands at entry {cursor}", f"entry {size}", lines)


@judges("I7")
def devices_resume_from_what_they_saw(case: Case) -> Iterator[Finding]:
    """Nobody resumes behind an entry that his device was never sent."""
    highest: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in case.history.events:
        if isinstance(one, Recv):
            holder = case.holders.get(one.session)
            if holder is not None:
                key = (holder.principal, holder.device, one.conv)
                highest[key] = max(highest[key], one.seq)
        elif isinstance(one, Resume):
            seen = highest[one.principal, one.device, one.conv]
            if one.after > seen:
                told = f"{one.device} resumes behind entry {one.after}"
                yield Finding(one.conv, told, f"at most {seen}, the last that it was sent", (one.line,))


@judges("I22")
def cursors_go_forward(case: Case) -> Iterator[Finding]:
    """What the server remembers of a device never goes back, nor do a session's own acknowledgements."""
    rows: dict[tuple[str, str, str], CursorRow] = {}
    acks: dict[tuple[str, str], Ack] = {}
    for one in case.history.events:
        if isinstance(one, CursorRow):
            key = (one.principal, one.device, one.conv)
            before = rows.get(key, one)
            if one.acked < before.acked or one.read < before.read:
                seen = f"cursor of {one.device} went from {before.acked}/{before.read} to {one.acked}/{one.read}"
                yield Finding(one.conv, seen, "never back", (before.line, one.line))
            rows[key] = one
        elif isinstance(one, Ack):
            earlier = acks.get((one.session, one.conv), one)
            if one.seq < earlier.seq or (one.read is not None and one.read < (earlier.read or 0)):
                seen = f"{one.session} acknowledged {earlier.seq}, then {one.seq}"
                yield Finding(one.conv, seen, "never back", (earlier.line, one.line))
            acks[one.session, one.conv] = one


@judges("I22")
def cursors_stay_behind_what_was_received(case: Case) -> Iterator[Finding]:
    """The server remembers nothing as received that the device was not sent."""
    highest: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in case.history.events:
        if isinstance(one, Recv):
            holder = case.holders.get(one.session)
            if holder is not None:
                key = (holder.principal, holder.device, one.conv)
                highest[key] = max(highest[key], one.seq)
        elif isinstance(one, CursorRow):
            had = highest[one.principal, one.device, one.conv]
            if one.acked > had:
                seen = f"{one.device} is remembered at entry {one.acked}"
                yield Finding(one.conv, seen, f"at most {had}, the last that it was sent", (one.line,))
