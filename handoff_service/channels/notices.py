"""What happened on a platform without a customer's words: one failed, was read, he left, a colleague answered him."""

from __future__ import annotations

from datetime import timedelta

from handoff_service import outbox
from handoff_service.channels import contacts, windows
from handoff_service.channels.collect import named
from handoff_service.channels.echoes import is_ours, with_whom
from handoff_service.channels.elsewhere import moved
from handoff_service.channels.model import Abilities, Account, Colleague, Notice
from handoff_service.channels.read_marks import mark_read
from handoff_service.channels.sealing import Seal
from handoff_service.channels.undelivered import tell_undelivered
from handoff_service.channels.who import identity_channel
from handoff_service.conversations import store as conversations
from handoff_service.conversations import turn
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import SYSTEM, Audience, Draft, Kind, OwnerKind, body_hash
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.handoffs.choices import CHOICES, Callback
from handoff_service.texts import say

WAITS = frozenset((OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.MAILBOX))  # for a person


def noticed(
    tx: Transaction, account: Account, event: Notice, abilities: Abilities, seal: Seal, context: Context
) -> tuple[str, int] | None:
    """A message of ours that failed later is told to agents, and who rings off while he waits is called back."""
    if event.what is Notice.What.LEFT and abilities.calls_back:
        return _call_back(tx, account, event, context)
    if event.what is Notice.What.LEFT or (event.what is Notice.What.OPENED and abilities.opts_in):
        return _told_of_leaving(tx, account, event, seal, context)
    if event.what is Notice.What.MOVED:
        return moved(tx, account, event, context)
    if event.what is Notice.What.READ:
        mark_read(tx, account, event, context)
        return None
    if event.what is not Notice.What.FAILED or event.provider_id is None:
        return None
    found = windows.delivery(tx.connection, account.tenant, account.id, event.provider_id)
    if found is None:  # perhaps of a message whose delivery we are just writing down
        lost = (account.tenant, account.id, event.provider_id)
        windows.failed_early(tx.connection, *lost, barred=event.barred, reason=event.reason, now=context.now)
        return None
    conversation = conversations.find(tx.connection, account.tenant, found[0], lock=True)
    seq = outbox.first_of(tx.connection, account.tenant, found[0], outbox.CHANNEL, found[1])
    entry = tell_undelivered(
        tx, account, conversation, seq, event.reason, upto=found[1], barred=event.barred, unclear=False, now=context.now
    )
    return conversation.id, entry.seq


def _told_of_leaving(
    tx: Transaction, account: Account, event: Notice, seal: Seal, context: Context
) -> tuple[str, int] | None:
    """Says to agents, in a conversation that is not over, that nothing reaches the customer any more, or does again."""
    has_left = event.what is Notice.What.LEFT
    before = windows.find(tx.connection, account.tenant, account.id, event.contact, seal)
    known = contacts.known_as(tx.connection, account.tenant, identity_channel(account), event.contact)
    current = conversations.current(tx.connection, account.tenant, account.channel, known.id) if known else None
    if current is None or current.owner.kind is OwnerKind.CLOSED or (before is not None and before.left) is has_left:
        return None
    locked = conversations.find(tx.connection, account.tenant, current.id, lock=True)
    words = say("contact_left", locked.language) if has_left else say("contact_back", locked.language)
    draft = Draft(
        kind=Kind.MESSAGE,
        author=SYSTEM,
        audience=Audience.INTERNAL,
        body={"text": words[0].upper() + words[1:], "kind": "left"},
    )
    conversation, entry = conversations.append(tx, locked, draft, context.now)
    return conversation.id, entry.seq


def _call_back(tx: Transaction, account: Account, event: Notice, context: Context) -> tuple[str, int] | None:
    """Whoever asked for a person and has rung off gets a callback ticket instead of his place in the queue."""
    known = contacts.known_as(tx.connection, account.tenant, identity_channel(account), event.contact)
    current = conversations.current(tx.connection, account.tenant, account.channel, known.id) if known else None
    if known is None or current is None or current.owner.kind not in WAITS:
        return None
    sender = Sender(account.tenant, account.channel, known.id, known.name, current.language, account=account.id)
    locked = conversations.find(tx.connection, account.tenant, current.id, lock=True)
    try:
        key = body_hash("callback", event.contact, {"event": event.event_id})[:32]
        asked = Callback(op_id=key, number=event.contact, at=None, text="")
        after = CHOICES["callback"].work(tx, sender, locked, asked, context)
    except Invalid:  # a number that was withheld: he waits for the agents' lists to show him
        return None
    return after.id, after.last_seq


def answered_elsewhere(
    tx: Transaction, account: Account, event: Colleague, abilities: Abilities, context: Context
) -> tuple[str, int] | None:
    """What a colleague wrote in the platform's own app: agents see it here, and it is not sent once more.

    What the platform told us to have taken from ourselves is nobody else's.
    """
    if windows.delivery(tx.connection, account.tenant, account.id, event.event_id) is not None:
        return None
    current = with_whom(tx.connection, account, event)
    if current is None or (event.unsure and is_ours(tx, account, current, event, abilities, context)):
        return None
    locked = conversations.find(tx.connection, account.tenant, current.id, lock=True)
    said = " ".join([*filter(None, [event.text]), *(named(one, locked.language) for one in event.media)])
    text = say("answered_elsewhere", locked.language, name=event.name, text=said)
    body = {"text": text, "kind": "elsewhere"}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    conversation, entry = conversations.append(tx, locked, draft, context.now)
    if conversation.owner.kind is OwnerKind.BOT:  # the bot must not answer once more what a person has answered
        turn.supersede(tx.connection, conversation, context.now)
        outbox.finish(tx.connection, account.tenant, conversation.id, "bot", upto_seq=entry.seq)
        idle = context.now + timedelta(seconds=context.settings.bot_idle_s)
        conversations.update(tx.connection, conversation, deadline_at=idle)
    return conversation.id, entry.seq
