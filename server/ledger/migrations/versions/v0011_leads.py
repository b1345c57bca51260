"""What was found odd and a person should look at."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lead",
        sa.Column("part", sa.String(length=240), nullable=False),
        sa.Column("key", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8)),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("came_ms", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", "key", "org", "path", name=op.f("pk_lead")),
    )
    op.create_index("ix_lead_order", "lead", ["came_ms", "rule", "at_ms", "terminal", "key", "org", "path"])
    op.create_index(op.f("ix_lead_key"), "lead", ["key"])
    op.create_table(
        "lead_look",
        sa.Column("part", sa.String(length=240), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("looked_ms", sa.BigInteger(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_lead_look")),
    )
