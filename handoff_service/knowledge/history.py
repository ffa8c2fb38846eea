"""What is known of a contact: for the knowledge base, which ranks by it and asks whether what was asked is solved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store
from handoff_service.conversations.model import AuthorKind, Conversation, Entry, Event, Kind, OwnerKind

CONVERSATIONS = 2
"""The contact's last conversations before this one."""

ENTRIES = 80
"""Of each, the last ones."""

MOST = 20
LONGEST = 120
"""Characters of a product, as the contract has it."""

SOLVED = "/solved"


def former_conversations(connection: sa.Connection, conversation: Conversation) -> list[Conversation]:
    """Those of the same contact that were opened before, oldest first."""
    return [
        each
        for each in store.of_contact(connection, conversation.tenant, conversation.contact)
        if each.id != conversation.id and each.opened_at < conversation.opened_at
    ]


def known_about(
    connection: sa.Connection, conversation: Conversation, former: Sequence[Conversation]
) -> dict[str, Any] | None:
    """`contact` of the turn contract: what the contact has, and which articles answered him in former conversations.

    His products are what the page has told as its attribute `products`: a claim, which is enough to choose between
    articles that fit equally well. None when nothing is known.
    """
    asked = [
        one
        for each in former[-CONVERSATIONS:]
        for one in asked_in(store.entries_after(connection, each.tenant, each.id, max(0, each.last_seq - ENTRIES)))
    ]
    newest = {one["article"]: one for one in asked}  # of an article that answered twice, the last time counts
    known = contacts.attributes(connection, conversation.tenant, conversation.contact)
    products = _products(known.get("products"))
    return {"products": products, "asked": list(newest.values())[-MOST:]} if newest or products else None


def _products(told: object) -> list[str]:
    """Names between commas, each once; other kinds of values name nothing."""
    names = re.split(r"[,，、;；]", told) if isinstance(told, str) else []
    return list(dict.fromkeys(name.strip()[:LONGEST] for name in names if name.strip()))[:MOST]


def asked_in(entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """The articles that the bot answered with in one conversation, in order, and whether that solved it.

    It did when the customer pressed the button that says so before anything else was answered, and it did not when a
    person was needed then.
    """
    payloads = {entry.seq: entry.body.get("buttons") or () for entry in entries}
    answers = [entry for entry in entries if _answered_with(entry) is not None]
    for place, answer in enumerate(answers):
        end = answers[place + 1].seq if place + 1 < len(answers) else None
        after = [entry for entry in entries if entry.seq > answer.seq and (end is None or entry.seq < end)]
        yield {"article": _answered_with(answer), "at": iso(answer.at), "solved": _solved(after, payloads)}


def _answered_with(entry: Entry) -> str | None:
    """The one article that a message of the bot quotes."""
    sources: Sequence[Mapping[str, Any]] = entry.body.get("sources") or ()
    from_bot = entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.BOT
    answered = from_bot and entry.body.get("kind") == "answer" and len(sources) == 1
    return sources[0].get("article") if answered else None


def _solved(after: Sequence[Entry], payloads: Mapping[int, Sequence[Mapping[str, Any]]]) -> bool | None:
    for entry in after:
        if entry.kind is Kind.STATE and entry.body.get("event") == Event.SOLVED:
            return True
        if entry.kind is Kind.STATE and (entry.body.get("to") or {}).get("kind") == OwnerKind.QUEUE:
            return False
        pressed = entry.body.get("pressed")
        if pressed is not None:
            buttons = payloads.get(pressed["seq"], ())
            if pressed["index"] < len(buttons) and buttons[pressed["index"]].get("payload") == SOLVED:
                return True
    return None
