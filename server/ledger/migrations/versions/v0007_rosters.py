"""Rosters by scope, people fetched on demand, wipes and their proof."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("roster_change") as changed:
        changed.add_column(sa.Column("urgency", sa.Integer()))
    with op.batch_alter_table("terminal_state") as changed:
        changed.add_column(sa.Column("room", sa.BigInteger()))
    op.create_table(
        "terminal_order",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8)),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger()),
        sa.Column("session", sa.LargeBinary(length=8)),
        sa.Column("done_ms", sa.BigInteger()),
        sa.Column("result", sa.String(length=32)),
        sa.Column("proof", sa.LargeBinary(length=16)),
        sa.Column("log", sa.LargeBinary(length=8)),
        sa.Column("seq", sa.BigInteger()),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_terminal_order_terminal")),
        sa.PrimaryKeyConstraint("terminal", "number", name=op.f("pk_terminal_order")),
    )
    op.create_index(op.f("ix_terminal_order_done_ms"), "terminal_order", ["done_ms"])
    op.create_index(op.f("ix_terminal_order_person"), "terminal_order", ["person"])
    op.create_table(
        "guest",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("brief", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_guest_person")),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_guest_terminal")),
        sa.PrimaryKeyConstraint("terminal", "person", name=op.f("pk_guest")),
    )
    op.create_table(
        "fetch_hour",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_fetch_hour_terminal")),
        sa.PrimaryKeyConstraint("terminal", "hour", name=op.f("pk_fetch_hour")),
    )
    op.create_table(
        "digits_name",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("name", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_digits_name_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_digits_name")),
    )
    op.create_index(op.f("ix_digits_name_name"), "digits_name", ["name"])
    op.create_table(
        "provisional",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("keyed", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("supervisor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8)),
        sa.Column("settled_ms", sa.BigInteger()),
        sa.Column("actor", sa.String(length=64)),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_provisional_terminal")),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", name=op.f("pk_provisional")),
    )
    op.create_index(op.f("ix_provisional_state"), "provisional", ["state"])
    op.create_table(
        "vouched",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("supervisor", sa.LargeBinary(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_vouched_terminal")),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", name=op.f("pk_vouched")),
    )
    op.create_table(
        "unknown_badge",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("badge", sa.String(length=64), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_unknown_badge_terminal")),
        sa.PrimaryKeyConstraint("terminal", "device", "badge", name=op.f("pk_unknown_badge")),
    )
    op.create_table(
        "log_link",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("old_log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("old_seq", sa.BigInteger(), nullable=False),
        sa.Column("old_head", sa.LargeBinary(length=32), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_log_link_terminal")),
        sa.PrimaryKeyConstraint("terminal", "log", name=op.f("pk_log_link")),
    )
