"""When what renews an account's access token ends, and whether it can be renewed itself: additions only."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel_accounts", sa.Column("refresh_until", sa.BigInteger(), nullable=True))
    op.add_column("channel_accounts", sa.Column("refresh_is_last", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("channel_accounts", "refresh_is_last")
    op.drop_column("channel_accounts", "refresh_until")
