"""Tags of conversations, and conversations that an agent put aside for later: additions only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversation_tags",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation", "tag"),
    )
    op.create_index("conversations_by_tag", "conversation_tags", ["tenant", "tag", "at"])
    failpoint("migrate_step")
    op.create_table(
        "snoozes",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation"),
    )
