"""A platform's event comes in: one transaction that dedupes by its id and does what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import structlog

from handoff_service import outbox, tracing
from handoff_service.channels import contacts, media_refs, store, survey, windows
from handoff_service.channels.collect import MOST_FILES, UNANSWERED, hold, named
from handoff_service.channels.echoes import settled
from handoff_service.channels.machines import let_people_look, seems_machine
from handoff_service.channels.mail_sender import Verdict
from handoff_service.channels.model import (
    ELSEWHERE,
    OCCUPIED,
    Abilities,
    Account,
    Colleague,
    Happening,
    Inbound,
    Notice,
)
from handoff_service.channels.notices import answered_elsewhere, noticed
from handoff_service.channels.sealing import Seal
from handoff_service.channels.vouched import tell_verdict
from handoff_service.channels.who import by_one_name, identity_channel, in_his_name, sender_of
from handoff_service.channels.window import opened
from handoff_service.channels.wording import chosen, titled
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import (
    SYSTEM,
    AuthorKind,
    Conversation,
    Draft,
    Entry,
    Kind,
    OwnerKind,
    body_hash,
)
from handoff_service.conversations.receive import Sender, receive, receive_unasked, receive_unsupported
from handoff_service.database import Database, Transaction
from handoff_service.errors import Captured, Conflict, Erased, Invalid, Mismatch, NotFound, Unauthorized
from handoff_service.failpoints import failpoint
from handoff_service.public_mentions.model import PublicMention
from handoff_service.public_mentions.take import take as take_mention
from handoff_service.texts import say

log = structlog.get_logger()

# A customer who sends ten stickers is told once that nobody can see them.
NOTICE_WITHIN = 10
ASKED_WITHIN = 4
LONGEST_CHOICE = 60  # characters of an answer that may choose a button


@dataclass(frozen=True)
class Arrived:
    """Where an event is in a timeline, empty for one that is in none; `duplicate` when it was there before."""

    conversation: str
    seq: int
    duplicate: bool


def arrive(
    tx: Transaction, account: Account, event: Happening, abilities: Abilities, seal: Seal, context: Context
) -> Arrived:
    """Stores an event once. The same id again is the first one, whatever its timestamp and signature.

    Raises Mismatch when the id came before with other content, and what `receive` raises; nothing is stored then.
    """
    digest = _digest(event)
    before = store.received(tx.connection, account.tenant, account.id, event.event_id)
    if before is not None:
        if before.body_hash not in ("", digest):  # empty: it was erased
            raise Mismatch(f"event_id {event.event_id} came before with other content.", event_id=event.event_id)
        return Arrived(before.conversation or "", before.seq or 0, duplicate=True)
    # First the row, then the work: a copy at the same moment waits here, starts over and finds it.
    store.put_in(tx.connection, account.tenant, account.id, event.event_id, body_hash=digest, now=context.now)
    place: tuple[str, int] | None
    match event:
        case Inbound(public=PublicMention() as mention):
            place = _said_in_public(tx, account, event, mention, abilities, seal, context)
        case Inbound():
            event = by_one_name(tx, account, in_his_name(tx, account, event, context), context)
            if abilities.staffed and _is_elsewhere(tx, account, event, seal):
                event = replace(event, quiet=True)
            place = _said(tx, account, event, abilities, seal, context)
        case Notice():
            place = noticed(tx, account, event, abilities, seal, context)
        case Colleague():
            place = answered_elsewhere(tx, account, event, abilities, context)
    if not isinstance(event, Colleague) and not (isinstance(event, Inbound) and event.public):
        _keep_open(tx, account, event, abilities, seal, context)
    if place is not None:
        store.place(tx.connection, account.tenant, account.id, event.event_id, conversation=place[0], seq=place[1])
        if isinstance(event, Inbound) and OCCUPIED in event.hint:  # he speaks: nothing is being read to him
            outbox.hurry(tx, conversations.find(tx.connection, account.tenant, place[0]), outbox.CHANNEL, context.now)
    store.seen(tx.connection, account, context.now)
    return Arrived(*(place or ("", 0)), duplicate=False)


async def take(
    database: Database,
    account: Account,
    abilities: Abilities,
    events: Sequence[Happening],
    seal: Seal,
    context: Context,
    *,
    once: tuple[str, str] | None = None,
) -> list[Arrived]:
    """Stores events in their order, each in a transaction of its own: one that cannot be taken holds up no other.

    What a strict channel sends wrong is refused; elsewhere it is noted in the log, for nobody would send it better.
    `once`: the name of the request, and what its content amounts to; raises Captured when that name came with another.
    Raises Unavailable when the database cannot be reached, or an echo waits in vain; those before are then duplicates
    of the next attempt.
    """
    arrived = []
    if once is not None and not events:  # a mail of our own: its token is as good as any
        await database.write(lambda tx: _only_once(tx, account, *once, context))
    # What may be our own message comes last: it may have to wait for the end of our delivery.
    for came in sorted(events, key=_is_unsure):
        if _is_unsure(came):
            await settled(database, account, came)
        event = await _held_once(database, account, came, context)

        def store_it(tx: Transaction, event: Happening = event) -> Arrived:
            if once is not None:
                _only_once(tx, account, *once, context)
            done = arrive(tx, account, event, abilities, seal, context)
            if once is not None and done.conversation:  # so that it is emptied when that is erased
                store.place(
                    tx.connection, account.tenant, account.id, once[0], conversation=done.conversation, seq=done.seq
                )
            failpoint("hook_before_commit")
            return done

        try:
            try:
                arrived.append(await database.write(store_it))
            except (Unauthorized, Erased):  # forgotten this moment, with his identity: who writes now is somebody new
                arrived.append(await database.write(store_it))
        except (Invalid, NotFound, Conflict) as error:
            if abilities.strict:
                raise
            log.warning("event left out", channel=account.channel, account=account.id, error=error.message)
    return arrived


def _is_unsure(event: Happening) -> TypeGuard[Colleague]:
    return isinstance(event, Colleague) and event.unsure


def _only_once(tx: Transaction, account: Account, name: str, content: str, context: Context) -> None:
    """Remembers the name of a request beside the events. Raises Captured."""
    before = store.received(tx.connection, account.tenant, account.id, name)
    if before is None:
        store.put_in(tx.connection, account.tenant, account.id, name, body_hash=content, now=context.now)
    elif before.body_hash != content:
        raise Captured("This request's token came before with another content.")


async def _held_once(database: Database, account: Account, came: Happening, context: Context) -> Happening:
    """As `hold`, but what has come before is not put on the shelf again. Raises Unavailable."""
    if not isinstance(came, Inbound) or all(one.content is None for one in came.media):
        return came
    tenant, event_id = account.tenant, came.event_id
    before = await database.read(lambda connection: store.received(connection, tenant, account.id, event_id))
    return replace(came, media=()) if before is not None else await hold(context.settings, tenant, came)


def _digest(event: Happening) -> str:
    """What must be the same when an event comes again; hints and names may change."""
    if isinstance(event, Inbound):
        return body_hash("event", event.contact, {"body": dict(event.body), "unsupported": event.unsupported})
    said = event.text if isinstance(event, Colleague) else event.what
    return body_hash("event", event.contact, {"kind": type(event).__name__, "said": said})


def _said_in_public(
    tx: Transaction,
    account: Account,
    event: Inbound,
    mention: PublicMention,
    abilities: Abilities,
    seal: Seal,
    context: Context,
) -> tuple[str, int] | None:
    """A post that names the tenant: no private message, and it opens no window for one."""
    speaks = abilities.speaks_in_public
    place = take_mention(tx, account.tenant, mention, context, account=account.id if speaks else None)
    if speaks and place is not None:  # which post the agent's answer belongs to; an older one told again is not it
        hint = {"public": json.dumps(mention.as_json())}
        _keep_open(tx, account, replace(event, contact=mention.by, hint=hint), abilities, seal, context)
    return place


def _said(
    tx: Transaction, account: Account, event: Inbound, abilities: Abilities, seal: Seal, context: Context
) -> tuple[str, int]:
    """A customer's message, in the timeline; its files come when they are fetched."""
    conversation, seq = _words(tx, account, event, abilities, context)
    if event.vouched is not Verdict.UNASKED:
        tell_verdict(tx, account.tenant, conversation, event.vouched, context)
    if event.media:
        found = conversations.find(tx.connection, account.tenant, conversation)
        media_refs.put(tx.connection, account.tenant, conversation, seq, event.media[:MOST_FILES], seal, context.now)
        outbox.enqueue(tx, found, outbox.MEDIA, seq, context.now)
    return conversation, seq


def _words(
    tx: Transaction, account: Account, event: Inbound, abilities: Abilities, context: Context
) -> tuple[str, int]:
    sender = sender_of(tx, account, event, context)
    is_forged = event.vouched is Verdict.FORGED  # an answer would go to somebody who has not asked
    if not event.quiet and not is_forged and (rated := survey.answered(tx, sender, event, context)) is not None:
        return rated
    only_files = bool(event.media) and not event.body and event.unsupported is None
    files = " ".join(named(one, sender.language) for one in event.media[:MOST_FILES])
    is_machine = not event.quiet and seems_machine(tx, sender, abilities, context)
    if (only_files or "text" in event.body) and (event.quiet or is_machine or is_forged):
        said = {"text": files if only_files else str(event.body["text"]), "kind": UNANSWERED}
        conversation, entry = receive_unasked(tx, sender, said, client_id=event.event_id, context=context)
        may_need_help = is_machine or (is_forged and not event.quiet)
        if may_need_help and conversation.owner.kind is OwnerKind.BOT:  # people look at it
            rule = "sender not authentic" if is_forged else f"{abilities.hourly} messages within an hour"
            let_people_look(tx, conversation, rule, context)
        return conversation.id, entry.seq
    if only_files:
        shown = {"text": files, "kind": "media"}
        conversation, entry = receive_unasked(tx, sender, shown, client_id=event.event_id, context=context)
        return conversation.id, entry.seq
    if event.unsupported is not None:
        conversation, entry = receive_unsupported(
            tx, sender, event.unsupported, client_id=event.event_id, context=context
        )
        if contacts.blocked(tx.connection, account.tenant, sender.contact) is None:
            _explain(tx, conversation, entry.seq, context)
        return conversation.id, entry.seq
    body, pressed_in = _meant(tx, account, sender, event, abilities)
    with tracing.first_span("receive", tracing.origin(sender.tenant, sender.contact, event.event_id)):
        conversation, entry = receive(
            tx, sender, client_id=event.event_id, body=body, context=context, conversation_id=pressed_in
        )
    return conversation.id, entry.seq


def _meant(
    tx: Transaction, account: Account, sender: Sender, event: Inbound, abilities: Abilities
) -> tuple[Mapping[str, Any], str | None]:
    """The body as `receive` takes it, and the conversation whose button was pressed, if any was.

    A platform gives back what a button carried, perhaps long afterwards; where there are none we show numbers.
    """
    press = event.body.get("press")
    if isinstance(press, Mapping) and "mid" in press:
        entry = conversations.entry_of(tx.connection, account.tenant, press["mid"])
        foreign = entry is None or not _is_his(tx, sender, entry.conversation)
        if entry is None or foreign or press["index"] >= len(entry.body.get("buttons", ())):
            return {"text": event.body.get("text") or say("some_button", sender.language)}, None
        return {"press": {"seq": entry.seq, "index": press["index"]}}, entry.conversation
    if "text" in event.body:
        return _by_words(tx, sender, str(event.body["text"]), abilities) or (event.body, None)
    return event.body, None


def _last_asked(tx: Transaction, conversation: Conversation) -> Entry | None:
    """The bot's last message, when it has buttons and the customer has not answered it yet."""
    recent = conversations.entries_after(
        tx.connection, conversation.tenant, conversation.id, conversation.last_seq - ASKED_WITHIN
    )
    for entry in reversed(recent):
        if entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.CUSTOMER:
            return None
        if entry.author.kind is AuthorKind.BOT and entry.body.get("buttons"):
            return entry
    return None


def _is_his(tx: Transaction, sender: Sender, conversation: str) -> bool:
    return conversations.find(tx.connection, sender.tenant, conversation).contact == sender.contact


def _by_words(tx: Transaction, sender: Sender, text: str, abilities: Abilities) -> tuple[Mapping[str, Any], str] | None:
    """The button that a short answer means: by its words, and where buttons were shown as numbers by its number."""
    if len(text) > LONGEST_CHOICE:
        return None
    current = conversations.current(tx.connection, sender.tenant, sender.channel, sender.contact)
    last = _last_asked(tx, current) if current is not None else None
    if current is None or last is None:
        return None
    buttons = last.body["buttons"]
    shown = len(buttons) <= abilities.buttons
    index = titled(text, buttons, abilities.button_chars) if shown else chosen(text, buttons)
    return ({"press": {"seq": last.seq, "index": index}}, current.id) if index is not None else None


def _is_elsewhere(tx: Transaction, account: Account, event: Inbound, seal: Seal) -> bool:
    """Whether somebody answers the customer in the platform's own app: the event itself may tell, else the last one."""
    if ELSEWHERE in event.hint:
        return bool(event.hint[ELSEWHERE])
    standing = windows.find(tx.connection, account.tenant, account.id, event.contact, seal)
    return standing is not None and bool(standing.hint.get(ELSEWHERE))


def _keep_open(
    tx: Transaction, account: Account, event: Inbound | Notice, abilities: Abilities, seal: Seal, context: Context
) -> None:
    """What the deed allows us to send, the hint for the reply, and whether the contact can be reached at all."""
    whose = (account.tenant, account.id, event.contact)
    before = windows.find(tx.connection, *whose, seal) or windows.Standing(None, {}, left=False)
    sent_at = event.sent_at if isinstance(event, Inbound) else None
    at = min(sent_at or context.now, context.now)  # the window runs since then, however late we hear of it
    window = opened(abilities.rules, before.window, event.deed, at) if event.deed is not None else before.window
    wrote = isinstance(event, Inbound) and (
        not abilities.opts_in or str(event.body.get("text", "")).strip(" .!").upper() in abilities.opts_in
    )
    back = wrote or (isinstance(event, Notice) and event.what is Notice.What.OPENED)
    left = (before.left and not back) or (isinstance(event, Notice) and event.what is Notice.What.LEFT)
    passes = (Notice.What.OPENED, Notice.What.MOVED, *(() if abilities.opts_in else (Notice.What.LEFT,)))
    known_on = (account.tenant, identity_channel(account))
    if (
        isinstance(event, Notice)
        and event.what in passes
        and not event.hint.get(ELSEWHERE)
        and contacts.known_as(tx.connection, *known_on, event.contact) is None
    ):
        # Nobody writes to whom nobody knows, and nobody could ask for him to be erased. Kept is only what counts when
        # he writes: who answers him elsewhere, as long as that lasts, and that he wants no word before he says so.
        if event.what is Notice.What.MOVED or abilities.opts_in:
            windows.forget_contact(tx.connection, account.tenant, [(account.id, event.contact)])
        return
    standing = windows.Standing(window, {**before.hint, **event.hint}, left)
    if standing != before:
        windows.save(tx.connection, *whose, standing, seal, context.now)


def _explain(tx: Transaction, conversation: Conversation, seq: int, context: Context) -> None:
    """Asks politely for words, unless that was done just now."""
    recent = conversations.entries_after(tx.connection, conversation.tenant, conversation.id, seq - NOTICE_WITHIN)
    if any(one.author.kind is AuthorKind.SYSTEM and one.body.get("kind") == "unsupported" for one in recent):
        return
    body = {"text": say("unsupported", conversation.language), "kind": "unsupported"}
    conversations.append(tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), context.now)
