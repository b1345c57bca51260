"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _keys_of_record() -> list[sa.Constraint]:
    """By months on PostgreSQL, see server.ledger.partitions."""
    name = op.f("pk_record")
    if _postgresql():
        return [sa.PrimaryKeyConstraint("terminal", "log", "seq", "received_ms", name=name)]
    of_log = sa.UniqueConstraint("terminal", "log", "seq", name=op.f("uq_record_terminal_log_seq"))
    return [sa.PrimaryKeyConstraint("server_seq", name=name), of_log]


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", "kind", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_known_ms"), "alarm", ["known_ms"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_api_token")),
    )
    op.create_table(
        "boot",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("boot_no", sa.BigInteger(), nullable=False),
        sa.Column("boot_id", sa.LargeBinary(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", name=op.f("pk_boot")),
    )
    op.create_table(
        "chunk",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", "idx", name=op.f("pk_chunk")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name=op.f("pk_tile")),
    )
    op.create_table(
        "dating",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("boot_no", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("known_ms", sa.BigInteger(), nullable=False),
        sa.Column("low_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("low_ms", sa.BigInteger(), nullable=True),
        sa.Column("high_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("high_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("terminal", "log", "boot_no", "seq", "kind", name=op.f("pk_dating")),
    )
    op.create_table(
        "enrolment",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("finger", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", name=op.f("pk_enrolment")),
    )
    op.create_table(
        "person",
        sa.Column("ref", sa.LargeBinary(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digits", sa.LargeBinary(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_person")),
    )
    op.create_table(
        "quarantine",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("leaf", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "reason", "digest", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "record",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column(
            "server_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=True),
        sa.Column("kind", sa.Integer(), nullable=True),
        sa.Column("means", sa.Integer(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("source_class", sa.Integer(), nullable=True),
        sa.Column("flags", sa.Integer(), nullable=True),
        sa.Column("event", sa.Integer(), nullable=True),
        sa.Column("boot_no", sa.BigInteger(), nullable=False),
        sa.Column("since_boot_ms", sa.BigInteger(), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock_source", sa.Integer(), nullable=False),
        sa.Column("error_bound_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        *_keys_of_record(),
        postgresql_partition_by="RANGE (received_ms)",
    )
    if _postgresql():
        op.create_index("ix_record_server_seq", "record", ["server_seq"])
    op.create_table(
        "signed",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("terminal", "log", "seq", name=op.f("pk_signed")),
    )
    op.create_table(
        "terminal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("record_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seal_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("lookup_key", sa.LargeBinary(), nullable=False),
        sa.Column("roster_version", sa.BigInteger(), nullable=False),
        sa.Column("admitted_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terminal")),
    )
    op.create_table(
        "log",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(length=32), nullable=False),
        sa.Column("forked_ms", sa.BigInteger(), nullable=True),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_log_terminal")),
        sa.PrimaryKeyConstraint("terminal", "log", name=op.f("pk_log")),
    )
    op.create_table(
        "roster_order",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_roster_order_terminal")),
        sa.PrimaryKeyConstraint("terminal", "version", name=op.f("pk_roster_order")),
    )
    op.create_table(
        "roster_change",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_roster_change_person")),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_roster_change_terminal")),
        sa.PrimaryKeyConstraint("terminal", "version", name=op.f("pk_roster_change")),
    )
    op.create_index(op.f("ix_roster_change_terminal_person"), "roster_change", ["terminal", "person"], unique=False)
    op.create_table(
        "template",
        sa.Column("person", sa.LargeBinary(length=8), nullable=False),
        sa.Column("finger", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.ref"], name=op.f("fk_template_person")),
        sa.PrimaryKeyConstraint("person", "finger", "version", name=op.f("pk_template")),
    )
    op.create_table(
        "terminal_key",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("record_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("vouched", sa.LargeBinary(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_terminal_key_terminal")),
        sa.PrimaryKeyConstraint("terminal", "record_key", name=op.f("pk_terminal_key")),
    )
    op.create_table(
        "terminal_state",
        sa.Column("terminal", sa.String(length=32), nullable=False),
        sa.Column("session", sa.LargeBinary(length=8), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("log", sa.LargeBinary(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("backlog", sa.BigInteger(), nullable=False),
        sa.Column("roster_version", sa.BigInteger(), nullable=False),
        sa.Column("behind_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["terminal"], ["terminal.id"], name=op.f("fk_terminal_state_terminal")),
        sa.PrimaryKeyConstraint("terminal", name=op.f("pk_terminal_state")),
    )
    op.create_table(
        "web_session",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["token"], ["api_token.hash"], name=op.f("fk_web_session_token"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_web_session")),
    )


def downgrade() -> None:
    op.drop_table("web_session")
    op.drop_table("terminal_state")
    op.drop_table("terminal_key")
    op.drop_table("template")
    op.drop_index(op.f("ix_roster_change_terminal_person"), table_name="roster_change")
    op.drop_table("roster_change")
    op.drop_table("roster_order")
    op.drop_table("log")
    op.drop_table("terminal")
    op.drop_table("signed")
    op.drop_table("record")
    op.drop_table("quarantine")
    op.drop_table("person")
    op.drop_table("enrolment")
    op.drop_table("dating")
    op.drop_table("tile")
    op.drop_table("checkpoint")
    op.drop_table("counter")
    op.drop_table("chunk")
    op.drop_table("boot")
    op.drop_table("api_token")
    op.drop_index(op.f("ix_alarm_known_ms"), table_name="alarm")
    op.drop_table("alarm")
