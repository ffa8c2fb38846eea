"""What a customer may choose, above all while he waits: one table for HTTP and for the socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import Field, ValidationError

from handoff_service.calendars.model import Calendar
from handoff_service.calendars.moments import add_working_time, is_open, next_opening, when_open
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.conversations import store
from handoff_service.conversations.change import Context, change
from handoff_service.conversations.model import SYSTEM, Conversation, Draft, Event, Kind, Owner, OwnerKind
from handoff_service.conversations.receive import Sender, clean_text
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, IllegalTransition, Invalid, NotFound
from handoff_service.handoffs.moves import escalate_for_customer
from handoff_service.handoffs.release import leave_message, leave_queue, solved
from handoff_service.handoffs.request import as_read, request_handoff
from handoff_service.inputs import Command, Plain, moment_of
from handoff_service.operations import once
from handoff_service.tenants import store as tenants
from handoff_service.texts import say
from handoff_service.tickets import callback

FARTHEST = timedelta(days=30)
SOONEST = timedelta(hours=1)  # working time within which he is called who names no time
_NUMBER = re.compile(r"\+?[0-9(][0-9 ()/.-]{3,24}")
FEWEST_DIGITS = 5

BOT, QUEUE, OFFER, AGENT, MAILBOX, CLOSED = OwnerKind


class LeftMessage(Command):
    text: str = Field(max_length=8000)
    reply_to: Plain = Field("", max_length=254)


class Human(Command):
    """`queue`: the id of the queue for what he has chosen; of an unknown one the default queue takes care."""

    queue: Plain | None = Field(None, max_length=64, exclude_if=lambda queue: queue is None)


class Senior(Command):
    reason: Plain = Field("", max_length=500)


class Callback(Command):
    """`at`: ISO 8601 with a time zone; without it, as soon as people are there."""

    number: Plain = Field(max_length=40)
    at: Plain | None = Field(None, max_length=40)
    text: str = Field("", max_length=2000)


Work = Callable[[Transaction, Sender, Conversation, Any, Context], Conversation]


@dataclass(frozen=True)
class Choice:
    """A command of a customer, and while who owns his conversation it does something."""

    asked: type[Command]
    work: Work
    offered: frozenset[OwnerKind]


def _ask_human(tx: Transaction, sender: Sender, found: Conversation, asked: Human, context: Context) -> Conversation:
    if found.owner.kind is not BOT:
        return found
    evidence = {"rule": "pressed: talk to a person"}
    return request_handoff(
        tx, found, Event.ASKED, evidence=evidence, context=context, actor=sender.author, queue=asked.queue
    )


def _ask_senior(tx: Transaction, sender: Sender, found: Conversation, asked: Senior, context: Context) -> Conversation:
    return escalate_for_customer(tx, found, sender.author, context, reason=asked.reason)


def _solved(tx: Transaction, sender: Sender, found: Conversation, _: Command, context: Context) -> Conversation:
    return solved(tx, found, sender.author, context)


def _leave_queue(tx: Transaction, sender: Sender, found: Conversation, _: Command, context: Context) -> Conversation:
    return leave_queue(tx, found, sender.author, context)


def _leave_message(
    tx: Transaction, sender: Sender, conversation: Conversation, asked: LeftMessage, context: Context
) -> Conversation:
    body = {"text": clean_text(asked.text)} | ({"reply_to": asked.reply_to} if asked.reply_to else {})
    draft = Draft(kind=Kind.MESSAGE, author=sender.author, body=body)
    conversation, _ = store.append(tx, conversation, draft, context.now)
    return leave_message(tx, conversation, sender.author, context, reply_to=asked.reply_to)


def _call_back(
    tx: Transaction, sender: Sender, conversation: Conversation, asked: Callback, context: Context
) -> Conversation:
    """A ticket with number and time instead of the place in the queue; who is with the bot stays there beside it."""
    if conversation.owner.kind is CLOSED:
        raise IllegalTransition("This conversation is closed; write again to reopen it.", owner=CLOSED)
    if conversation.owner.kind is AGENT:
        raise Conflict("Somebody is with you; tell them when to call.", conversation=conversation.id)
    if contacts.blocked(tx.connection, sender.tenant, sender.contact) is not None:
        raise Conflict("Nobody calls back this contact.", conversation=conversation.id)
    tenant = tenants.find(tx.connection, conversation.tenant)
    queue = conversation.owner.queue or tenant.settings.default_queue.id
    number, due_at = phone_number(asked.number), call_time(asked.at, tenant.settings.calendar(queue), context.now)
    due, language = as_read(due_at, tenant, conversation.language), conversation.language
    wish = say("callback_wish", language, number=number, due=due)
    said = clean_text(asked.text) if asked.text.strip() else ""
    body = {"text": f"{wish}\n{said}" if said else wish, "reply_to": number}
    draft = Draft(kind=Kind.MESSAGE, author=sender.author, body=body)
    conversation, _ = store.append(tx, conversation, draft, context.now)
    return book_call(tx, sender, conversation, number, due_at, subject=said or wish, context=context)


def book_call(
    tx: Transaction,
    sender: Sender,
    conversation: Conversation,
    number: str,
    due_at: datetime,
    *,
    subject: str,
    context: Context,
) -> Conversation:
    """The ticket of a call that he has asked for, and what he is told of it; who waits leaves his place for it.

    Asked for again it is the same call, at the new time.
    """
    language = conversation.language
    tenant = tenants.find(tx.connection, conversation.tenant)
    queue = conversation.owner.queue or tenant.settings.default_queue.id
    callback.book(tx, conversation, subject=subject, queue=queue, number=number, due_at=due_at, context=context)
    text = say("callback_booked", language, number=number, due=as_read(due_at, tenant, language))
    if conversation.owner.kind in (BOT, MAILBOX):
        draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, body={"text": text, "kind": "notice"})
        conversation, _ = store.append(tx, conversation, draft, context.now)
        return conversation
    to = Owner(MAILBOX, queue=queue)
    moved, _ = change(
        tx, conversation, Event.LEAVE_MESSAGE, to, context=context, actor=sender.author, body={"text": text}
    )
    store.update(tx.connection, moved, deadline_at=due_at)
    return moved


def phone_number(text: str) -> str:
    """A number that can be dialled. Raises Invalid."""
    number = " ".join(text.split())
    if not _NUMBER.fullmatch(number) or sum(one.isdigit() for one in number) < FEWEST_DIGITS:
        raise Invalid("`number` is a telephone number: digits, spaces, + ( ) - / only.")
    return number


def call_time(at: str | None, calendar: Calendar, now: datetime) -> datetime:
    """When to call. Raises Invalid for what is no time, past, too far ahead, or when nobody is there.

    The refusal says when people are there next (`opens`).
    """
    moment = moment_of(at, "at")
    if moment is None:
        return when_open(calendar, add_working_time(calendar, now, SOONEST) or now + SOONEST)
    if not now < moment <= now + FARTHEST:
        raise Invalid(f"`at` lies ahead, within {FARTHEST.days} days.")
    if not is_open(calendar, moment):
        opens = next_opening(calendar, moment)
        raise Invalid("Nobody is there at that time; choose another one.", opens=iso(opens) if opens else None)
    return moment


CHOICES: Mapping[str, Choice] = {
    "ask-human": Choice(Human, _ask_human, frozenset({BOT})),
    "ask-senior": Choice(Senior, _ask_senior, frozenset({BOT, QUEUE, OFFER, AGENT, MAILBOX})),
    "solved": Choice(Command, _solved, frozenset({QUEUE, OFFER})),
    "leave-queue": Choice(Command, _leave_queue, frozenset({QUEUE, OFFER})),
    "leave-message": Choice(LeftMessage, _leave_message, frozenset({QUEUE, OFFER, MAILBOX})),
    "callback": Choice(Callback, _call_back, frozenset({BOT, QUEUE, OFFER, MAILBOX})),
}


def offered(kind: OwnerKind, *, senior: bool) -> list[str]:
    """What a customer may choose now; `senior`: whether the tenant has a senior tier that he could ask for."""
    able = [verb for verb, choice in CHOICES.items() if kind in choice.offered]
    return able if senior else [verb for verb in able if verb != "ask-senior"]


def read_choice(verb: object, parts: Mapping[str, Any]) -> Command:
    """The command that a frame asks for. Raises Invalid, which names the part that is wrong."""
    choice = CHOICES.get(str(verb))
    if choice is None:
        raise Invalid(f"There is no choice {str(verb)[:40]!r}; there are {', '.join(CHOICES)}.")
    try:
        return choice.asked.model_validate(dict(parts))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Invalid(f"{'.'.join(map(str, first['loc'])) or verb}: {first['msg']}.") from error


def choose(
    tx: Transaction, sender: Sender, conversation_id: str, verb: str, asked: Command, context: Context
) -> dict[str, Any]:
    """Carries out a choice once per op_id on the customer's own, locked conversation: {"owner", "epoch"}."""
    conversation = _own(tx.connection, sender, conversation_id)

    def work() -> dict[str, Any]:
        moved = CHOICES[verb].work(tx, sender, conversation, asked, context)
        return {"owner": moved.owner.kind, "epoch": moved.epoch}

    request = {"conversation": conversation_id, "command": verb, **asked.model_dump()}
    return once(
        tx, sender.tenant, f"customer:{sender.contact}", asked.op_id, request=request, now=context.now, work=work
    )


def _own(connection: sa.Connection, sender: Sender, conversation_id: str) -> Conversation:
    """The locked conversation. Raises NotFound also for somebody else's."""
    found = store.find(connection, sender.tenant, conversation_id, lock=True)
    if found.contact != sender.contact:
        raise NotFound(f"There is no conversation {conversation_id}.", conversation=conversation_id)
    return found
