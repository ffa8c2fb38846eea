"""Tickets that are worked on, with their logs, links, files and words; the register of complaints: additions only.

The release before this one goes on filing (`state` filed, done) and promising (`state` open, closed) beside it.
"""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, default in (("priority", "3"), ("tier", "1"), ("last_n", "0")):
        op.add_column("tickets", sa.Column(name, sa.Integer(), nullable=False, server_default=default))
    for name in ("source", "contact", "agent", "queue", "about_agent", "merged_into", "told_in"):
        op.add_column("tickets", sa.Column(name, sa.Text(), nullable=True))
    for name in ("updated_at", "ended_at", "overdue_at", "check_at", "look_at"):
        op.add_column("tickets", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("tickets", sa.Column("check_plan", sa.JSON(), nullable=True))
    op.add_column("tickets", sa.Column("told_seq", sa.Integer(), nullable=True))
    failpoint("migrate_step")
    op.execute(
        "UPDATE tickets SET contact = (SELECT contact FROM conversations "
        "WHERE conversations.tenant = tickets.tenant AND conversations.id = tickets.conversation)"
    )
    op.create_index("tickets_by_conversation", "tickets", ["tenant", "conversation"])
    op.create_index("tickets_by_contact", "tickets", ["tenant", "contact"])
    op.create_index("tickets_by_agent", "tickets", ["tenant", "agent", "state", "due_at"])
    for name in ("queue", "type"):
        op.create_index(f"tickets_by_{name}", "tickets", ["tenant", name, "state", "due_at"])
    merged = sa.text("merged_into IS NOT NULL")
    columns = ["tenant", "merged_into"]
    op.create_index("tickets_by_merge", "tickets", columns, sqlite_where=merged, postgresql_where=merged)
    there = sa.text("look_at IS NOT NULL")
    op.create_index("tickets_by_look", "tickets", ["look_at"], sqlite_where=there, postgresql_where=there)
    failpoint("migrate_step")
    op.create_table(
        "ticket_events",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ticket", "n"),
    )
    op.create_table(
        "ticket_links",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ticket", "conversation"),
    )
    op.create_index("ticket_links_by_conversation", "ticket_links", ["tenant", "conversation"])
    op.create_table(
        "ticket_files",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "ticket", "file"),
    )
    op.create_table(
        "ticket_words",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "word", "ticket"),
        sqlite_with_rowid=False,
    )
    failpoint("migrate_step")
    op.create_table(
        "complaints",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("threat", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "ticket"),
    )
    op.create_index("complaints_by_time", "complaints", ["tenant", "filed_at"])
    op.create_table(
        "remedies",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("remedies_by_ticket", "remedies", ["tenant", "ticket"])
    failpoint("migrate_step")
