"""Who is at the other end of a socket or a request, and the single-use tickets that open sockets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent
from handoff_service.channels.web_widget import sender_by_contact
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Unauthorized
from handoff_service.ids import new_token, token_hash
from handoff_service.statements import Statement, inserting

TICKET_LIFE = timedelta(seconds=30)

K = tables.socket_tickets.c

ADD = inserting(tables.socket_tickets, *K.keys())
REDEEM = Statement(
    sa.delete(tables.socket_tickets)
    .where(K.ticket_hash == sa.bindparam("ticket"), K.expires_at > sa.bindparam("now"))
    .returning(K.tenant, K.principal_kind, K.principal_id, K.sign_in)
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Either a customer or an agent; `sign_in` is the hash of the agent's session token."""

    customer: Sender | None = None
    agent: Agent | None = None
    sign_in: str | None = None

    @property
    def tenant(self) -> str:
        return self.customer.tenant if self.customer else self.as_agent().tenant

    @property
    def key(self) -> tuple[str, str]:
        """(kind, id), as cursors and tickets name him."""
        return ("customer", self.customer.contact) if self.customer else ("agent", self.as_agent().id)

    def as_agent(self) -> Agent:
        """The agent. Raises Unauthorized for a customer."""
        if self.agent is None:
            raise Unauthorized("This is for agents.")
        return self.agent

    def as_customer(self) -> Sender:
        """The customer. Raises Unauthorized for an agent."""
        if self.customer is None:
            raise Unauthorized("This is for customers.")
        return self.customer


def issue_ticket(tx: Transaction, principal: Principal, now: datetime) -> str:
    """A ticket that opens one socket within TICKET_LIFE."""
    ticket = new_token()
    kind, who = principal.key
    ADD.run(
        tx.connection,
        ticket_hash=token_hash(ticket),
        tenant=principal.tenant,
        principal_kind=kind,
        principal_id=who,
        sign_in=principal.sign_in,
        expires_at=now + TICKET_LIFE,
    )
    return ticket


def redeem_ticket(tx: Transaction, ticket: str, now: datetime) -> Principal:
    """Who the ticket was issued to; it is gone afterwards. Raises Unauthorized for a used, expired or unknown one."""
    row = REDEEM.first(tx.connection, ticket=token_hash(ticket), now=now)
    if row is None:
        raise Unauthorized("The ticket was used, has expired or is unknown; ask for a new one.")
    tenant, who = row["tenant"], row["principal_id"]
    if row["principal_kind"] == "customer":
        return Principal(customer=sender_by_contact(tx.connection, tenant, who))
    return Principal(agent=agents.enabled(tx.connection, tenant, who), sign_in=row["sign_in"])


def forget_expired(connection: sa.Connection, now: datetime) -> None:
    """Deletes tickets that nobody has used."""
    connection.execute(sa.delete(tables.socket_tickets).where(K.expires_at <= now))


def forget_tickets(connection: sa.Connection, tenant: str, kind: str, who: str) -> None:
    """What was issued to this person opens no socket any more."""
    where = (K.tenant == tenant, K.principal_kind == kind, K.principal_id == who)
    connection.execute(sa.delete(tables.socket_tickets).where(*where))
