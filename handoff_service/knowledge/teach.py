"""Telling the knowledge base what people taught: through the outbox, so that nothing is lost and nobody waits.

An entry that teaches leaves a row in its own transaction; the report is made from the timeline when it is delivered.
However long the knowledge base is away, a report is not given up; a repeated one counts once there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from handoff_service import outbox
from handoff_service.clock import Clock, iso
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Database, Transaction
from handoff_service.errors import Invalid, Unavailable
from handoff_service.ids import new_id
from handoff_service.knowledge.client import Knowledge
from handoff_service.knowledge.report import report

log = structlog.get_logger()

# Entries before the one that teaches, among which its question is looked for.
LOOK_BACK = 300
# Few, because each asks the knowledge base, which has customers to answer.
REPORTS_AT_ONCE = 4


def teach(tx: Transaction, conversation: Conversation, seq: int, context: Context) -> None:
    """Asks for a report of entry `seq` once this transaction is committed; nothing while no token is set.

    Rings nobody: a report may wait for the worker's next look, and a customer's turn is not to pay for it.
    """
    if context.settings.kb_token.get_secret_value():
        row = {"destination": outbox.KNOWLEDGE, "seq": seq, "state": "new", "attempts": 0, "next_at": context.now}
        outbox.ENQUEUE.run(
            tx.connection, tenant=conversation.tenant, id=new_id("o"), conversation=conversation.id, **row
        )


class Teacher:
    """Carries out the outbox rows for the destination "knowledge"."""

    def __init__(self, database: Database, knowledge: Knowledge, clock: Clock) -> None:
        self._database = database
        self._knowledge = knowledge
        self._clock = clock

    async def __call__(self, job: outbox.Job) -> None:
        path, told = await self._database.read(lambda connection: _told(connection, job))
        try:
            if told is not None:
                await self._knowledge.teach(path, told)
        except Unavailable as error:
            until, reason = self._clock() + timedelta(seconds=outbox.back_off(job)), error.message
            await self._database.write(
                lambda tx: outbox.postpone(tx.connection, job, reason, until=until), durable=False
            )
            return
        except Invalid as error:
            reason = error.message
            log.error("the knowledge base refuses a report", conversation=job.conversation, seq=job.seq, error=reason)
            await self._database.write(lambda tx: outbox.give_up(tx.connection, job, reason), durable=False)
            return
        # Not durable: what is forgotten by a power failure is reported once more, and counts once.
        await self._database.write(lambda tx: outbox.settle(tx.connection, job), durable=False)


def _told(connection: sa.Connection, job: outbox.Job) -> tuple[str, dict[str, Any] | None]:
    """Where the report goes and what it says; an erased conversation is to be forgotten."""
    conversation = store.find(connection, job.tenant, job.conversation)
    after = max(0, job.seq - LOOK_BACK - 1)
    entries = store.entries_after(connection, job.tenant, job.conversation, after, limit=LOOK_BACK + 1)
    last = next((entry for entry in entries if entry.seq == job.seq), None)
    if last is not None and last.body.get("kind") == "erased":
        return "/forget", {"tenant": job.tenant, "conversation": job.conversation, "upto": iso(last.at)}
    return "/feedback", report(conversation, entries, job.seq)
