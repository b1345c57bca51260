"""What everybody may read: today's attendance as it is projected for the public pages."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "public_org",
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("portal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org", name=op.f("pk_public_org")),
    )
    op.create_table(
        "public_office",
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("district_hi", sa.Text(), nullable=False),
        sa.Column("urban", sa.Boolean(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        sa.Column("desk_phone", sa.String(length=20), nullable=False),
        sa.Column("life", sa.String(length=8), nullable=False),
        sa.Column("registered", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("out", sa.Integer(), nullable=False),
        sa.Column("leave", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.String(length=8), nullable=False),
        sa.Column("stale_ms", sa.BigInteger()),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("holiday", sa.Boolean(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("office", name=op.f("pk_public_office")),
    )
    op.create_index(op.f("ix_public_office_org_name"), "public_office", ["org", "name"])
    op.create_index(op.f("uq_public_office_org"), "public_office", ["org", "code"], unique=True)
    op.create_table(
        "public_row",
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("office_name", sa.Text(), nullable=False),
        sa.Column("office_name_hi", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("district_hi", sa.Text(), nullable=False),
        sa.Column("urban", sa.Boolean(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("designation", sa.Text(), nullable=False),
        sa.Column("designation_hi", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("at_ms", sa.BigInteger()),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("office", "place", name=op.f("pk_public_row")),
    )
    op.create_index(
        op.f("ix_public_row_org_office_name_office_place"), "public_row", ["org", "office_name", "office", "place"]
    )
    op.create_table(
        "public_day",
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("district", sa.String(length=200), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("district_hi", sa.Text(), nullable=False),
        sa.Column("registered", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("out", sa.Integer(), nullable=False),
        sa.Column("leave", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("holiday", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("org", "district", "day", name=op.f("pk_public_day")),
    )
