"""Which entries a delivery says as one message, noted before it is tried: what is repeated is the same then."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("upto", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox", "upto")
