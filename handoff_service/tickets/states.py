"""The table of a ticket's states. What is not listed here is refused; nothing else decides on a state. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from handoff_service.errors import IllegalTransition
from handoff_service.tickets.model import Deed, Happening, State, Ticket

OPEN, IN_PROGRESS, WAITING, RESOLVED, CLOSED = State
LOOK_AT_WAITING = timedelta(days=1)
UNFINISHED = frozenset({OPEN, IN_PROGRESS, WAITING})
ENDED = frozenset({RESOLVED, CLOSED})

# (from, deed) -> where it may go; `None` is a ticket that does not exist yet. Deeds that are not here change no state.
MOVES: Mapping[tuple[State | None, Deed], frozenset[State]] = {
    (None, Deed.OPENED): frozenset({OPEN}),
    (OPEN, Deed.TAKEN): frozenset({IN_PROGRESS}),
    (WAITING, Deed.TAKEN): frozenset({WAITING}),
    **{(state, Deed.ASSIGNED): frozenset({state}) for state in UNFINISHED},
    (OPEN, Deed.RELEASED): frozenset({OPEN}),
    (IN_PROGRESS, Deed.RELEASED): frozenset({OPEN}),
    (WAITING, Deed.RELEASED): frozenset({WAITING}),
    (OPEN, Deed.AWAITED): frozenset({WAITING}),
    (IN_PROGRESS, Deed.AWAITED): frozenset({WAITING}),
    (WAITING, Deed.ANSWERED): frozenset({OPEN, IN_PROGRESS}),
    **{(state, Deed.RESOLVED): frozenset({RESOLVED}) for state in UNFINISHED},
    **{(state, Deed.REOPENED): frozenset({OPEN, IN_PROGRESS}) for state in ENDED},
    **{(state, Deed.CLOSED): frozenset({CLOSED}) for state in (*UNFINISHED, RESOLVED)},
    **{(state, Deed.MERGED): frozenset({CLOSED}) for state in (*UNFINISHED, RESOLVED)},
}
MOVING = frozenset(deed for _, deed in MOVES)


def check(state: State | None, deed: Deed, to: State) -> None:
    """Raises IllegalTransition, which names what is possible, unless the table lists the move."""
    if to not in MOVES.get((state, deed), frozenset()):
        able = sorted(one for here, one in MOVES if here == state)
        raise IllegalTransition(
            f"A ticket that is {state or 'not there'} cannot be {deed}; it can be {', '.join(able) or 'nothing more'}.",
            state=state,
        )


def after_working(ticket: Ticket) -> State:
    """Where a ticket goes on: with its agent, or open to all."""
    return State.IN_PROGRESS if ticket.agent else State.OPEN


def replay(happenings: Iterable[Happening]) -> tuple[State | None, str | None, int]:
    """State, owning agent and number of lines that follow from a log; checks every move on the way.

    Raises IllegalTransition for a move that the table refuses, and for a line that is missing.
    """
    state: State | None = None
    agent: str | None = None
    n = 0
    for one in happenings:
        if one.n != n + 1:
            raise IllegalTransition(f"line {n + 1} is missing in the log of the ticket; there is {one.n}.")
        n = one.n
        if one.kind in MOVING:
            to = State(one.body["to"])
            if not (one.n == 1 and one.kind is Deed.OPENED):  # one of an earlier release begins where it stood
                check(state, one.kind, to)
            state = to
        if "agent" in one.body:
            agent = one.body["agent"]
    return state, agent, n


def next_look(
    ticket: Ticket,
    reopen_days: int,
    *,
    warn_at: datetime | None = None,
    waits: bool = False,
    give_at: datetime | None = None,
) -> datetime | None:
    """When something is to happen by itself: a planned check, the passing of the due time, the end of reopening.

    Before the due time at `warn_at`; at `give_at` somebody is looked for who takes it; while its customer is waited
    for (`waits`: he is reminded) once a day. Of a promise the due time is written by whoever makes or renews it,
    see store.open_ticket; one that was missed is renewed, so its new time counts too.
    """
    if ticket.merged_into is not None:
        return None
    moments = [ticket.check_at]
    if ticket.state in (OPEN, IN_PROGRESS):
        renewed = ticket.is_promise and ticket.conversation != ""
        moments += [ticket.due_at] if renewed or ticket.overdue_at is None else []
        moments += [warn_at] if ticket.overdue_at is None else []
    if ticket.state is OPEN and ticket.agent is None and not ticket.is_promise:
        moments.append(give_at)
    if ticket.state is WAITING and waits and not ticket.is_promise:
        moments.append(ticket.updated_at + LOOK_AT_WAITING)
    if ticket.state is RESOLVED and ticket.ended_at is not None:
        moments.append(ticket.ended_at + timedelta(days=reopen_days))
    return min((moment for moment in moments if moment is not None), default=None)
