"""Registrations, the vault of Aadhaar numbers, and the service ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_state_next_ms"), "message", ["state", "next_ms"])
    op.create_table(
        "otp",
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("window_ms", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "subject", name=op.f("pk_otp")),
    )
    op.create_table(
        "vault_number",
        sa.Column("ref", sa.LargeBinary(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_vault_number")),
    )
    op.create_index(op.f("ix_vault_number_digest"), "vault_number", ["digest"], unique=True)
    op.create_index(op.f("ix_vault_number_key_version"), "vault_number", ["key_version"])
    op.create_table(
        "vault_read",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("ref", sa.LargeBinary(length=8), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_read")),
    )
    op.create_index(op.f("ix_vault_read_at_ms"), "vault_read", ["at_ms"])
    op.create_index(op.f("ix_vault_read_ref"), "vault_read", ["ref"])
    op.create_table(
        "designation",
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("equivalent", sa.String(length=32), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("teaching", sa.Boolean(), nullable=False),
        sa.Column("pay_band", sa.String(length=8), nullable=False),
        sa.Column("grade_pay", sa.Integer()),
        sa.Column("cap_post", sa.String(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["org.slug"], name=op.f("fk_designation_org")),
        sa.PrimaryKeyConstraint("org", "code", name=op.f("pk_designation")),
    )
    op.create_table(
        "org_application",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("nodal_name", sa.Text(), nullable=False),
        sa.Column("nodal_email", sa.Text(), nullable=False),
        sa.Column("nodal_mobile", sa.String(length=10), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=32)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["slug"], ["org.slug"], name=op.f("fk_org_application_slug")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_application")),
    )
    op.create_table(
        "org_setting",
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["org.slug"], name=op.f("fk_org_setting_org")),
        sa.PrimaryKeyConstraint("org", "name", name=op.f("pk_org_setting")),
    )
    op.create_table(
        "device_location",
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_device_location_office")),
        sa.PrimaryKeyConstraint("office", "code", name=op.f("pk_device_location")),
    )
    op.create_table(
        "office_event",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("effective_on", sa.String(length=10), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("ordered_on", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_office_event_office")),
        sa.ForeignKeyConstraint(["org"], ["org.slug"], name=op.f("fk_office_event_org")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_event")),
    )
    op.create_index(op.f("ix_office_event_office"), "office_event", ["office"])
    op.create_index(op.f("ix_office_event_org_effective_on"), "office_event", ["org", "effective_on"])
    op.create_table(
        "attendance_id",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_attendance_id_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_attendance_id")),
    )
    op.create_index(op.f("ix_attendance_id_digest"), "attendance_id", ["digest"])
    op.create_table(
        "division",
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_hi", sa.Text(), nullable=False),
        sa.Column("head", sa.LargeBinary(length=8)),
        sa.Column("officer", sa.LargeBinary(length=8)),
        sa.Column("register_by", sa.String(length=10)),
        sa.Column("cap_post", sa.String(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["head"], ["person.ref"], name=op.f("fk_division_head")),
        sa.ForeignKeyConstraint(["officer"], ["person.ref"], name=op.f("fk_division_officer")),
        sa.ForeignKeyConstraint(["org"], ["org.slug"], name=op.f("fk_division_org")),
        sa.PrimaryKeyConstraint("org", "code", name=op.f("pk_division")),
    )
    op.create_table(
        "employee",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("gender", sa.String(length=16), nullable=False),
        sa.Column("born_on", sa.String(length=10), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("mobile", sa.String(length=10), nullable=False),
        sa.Column("number", sa.LargeBinary(length=8)),
        sa.Column("division", sa.String(length=32), nullable=False),
        sa.Column("base_office", sa.LargeBinary(length=8)),
        sa.Column("base_designation", sa.String(length=32), nullable=False),
        sa.Column("base_on", sa.String(length=10), nullable=False),
        sa.Column("designation", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("last_office", sa.LargeBinary(length=8)),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["base_office"], ["office.id"], name=op.f("fk_employee_base_office")),
        sa.ForeignKeyConstraint(["last_office"], ["office.id"], name=op.f("fk_employee_last_office")),
        sa.ForeignKeyConstraint(["org"], ["org.slug"], name=op.f("fk_employee_org")),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_employee_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_employee")),
    )
    op.create_index(op.f("ix_employee_number"), "employee", ["number"])
    op.create_index(op.f("ix_employee_org_designation"), "employee", ["org", "designation"])
    op.create_table(
        "erasure",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_erasure_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_erasure")),
    )
    op.create_table(
        "placement",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("standing", sa.String(length=8), nullable=False),
        sa.Column("since_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_placement_office")),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_placement_person")),
        sa.PrimaryKeyConstraint("person", "office", name=op.f("pk_placement")),
    )
    op.create_index(op.f("ix_placement_office"), "placement", ["office"])
    op.create_table(
        "registration",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("org", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("born_on", sa.String(length=10), nullable=False),
        sa.Column("gender", sa.String(length=16), nullable=False),
        sa.Column("number", sa.LargeBinary(length=8)),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("mobile", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("division", sa.String(length=32), nullable=False),
        sa.Column("designation", sa.String(length=32), nullable=False),
        sa.Column("office", sa.LargeBinary(length=8), nullable=False),
        sa.Column("photo", sa.LargeBinary(), nullable=False),
        sa.Column("replaces", sa.String(length=16)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8)),
        sa.Column("submitted_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["office"], ["office.id"], name=op.f("fk_registration_office")),
        sa.ForeignKeyConstraint(["org"], ["org.slug"], name=op.f("fk_registration_org")),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_registration_person")),
        sa.ForeignKeyConstraint(["replaces"], ["registration.id"], name=op.f("fk_registration_replaces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
    )
    op.create_index(op.f("ix_registration_number"), "registration", ["number"])
    op.create_index(op.f("ix_registration_org_state"), "registration", ["org", "state"])
    op.create_index(op.f("ix_registration_office_state"), "registration", ["office", "state"])
    op.create_index(op.f("ix_registration_replaces"), "registration", ["replaces"], unique=True)
    op.create_table(
        "service_event",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("ordered_on", sa.String(length=10), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.String(length=10), nullable=False),
        sa.Column("from_office", sa.LargeBinary(length=8)),
        sa.Column("to_office", sa.LargeBinary(length=8)),
        sa.Column("designation", sa.String(length=32), nullable=False),
        sa.Column("branch", sa.String(length=32), nullable=False),
        sa.Column("cancels", sa.LargeBinary(length=8)),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("back_entered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["cancels"], ["service_event.id"], name=op.f("fk_service_event_cancels")),
        sa.ForeignKeyConstraint(["from_office"], ["office.id"], name=op.f("fk_service_event_from_office")),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_service_event_person")),
        sa.ForeignKeyConstraint(["to_office"], ["office.id"], name=op.f("fk_service_event_to_office")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_event")),
    )
    op.create_index(op.f("ix_service_event_effective_on"), "service_event", ["effective_on"])
    op.create_index(op.f("ix_service_event_person"), "service_event", ["person"])
    op.create_index(op.f("ix_service_event_recorded_ms"), "service_event", ["recorded_ms"])
    op.create_table(
        "consent",
        sa.Column("id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("registration", sa.String(length=16)),
        sa.Column("person", sa.LargeBinary(length=8)),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("wording", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("given_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger()),
        sa.Column("withdrawn_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_consent_person")),
        sa.ForeignKeyConstraint(["registration"], ["registration.id"], name=op.f("fk_consent_registration")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_asked_ms"), "consent", ["asked_ms"])
    op.create_index(op.f("ix_consent_person"), "consent", ["person"])
    op.create_index(op.f("ix_consent_registration"), "consent", ["registration"])
    op.create_table(
        "erasure_terminal",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("proved_ms", sa.BigInteger()),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["erasure.person"], name=op.f("fk_erasure_terminal_person")),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_erasure_terminal_terminal")),
        sa.PrimaryKeyConstraint("person", "terminal", name=op.f("pk_erasure_terminal")),
    )
