"""The owner table. What is not listed here is refused; nothing else decides who owns a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handoff_service.conversations.model import Entry, Event, Kind, Owner, OwnerKind
from handoff_service.errors import IllegalTransition

BOT, QUEUE, OFFER, AGENT, MAILBOX, CLOSED = OwnerKind
OPEN = frozenset({BOT, QUEUE, OFFER, AGENT, MAILBOX})

_TO_PEOPLE = frozenset({QUEUE, MAILBOX})

# (from, event) -> where it may go. `None` is a conversation that does not exist yet.
TRANSITIONS: Mapping[tuple[OwnerKind | None, Event], frozenset[OwnerKind]] = {
    (None, Event.OPENED): frozenset({BOT, QUEUE}),
    (BOT, Event.ASKED): _TO_PEOPLE,
    (BOT, Event.UNSURE): _TO_PEOPLE,
    (BOT, Event.UNHAPPY): _TO_PEOPLE,
    (BOT, Event.POLICY): _TO_PEOPLE,
    (BOT, Event.BOT_FAILED): _TO_PEOPLE,
    (BOT, Event.REPLY_TIMEOUT): _TO_PEOPLE,
    (BOT, Event.TAKE_OVER): frozenset({AGENT}),
    (QUEUE, Event.OFFER): frozenset({OFFER}),
    (QUEUE, Event.CLAIM): frozenset({AGENT}),
    (QUEUE, Event.CLOSING_TIME): frozenset({MAILBOX}),
    (QUEUE, Event.OVERFLOW): frozenset({QUEUE, MAILBOX}),
    (QUEUE, Event.LEAVE_MESSAGE): frozenset({MAILBOX}),
    (QUEUE, Event.SOLVED): frozenset({BOT}),
    (OFFER, Event.ACCEPT): frozenset({AGENT}),
    (OFFER, Event.DECLINE): frozenset({QUEUE}),
    (OFFER, Event.OFFER_TIMEOUT): frozenset({QUEUE}),
    (OFFER, Event.AGENT_LOST): frozenset({QUEUE}),
    (OFFER, Event.SOLVED): frozenset({BOT}),  # to the customer an offer is still waiting, so he may leave
    (OFFER, Event.LEAVE_MESSAGE): frozenset({MAILBOX}),
    (MAILBOX, Event.CLAIM): frozenset({AGENT}),
    (QUEUE, Event.ESCALATE): _TO_PEOPLE,  # the customer asks for the senior tier
    (OFFER, Event.ESCALATE): _TO_PEOPLE,
    (MAILBOX, Event.ESCALATE): _TO_PEOPLE,
    (AGENT, Event.TRANSFER): frozenset({AGENT, QUEUE}),
    (AGENT, Event.ESCALATE): frozenset({AGENT, QUEUE}),
    (AGENT, Event.TAKE_OVER): frozenset({AGENT}),  # a supervisor steps in
    (AGENT, Event.AGENT_LOST): frozenset({QUEUE}),
    (AGENT, Event.GIVE_BACK): frozenset({BOT}),
    **{(kind, event): frozenset({CLOSED}) for kind in OPEN for event in (Event.CLOSE, Event.IDLE)},
    (CLOSED, Event.REOPEN): frozenset({BOT, QUEUE}),
}


def check(owner: Owner | None, event: Event, to: Owner) -> None:
    """Raises IllegalTransition unless the table lists the move and `to` names whom its kind needs."""
    kind = owner.kind if owner else None
    if to.kind not in TRANSITIONS.get((kind, event), frozenset()):
        raise IllegalTransition(f"{event} does not lead from {kind or 'nothing'} to {to.kind}.", owner=kind)
    needs_agent = to.kind in (AGENT, OFFER)
    if needs_agent != (to.agent is not None):
        raise IllegalTransition(f"{to.kind} with agent={to.agent!r}: exactly an offer and an agent name one.")
    if to.kind in (QUEUE, OFFER, MAILBOX) and to.queue is None:
        raise IllegalTransition(f"{to.kind} must name its queue.")


def allows(owner: Owner, event: Event) -> bool:
    """Whether the table lists any move for `event` from here."""
    return (owner.kind, event) in TRANSITIONS


def replay(entries: Iterable[Entry]) -> tuple[Owner | None, int]:
    """Owner and epoch that follow from a timeline; checks every move on the way.

    Raises IllegalTransition for a move that the table refuses or an epoch that is not the next one.
    """
    owner: Owner | None = None
    epoch = 0
    for entry in entries:
        if entry.kind is not Kind.STATE:
            continue
        raw = entry.body["to"]
        to = Owner(OwnerKind(raw["kind"]), raw.get("agent"), raw.get("queue"))
        check(owner, Event(entry.body["event"]), to)
        if entry.epoch != epoch + 1:
            raise IllegalTransition(
                f"entry {entry.seq} of {entry.conversation} has epoch {entry.epoch}, not {epoch + 1}."
            )
        owner, epoch = to, entry.epoch
    return owner, epoch
