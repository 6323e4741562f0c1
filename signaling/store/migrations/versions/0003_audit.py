"""The audit log, which the database itself keeps from being changed or cut."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEPT = ("number", "at_ms", "account_id", "deed", "subject", "digest", "hash")
ERASING = " AND ".join(["NEW.body IS NULL", "NEW.salt IS NULL", *(f"NEW.{name} = OLD.{name}" for name in KEPT)])
REFUSAL = "the audit log is append-only"


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("deed", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
    )
    op.create_index("ix_audit_account_id", "audit", ["account_id", "number"])
    op.create_index("ix_audit_at_ms", "audit", ["at_ms"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    op.execute(f"CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit {refuse}")
    op.execute(f"CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit WHEN NOT ({ERASING}) {refuse}")


def _guard_postgresql() -> None:
    raising = f"BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation'; END"
    op.execute(f"CREATE FUNCTION audit_refusal() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$")
    execute = "EXECUTE FUNCTION audit_refusal()"
    op.execute(f"CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit FOR EACH ROW {execute}")
    op.execute(f"CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT {execute}")
    op.execute(
        f"CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW WHEN (NOT ({ERASING})) {execute}"
    )
