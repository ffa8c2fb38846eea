"""A customer's message comes in: one transaction that dedupes, appends, and asks for a turn of the bot."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.bell import contact_topic, desk_topic
from handoff_service.channels import contacts
from handoff_service.conversations import store
from handoff_service.conversations.change import Context, answer_due, change
from handoff_service.conversations.model import (
    Author,
    AuthorKind,
    Conversation,
    Draft,
    Entry,
    Event,
    Kind,
    Owner,
    OwnerKind,
)
from handoff_service.conversations.patience import is_urgent
from handoff_service.database import Transaction
from handoff_service.errors import Invalid, NotFound, TooLarge, Unauthorized
from handoff_service.evidence.model import name_at, read_place
from handoff_service.files import store as files
from handoff_service.files.model import StoredFile, label
from handoff_service.inputs import is_name, is_seq
from handoff_service.promises.follow import follow
from handoff_service.statements import Statement
from handoff_service.tickets.answered import on_message

MAX_CHARS = 8000
K = tables.contacts.c
LOCK_CONTACT = Statement(
    sa.select(K.erased_at).where(K.tenant == sa.bindparam("tenant"), K.id == sa.bindparam("id")).with_for_update()
)
HELPED_BY_BOT = frozenset({OwnerKind.BOT, OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.MAILBOX})


@dataclass(frozen=True)
class Sender:
    """A customer on a channel; on a platform also which account of the tenant he writes to."""

    tenant: str
    channel: str
    contact: str
    name: str
    language: str
    account: str | None = None

    @property
    def author(self) -> Author:
        return Author(AuthorKind.CUSTOMER, self.contact, self.name)


def clean_text(text: Any) -> str:
    """The text as it will be stored, bit for bit. Raises Invalid or TooLarge for what no timeline can hold."""
    if not isinstance(text, str) or not text.strip():
        raise Invalid("The message has no text.")
    if len(text) > MAX_CHARS:
        raise TooLarge(f"The message has {len(text)} characters; at most {MAX_CHARS} can be sent at once.")
    if "\x00" in text:
        raise Invalid("The message contains a NUL character.")
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise Invalid("The message contains half a character (a lone surrogate).")
    return text


def refuse_unknown(body: Mapping[str, Any], known: set[str]) -> None:
    """Raises Invalid for a message with parts that nobody would read."""
    unknown = sorted(set(body) - known)
    if unknown:
        raise Invalid(f"The message has unknown parts: {ascii(unknown)[:200]}.")


def receive(
    tx: Transaction,
    sender: Sender,
    *,
    client_id: str,
    body: Mapping[str, Any],
    context: Context,
    conversation_id: str | None = None,
) -> tuple[Conversation, Entry]:
    """Stores a customer's message in the open conversation, opening or reopening one if there is none.

    What a blocked contact writes is kept, and nobody is asked to answer it. The same client_id returns the entry of
    the first time. Raises Invalid, TooLarge, Mismatch, and NotFound for a conversation that is not the sender's.
    """
    connection = tx.connection
    conversation = _lock_current(connection, sender)
    shown = conversation
    if conversation_id is not None and (conversation is None or conversation.id != conversation_id):
        shown = store.find(connection, sender.tenant, conversation_id)
        if shown.contact != sender.contact:
            raise NotFound(f"There is no conversation {conversation_id}.", conversation=conversation_id)
    stored, file = _body(connection, sender, shown, body)
    if conversation is None or shown != conversation or not _goes_on(conversation, context):
        # A button of another conversation is only its words in the one that goes on, a photo only a picture.
        stored = {part: value for part, value in stored.items() if part not in ("pressed", "photo")}
    draft = Draft(kind=Kind.MESSAGE, author=sender.author, body=stored, client_id=client_id)
    before = store.repeated(connection, sender.tenant, draft)
    if before is not None:
        return store.find(connection, sender.tenant, before.conversation), before
    conversation = _open(tx, sender, conversation, context)
    muted = contacts.blocked(connection, sender.tenant, sender.contact) is not None
    helped = conversation.owner.kind in HELPED_BY_BOT and not muted and "photo" not in stored
    already_waiting = helped and outbox.pending(connection, sender.tenant, conversation.id, "bot") is not None
    # The sweeper hands over what the bot has not answered by then; writing again does not make him wait longer.
    expects = helped and conversation.owner.kind is OwnerKind.BOT and not already_waiting
    head = {"deadline_at": answer_due(context)} if expects else None
    conversation, entry = store.append(tx, conversation, draft, context.now, head=head)
    if file is not None:
        files.attach(connection, file, conversation=conversation.id, seq=entry.seq, audience=draft.audience)
    if muted:
        return conversation, entry
    if conversation.owner.kind in (OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.MAILBOX):
        tx.ring(desk_topic(sender.tenant))  # the lists show his last words
    if helped:
        outbox.enqueue(tx, conversation, "bot", entry.seq, context.now)
        if already_waiting:  # perhaps for a bot that is down, and now he asks for a person
            outbox.hurry(tx, conversation, "bot", context.now, held=is_urgent(entry))
    follow(tx, conversation, entry)
    conversation = on_message(tx, conversation, entry, context)
    return _as_he_wishes(tx, sender, conversation, entry, context), entry


def _as_he_wishes(
    tx: Transaction, sender: Sender, conversation: Conversation, entry: Entry, context: Context
) -> Conversation:
    """Somebody who waits may say that he leaves, or what he would rather have."""
    if conversation.owner.kind not in (OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.MAILBOX):
        return conversation
    from handoff_service.handoffs.said import heed  # it ends turns, which begin with what is received here

    return heed(tx, sender, conversation, entry, context)


def receive_unsupported(
    tx: Transaction, sender: Sender, kind: str, *, client_id: str, context: Context
) -> tuple[Conversation, Entry]:
    """Stores that the customer sent something of a kind that nobody here can read; the bot is not asked about it."""
    body = {"text": f"[{kind}]", "kind": "unsupported", "type": kind}
    return receive_unasked(tx, sender, body, client_id=client_id, context=context)


def receive_unasked(
    tx: Transaction, sender: Sender, body: Mapping[str, Any], *, client_id: str, context: Context
) -> tuple[Conversation, Entry]:
    """Stores a customer's message about which the bot is not asked, once for each client_id."""
    conversation = _lock_current(tx.connection, sender)
    draft = Draft(kind=Kind.MESSAGE, author=sender.author, body=body, client_id=client_id)
    before = store.repeated(tx.connection, sender.tenant, draft)
    if before is not None:
        return store.find(tx.connection, sender.tenant, before.conversation), before
    conversation, entry = store.append(tx, _open(tx, sender, conversation, context), draft, context.now)
    if contacts.blocked(tx.connection, sender.tenant, sender.contact) is not None:
        return conversation, entry
    tx.ring(desk_topic(sender.tenant))
    follow(tx, conversation, entry)
    return on_message(tx, conversation, entry, context), entry


def _lock_current(connection: sa.Connection, sender: Sender) -> Conversation | None:
    """What `store.current` finds, locked with the contact: two first messages at once must meet in one conversation."""
    where = (sender.tenant, sender.channel, sender.contact)
    found = store.current(connection, *where, lock=True)
    if found is None:
        _lock_contact(connection, sender)
        found = store.current(connection, *where, lock=True)  # the other first message may have been quicker
    return found


def _lock_contact(connection: sa.Connection, sender: Sender) -> None:
    found = LOCK_CONTACT.first(connection, tenant=sender.tenant, id=sender.contact)
    if found is None:
        raise NotFound(f"There is no contact {sender.contact}.")
    if found["erased_at"] is not None:
        raise Unauthorized("Your data was erased; reload the page to start anew.")


def _goes_on(conversation: Conversation, context: Context) -> bool:
    """Whether it is open, or closed so lately that it opens again."""
    if conversation.owner.kind is not OwnerKind.CLOSED or conversation.closed_at is None:
        return True
    return context.now - conversation.closed_at <= timedelta(seconds=context.settings.reopen_s)


def _open(tx: Transaction, sender: Sender, conversation: Conversation | None, context: Context) -> Conversation:
    """The conversation that takes the message: the open one, the closed one reopened in time, or a new one."""
    if conversation is not None and _goes_on(conversation, context):
        if conversation.owner.kind is not OwnerKind.CLOSED:
            return conversation
        event, fresh = Event.REOPEN, conversation
    else:
        event = Event.OPENED
        fresh = store.create(
            tx.connection,
            sender.tenant,
            channel=sender.channel,
            contact=sender.contact,
            language=sender.language,
            now=context.now,
            account=sender.account,
        )
        tx.ring(contact_topic(sender.tenant, sender.contact))
    opened, _ = change(
        tx,
        fresh,
        event,
        Owner(OwnerKind.BOT),
        context=context,
        new_phase=event is Event.REOPEN,
    )
    return opened


def _body(
    connection: sa.Connection, sender: Sender, conversation: Conversation | None, body: Mapping[str, Any]
) -> tuple[dict[str, Any], StoredFile | None]:
    """What is stored: the text, perhaps with a file, or the title of the pressed button and where that stands."""
    press = body.get("press")
    if press is None:
        refuse_unknown(body, {"text", "file", "photo"})
        stored, file = with_file(connection, sender.tenant, f"{AuthorKind.CUSTOMER}:{sender.contact}", body)
        if body.get("photo") is not None:
            stored |= _placed(connection, conversation, body["photo"], file)
        return stored, file
    refuse_unknown(body, {"press"})
    if conversation is None:
        raise Invalid("There is no conversation whose button could be pressed.")
    if not isinstance(press, dict) or set(press) != {"seq", "index"} or not all(map(is_seq, press.values())):
        raise Invalid("A press has the numbers `seq` and `index`.")
    seq, index = press["seq"], press["index"]
    entry = store.entry_at(connection, sender.tenant, conversation.id, seq)
    buttons = entry.body.get("buttons", [])
    if entry.author.kind is not AuthorKind.BOT or not 0 <= index < len(buttons):
        raise Invalid(f"Entry {seq} has no button {index}.")
    return {"text": buttons[index]["title"], "pressed": {"seq": seq, "index": index}}, None


def _placed(
    connection: sa.Connection, conversation: Conversation | None, photo: Any, file: StoredFile | None
) -> dict[str, Any]:
    """The place that a picture fills in an agent's request for named photos, and its name as the text."""
    if conversation is None or file is None or not file.type.startswith("image/"):
        raise Invalid("A photo is a picture in the conversation in which it was asked for.")
    seq, index = read_place(photo)
    name = name_at(store.entry_at(connection, conversation.tenant, conversation.id, seq), index)
    return {"text": name, "photo": {"seq": seq, "index": index}}


def with_file(
    connection: sa.Connection, tenant: str, author: str, body: Mapping[str, Any]
) -> tuple[dict[str, Any], StoredFile | None]:
    """The text of a message, and the file that its author has uploaded for it; without words its name is the text.

    Raises NotFound for a file of anybody else.
    """
    name = body.get("file")
    if name is None:
        return {"text": clean_text(body.get("text"))}, None
    if not is_name(name):
        raise Invalid("`file` is the id that the upload returned.")
    file = files.find(connection, tenant, name)
    if file.author != author:
        raise NotFound(f"There is no file {name}.")
    text = clean_text(body["text"]) if body.get("text") else label(file.name)
    return {"text": text, "file": file.as_json()}, file
