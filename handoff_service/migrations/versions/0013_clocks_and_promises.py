"""Clocks of the service level and promises in words: new tables only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sla_clocks",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("tenant", "handoff", "kind", "conversation")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("queue", "channel")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("priority", "since_seq")),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("target_s", "used_s")),
        sa.Column("state", sa.Text(), nullable=False),
        *(sa.Column(f"{name}_at", sa.BigInteger()) for name in ("warn", "due", "warned", "breached", "ended", "next")),
        sa.PrimaryKeyConstraint("tenant", "handoff", "kind", "since_seq"),
    )
    op.create_index("sla_clocks_by_conversation", "sla_clocks", ["tenant", "conversation"])
    op.create_index("sla_clocks_by_state", "sla_clocks", ["tenant", "state", "due_at"])
    counted = ["tenant", "started_at", "queue", "kind", "state", "breached_at"]
    op.create_index("sla_clocks_by_start", "sla_clocks", counted)
    op.create_index("sla_clocks_by_breach", "sla_clocks", ["tenant", "breached_at"])
    op.create_index("sla_clocks_by_next", "sla_clocks", ["next_at"])
    failpoint("migrate_step")
    op.create_table(
        "promises",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("tenant", "id", "conversation")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("seq", "n")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("text", "deed", "by_kind", "by_id")),
        sa.Column("queue", sa.Text()),
        *(sa.Column(f"{name}_at", sa.BigInteger(), nullable=False) for name in ("said", "due", "remind")),
        sa.Column("vague", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        *(sa.Column(f"{name}_at", sa.BigInteger()) for name in ("reminded", "overdue", "settled")),
        *(sa.Column(name, sa.Text()) for name in ("settled_by", "reason")),
        sa.Column("next_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("promises_by_entry", "promises", ["tenant", "conversation", "seq", "n"], unique=True)
    op.create_index("promises_by_state", "promises", ["tenant", "state", "due_at"])
    op.create_index("promises_by_next", "promises", ["next_at"])
