"""Which gateway keeps a desk open, so that its lease is compared with that gateway's clock alone: an addition only."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("desks", sa.Column("node", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("desks", "node")
