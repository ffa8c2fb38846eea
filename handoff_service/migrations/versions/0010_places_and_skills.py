"""Places in queues beside their owners, what a conversation weighs, and what agents can do: additions only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WAITS = sa.text("rank IS NOT NULL")


def upgrade() -> None:
    op.add_column("conversations", sa.Column("rank", sa.BigInteger(), nullable=True))
    op.add_column("conversations", sa.Column("priority", sa.Integer(), nullable=True))
    op.add_column("conversations", sa.Column("reserved_for", sa.Text(), nullable=True))
    op.add_column("conversations", sa.Column("reserved_until", sa.BigInteger(), nullable=True))
    op.add_column("conversations", sa.Column("load", sa.Integer(), nullable=True))
    op.add_column("agents", sa.Column("skills", sa.JSON(), nullable=True))
    op.add_column("agents", sa.Column("angry_row", sa.Integer(), nullable=False, server_default="0"))
    room = sa.text("open < capacity")
    op.create_index("agents_with_room", "agents", ["tenant", "status"], sqlite_where=room, postgresql_where=room)
    failpoint("migrate_step")
    for column in ("rank", "priority"):
        op.execute(
            f"UPDATE conversations SET {column} = (SELECT h.{column} FROM handoffs h WHERE h.tenant = "
            "conversations.tenant AND h.id = conversations.handoff) WHERE owner_kind IN ('queue', 'offer')"
        )
    op.create_index(
        "conversations_by_place",
        "conversations",
        ["tenant", "queue", "rank", "handoff"],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
    op.create_index(
        "conversations_by_lane",
        "conversations",
        [
            *("tenant", "queue", "language", "owner_kind", "reserved_for", "rank", "handoff"),
            *("id", "channel", "priority", "mood"),
        ],
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    )
    op.create_index(
        "conversations_reserved",
        "conversations",
        ["tenant", "reserved_until"],
        sqlite_where=sa.text("reserved_for IS NOT NULL"),
        postgresql_where=sa.text("reserved_for IS NOT NULL"),
    )
    offered = sa.text("owner_kind = 'offer'")
    op.create_index(
        "conversations_offered",
        "conversations",
        ["tenant", "owner_agent"],
        sqlite_where=offered,
        postgresql_where=offered,
    )
    unplaced = sa.text("owner_kind = 'queue' AND rank IS NULL")
    op.create_index(
        "conversations_unplaced", "conversations", ["tenant", "id"], sqlite_where=unplaced, postgresql_where=unplaced
    )
    op.create_index("handoffs_by_end", "handoffs", ["tenant", "queue", "closed_at"])
    op.create_index("handoffs_by_request", "handoffs", ["tenant", "queue", "requested_at"])
