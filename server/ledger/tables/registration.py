"""Offices' events and the closed lists, registrations, the vault of numbers, and the service ledger.

What happened (`office_event`, `service_event`, `vault_read`) is only ever added to; `office`, `employee`, `placement`
and `person` are what it means today. Dates are ISO 8601 days of the office's zone.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

# ── organisations and offices ──

# An organisation on its way in (R1.11). The slug is given at the end, by whoever approves.
org_application = Table(
    "org_application",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("nodal_name", Text, nullable=False),
    Column("nodal_email", Text, nullable=False),
    Column("nodal_mobile", String(10), nullable=False),
    Column("request", LargeBinary, nullable=False),  # the signed letter, PDF or JPEG, under the vault key
    Column("state", String(16), nullable=False),  # applied, verified, approved, rejected
    Column("slug", String(32), ForeignKey("org.slug")),
    Column("reason", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("decided_ms", BigInteger),
    Column("actor", String(64), nullable=False),  # who decided; empty until then
)

# `nodal_name`, `nodal_phone`, `nodal_email`; `region`: how far a person's templates travel (R1.13).
org_setting = Table(
    "org_setting",
    metadata,
    Column("org", String(32), ForeignKey("org.slug"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

office_event = Table(
    "office_event",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("org", String(32), ForeignKey("org.slug"), nullable=False),
    Column("office", LargeBinary(8), ForeignKey("office.id"), nullable=False),
    Column("kind", String(16), nullable=False),  # server.people.office_life.OfficeKind
    Column("effective_on", String(10), nullable=False),
    Column("order_no", Text, nullable=False),
    Column("ordered_on", String(10), nullable=False),
    Column("detail", Text, nullable=False),  # JSON: what the kind needs
    Column("actor", String(64), nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Index(None, "office"),
    Index(None, "org", "effective_on"),
)

# ── closed lists (R1.7) ──

division = Table(
    "division",
    metadata,
    Column("org", String(32), ForeignKey("org.slug"), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("head", LargeBinary(8), ForeignKey("person.ref")),  # answerable together (R6.6)
    Column("officer", LargeBinary(8), ForeignKey("person.ref")),
    Column("register_by", String(10)),  # by when everybody here must be registered (R1.17)
    Column("cap_post", String(32), nullable=False, default=""),  # as the caps on late sitting name it (R3.5)
    Column("active", Boolean, nullable=False),
)

# `equivalent` is a grade of server.people.ranks, which everything that goes by rank asks (R1.15, R4.2).
designation = Table(
    "designation",
    metadata,
    Column("org", String(32), ForeignKey("org.slug"), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("equivalent", String(32), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("teaching", Boolean, nullable=False),  # may never hold a district's or zone's portal (R4.3)
    Column("pay_band", String(8), nullable=False),
    Column("grade_pay", Integer),  # rupees; with the pay band it names the group of R3.2
    Column("cap_post", String(32), nullable=False, default=""),  # goes before the division's
    Column("active", Boolean, nullable=False),
)

# Where in an office a terminal hangs.
device_location = Table(
    "device_location",
    metadata,
    Column("office", LargeBinary(8), ForeignKey("office.id"), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

# ── registration and people ──

registration = Table(
    "registration",
    metadata,
    Column("id", String(16), primary_key=True),  # what the applicant is told (R1.5)
    Column("org", String(32), ForeignKey("org.slug"), nullable=False),
    Column("state", String(16), nullable=False),  # submitted, verified, rejected
    Column("name", Text, nullable=False),
    Column("born_on", String(10), nullable=False),
    Column("gender", String(16), nullable=False),
    Column("number", LargeBinary(8)),  # a reference key of the vault, never the number
    Column("email", Text, nullable=False),
    Column("mobile", String(10), nullable=False),
    Column("kind", String(16), nullable=False),  # server.people.fields.EmployeeKind
    Column("division", String(32), nullable=False),
    Column("designation", String(32), nullable=False),  # empty unless government
    Column("office", LargeBinary(8), ForeignKey("office.id"), nullable=False),
    Column("photo", LargeBinary, nullable=False),  # JPEG under the vault key; empty: erased
    Column("replaces", String(16), ForeignKey("registration.id")),
    Column("reason", Text, nullable=False),
    Column("person", LargeBinary(8), ForeignKey("person.ref")),
    Column("submitted_ms", BigInteger, nullable=False),
    Column("decided_ms", BigInteger),
    Column("actor", String(64), nullable=False),
    Index(None, "org", "state"),
    Index(None, "office", "state"),
    Index(None, "number"),
    Index(None, "replaces", unique=True),
)

# What a person is today: the base they were registered with, and the same after every order of the service ledger.
employee = Table(
    "employee",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("org", String(32), ForeignKey("org.slug"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("gender", String(16), nullable=False),
    Column("born_on", String(10), nullable=False),
    Column("email", Text, nullable=False),
    Column("mobile", String(10), nullable=False),
    Column("number", LargeBinary(8)),
    Column("division", String(32), nullable=False),
    Column("base_office", LargeBinary(8), ForeignKey("office.id")),
    Column("base_designation", String(32), nullable=False),
    Column("base_on", String(10), nullable=False),
    Column("designation", String(32), nullable=False),
    Column("service", String(16), nullable=False),  # server.people.service.Service
    Column("last_office", LargeBinary(8), ForeignKey("office.id")),  # of who is posted nowhere: where they last were
    Column("synthetic", Boolean, nullable=False),
    Index(None, "org", "designation"),
    Index(None, "number"),
)

# The six digits by keyed digest: who has them, and how they came to them (R1.2).
attendance_id = Table(
    "attendance_id",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("digest", LargeBinary(16), nullable=False),
    Column("basis", String(8), nullable=False),  # last, first, assigned, given
    Index(None, "digest"),
)

# Offices where a person is known beside the one of their posting: `awaited` before they arrive, `frozen` after they
# were relieved until their new terminals have them, `released` after that (S6, R6.7).
placement = Table(
    "placement",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("office", LargeBinary(8), ForeignKey("office.id"), primary_key=True),
    Column("standing", String(8), nullable=False),
    Column("since_on", String(10), nullable=False),
    Index(None, "office"),
)

service_event = Table(
    "service_event",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("person", LargeBinary(8), ForeignKey("person.ref"), nullable=False),
    Column("kind", String(24), nullable=False),  # one of the seventeen of R6.1
    Column("order_no", Text, nullable=False),
    Column("ordered_on", String(10), nullable=False),
    Column("issued_ms", BigInteger, nullable=False),
    Column("effective_on", String(10), nullable=False),
    Column("from_office", LargeBinary(8), ForeignKey("office.id")),
    Column("to_office", LargeBinary(8), ForeignKey("office.id")),
    Column("designation", String(32), nullable=False),
    Column("branch", String(32), nullable=False),  # the division that issued it (R6.6)
    Column("cancels", LargeBinary(8), ForeignKey("service_event.id")),
    Column("actor", String(64), nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("back_entered", Boolean, nullable=False),  # recorded after it was issued (R6.4)
    Index(None, "person"),
    Index(None, "effective_on"),
    Index(None, "recorded_ms"),
)

# ── the vault of numbers, consent ──

vault_number = Table(
    "vault_number",
    metadata,
    Column("ref", LargeBinary(8), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # keyed: finds the same number again, and tells nothing else
    Column("made_ms", BigInteger, nullable=False),
    Index(None, "digest", unique=True),
    Index(None, "key_version"),
)

vault_read = Table(
    "vault_read",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("ref", LargeBinary(8), nullable=False),  # may outlive the number it names
    Column("actor", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "ref"),
    Index(None, "at_ms"),
)

consent = Table(
    "consent",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("registration", String(16), ForeignKey("registration.id")),
    Column("person", LargeBinary(8), ForeignKey("person.ref")),
    Column("purpose", String(32), nullable=False),
    Column("wording", String(32), nullable=False),  # which text was shown
    Column("language", String(8), nullable=False),
    Column("given_ms", BigInteger, nullable=False),
    Column("asked_ms", BigInteger),  # when the person asked for it back; a nodal officer sees to it
    Column("withdrawn_ms", BigInteger),
    Index(None, "registration"),
    Index(None, "person"),
    Index(None, "asked_ms"),
)

# One erasure (R5.12, S6): asked, done here, and what each terminal proved of its wipe.
erasure = Table(
    "erasure",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("actor", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
)

erasure_terminal = Table(
    "erasure_terminal",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("erasure.person"), primary_key=True),
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("version", BigInteger, nullable=False),  # the roster that forgets the person
    Column("proved_ms", BigInteger),
    Column("proof", Text, nullable=False),  # the record that tells it, TERMINAL/LOG/SEQ
)

# ── one-time passwords and messages ──

otp = Table(
    "otp",
    metadata,
    Column("purpose", String(16), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("window_ms", BigInteger, nullable=False),  # since when `made` counts
    Column("made", Integer, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("channel", String(8), nullable=False),  # email, sms
    Column("sealed", LargeBinary, nullable=False),  # address and text under the vault key; empty once it has gone
    Column("state", String(8), nullable=False),  # queued, sent, failed
    Column("tries", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Index(None, "state", "next_ms"),
)
