"""The ledger of promises in words: written down when they are made, kept by an answer, chased when they are not. Pure.

An answer that was promised is given by an agent's next words, unless they still belong to the same talk. An act has to
be marked as done. Whoever ends the conversation with a wrap-up code says that nothing is owed any more; one that ends
by itself leaves its promises open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handoff_service.calendars.moments import add_working_days, add_working_time, working_time
from handoff_service.conversations.model import Author, AuthorKind, Entry, Event
from handoff_service.promises.detect import Deed, Found, promises_made
from handoff_service.promises.model import Promise, Settled
from handoff_service.promises.settings import MINUTE, PromiseSettings
from handoff_service.promises.when import Said

# What an agent says within it after his promise still belongs to the talk in which he gave it.
TALK = timedelta(minutes=10)
# Of one message; who lists more is quoting rules.
MOST = 5
LONGEST_QUOTE = 400


def is_spoken_by_us(author: AuthorKind, body: Mapping[str, Any]) -> bool:
    """Whether promises are looked for in a public message: not where the words are an article's or the gateway's."""
    spoken = author is AuthorKind.AGENT or (author is AuthorKind.BOT and body.get("kind") != "handoff")
    return spoken and not body.get("article") and not body.get("sources")


def made(
    entry: Entry, said: Said, rules: PromiseSettings, *, queue: str | None, new_id: Iterator[str]
) -> Iterator[Promise]:
    """The promises of a message, with their deadlines."""
    text = str(entry.body.get("text", ""))
    found = list(promises_made(text, said, by_person=entry.author.kind is AuthorKind.AGENT))
    for n, one in enumerate(found[:MOST]):
        due_at = one.due_at or _vague_due(one, said, rules)
        yield Promise(
            tenant=entry.tenant,
            id=next(new_id),
            conversation=entry.conversation,
            seq=entry.seq,
            n=n,
            text=one.text[:LONGEST_QUOTE],
            deed=one.deed,
            by_kind=entry.author.kind,
            by_id=entry.author.id,
            queue=queue,
            said_at=said.at,
            due_at=due_at,
            remind_at=(remind_at := _remind_at(said, due_at, rules.remind_at)),
            vague=one.due_at is None,
            next_at=remind_at,
        )


def _vague_due(found: Found, said: Said, rules: PromiseSettings) -> datetime:
    if found.soon:
        due = add_working_time(said.calendar, said.at, rules.soon_min * MINUTE)
    else:
        due = add_working_days(said.calendar, said.at, rules.untimed_days)
    # A calendar that does not open for more than a year: the clock on the wall is all there is.
    return due if due is not None and due > said.at else said.at + timedelta(days=1)


def _remind_at(said: Said, due_at: datetime, share: float) -> datetime:
    """After this share of the working time until then; of the time on the clock where nobody works before."""
    open_for = working_time(said.calendar, said.at, due_at)
    if open_for:
        at = add_working_time(said.calendar, said.at, share * open_for)
        if at is not None and at < due_at:
            return at
    return said.at + share * (due_at - said.at)


def fresh(found: Iterable[Promise], open_ones: Sequence[Promise]) -> Iterator[Promise]:
    """Without those that only say again what is owed already: the same deed by the same time in the same talk."""
    for one in found:
        if not any(
            old.deed == one.deed and old.due_at == one.due_at and one.said_at - old.said_at <= TALK for old in open_ones
        ):
            yield one


def kept_by(entry: Entry, open_ones: Iterable[Promise]) -> Iterator[Promise]:
    """The open promises of an answer that an agent's message keeps."""
    for one in open_ones:
        if one.deed != Deed.ANSWER or one.seq >= entry.seq:
            continue
        soon = one.vague and one.due_at - one.said_at <= timedelta(hours=1)
        if one.by_kind != AuthorKind.AGENT or soon or entry.at - one.said_at >= TALK:
            yield settled(one, Settled.KEPT, entry.at, by=entry.author, reason=None)


def cancelled_by(entry: Entry, open_ones: Iterable[Promise]) -> Iterator[Promise]:
    """The open promises that end with the conversation, for the reason that its wrap-up code gives."""
    wrap_up = entry.body.get("wrap_up")
    if entry.body.get("event") == Event.CLOSE and wrap_up:
        for one in open_ones:
            yield settled(one, Settled.CANCELLED, entry.at, by=entry.author, reason=str(wrap_up))


def settled(promise: Promise, state: Settled, at: datetime, *, by: Author, reason: str | None) -> Promise:
    """The promise when nothing is owed any more."""
    return replace(promise, state=state, settled_at=at, settled_by=f"{by.kind}:{by.id}", reason=reason, next_at=None)


def tell(promise: Promise, now: datetime) -> tuple[Promise, str | None]:
    """What is due to be told: "reminder" to the agent or "overdue" to supervisors, and the promise after it."""
    if promise.state is not Settled.OPEN or promise.next_at is None or promise.next_at > now:
        return promise, None
    if promise.due_at <= now:
        return replace(promise, overdue_at=now, next_at=None), "overdue"
    return replace(promise, reminded_at=now, next_at=promise.due_at), "reminder"
