"""The customer writes: is it his answer to a ticket? Then that goes on, or is taken up again.

Called with each of his messages, in the same transaction. A ticket that waits for him goes on with whatever he writes
on the channel on which he was asked, or on that of the ticket's own conversation. One that has ended is reopened only
by an answer: the first thing that he says after he was told of it, or a message that names its number, within the
tenant's days, and not by mere thanks.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

import sqlalchemy as sa

from handoff_service.complaints import threats
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, AuthorKind, Conversation, Entry, Kind
from handoff_service.database import Transaction
from handoff_service.tenants import store as tenants
from handoff_service.texts import say
from handoff_service.tickets import store
from handoff_service.tickets.model import State, Ticket
from handoff_service.tickets.states import ENDED
from handoff_service.tickets.tell import tell_customer
from handoff_service.tickets.work import go_on, reopen

NUMBER = re.compile(r"\bT\d{6}-\d{6}\b", re.IGNORECASE)
# How many entries may lie between what he was told and his answer, at most.
LOOK_BACK = 20
_NEGATED = r"(?:没有?|沒有?|未|不|还没|還沒|\bnot\b|n't\b|\bno\b|\bstill\b|\bbut\b|但|可是|仍)"
_THANKS = re.compile(
    r"^(?:(?:好的?|嗯+|行|可以|收到|知道了|明白了?|没问题|沒問題|谢谢|謝謝|多谢|多謝|感谢|感謝|辛苦|麻烦|了|您|你们?|你們|"
    r"啦|的|已经|已經|都|问题|問題|解决|解決|处理|處理|好|啊|呀|哦|噢|太|非常|很|满意|滿意|棒|"
    r"\b(?:ok(?:ay)?|yes|yep|great|perfect|good|fine|all|thanks?|thank|you|so|very|much|many|a|lot|it|is|it's|its|"
    r"has|been|solved|fixed|resolved|works|working|now|well|received|got|everything|that's|cool|nice|cheers)\b)"
    r"[\s,.!;:，。！；~～、]*)+$",
    re.IGNORECASE,
)


def only_thanks(text: str) -> bool:
    """Whether nothing is said but thanks, or that all is well. Pure.

    A negation, a question or any word that is not one of courtesy makes it an answer.
    """
    plain = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "So").strip()
    if not plain:
        return True  # a smile
    if len(plain) > 60 or "?" in plain:
        return False
    without = plain.replace("没问题", "").replace("沒問題", "")
    return _THANKS.match(plain) is not None and re.search(_NEGATED, without, re.IGNORECASE) is None


def on_message(tx: Transaction, conversation: Conversation, entry: Entry, context: Context) -> Conversation:
    """Lets the customer's tickets know of his message, which was just appended to his locked conversation.

    Returns the conversation as it is then.
    """
    named = {one.upper() for one in NUMBER.findall(str(entry.body.get("text", "")))}
    who = (tx.connection, conversation.tenant, conversation.contact)
    told = {one.id: one for one in (*store.told(*who), *(store.numbered(*who, named) if named else ()))}
    for found in told.values():
        if found.state is State.WAITING:
            if not _same_channel(tx, found, conversation):
                continue
        elif found.state not in ENDED or not _answers(tx.connection, found, conversation, entry, named, context):
            continue
        ticket = store.find(tx.connection, found.tenant, found.id, None, lock=True)
        if ticket.state is not found.state:
            continue  # an agent was quicker
        body = {"conversation": conversation.id, "seq": entry.seq}
        actor = f"customer:{conversation.contact}"
        if ticket.state is State.WAITING:
            go_on(tx, ticket, actor, context, body)
        else:
            reopen(tx, ticket, actor, context, body)
            text = say("ticket_reopened", conversation.language, number=ticket.number or "")
            tell_customer(tx, ticket, conversation, text, context.now)
            conversation = conversations.find(tx.connection, conversation.tenant, conversation.id)
    return threats.heed(tx, conversation, entry, context)


def _same_channel(tx: Transaction, ticket: Ticket, conversation: Conversation) -> bool:
    """Whether it is the channel of the ticket's own conversation, or that on which he was last asked or reminded."""
    asked_in = {one for one in (ticket.conversation, ticket.told_in) if one}
    if not asked_in or conversation.id in asked_in:
        return True
    return any(
        conversations.find(tx.connection, ticket.tenant, one).channel == conversation.channel for one in asked_in
    )


def _answers(
    connection: sa.Connection,
    ticket: Ticket,
    conversation: Conversation,
    entry: Entry,
    named: set[str],
    context: Context,
) -> bool:
    """Whether the message reopens a ticket that has ended."""
    days = tenants.find(connection, ticket.tenant).settings.tickets.reopen_days
    if ticket.ended_at is None or context.now - ticket.ended_at > timedelta(days=days) or days == 0:
        return False
    if only_thanks(str(entry.body.get("text", ""))):
        return False
    if ticket.number in named:
        return True
    if ticket.told_in != conversation.id or ticket.told_seq is None or entry.seq - ticket.told_seq > LOOK_BACK:
        return False
    between = conversations.entries_after(connection, conversation.tenant, conversation.id, ticket.told_seq, limit=20)
    return all(not _is_said(one) for one in between if one.seq < entry.seq)


def _is_said(entry: Entry) -> bool:
    """Whether somebody has said something there, so that what follows may be about that."""
    if entry.kind is not Kind.MESSAGE or entry.audience is not Audience.PUBLIC:
        return False
    return entry.author.kind in (AuthorKind.CUSTOMER, AuthorKind.BOT, AuthorKind.AGENT)
