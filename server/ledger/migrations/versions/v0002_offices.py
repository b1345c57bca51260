"""Organisations, offices, and who and what belongs to them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "org",
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_org")),
    )
    op.create_table(
        "office",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("parent", sa.LargeBinary(length=8)),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("urban", sa.Boolean(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        sa.Column("desk_phone", sa.String(length=20), nullable=False),
        sa.Column("timezone", sa.String(length=40), nullable=False),
        sa.Column("life", sa.String(length=8), nullable=False),
        sa.Column("opened_on", sa.String(length=10), nullable=False),
        sa.Column("closed_on", sa.String(length=10)),
        sa.ForeignKeyConstraint(["org"], ["org.slug"], name=op.f("fk_office_org")),
        sa.ForeignKeyConstraint(["parent"], ["office.id"], name=op.f("fk_office_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
    )
    op.create_index("uq_office_org", "office", ["org", "code"], unique=True)
    op.create_index("uq_office_path", "office", ["org", "path"], unique=True)
    op.create_index(op.f("ix_office_parent"), "office", ["parent"])
    for table in ("terminal", "person"):
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column("office", sa.LargeBinary(length=8)))
            changed.create_foreign_key(op.f(f"fk_{table}_office"), "office", ["office"], ["id"])
    op.create_index(op.f("ix_person_office_active_ref"), "person", ["office", "active", "ref"])
