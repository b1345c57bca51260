"""Claim tokens, certificates and revocation, and the server's statements about its own keys."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim_token",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8)),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("replaces", sa.Boolean(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_claim_token_office")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_token")),
    )
    op.create_table(
        "claim",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("token", sa.LargeBinary(length=8), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8)),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("admission", sa.Text()),
        sa.ForeignKeyConstraint(["token"], ["claim_token.id"], name=op.f("fk_claim_token")),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_claim_office")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("token", name=op.f("uq_claim_token")),
    )
    op.create_index(op.f("ix_claim_state_asked_ms"), "claim", ["state", "asked_ms"])
    op.create_table(
        "certificate",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_certificate_terminal")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_terminal"), "certificate", ["terminal"])
    op.create_index(op.f("ix_certificate_revoked_ms"), "certificate", ["revoked_ms"])
    op.create_table(
        "renewal",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_renewal_terminal")),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_renewal")),
    )
    op.create_table(
        "charter",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_charter")),
    )
    op.create_table(
        "charter_held",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_charter_held_terminal")),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_charter_held")),
    )


def downgrade() -> None:
    for table in ("charter_held", "charter", "renewal", "certificate", "claim", "claim_token"):
        op.drop_table(table)
