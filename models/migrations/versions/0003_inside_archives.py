"""Where in an archive a page image was."""

import sqlalchemy as sa
from alembic import op

from models.alter import add_column

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the step."""
    comment = "path inside an archive, with the page of a document; empty outside"
    add_column(
        "page_image",
        sa.Column("inside", sa.String(length=1000), nullable=False, server_default=sa.text("''"), comment=comment),
    )


def downgrade() -> None:
    """Take the step back."""
    op.execute("ALTER TABLE page_image DROP COLUMN inside")
