"""Places that an older gateway left behind, how clocks stand, and what is owed: additions only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("standing", sa.JSON(), nullable=True))
    misplaced = sa.text("rank IS NOT NULL AND owner_kind NOT IN ('queue', 'offer')")
    op.create_index(
        "conversations_misplaced", "conversations", ["tenant", "id"], sqlite_where=misplaced, postgresql_where=misplaced
    )
    failpoint("migrate_step")
    told, owed = sa.text("next_at IS NOT NULL"), sa.text("state = 'open'")
    columns = ["tenant", "conversation", "next_at"]
    op.create_index("sla_clocks_to_tell", "sla_clocks", columns, sqlite_where=told, postgresql_where=told)
    columns = ["tenant", "conversation", "seq"]
    op.create_index("promises_owed", "promises", columns, sqlite_where=owed, postgresql_where=owed)
