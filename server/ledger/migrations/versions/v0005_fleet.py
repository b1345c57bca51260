"""Hardware, places, health, fitness, tickets and settings of terminals."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("name", "place"):
        op.add_column("terminal", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.create_index(op.f("ix_terminal_office"), "terminal", ["office"], unique=False)
    op.create_table(
        "fitness_fact",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("boot_no", sa.BigInteger(), nullable=False),
        sa.Column("before_ms", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", name=op.f("pk_fitness_fact")),
    )
    op.create_table(
        "fitness_run",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("boot_no", sa.BigInteger(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "boot_no", name=op.f("pk_fitness_run")),
    )
    op.create_table(
        "fitness_session",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("session", sa.LargeBinary(length=8), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "session", name=op.f("pk_fitness_session")),
    )
    op.create_index(op.f("ix_fitness_session_terminal_to_ms"), "fitness_session", ["terminal", "to_ms"], unique=False)
    op.create_table(
        "fitness_word",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("aspect", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("bad", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "aspect", "at_ms", name=op.f("pk_fitness_word")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("acked_ms", sa.BigInteger(), nullable=True),
        sa.Column("acked_by", sa.Text(), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_closed_ms_opened_ms"), "incident", ["closed_ms", "opened_ms"], unique=False)
    op.create_index(
        op.f("ix_incident_terminal_kind_opened_ms"), "incident", ["terminal", "kind", "opened_ms"], unique=False
    )
    op.create_table(
        "notice",
        sa.Column("ref", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ref", "kind", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_sent_ms_at_ms"), "notice", ["sent_ms", "at_ms"], unique=False)
    op.create_table(
        "punch_day",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("quarters", sa.LargeBinary(length=96), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "day", name=op.f("pk_punch_day")),
    )
    op.create_index(op.f("ix_punch_day_day"), "punch_day", ["day"], unique=False)
    op.create_table(
        "punch_total",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("punches", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("today", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_punch_total")),
    )
    op.create_table(
        "rejection",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", name=op.f("pk_rejection")),
    )
    op.create_index(op.f("ix_rejection_person_received_ms"), "rejection", ["person", "received_ms"], unique=False)
    op.create_index(op.f("ix_rejection_received_ms"), "rejection", ["received_ms"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("acked_ms", sa.BigInteger(), nullable=True),
        sa.Column("acked_by", sa.Text(), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
    )
    op.create_index(op.f("ix_ticket_closed_ms_due_ms"), "ticket", ["closed_ms", "due_ms"], unique=False)
    op.create_index(op.f("ix_ticket_person_closed_ms"), "ticket", ["person", "closed_ms"], unique=False)
    op.create_index(
        op.f("ix_ticket_terminal_kind_closed_ms"), "ticket", ["terminal", "kind", "closed_ms"], unique=False
    )
    op.create_table(
        "condition",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("looked_ms", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_condition_terminal")),
        sa.PrimaryKeyConstraint("terminal", "kind", name=op.f("pk_condition")),
    )
    op.create_index(op.f("ix_condition_level"), "condition", ["level"], unique=False)
    op.create_table(
        "health_hour",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("hour_ms", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("backlog_max", sa.BigInteger(), nullable=True),
        sa.Column("oldest_max_s", sa.BigInteger(), nullable=True),
        sa.Column("signal_min", sa.Integer(), nullable=True),
        sa.Column("offset_max_ms", sa.BigInteger(), nullable=True),
        sa.Column("temperature_max", sa.Integer(), nullable=True),
        sa.Column("free_min_mb", sa.BigInteger(), nullable=True),
        sa.Column("failing", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_health_hour_terminal")),
        sa.PrimaryKeyConstraint("terminal", "hour_ms", name=op.f("pk_health_hour")),
    )
    op.create_index(op.f("ix_health_hour_hour_ms"), "health_hour", ["hour_ms"], unique=False)
    op.create_table(
        "terminal_event",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_terminal_event_terminal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terminal_event")),
    )
    op.create_index(op.f("ix_terminal_event_terminal_at_ms"), "terminal_event", ["terminal", "at_ms"], unique=False)
    op.create_table(
        "terminal_health",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_terminal_health_terminal")),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_terminal_health")),
    )
    op.create_table(
        "terminal_place",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_terminal_place_office")),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_terminal_place_terminal")),
        sa.PrimaryKeyConstraint("terminal", "from_ms", name=op.f("pk_terminal_place")),
    )
    op.create_index(op.f("ix_terminal_place_done_from_ms"), "terminal_place", ["done", "from_ms"], unique=False)
    op.create_table(
        "twin",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("desired", sa.BigInteger(), nullable=False),
        sa.Column("carried", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("reported", sa.BigInteger(), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_twin_terminal")),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_twin")),
    )
    op.create_table(
        "twin_version",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_twin_version_terminal")),
        sa.PrimaryKeyConstraint("terminal", "version", name=op.f("pk_twin_version")),
    )
    op.create_table(
        "unit",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("record_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_unit_terminal")),
        sa.PrimaryKeyConstraint("terminal", "record_key", name=op.f("pk_unit")),
    )
    # ### end Alembic commands ###
