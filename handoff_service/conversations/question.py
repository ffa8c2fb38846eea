"""What the bot is asked in a turn: the unanswered words and files of the customer, and what it should know of him."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service.bots import left_message
from handoff_service.bots.model import TurnRequest
from handoff_service.channels import contacts
from handoff_service.channels.registry import CHANNELS
from handoff_service.clock import iso
from handoff_service.conversations import store
from handoff_service.conversations.model import BOT, Audience, AuthorKind, Conversation, Entry, Event, Kind, OwnerKind
from handoff_service.files.model import label, words
from handoff_service.knowledge.history import former_conversations, known_about
from handoff_service.tenants import store as tenants

CONTEXT = 6
WAYS_OUT = ("/ask_human", left_message.PAYLOAD)
OWN_WORDS = frozenset({"clarify", "offer_human", "small_talk", "form", "soothe", "handoff", "notice"})
SENTENCES = 60
SENTENCE_CHARS = 600
USUAL_CHARS = 600  # of an answer, when the tenant has set nothing (bot/channels/policy.py)
WIDEST = "中"  # some platforms count bytes
FILE_PARTS = ("id", "name", "type", "size")


def from_customer(entry: Entry) -> bool:
    """Whether the bot is asked about it."""
    said = entry.kind is Kind.MESSAGE and entry.author.kind is AuthorKind.CUSTOMER
    return said and entry.body.get("kind") != "unsupported"


def one_turn(connection: sa.Connection, conversation: Conversation, unanswered: Sequence[Entry]) -> Sequence[Entry]:
    """Everything up to the next pressed button: a press is a turn of its own, or its meaning would be lost.

    When he was told that no bot answers, who asks for a person or to leave a message does not stand in line behind
    those questions.
    """
    presses = [index for index, entry in enumerate(unanswered) if "pressed" in entry.body]
    if not presses:
        return unanswered
    told = wait_notice(conversation, unanswered[0].seq)
    if presses[-1] and store.is_known(connection, conversation.tenant, BOT, told):
        for index in reversed(presses):
            if _payload(connection, conversation, unanswered[index]) in WAYS_OUT:
                return unanswered[: index + 1]
    return unanswered[: max(1, presses[0])]


def wait_notice(conversation: Conversation, first_seq: int) -> str:
    """The client_id of the notice that one wait, which began with this entry, gets at most once."""
    return f"{conversation.id}-{first_seq}-wait"


def build_request(
    connection: sa.Connection,
    conversation: Conversation,
    recent: Sequence[Entry],
    unanswered: Sequence[Entry],
    now: datetime,
    *,
    shop_tenants: str = "",
) -> TurnRequest:
    """The request of one turn over `unanswered`; `recent` are the entries around them."""
    said = [
        {"author": entry.author.kind.value, "text": words(entry.body)[:1000]}
        for entry in recent
        if entry.kind is Kind.MESSAGE and entry.audience is Audience.PUBLIC and entry.seq < unanswered[0].seq
    ]
    former = former_conversations(connection, conversation)
    settings = tenants.find(connection, conversation.tenant).settings
    orders = tenants.is_of_shop(connection, conversation.tenant, shop_tenants)
    return TurnRequest(
        tenant=conversation.tenant,
        conversation=conversation.id,
        phase=conversation.phase,
        turn=_asked(conversation, unanswered),
        text="\n".join(filter(None, map(_typed, unanswered))),
        press=_payload(connection, conversation, unanswered[-1]),
        channel=conversation.channel,
        language=conversation.language,
        owner="bot" if conversation.owner.kind is OwnerKind.BOT else "queue",
        orders=orders,
        # In another tenant his id is somebody else's at the shop.
        customer=contacts.verified(connection, conversation.tenant, conversation.contact) if orders else None,
        context=said[-CONTEXT:],
        said=_bot_said(connection, conversation, recent),
        contact=known_about(connection, conversation, former),
        now=now.astimezone(settings.zone),
        returning=_returning(former),
        given_back=_given_back(connection, conversation),
        files=[
            {part: entry.body["file"][part] for part in FILE_PARTS} for entry in unanswered if entry.body.get("file")
        ],
        policy={
            **settings.bot.policy(),
            **_room(conversation.channel, settings.bot.channel_chars),
            "shop": dict(settings.name),
            "quiet": True,
        },
        form=_form(recent, unanswered[0].seq),
    )


def _bot_said(connection: sa.Connection, conversation: Conversation, recent: Sequence[Entry]) -> list[str]:
    """The bot's own sentences of all phases, so that it says none twice; answers are the articles' and may come again.

    `recent` has them all as long as it begins at the beginning.
    """
    if recent[0].seq == 1:
        of_bot = [one for one in recent if one.kind is Kind.MESSAGE and one.author.kind is AuthorKind.BOT]
    else:
        of_bot = store.last(connection, conversation, which=store.OF_BOT)[::-1]
    own = [str(one.body.get("text", "")) for one in of_bot if one.body.get("kind") in OWN_WORDS]
    return [text for text in own if 0 < len(text) <= SENTENCE_CHARS][-SENTENCES:]


def _room(channel: str, wanted: int | None) -> dict[str, int]:
    """The longest answer, where the platform takes less at once than the tenant, or else the bot, would say."""
    if channel not in CHANNELS:
        return {}
    form = CHANNELS[channel].abilities.form
    taken = form.limit // form.measure(WIDEST)
    return {"channel_chars": taken} if taken < (wanted or USUAL_CHARS) else {}


def _form(recent: Sequence[Entry], before: int) -> str | None:
    """The gateway's own form, if that was the last thing that was said to him."""
    said = [
        entry
        for entry in recent
        if entry.seq < before and entry.kind is Kind.MESSAGE and entry.audience is Audience.PUBLIC
    ]
    return said[-1].body.get("form") if said and said[-1].author.kind is AuthorKind.BOT else None


def _asked(conversation: Conversation, unanswered: Sequence[Entry]) -> str:
    """The same for the same entries in the same phase, so that a bot which is asked again after a crash can tell.

    It returns what it answered then, and no order is refunded twice. Made of the entries' own ids: after a restore
    other words may stand at the same numbers.
    """
    asked = f"{conversation.tenant}/{conversation.id}/{conversation.phase}/{unanswered[0].mid}-{unanswered[-1].mid}"
    return f"t_{hashlib.sha256(asked.encode()).hexdigest()[:32]}"


def _typed(entry: Entry) -> str:
    """What the customer wrote; the name of a file that came without words is none of his."""
    text, file = str(entry.body["text"]), entry.body.get("file")
    return "" if file and text == label(file["name"]) else text


def _payload(connection: sa.Connection, conversation: Conversation, entry: Entry) -> str | None:
    """What the pressed button means; customers only ever send which one it was."""
    pressed = entry.body.get("pressed")
    if pressed is None:
        return None
    offered = store.entry_at(connection, conversation.tenant, conversation.id, pressed["seq"])
    return str(offered.body["buttons"][pressed["index"]]["payload"])


def _returning(former: Sequence[Conversation]) -> dict[str, Any] | None:
    """That the contact was here before, and when last."""
    return {"last_at": iso(former[-1].updated_at), "count": len(former)} if former else None


def _given_back(connection: sa.Connection, conversation: Conversation) -> dict[str, Any] | None:
    """What a person left to the bot, when the present phase began with that."""
    if conversation.phase == 1:
        return None
    for entry in store.last_states(connection, conversation):
        if entry.body.get("event") == Event.REOPEN:
            return None
        if entry.body.get("event") == Event.GIVE_BACK:
            return {
                "at": iso(entry.at),
                "agent": entry.author.name,
                "summary": str(entry.body.get("summary") or entry.body.get("note") or ""),
                "promises": list(entry.body.get("promises") or ()),
            }
    return None
