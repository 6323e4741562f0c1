"""Which ways the video may go: the account's policy, and how many viewers a camera serves itself."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("ways", sa.String(length=16), server_default="auto", nullable=False))
    op.add_column("cameras", sa.Column("direct_viewers", sa.Integer(), server_default="2", nullable=False))
