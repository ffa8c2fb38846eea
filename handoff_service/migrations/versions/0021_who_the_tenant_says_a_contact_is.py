"""For whom the tenant has vouched on a platform, so that he may ask for what he is there himself."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("vouched_as", sa.Text(), nullable=True))
