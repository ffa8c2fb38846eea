"""What was counted of a day, and indexes of lists that a year of conversations had made slow: additions only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signal_days",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "day"),
    )
    failpoint("migrate_step")
    still_open, going = sa.text("owner_kind <> 'closed'"), sa.text("ended_at IS NULL")
    columns = ["tenant", "mood"]
    op.create_index(
        "conversations_upset", "conversations", columns, sqlite_where=still_open, postgresql_where=still_open
    )
    op.create_index("conversations_by_tenants_change", "conversations", ["tenant", "updated_at"])
    op.create_index("handoffs_accepted", "handoffs", ["tenant", "accepted_at", "queue"])
    op.create_index("sla_clocks_going", "sla_clocks", ["tenant", "due_at"], sqlite_where=going, postgresql_where=going)
    op.create_index("webhook_messages_listed", "webhook_messages", ["tenant", "state", "id"])
