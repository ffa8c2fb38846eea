"""When the next rung of each ladder is due, who misses offers, and since when an agent is idle: additions only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("ladder_at", sa.BigInteger(), nullable=True))
    # Whoever waits now is looked at once more, and then as its calls say.
    op.execute("UPDATE conversations SET ladder_at = updated_at WHERE rank IS NOT NULL")
    climbs = sa.text("ladder_at IS NOT NULL")
    columns = ["tenant", "queue", "owner_kind", "ladder_at"]
    op.create_index("conversations_by_ladder", "conversations", columns, sqlite_where=climbs, postgresql_where=climbs)
    failpoint("migrate_step")
    op.create_table(
        "full_queues",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "queue"),
    )
    op.add_column("agents", sa.Column("missed_row", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("agents", sa.Column("idle_since", sa.BigInteger(), nullable=True))
