"""Forgetting what has done its work: without it the bookkeeping would outgrow the conversations."""

from __future__ import annotations

from datetime import timedelta

from handoff_service import operations, outbox
from handoff_service.agents import store as agents
from handoff_service.channels import web_widget, windows
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.live import principal
from handoff_service.tickets.looks import look_anew

# A client that resends after longer than this would act twice; none keeps a command that long.
REPEATS_WITHIN = timedelta(days=7)
SENT_KEPT = timedelta(days=1)
SPOKEN_OF = timedelta(days=30)  # no platform tells later what became of a message


def tidy(tx: Transaction, context: Context) -> None:
    """Deletes finished work, old results and notes, and credentials that open nothing.

    Tickets that another release has lost sight of are looked at again.
    """
    now = context.now
    outbox.forget_sent(tx.connection, now - SENT_KEPT)
    windows.forget_old(tx.connection, now - SPOKEN_OF)
    operations.forget_before(tx.connection, now - REPEATS_WITHIN)
    agents.forget_ended(tx.connection, now, oldest=now - timedelta(seconds=context.settings.session_max_s))
    web_widget.forget_expired(tx.connection, now)
    principal.forget_expired(tx.connection, now)
    look_anew(tx.connection, now)
