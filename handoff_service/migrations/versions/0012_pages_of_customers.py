"""What a page tells about a customer, and the category of a copied article: additions only."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contacts", sa.Column("attributes", sa.JSON(), nullable=True))
    op.add_column("article_copies", sa.Column("category", sa.Text(), nullable=True))
