"""Letting a conversation go: transfer, give back, close, leave the queue, leave a message."""

from __future__ import annotations

from typing import Any

from handoff_service import outbox
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.channels import contacts
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context, change, check_held, expect_answer
from handoff_service.conversations.model import (
    SYSTEM,
    Audience,
    Author,
    AuthorKind,
    Conversation,
    Draft,
    Event,
    Kind,
    Owner,
    OwnerKind,
)
from handoff_service.conversations.turn import supersede
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.handoffs import store
from handoff_service.handoffs.assign import as_author
from handoff_service.handoffs.moves import check_not_a_loop, destination, into_queue
from handoff_service.handoffs.request import check_may_return, people_back, promise, somebody_on_duty
from handoff_service.knowledge.teach import teach
from handoff_service.promises.detect import promises_in
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import SPAM
from handoff_service.texts import say
from handoff_service.tickets.work import end_promises

# Entries in which promises to the customer are looked for, and how many of these the bot is told.
LOOK_BACK = 200
MOST_PROMISES = 10
FRONT_LINE = 1


def owned(tx: Transaction, conversation_id: str, agent: Agent, epoch: int) -> Conversation:
    """The locked conversation, if the agent owns it under this epoch. Raises Fenced otherwise."""
    conversation = conversations.find(tx.connection, agent.tenant, conversation_id, lock=True)
    check_held(tx.connection, conversation, agent.id, epoch)
    return conversation


def transfer(
    tx: Transaction,
    conversation_id: str,
    agent: Agent,
    epoch: int,
    context: Context,
    *,
    to_agent: str | None = None,
    to_queue: str | None = None,
    to_tier: int | None = None,
    note: str = "",
) -> Conversation:
    """Passes an owned conversation to an agent who is there, to a queue, or to the first queue of a tier.

    Raises Fenced, CapacityFull, Invalid, NotFound, TooManyTransfers; it stays where it is then.
    """
    conversation = owned(tx, conversation_id, agent, epoch)
    to = destination(tx, agent, conversation, context, to_agent=to_agent, to_queue=to_queue, to_tier=to_tier)
    check_not_a_loop(tx.connection, conversation, context)
    return pass_on(tx, conversation, agent, to, context, **({"note": note} if note else {}))


def pass_on(
    tx: Transaction, conversation: Conversation, agent: Agent, to: Owner, context: Context, **said: str
) -> Conversation:
    """Passes what the agent owns to another agent or a queue, however often that was done before."""
    assert conversation.handoff is not None, "an agent owns only what has a handoff"
    body: dict[str, Any] = dict(said)
    if to.kind is OwnerKind.AGENT:
        name = agents.find(tx.connection, agent.tenant, str(to.agent)).name
        body |= {"name": name, "text": say("transferred", conversation.language, agent=name)}
        handoff = store.find(tx.connection, agent.tenant, conversation.handoff)
        store.update(tx.connection, handoff, accepted_by=to.agent)
    else:
        body["text"] = say("requeued", conversation.language)
        into_queue(tx, conversation, str(to.queue), context)
    conversation, _ = change(tx, conversation, Event.TRANSFER, to, context=context, actor=as_author(agent), body=body)
    return conversation


def give_back(
    tx: Transaction,
    conversation_id: str,
    agent: Agent,
    epoch: int,
    context: Context,
    *,
    note: str = "",
    summary: str = "",
) -> Conversation:
    """Returns an owned conversation to the bot, which starts a new phase and forgets its forms.

    The bot is told `summary` and what was promised, colleagues also read `note`. Raises Fenced, StaysWithPeople.
    """
    conversation = owned(tx, conversation_id, agent, epoch)
    check_may_return(tx.connection, conversation, context)
    _end_handoff(tx, conversation, context, wrap_up="given_back")
    end_promises(tx, conversation, context.now, tier=FRONT_LINE)
    left = {"note": note, "summary": summary, "promises": _promised(tx, conversation)}
    body = {"text": say("given_back", conversation.language), **{part: value for part, value in left.items() if value}}
    conversation, _ = change(
        tx,
        conversation,
        Event.GIVE_BACK,
        Owner(OwnerKind.BOT),
        context=context,
        actor=as_author(agent),
        body=body,
        new_phase=True,
    )
    _let_bot_answer(tx, conversation, context)
    return conversation


def _promised(tx: Transaction, conversation: Conversation) -> list[dict[str, Any]]:
    """What agents promised in the conversation, among its last entries: [{"text", "seq"}]; not what articles say."""
    recent = conversations.entries_after(
        tx.connection, conversation.tenant, conversation.id, max(0, conversation.last_seq - LOOK_BACK)
    )
    return [
        {"text": text, "seq": entry.seq}
        for entry in recent
        if entry.kind is Kind.MESSAGE and entry.audience is Audience.PUBLIC and entry.author.kind is AuthorKind.AGENT
        if "article" not in entry.body
        for text in promises_in(str(entry.body.get("text", "")), by_person=True)
    ][-MOST_PROMISES:]


def _let_bot_answer(tx: Transaction, conversation: Conversation, context: Context) -> None:
    """What the customer wrote last and nobody answered is the bot's to answer now, and nothing from before that."""
    unanswered = conversations.unanswered(tx.connection, conversation)
    # A turn from before the human episode may still be under way; it has no place any more.
    supersede(tx.connection, conversation, context.now)
    outbox.finish(tx.connection, conversation.tenant, conversation.id, "bot", upto_seq=conversation.last_seq)
    if unanswered:
        outbox.enqueue(tx, conversation, "bot", unanswered[0].seq, context.now)
        expect_answer(tx.connection, conversation, context)


def close(
    tx: Transaction,
    conversation_id: str,
    agent: Agent,
    epoch: int,
    context: Context,
    *,
    wrap_up: str,
    note: str = "",
) -> Conversation:
    """Ends an owned conversation with a wrap-up code of the tenant. Raises Fenced, Invalid."""
    conversation = owned(tx, conversation_id, agent, epoch)
    codes = [code.id for code in tenants.find(tx.connection, agent.tenant).settings.wrap_up_codes]
    if wrap_up not in codes:
        raise Invalid(f"There is no wrap-up code {wrap_up}; choose one of {', '.join(codes)}.")
    body = {
        "text": say("closed", conversation.language),
        "wrap_up": wrap_up,
        **({"note": note} if note else {}),
    }
    return _close(tx, conversation, Event.CLOSE, context, actor=as_author(agent), body=body, wrap_up=wrap_up)


def close_blocked(tx: Transaction, conversation: Conversation, agent: Agent, context: Context) -> Conversation:
    """Ends a conversation whose customer this agent blocks, whoever owns it; the customer is told nothing."""
    return _close(tx, conversation, Event.CLOSE, context, actor=as_author(agent), body={"wrap_up": SPAM}, wrap_up=SPAM)


def close_idle(tx: Transaction, conversation: Conversation, context: Context) -> Conversation:
    """Ends a conversation in which nothing happens any more; who is blocked is told nothing of it."""
    muted = contacts.blocked(tx.connection, conversation.tenant, conversation.contact) is not None
    body = {} if muted else {"text": say("closed", conversation.language)}
    return _close(tx, conversation, Event.IDLE, context, actor=SYSTEM, body=body, wrap_up="idle")


def _close(
    tx: Transaction,
    conversation: Conversation,
    event: Event,
    context: Context,
    *,
    actor: Author,
    body: dict[str, Any],
    wrap_up: str,
) -> Conversation:
    _end_handoff(tx, conversation, context, wrap_up=wrap_up)
    # Of one that ends by itself an answer of the senior team is still owed, like what was promised in words.
    end_promises(tx, conversation, context.now, tier=FRONT_LINE if event is Event.IDLE else None)
    # What the bot was asked and never answered ends here; a reopened conversation does not begin with it.
    supersede(tx.connection, conversation, context.now)
    outbox.finish(tx.connection, conversation.tenant, conversation.id, "bot", upto_seq=conversation.last_seq)
    conversation, _ = change(tx, conversation, event, Owner(OwnerKind.CLOSED), context=context, actor=actor, body=body)
    return conversation


def solved(tx: Transaction, conversation: Conversation, actor: Author, context: Context) -> Conversation:
    """The waiting customer needs nobody any more: out of the queue, back to the bot.

    Raises IllegalTransition, StaysWithPeople.
    """
    return _back_to_bot(tx, conversation, actor, context, wrap_up="solved", text=say("solved", conversation.language))


def leave_queue(tx: Transaction, conversation: Conversation, actor: Author, context: Context) -> Conversation:
    """The waiting customer gives up his place and goes on with the bot. Raises IllegalTransition, StaysWithPeople."""
    text = say("went_on_with_bot", conversation.language)
    return _back_to_bot(tx, conversation, actor, context, wrap_up="left", text=text)


def _back_to_bot(
    tx: Transaction, conversation: Conversation, actor: Author, context: Context, *, wrap_up: str, text: str
) -> Conversation:
    check_may_return(tx.connection, conversation, context)
    _end_handoff(tx, conversation, context, wrap_up=wrap_up)
    end_promises(tx, conversation, context.now)
    conversation, _ = change(
        tx,
        conversation,
        Event.SOLVED,
        Owner(OwnerKind.BOT),
        context=context,
        actor=actor,
        body={"text": text},
    )
    if outbox.pending(tx.connection, conversation.tenant, conversation.id, "bot") is not None:
        outbox.revive(tx, conversation.tenant, conversation.id, "bot", context.now)
        expect_answer(tx.connection, conversation, context)
    return conversation


def served_elsewhere(tx: Transaction, conversation: Conversation, context: Context) -> Conversation:
    """Who waits is served in the platform's own app: out of the queue, without a word, and the bot is not asked.

    Raises IllegalTransition, StaysWithPeople.
    """
    check_may_return(tx.connection, conversation, context)
    _end_handoff(tx, conversation, context, wrap_up="elsewhere")
    end_promises(tx, conversation, context.now)
    conversation, entry = change(tx, conversation, Event.SOLVED, Owner(OwnerKind.BOT), context=context)
    supersede(tx.connection, conversation, context.now)
    outbox.finish(tx.connection, conversation.tenant, conversation.id, "bot", upto_seq=entry.seq)
    return conversation


def leave_message(
    tx: Transaction,
    conversation: Conversation,
    actor: Author,
    context: Context,
    *,
    reply_to: str,
    written: bool = True,
) -> Conversation:
    """The customer prefers an answer later: a ticket with a due time instead of the place in the queue.

    `written`: he has said what it is about; otherwise he is asked to.
    """
    tenant = tenants.find(tx.connection, conversation.tenant)
    due = promise(tx, conversation, tenant, context, queue=conversation.owner.queue or "", reply_to=reply_to)
    language = conversation.language
    text = say("message_left", language, due=due) if written else say("message_wanted", language, due=due)
    if conversation.owner.kind is OwnerKind.MAILBOX:
        draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, body={"text": text, "kind": "notice"})
        conversation, _ = conversations.append(tx, conversation, draft, context.now)
        return conversation
    conversation, _ = change(
        tx,
        conversation,
        Event.LEAVE_MESSAGE,
        Owner(OwnerKind.MAILBOX, queue=conversation.owner.queue),
        context=context,
        actor=actor,
        body={"text": text},
    )
    return conversation


def nobody_left(tx: Transaction, conversation: Conversation, context: Context) -> Conversation | None:
    """Moves a waiting conversation to the mailbox, with a promise, when its queue closes or nobody is on duty.

    None when it is open and somebody is there.
    """
    queue = conversation.owner.queue or ""
    if conversation.owner.kind is not OwnerKind.QUEUE:
        raise Conflict(f"Conversation {conversation.id} does not wait in a queue.")
    if somebody_on_duty(tx, conversation.tenant, queue, context):
        return None
    tenant = tenants.find(tx.connection, conversation.tenant)
    due = promise(tx, conversation, tenant, context, queue=queue)
    back = people_back(tenant, queue, conversation.language, context)
    conversation, _ = change(
        tx,
        conversation,
        Event.CLOSING_TIME,
        Owner(OwnerKind.MAILBOX, queue=queue),
        context=context,
        body={
            "text": say("closing_time_hours", conversation.language, due=due, back=back)
            if back
            else say("closing_time", conversation.language, due=due)
        },
    )
    return conversation


def _end_handoff(tx: Transaction, conversation: Conversation, context: Context, *, wrap_up: str) -> None:
    if conversation.handoff is not None:
        handoff = store.find(tx.connection, conversation.tenant, conversation.handoff)
        if handoff.closed_at is None:
            store.update(tx.connection, handoff, closed_at=context.now, wrap_up=wrap_up)
            teach(tx, conversation, conversation.last_seq + 1, context)  # the change of owner that follows
