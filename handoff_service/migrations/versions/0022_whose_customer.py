"""Whose customer a contact is, and by how many classes he comes before others; contacts by the ids of channels."""

import sqlalchemy as sa
from alembic import op

from handoff_service.failpoints import failpoint

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_care",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("classes", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "contact"),
    )
    failpoint("migrate_step")
    op.create_index("identities_by_id", "contact_identities", ["tenant", "external_id"])
