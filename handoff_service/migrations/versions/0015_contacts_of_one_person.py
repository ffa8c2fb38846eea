"""Contacts on several channels that are known to be one person: an addition only."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("person", sa.Text(), nullable=True))
    op.create_index("contacts_by_person", "contacts", ["tenant", "person"])
