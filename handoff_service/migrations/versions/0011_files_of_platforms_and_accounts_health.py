"""What customers sent and is still with the platform, and how accounts fare: additions only."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_media",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "conversation", "seq", "number"),
    )
    failpoint("migrate_step")
    op.add_column("channel_accounts", sa.Column("last_error_at", sa.BigInteger(), nullable=True))
    op.add_column("channel_accounts", sa.Column("token_until", sa.BigInteger(), nullable=True))
    op.add_column("channel_accounts", sa.Column("probed_at", sa.BigInteger(), nullable=True))
    op.add_column("channel_accounts", sa.Column("findings", sa.JSON(), nullable=True))
