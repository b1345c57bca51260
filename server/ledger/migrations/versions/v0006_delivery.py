"""Webhooks, pulled districts, and the order of what was said later."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("behind", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("boot_no", sa.BigInteger()),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_change")),
    )
    op.create_table(
        "hook",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("after", sa.String(length=40), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
    )
    op.create_table(
        "dead_letter",
        sa.Column("hook", sa.LargeBinary(length=8), nullable=False),
        sa.Column("after", sa.String(length=40), nullable=False),
        sa.Column("until", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_up_ms", sa.BigInteger(), nullable=False),
        sa.Column("again_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["hook"], ["hook.id"], name=op.f("fk_dead_letter_hook")),
        sa.PrimaryKeyConstraint("hook", "after", name=op.f("pk_dead_letter")),
    )
    op.create_index(op.f("ix_dead_letter_given_up_ms"), "dead_letter", ["given_up_ms"])
    op.create_table(
        "district",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("server_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("pulled_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_district")),
    )
    op.create_table(
        "district_terminal",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("district", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_district_terminal_terminal")),
        sa.ForeignKeyConstraint(["district"], ["district.name"], name=op.f("fk_district_terminal_district")),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_district_terminal")),
    )


def downgrade() -> None:
    for table in ("district_terminal", "district", "dead_letter", "hook", "change"):
        op.drop_table(table)
