"""A desk confirms that it has shown a call to its agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handoff_service.agents.model import Agent
from handoff_service.calls import store
from handoff_service.calls.whom import is_for
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Invalid
from handoff_service.handoffs import store as handoffs
from handoff_service.inputs import is_name, is_seq
from handoff_service.tenants import store as tenants

MOST = 200  # as many as a desk lists


def calls_in(frame: Any) -> list[tuple[str, int]]:
    """(handoff, n) of the calls that a frame confirms: [{"handoff": "h_1", "n": 2}]. Raises Invalid."""
    if not isinstance(frame, list) or len(frame) > MOST:
        raise Invalid(f"`calls` is a list of at most {MOST} calls.")
    found = []
    for one in frame:
        if not isinstance(one, dict) or not is_name(one.get("handoff")) or not is_seq(one.get("n")):
            raise Invalid("A call is {handoff, n}, as the desk's card shows it.")
        found.append((str(one["handoff"]), int(one["n"])))
    return found


def confirm(tx: Transaction, agent: Agent, calls: Sequence[tuple[str, int]], context: Context) -> int:
    """Notes which of these calls the agent was shown. Returns how many were news; what is not for him is ignored."""
    tenant = tenants.find(tx.connection, agent.tenant)
    named = {handoff for handoff, _ in calls}
    known = store.of_handoffs(tx.connection, agent.tenant, named)
    about = handoffs.by_ids(tx.connection, agent.tenant, named)
    news = 0
    for handoff, n in calls:
        call = next((one for one in known.get(handoff, []) if one.n == n), None)
        if call is None or call.shown_at is not None or handoff not in about:
            continue
        if is_for(call, agent, tenant, about[handoff].queue):
            news += store.show(tx.connection, agent.tenant, handoff, n, agent=agent.id, now=context.now)
    return news
