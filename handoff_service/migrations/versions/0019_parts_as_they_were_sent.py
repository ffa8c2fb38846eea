"""What of a message has been delivered in parts, so that another release goes on only where it would cut the same."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("parts_digest", sa.Text(), nullable=True))
