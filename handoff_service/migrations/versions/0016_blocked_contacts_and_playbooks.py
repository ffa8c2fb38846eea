"""Who is blocked, and what was done of a case's playbook: additions only."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("blocked_at", sa.BigInteger(), nullable=True))
    op.add_column("contacts", sa.Column("blocked_by", sa.Text(), nullable=True))
    op.create_table(
        "playbook_steps",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("playbook", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation", "playbook", "step"),
    )
