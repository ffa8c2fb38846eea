"""Tickets that a turn of the bot files, with a number that customers are told; copies of articles: additions only.

The release before this one sees open promises (`state` open, closed) and nothing of these (`state` filed, done).
"""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("number", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("type", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("fields", sa.JSON(), nullable=True))
    op.add_column("tickets", sa.Column("turn", sa.Text(), nullable=True))
    failpoint("migrate_step")
    op.create_index("tickets_by_number", "tickets", ["tenant", "number"], unique=True)
    op.create_index("tickets_by_turn", "tickets", ["tenant", "turn"], unique=True)
    op.create_table(
        "article_copies",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("copied_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "article", "language"),
    )
    failpoint("migrate_step")
