"""What camera, owner and guests say to each other, signed, past the server."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for table, column in (
        ("cameras", sa.Column("alarm", sa.String(length=300), nullable=True)),
        ("pairings", sa.Column("owner_head", sa.String(length=64), nullable=True)),
        ("pairings", sa.Column("owner_proof", sa.String(length=64), nullable=True)),
        ("grants", sa.Column("chain", sa.Text(), server_default="[]", nullable=False)),
        ("grants", sa.Column("link_proof", sa.String(length=64), nullable=True)),
        ("grant_invitations", sa.Column("statement", sa.Text(), nullable=True)),
        ("grant_invitations", sa.Column("link_proof", sa.String(length=64), nullable=True)),
    ):
        op.add_column(table, column)
    _create_of_accounts()
    _create_of_cameras()


def _create_of_accounts() -> None:
    op.create_table(
        "keyrings",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("statements", sa.Text(), nullable=False),
        _reference("keyrings", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_keyrings")),
    )
    op.create_table(
        "installation_requests",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("welcome", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        _reference("installation_requests", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_installation_requests")),
    )


def _create_of_cameras() -> None:
    op.create_table(
        "camera_trust",
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("camera_key", sa.String(length=64), nullable=False),
        sa.Column("pairing_proof", sa.String(length=64), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("orders", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        _reference("camera_trust", "camera_id", "cameras"),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_camera_trust")),
    )
    op.create_table(
        "introductions",
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        _reference("introductions", "camera_id", "cameras"),
        _reference("introductions", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("camera_id", "account_id", name=op.f("pk_introductions")),
    )
    op.create_index("ix_introductions_account_id", "introductions", ["account_id"])


def _reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{to}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete="CASCADE")
