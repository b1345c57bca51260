"""Accounts, roles, sessions and the audit of reads and changes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("login", sa.String(length=64)),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8)),
        sa.Column("designation", sa.String(length=64), nullable=False),
        sa.Column("mobile", sa.LargeBinary()),
        sa.Column("password", sa.Text()),
        sa.Column("totp", sa.LargeBinary()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_account_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_index("uq_account_login", "account", ["login"], unique=True)
    op.create_index("uq_account_person", "account", ["person"], unique=True)
    op.create_index("ix_account_org_path", "account", ["org", "path"])
    op.create_table(
        "recovery_code",
        sa.Column("account", sa.LargeBinary(length=8), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_recovery_code_account")),
        sa.PrimaryKeyConstraint("account", "hash", name=op.f("pk_recovery_code")),
    )
    _grants()
    _sessions()
    _custody()
    op.create_table(
        "trail",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("address", sa.LargeBinary(length=8), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_trail")),
    )
    op.create_index("ix_trail_at_ms", "trail", ["at_ms"])
    op.create_index("ix_trail_who", "trail", ["who"])
    with op.batch_alter_table("api_token") as changed:
        changed.add_column(sa.Column("org", sa.String(length=32)))
        changed.add_column(sa.Column("path", sa.String(length=200)))


def _grants() -> None:
    op.create_table(
        "account_grant",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("account", sa.LargeBinary(length=8), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger()),
        sa.Column("given_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.String(length=64), nullable=False),
        sa.Column("ended_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_account_grant_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_grant")),
    )
    op.create_index("ix_account_grant_account", "account_grant", ["account"])
    op.create_index("ix_account_grant_org_path", "account_grant", ["org", "path"])


def _sessions() -> None:
    op.create_table(
        "account_session",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account", sa.LargeBinary(length=8), nullable=False),
        sa.Column("view", sa.String(length=12), nullable=False),
        sa.Column("strength", sa.String(length=8), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.LargeBinary(length=8), nullable=False),
        sa.Column("agent", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_account_session_account")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_account_session")),
    )
    op.create_index("ix_account_session_account", "account_session", ["account"])
    op.create_table(
        "failure",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=8), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "nonce", name=op.f("pk_failure")),
    )
    op.create_index("ix_failure_at_ms", "failure", ["at_ms"])
    op.create_table(
        "spent",
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_spent")),
    )


def _custody() -> None:
    op.create_table(
        "custody_event",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("from_account", sa.LargeBinary(length=8)),
        sa.Column("to_account", sa.LargeBinary(length=8)),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["from_account"], ["account.id"], name=op.f("fk_custody_event_from_account")),
        sa.ForeignKeyConstraint(["to_account"], ["account.id"], name=op.f("fk_custody_event_to_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_event")),
    )
    op.create_index("ix_custody_event_org_path", "custody_event", ["org", "path"])
    op.create_table(
        "custody_task",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("done_ms", sa.BigInteger()),
        sa.Column("done_by", sa.String(length=64), nullable=False),
        sa.Column("violations", sa.Integer()),
        sa.Column("digest", sa.LargeBinary(length=32)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_task")),
    )
    op.create_index("ix_custody_task_org_path", "custody_task", ["org", "path"])
