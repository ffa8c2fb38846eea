"""The channel on which a contact wants to be told of his tickets: an addition only."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("prefers", sa.Text(), nullable=True))
