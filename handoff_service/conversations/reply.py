"""What an agent writes: replies under his epoch, internal notes at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handoff_service.agents.canned import refuse_foreign
from handoff_service.agents.model import Agent
from handoff_service.channels import contacts, templates
from handoff_service.conversations import store
from handoff_service.conversations.change import Context, check_held
from handoff_service.conversations.model import Audience, AuthorKind, Conversation, Draft, Entry, Kind, OwnerKind
from handoff_service.conversations.receive import clean_text, refuse_unknown, with_file
from handoff_service.database import Transaction
from handoff_service.desk.forbidden import refuse_forbidden
from handoff_service.errors import Invalid, Mismatch, NotFound
from handoff_service.evidence.model import request_parts
from handoff_service.files import store as files
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.assign import as_author, tier_of
from handoff_service.knowledge.teach import teach
from handoff_service.mentions.ask import ask, check_whisper, internal_parts
from handoff_service.permissions import Permission, require
from handoff_service.promises.follow import follow
from handoff_service.public_mentions.by_hand import remind_of_place
from handoff_service.tickets.work import end_promises


def reply(
    tx: Transaction,
    agent: Agent,
    conversation_id: str,
    *,
    client_id: str,
    body: Mapping[str, Any],
    epoch: int | None,
    audience: Audience,
    context: Context,
) -> tuple[Conversation, Entry]:
    """Appends an agent's message. A public one needs ownership under `epoch`, else Fenced; a note needs neither.

    A note may ask colleagues (`mentions`, or @ and a name in its text), a supervisor's may `whisper` to the owner.
    Of a translated reply `original` is what its author wrote; customers do not see it.
    """
    refuse_unknown(body, {"text", "article", "file", "mentions", "whisper", "canned", "original", "photos", "template"})
    stored, file = with_file(tx.connection, agent.tenant, f"{AuthorKind.AGENT}:{agent.id}", body)
    stored |= internal_parts(body, audience) | request_parts(body, audience, stored["text"])
    stored |= _origin(body, audience)
    ended = store.find(tx.connection, agent.tenant, conversation_id)
    if ended.owner.kind is OwnerKind.CLOSED:  # the contact before the conversation, as who blocks or erases him does
        contacts.lock(tx.connection, agent.tenant, ended.contact)  # raises Erased
    conversation = store.find(tx.connection, agent.tenant, conversation_id, lock=True)
    stored |= templates.asked_for(tx.connection, conversation, body, audience)
    if file is not None and file.conversation != conversation.id:
        raise NotFound(f"There is no file {file.id} in this conversation.")
    draft = Draft(kind=Kind.MESSAGE, author=as_author(agent), body=stored, audience=audience, client_id=client_id)
    before = store.repeated(tx.connection, agent.tenant, draft)
    if before is not None:
        if before.conversation != conversation.id:
            raise Mismatch(
                f"client_id {client_id} was used before in another conversation; use a new one.", client_id=client_id
            )
        return conversation, before
    if audience is Audience.PUBLIC:
        if epoch is None:
            raise Invalid("A reply needs the epoch that it is written under.")
        require(agent, Permission.CONVERSATIONS_ANSWER)
        check_held(tx.connection, conversation, agent.id, epoch)
        refuse_foreign(tx.connection, agent, body)
        refuse_forbidden(tx.connection, agent.tenant, stored["text"])
    check_whisper(agent, conversation, stored)
    if conversation.owner.kind is OwnerKind.CLOSED and ended.owner.kind is not OwnerKind.CLOSED:  # just now
        contacts.lock(tx.connection, agent.tenant, conversation.contact)
    conversation, entry = store.append(tx, conversation, draft, context.now)
    if audience is Audience.INTERNAL:
        ask(tx, agent, conversation, entry, context)
    if "article" in stored and audience is Audience.PUBLIC:
        teach(tx, conversation, entry.seq, context)
    if file is not None:
        files.attach(tx.connection, file, conversation=conversation.id, seq=entry.seq, audience=audience)
    if audience is Audience.PUBLIC and conversation.handoff is not None:
        _answered(tx, agent, conversation, conversation.handoff, context)
    follow(tx, conversation, entry)
    if audience is Audience.PUBLIC:
        conversation = remind_of_place(tx, conversation, context.now)
    return conversation, entry


def _origin(body: Mapping[str, Any], audience: Audience) -> dict[str, Any]:
    """Where the words come from: the article that is quoted, the canned reply they began as, what was translated."""
    found: dict[str, Any] = {}
    article = body.get("article")
    if article is not None:
        if not isinstance(article, dict) or set(article) != {"id", "language", "title"}:
            raise Invalid("`article` has the parts id, language and title.")
        found["article"] = {part: clean_text(value)[:200] for part, value in article.items()}
    if body.get("canned") is not None:
        found["canned"] = clean_text(body["canned"])[:64]
    if body.get("original") is not None and audience is Audience.PUBLIC:
        found["original"] = clean_text(body["original"])
    return found


def _answered(tx: Transaction, agent: Agent, conversation: Conversation, handoff_id: str, context: Context) -> None:
    """Notes the first reply, and that what was promised is kept if this agent may keep it."""
    handoff = handoffs.find(tx.connection, agent.tenant, handoff_id)
    if handoff.first_reply_at is None:
        handoffs.update(tx.connection, handoff, first_reply_at=context.now)
    end_promises(tx, conversation, context.now, tier=tier_of(tx.connection, agent, handoff))
