"""Calls to handoffs, mentions of colleagues, and what agents say of themselves in more detail: additions only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("handoff", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=True),
        sa.Column("shown_to", sa.Text(), nullable=True),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "handoff", "n"),
    )
    failpoint("migrate_step")
    op.create_table(
        "mentions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "agent", "conversation", "seq"),
    )
    op.create_index("mentions_by_answer", "mentions", ["tenant", "agent", "answered_seq", "at"])
    op.create_index("mentions_by_conversation", "mentions", ["tenant", "conversation"])
    failpoint("migrate_step")
    # `status` keeps the word that the release before knows; `presence` is the finer one.
    op.add_column("agents", sa.Column("presence", sa.Text(), nullable=True))
    op.add_column("agents", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("agents", sa.Column("back_at", sa.BigInteger(), nullable=True))
