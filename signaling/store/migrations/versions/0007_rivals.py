"""Whether two devices use one camera's key: what is known, and since when its owner is warned."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("cameras", sa.Column("rivals", sa.Text(), server_default="{}", nullable=False))
    op.add_column("cameras", sa.Column("contested_at", sa.Double(), nullable=True))
