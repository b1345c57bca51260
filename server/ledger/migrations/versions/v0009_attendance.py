"""Attendance days, deductions, allowances, leave and returns."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_due",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("first_day", sa.String(length=10), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.Column("stamp", sa.LargeBinary(length=8), nullable=False),
        sa.PrimaryKeyConstraint("person", "first_day", "last_day", name=op.f("pk_attendance_due")),
    )
    op.create_index(op.f("ix_attendance_due_last_day"), "attendance_due", ["last_day"])
    op.create_table(
        "attendance_punch",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("boot_no", sa.BigInteger(), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8)),
        sa.Column("low_ms", sa.BigInteger()),
        sa.Column("high_ms", sa.BigInteger()),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("means", sa.Integer(), nullable=False),
        sa.Column("source_class", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", "server_seq", name=op.f("pk_attendance_punch")),
    )
    op.create_index(op.f("ix_attendance_punch_person_high_ms"), "attendance_punch", ["person", "high_ms"])
    op.create_index(
        op.f("ix_attendance_punch_terminal_log_boot_no"), "attendance_punch", ["terminal", "log", "boot_no"]
    )
    op.create_table(
        "holiday",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
    )
    op.create_index(op.f("ix_holiday_org_path"), "holiday", ["org", "path"])
    op.create_table(
        "office_shift",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_shift")),
    )
    op.create_index(op.f("ix_office_shift_org_path"), "office_shift", ["org", "path"])
    op.create_table(
        "policy_choice",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_choice")),
    )
    op.create_index(op.f("ix_policy_choice_org_path"), "policy_choice", ["org", "path"])
    op.create_table(
        "policy_file",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", "known_ms", name=op.f("pk_policy_file")),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("month", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_by", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_index("uq_report_name", "report", ["org", "path", "name", "month", "version"], unique=True)
    op.create_table(
        "weekly_off",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("weekdays", sa.String(length=16), nullable=False),
        sa.Column("weeks", sa.String(length=16), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_off")),
    )
    op.create_index(op.f("ix_weekly_off_org_path"), "weekly_off", ["org", "path"])
    op.create_table(
        "amendment",
        sa.Column("report", sa.LargeBinary(length=8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name=op.f("fk_amendment_report")),
        sa.PrimaryKeyConstraint("report", "number", name=op.f("pk_amendment")),
    )
    op.create_table(
        "attendance_day",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("known_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("known_to_ms", sa.BigInteger()),
        sa.Column("turns_ms", sa.BigInteger()),
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("flags", sa.BigInteger(), nullable=False),
        sa.Column("first_low_ms", sa.BigInteger()),
        sa.Column("first_high_ms", sa.BigInteger()),
        sa.Column("last_low_ms", sa.BigInteger()),
        sa.Column("last_high_ms", sa.BigInteger()),
        sa.Column("late_min", sa.Integer(), nullable=False),
        sa.Column("early_min", sa.Integer(), nullable=False),
        sa.Column("worked_min", sa.Integer(), nullable=False),
        sa.Column("face", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("derivation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_attendance_day_office")),
        sa.PrimaryKeyConstraint("person", "day", "known_from_ms", name=op.f("pk_attendance_day")),
    )
    op.create_index(op.f("ix_attendance_day_day_known_to_ms"), "attendance_day", ["day", "known_to_ms"])
    op.create_index(op.f("ix_attendance_day_office_day"), "attendance_day", ["office", "day"])
    op.create_index(op.f("ix_attendance_day_turns_ms"), "attendance_day", ["turns_ms"])
    op.create_table(
        "fit_day",
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_fit_day_office")),
        sa.PrimaryKeyConstraint("office", "day", name=op.f("pk_fit_day")),
    )
    op.create_table(
        "deduction_line",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("move", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=8)),
        sa.Column("halves", sa.Integer(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_deduction_line_person")),
        sa.PrimaryKeyConstraint("person", "month", "ordinal", "turn", name=op.f("pk_deduction_line")),
    )
    op.create_index(op.f("ix_deduction_line_month"), "deduction_line", ["month"])
    op.create_table(
        "leave_entry",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("halves", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_leave_entry_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave_entry")),
    )
    op.create_index("uq_leave_entry_ref", "leave_entry", ["person", "ref", "kind", "why"], unique=True)
    op.create_table(
        "lsa_approval",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("approved_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_lsa_approval_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lsa_approval")),
    )
    op.create_index(op.f("ix_lsa_approval_person_day"), "lsa_approval", ["person", "day"])
    op.create_table(
        "lsa_claim",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(length=32), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("submitted_ms", sa.BigInteger(), nullable=False),
        sa.Column("rupees", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_lsa_claim_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lsa_claim")),
    )
    op.create_index(op.f("ix_lsa_claim_month"), "lsa_claim", ["month"])
    op.create_index(op.f("ix_lsa_claim_person_month"), "lsa_claim", ["person", "month"])
    op.create_table(
        "lsa_reopened",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("report", sa.LargeBinary(length=8), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_lsa_reopened_person")),
        sa.ForeignKeyConstraint(["report"], ["report.id"], name=op.f("fk_lsa_reopened_report")),
        sa.PrimaryKeyConstraint("person", "day", name=op.f("pk_lsa_reopened")),
    )
    op.create_table(
        "request",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_request_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
    )
    op.create_index(op.f("ix_request_person_since"), "request", ["person", "since"])
    op.create_index(op.f("ix_request_state_asked_ms"), "request", ["state", "asked_ms"])
