"""Erasing a person, in steps that may be interrupted and repeated.

What a conversation has said about somebody is in every entry of it: the bot and the agents quote him. So all entries
of all his conversations lose their text, those of the bot and of the agents too. Each keeps its place, kind, author's
kind and time, so that a timeline stays dense and counts stay right; `erased: true` marks it. Ratings keep their stars
and thumbs their direction. Names, channel identities, visitor tokens, tickets, evidence of handoffs, results of
commands, cursors and files go; ids that were drawn at random stay, because they name nobody any more.

Not reached: backups that were made before (a restore erases again, see `erased_list`), the memory of a running bot
(until it restarts or has served 5000 newer conversations), and on PostgreSQL the archived write-ahead log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from handoff_service import audit, operations, outbox, tables
from handoff_service.bell import contact_topic, conversation_topic, desk_topic
from handoff_service.channels import contacts, media_refs, web_widget, windows
from handoff_service.channels import store as channels
from handoff_service.conversations import cursors, turn
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import (
    SYSTEM,
    Audience,
    AuthorKind,
    Draft,
    Kind,
    OwnerKind,
    body_hash,
)
from handoff_service.database import Transaction
from handoff_service.desk import store as desks
from handoff_service.errors import Conflict, NotFound, Unavailable
from handoff_service.files import keep
from handoff_service.files import store as files
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.release import close_idle
from handoff_service.knowledge.teach import teach
from handoff_service.live.principal import forget_tickets
from handoff_service.promises import store as promises
from handoff_service.retention import store
from handoff_service.retention.reach import OWN, Whom, check_shown, reached
from handoff_service.retention.store import Job
from handoff_service.texts import say
from handoff_service.tickets import forget as tickets
from handoff_service.training import store as training
from handoff_service.webhooks import store as webhooks

KIND = "erase"
EMPTY: Mapping[str, Any] = {"text": "", "erased": True}
# What is left of the body of other kinds: what replaying the owner and counting opinions needs.
KEPT = {
    Kind.STATE: ("event", "from", "to"),
    Kind.FEEDBACK: ("of", "value"),
    Kind.RATING: ("of", "score"),
}

Step = Callable[[Transaction, str, str, Context], Counter[str] | None]


def begin(
    tx: Transaction,
    tenant: str,
    contact: str,
    whom: Whom = OWN,
    *,
    requested_by: str,
    context: Context,
) -> list[Job]:
    """The jobs that erase a person, that of the contact first, or those that are under way.

    Raises NotFound, and Conflict while one of them is on hold or when they are not the contacts that were shown.
    """
    person = _locked(tx.connection, tenant, contact, whom)
    check_shown(person, whom)
    for one in person:
        _refuse_held(tx.connection, tenant, one)
    return [_job(tx, tenant, one, requested_by, context) for one in person]


def _locked(connection: sa.Connection, tenant: str, contact: str, whom: Whom) -> list[str]:
    """Whom the erasure reaches, each locked: until the commit none is merged, parted or put on hold."""
    found = reached(connection, tenant, contact, whom)
    if not store.lock_contacts(connection, tenant, found):
        raise NotFound("There is no such contact.")
    person = reached(connection, tenant, contact, whom)
    if set(person) != set(found):
        raise Conflict("This customer was merged or parted at this moment; nothing was done. Look again and repeat.")
    return person


def _job(tx: Transaction, tenant: str, contact: str, requested_by: str, context: Context) -> Job:
    running = store.running_job(tx.connection, tenant, KIND, contact)
    return running or store.add_job(
        tx.connection,
        tenant,
        kind=KIND,
        subject=contact,
        step=next(iter(STEPS)),
        requested_by=requested_by,
        now=context.now,
    )


def _refuse_held(connection: sa.Connection, tenant: str, contact: str) -> None:
    held = store.held(connection, tenant, contact)
    if held:
        raise Conflict(
            "A conversation of this contact is on legal hold; release it before erasing him.", conversations=held
        )


def advance(tx: Transaction, job: Job, context: Context) -> Job:
    """Carries out the job's next step, or a part of it, and notes it. The last step leaves the proof in the audit.

    Two that advance the same job take turns. Raises Unavailable while a conversation is on legal hold.
    """
    job = store.find_job(tx.connection, job.tenant, job.id, lock=True)
    if job.state != "running":
        return job
    if job.step == "proof":
        _record(tx, job, context)
        return store.save_job(tx.connection, job, context.now, state="done")
    _wait_for_hold(tx.connection, job)
    counts = STEPS[job.step](tx, job.tenant, job.subject, context)
    names = [*STEPS, "proof"]
    more = job.step == "conversations" and counts is not None  # until none is left
    step = job.step if more else names[names.index(job.step) + 1]
    progress = dict(Counter(job.progress) + (counts or Counter()))
    return store.save_job(tx.connection, job, context.now, step=step, progress=progress)


def _wait_for_hold(connection: sa.Connection, job: Job) -> None:
    """No hold is set while a job runs, but by an older release that locks less: then the job waits for its end."""
    store.lock_contacts(connection, job.tenant, [job.subject])
    if store.held(connection, job.tenant, job.subject):
        raise Unavailable("A conversation of this contact is on legal hold; his erasure waits until it is released.")


def forget_contact(tx: Transaction, tenant: str, contact: str, context: Context) -> None:
    """Everything about a contact but his conversations."""
    for step in (_credentials, _traces, _files):
        step(tx, tenant, contact, context)


def erase_at_once(tx: Transaction, tenant: str, contact: str, context: Context) -> None:
    """All of it in the caller's transaction, hold or not, without job and proof: for who had been erased before."""
    forget_contact(tx, tenant, contact, context)
    while _conversations(tx, tenant, contact, context) is not None:
        pass


def _credentials(tx: Transaction, tenant: str, contact: str, context: Context) -> Counter[str]:
    """From here on nobody can write in his name: `receive` looks at the contact under this row's lock."""
    store.lock_contacts(tx.connection, tenant, [contact])
    tokens = web_widget.forget_contact(tx.connection, tenant, contact)
    forget_tickets(tx.connection, tenant, "customer", contact)
    known_as = contacts.identities(tx.connection, tenant, contact)
    accounts = [(channel.partition(":")[2], external_id) for channel, external_id in known_as]
    standings = windows.forget_contact(tx.connection, tenant, accounts)
    identities = contacts.forget(tx.connection, tenant, contact, context.now)
    tx.ring(contact_topic(tenant, contact))  # ends his open sockets
    return Counter(tokens=tokens, identities=identities, standings=standings)


def _conversations(tx: Transaction, tenant: str, contact: str, context: Context) -> Counter[str] | None:
    """The next conversation that still has content; None when there is none."""
    found = store.to_erase(tx.connection, tenant, contact, limit=1)
    return erase_conversation(tx, tenant, found[0], context) if found else None


def _traces(tx: Transaction, tenant: str, contact: str, context: Context) -> Counter[str]:
    about = [*store.all_ids(tx.connection, tenant, contact), *tickets.ids(tx.connection, tenant, contact)]
    done = operations.forget(tx.connection, tenant, f"customer:{contact}", about)
    work = tickets.forget_contact(tx, tenant, contact, context.now)
    read = cursors.forget(tx.connection, tenant, ("customer", contact))
    care = desks.forget_care(tx.connection, tenant, [contact])
    return Counter(operations=done, cursors=read, tickets=work, care=care)


def _files(tx: Transaction, tenant: str, contact: str, context: Context) -> Counter[str]:
    return keep.drop(tx.connection, context.settings, files.of_contact(tx.connection, tenant, contact))


def _record(tx: Transaction, job: Job, context: Context) -> None:
    audit.record(
        tx,
        job.tenant,
        actor=job.requested_by,
        action="erase",
        subject=job.subject,
        detail={"job": job.id, **job.progress},
        now=context.now,
    )


STEPS: Mapping[str, Step] = {
    "credentials": _credentials,
    "conversations": _conversations,
    "traces": _traces,
    "files": _files,
}


def erase_conversation(tx: Transaction, tenant: str, conversation_id: str, context: Context) -> Counter[str]:
    """Closes a conversation if it is open, takes the content from all that belongs to it, and says so in it."""
    conversation = conversations.find(tx.connection, tenant, conversation_id, lock=True)
    if conversation.owner.kind is not OwnerKind.CLOSED:
        conversation = close_idle(tx, conversation, context)
    turn.supersede(tx.connection, conversation, context.now)
    counts = Counter(
        conversations=1,
        entries=_empty_entries(tx.connection, tenant, conversation_id),
        tickets=tickets.forget_conversation(tx, conversation, context.now),
        outbox=outbox.forget(tx.connection, tenant, conversation_id),
        turns=turn.forget(tx.connection, conversation),
        inbox=channels.forget(tx.connection, tenant, conversation_id),
        deliveries=windows.forget(tx.connection, tenant, conversation_id),
        media=media_refs.forget(tx.connection, tenant, conversation_id),
        tags=desks.forget(tx.connection, conversation),
        promises=promises.forget(tx.connection, tenant, conversation_id),
        training=training.forget(tx.connection, tenant, conversation_id),
        webhooks=webhooks.forget(tx.connection, tenant, conversation_id),
    )
    counts += keep.drop(tx.connection, context.settings, files.of_conversation(tx.connection, tenant, conversation_id))
    for handoff in handoffs.of_conversation(tx.connection, tenant, conversation_id):
        handoffs.update(tx.connection, handoff, evidence={})
        counts["handoffs"] += 1
    body = {"text": say("erased", conversation.language), "kind": "erased"}
    draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, audience=Audience.INTERNAL, body=body)
    conversation, _ = conversations.append(tx, conversation, draft, context.now)
    conversations.update(tx.connection, conversation, preview="", mood=None, erased_at=context.now)
    teach(tx, conversation, conversation.last_seq, context)  # what it taught is forgotten too
    tx.ring(conversation_topic(tenant, conversation_id))
    tx.ring(desk_topic(tenant))
    return counts


def _empty_entries(connection: sa.Connection, tenant: str, conversation: str) -> int:
    E = tables.entries.c
    count = 0
    for audience in Audience:
        emptied = {"body": dict(EMPTY), "body_hash": body_hash(Kind.MESSAGE, audience, EMPTY)}
        only = (E.kind == Kind.MESSAGE, E.audience == audience)
        count += conversations.overwrite(connection, tenant, conversation, *only, **emptied)
    for row in store.entries_but_messages(connection, tenant, conversation):
        body = {part: row.body[part] for part in KEPT[Kind(row.kind)] if part in row.body} | {"erased": True}
        values = {"body": body, "body_hash": body_hash(row.kind, row.audience, body)}
        count += conversations.overwrite(connection, tenant, conversation, E.seq == row.seq, **values)
    # His client chose these ids, and may have put anything into them.
    anonymous = {"author_name": "", "client_id": None}
    conversations.overwrite(connection, tenant, conversation, E.author_kind == AuthorKind.CUSTOMER, **anonymous)
    return count
