"""Stars after a human episode, on platforms: the closing words ask for them, and the next short answer gives them.

What is asked depends on the closing entry alone, so that every attempt at its delivery says the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.channels.model import Inbound
from handoff_service.channels.wording import chosen
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, AuthorKind, Conversation, Draft, Entry, Event, Kind
from handoff_service.conversations.opinion import may_rate, rate
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.inputs import is_seq
from handoff_service.tenants import store as tenants
from handoff_service.texts import say

LONGEST_ANSWER = 60  # characters
LOOK_BACK = 20  # entries; what stands behind the closing words are notes


def stars(language: str) -> Sequence[Mapping[str, str]]:
    """The answers as buttons, so that the number of each is its score."""
    titles = (
        say("stars_1", language),
        say("stars_2", language),
        say("stars_3", language),
        say("stars_4", language),
        say("stars_5", language),
    )
    return [{"title": title} for title in titles]


def asks(connection: sa.Connection, entry: Entry) -> bool:
    """Whether an entry is the end of a human episode after which the tenant wants to know how it was."""
    if entry.kind is not Kind.STATE or entry.body.get("event") != Event.CLOSE:
        return False
    if entry.author.kind is not AuthorKind.AGENT:
        return False
    return tenants.find(connection, entry.tenant).settings.wants_survey(entry.body.get("wrap_up"))


def answered(tx: Transaction, sender: Sender, event: Inbound, context: Context) -> tuple[str, int] | None:
    """Takes the event as stars, if it is the first thing that the customer says after the closing words.

    Returns where the rating stands; None for what is something else.
    """
    closed = conversations.current(tx.connection, sender.tenant, sender.channel, sender.contact)
    if closed is None or event.media or not may_rate(tx.connection, closed, context):
        return None
    if not _was_asked(tx, closed):  # it ended by itself: "2" means something else
        return None
    score = _score(tx, closed, event)
    if score is None:
        return None
    contacts.lock(tx.connection, sender.tenant, sender.contact)  # before his conversations, as blocking does
    locked = conversations.find(tx.connection, closed.tenant, closed.id, lock=True)
    if not may_rate(tx.connection, locked, context):  # a second answer was quicker
        return None
    entry = rate(tx, sender, locked, score=score, comment="", context=context)
    locked = conversations.find(tx.connection, closed.tenant, closed.id, lock=True)
    thanks = {"text": say("stars_thanks", locked.language)}
    conversations.append(tx, locked, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=thanks), context.now)
    return closed.id, entry.seq


def _was_asked(tx: Transaction, closed: Conversation) -> bool:
    since = closed.last_seq - LOOK_BACK
    recent = conversations.entries_after(tx.connection, closed.tenant, closed.id, since, limit=LOOK_BACK)
    end = next((one for one in reversed(recent) if one.body.get("event") in (Event.CLOSE, Event.IDLE)), None)
    return end is not None and asks(tx.connection, end)


def _score(tx: Transaction, closed: Conversation, event: Inbound) -> int | None:
    """1 to 5, where the event is a pressed answer, its number or its words."""
    answers, press = stars(closed.language), event.body.get("press")
    if isinstance(press, Mapping):
        pressed = _pressed(tx, closed, press)
        ours = pressed is not None and asks(tx.connection, pressed) and press["index"] in range(len(answers))
        return int(press["index"]) + 1 if ours else None
    text = str(event.body.get("text", ""))
    index = chosen(text, answers) if 0 < len(text) <= LONGEST_ANSWER else None
    return None if index is None else index + 1


def _pressed(tx: Transaction, closed: Conversation, press: Mapping[str, Any]) -> Entry | None:
    """The entry of the conversation under which a button was pressed: platforms give back its `mid`, the API `seq`."""
    if "mid" in press:
        entry = conversations.entry_of(tx.connection, closed.tenant, press["mid"])
        return entry if entry is not None and entry.conversation == closed.id else None
    if not is_seq(press.get("seq")) or press["seq"] > closed.last_seq:
        return None
    return conversations.entry_at(tx.connection, closed.tenant, closed.id, press["seq"])
