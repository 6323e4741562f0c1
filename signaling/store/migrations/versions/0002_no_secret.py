"""No secret in the database: whoever reads a copy of it must not be able to sign logins."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_table("secrets")
