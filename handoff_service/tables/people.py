"""Handoffs and those who take them."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, number, text

handoffs = sa.Table(
    "handoffs",
    metadata,
    *key("tenant", "id"),
    text("conversation"),
    text("reason"),
    number("priority"),
    text("queue"),
    text("language"),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("rank", sa.BigInteger, nullable=False),
    number("requested_seq"),
    moment("requested_at"),
    maybe("queued_at", Moment),
    maybe("offered_at", Moment),
    maybe("offered_to"),
    maybe("accepted_at", Moment),
    maybe("accepted_by"),
    maybe("first_reply_at", Moment),
    maybe("closed_at", Moment),
    maybe("wrap_up"),
    sa.Column("declined", sa.JSON, nullable=False),
    maybe("standing", sa.JSON),  # of its clocks, see promises.clocks.Standing
    sa.Index("handoffs_by_conversation", "tenant", "conversation"),
    sa.Index("handoffs_by_rank", "tenant", "queue", "rank"),
    sa.Index("handoffs_by_acceptance", "tenant", "queue", "accepted_at"),
    sa.Index("handoffs_accepted", "tenant", "accepted_at", "queue"),
    sa.Index("handoffs_by_end", "tenant", "queue", "closed_at"),
    sa.Index("handoffs_by_request", "tenant", "queue", "requested_at"),
)

agents = sa.Table(
    "agents",
    metadata,
    *key("tenant", "id"),
    text("email"),
    text("name"),
    text("password_hash"),
    text("role"),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("queues", sa.JSON, nullable=False),
    number("capacity"),
    number("open"),
    text("status"),
    sa.Column("disabled", sa.Boolean, nullable=False),
    maybe("seen_at", Moment),
    maybe("last_assigned_at", Moment),
    maybe("skills", sa.JSON),
    sa.Column("angry_row", sa.Integer, nullable=False, server_default="0", default=0),
    maybe("presence"),
    maybe("reason"),
    maybe("back_at", Moment),
    maybe("home_tenant"),  # of one who is lent: where his own account is
    maybe("home_agent"),
    sa.Column("missed_row", sa.Integer, nullable=False, server_default="0", default=0),  # offers, one after the other
    maybe("idle_since", Moment),  # when he last finished a conversation
    sa.Index("agents_by_email", "tenant", "email", unique=True),
    sa.Index(
        "agents_with_room",
        *("tenant", "status"),
        sqlite_where=sa.text("open < capacity"),
        postgresql_where=sa.text("open < capacity"),
    ),
    sa.Index("agents_by_home", "home_tenant", "home_agent"),
)

agent_sessions = sa.Table(
    "agent_sessions",
    metadata,
    *key("token_hash"),
    text("tenant"),
    text("agent"),
    moment("created_at"),
    moment("seen_at"),
)

desks = sa.Table(
    "desks",
    metadata,
    *key("tenant", "agent", "session"),
    moment("lease_until"),
    maybe("node"),  # which keeps it; none: the only gateway, or one of a release before this
)

socket_tickets = sa.Table(
    "socket_tickets",
    metadata,
    *key("ticket_hash"),
    text("tenant"),
    text("principal_kind"),
    text("principal_id"),
    moment("expires_at"),
    maybe("sign_in"),
)
