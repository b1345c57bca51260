"""Late Sitting Allowance in the ledger: approved beforehand, claimed with a certificate, judged by rule (R3)."""

import datetime as dt
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, and_, insert, select

from server.access import trail
from server.attendance import lsa
from server.attendance.clock import days_of, local_day
from server.attendance.lsa import Approval, Claim, Claimant, Judgement, Line, Outcome
from server.attendance.month import fold_days
from server.attendance.types import AttendanceDay, Punch, Status
from server.days.facts import known
from server.days.punches import IST_MIN
from server.ledger.store import upsert
from server.ledger.tables import designation, division, employee, lsa_approval, lsa_claim, lsa_reopened
from server.requests import RequestError
from server.trust.vault import Vault
from sync import SealError

MAX_CERTIFICATE = 1024 * 1024
CERTIFICATES = {b"%PDF-": ("pdf", "application/pdf"), b"\xff\xd8\xff": ("jpg", "image/jpeg")}
_SEALED = "lsa certificate"


def sanction(connection: Connection, ref: bytes, day: dt.date, work: str, by: str, at_ms: int) -> bytes:
    """The sanctioning authority agrees beforehand (R3.6). Raises RequestError."""
    if not work.strip():
        raise RequestError("prior approval needs full details of the work (R3.6)")
    id_ = os.urandom(8)
    row = {"id": id_, "person": ref, "day": day.isoformat(), "approved_ms": at_ms, "by": by, "work": work.strip()}
    connection.execute(insert(lsa_approval).values(**row))
    trail.add(connection, trail.Entry(by, "sanction late sitting", id_.hex()))
    return id_


@dataclass(frozen=True, slots=True)
class Certificate:
    """The enclosed file as it came; `form` is pdf or jpg."""

    form: str
    type: str
    body: bytes = field(repr=False)


def submit(
    connection: Connection, vault: Vault, ref: bytes, days: Sequence[dt.date], certificate: bytes, by: str, at_ms: int
) -> tuple[bytes, Judgement]:
    """Claim days of one month; `certificate` is the enclosed file (R3.7), kept under the vault key. Raises ClaimError,
    RequestError."""
    if certificate and (len(certificate) > MAX_CERTIFICATE or _form(certificate) is None):
        raise RequestError("the certificate must be PDF or JPEG, and at most 1 MB")
    claim = Claim(ref, tuple(days), at_ms, bool(certificate))
    judged = judge(connection, claim)
    id_ = os.urandom(8)
    lines = [_told(line) for line in judged.lines]
    row = {
        "id": id_, "person": ref, "month": judged.month, "days": json.dumps([day.isoformat() for day in claim.days]),
        "certificate": hashlib.sha256(certificate).digest(), "submitted_ms": at_ms, "rupees": judged.rupees,
        "lines": json.dumps(lines), "file": vault.close(_SEALED, id_, certificate) if certificate else b"",
    }  # fmt: skip
    connection.execute(insert(lsa_claim).values(**row))
    trail.add(connection, trail.Entry(by, "claim late sitting", id_.hex()))
    return id_, judged


def certificate_of(vault: Vault, row: Any) -> Certificate | None:
    """The file of a row of `lsa_claim`, unchanged since it was claimed with. None: there is none, or it was erased.
    Raises RequestError where it is not what was enclosed."""
    if not row.file:
        return None
    try:
        body = vault.open(_SEALED, row.id, row.file)
    except SealError:
        body = b""
    if (known_ := _form(body)) is None or not hmac.compare_digest(hashlib.sha256(body).digest(), row.certificate):
        raise RequestError("the certificate is not the one that was enclosed; ask the claimant for it again")
    return Certificate(*known_, body)


def _form(data: bytes) -> tuple[str, str] | None:
    return next((told for magic, told in CERTIFICATES.items() if data.startswith(magic)), None)


def judge(connection: Connection, claim: Claim) -> Judgement:
    """What each day comes to, now. Raises ClaimError, RequestError."""
    if not claim.days:
        raise RequestError("a claim names its days")
    days = days_of(f"{min(claim.days):%Y-%m}")
    found = known(connection, [claim.person], days[0], days[-1])
    mine = found.people[0]
    folded = {day.day: day for day in fold_days(found.planner, mine, days)}
    span = next((span for span in mine.spans if span.covers(min(claim.days))), None)
    if span is None:
        raise RequestError(f"posted nowhere on {min(claim.days)}")
    policy = found.world.policies[span.policy]
    asked = select(lsa_approval).where(lsa_approval.c.person == claim.person)
    approvals = [
        Approval(dt.date.fromisoformat(row.day), row.approved_ms, row.by, row.work) for row in connection.execute(asked)
    ]
    who = _claimant(connection, claim.person, contractual=span.contractual)
    before = paid(connection, claim.person)
    return lsa.judge(claim, who, folded, approvals, policy, before, reopened(connection, claim.person))


def paid(connection: Connection, ref: bytes) -> set[dt.date]:
    """Days of claims that stand and were not refused."""
    found = set()
    for row in connection.execute(select(lsa_claim.c.lines).where(lsa_claim.c.person == ref)):
        found |= {dt.date.fromisoformat(one["day"]) for one in json.loads(row.lines) if one["outcome"] != "refuse"}
    return found


Change = tuple[bytes, str, Any, Any]
"""Person, day, and the rows of `attendance_day` then and now; None: nothing was said, or is."""


def reopen(
    connection: Connection, changes: Iterable[Change], report: bytes, at_ms: int
) -> list[tuple[bytes, str, str]]:
    """Days on which late sitting counts now and did not when the report was sent: they may be claimed until the end of
    the month after the one in which that was learnt (R2.5, R3.8). Returns person, day, and until when."""
    found = []
    for ref, day, before, now in changes:
        until = None if now is None else _counts_since(connection, ref, dt.date.fromisoformat(day), before, at_ms)
        if until is not None:
            row = {"person": ref, "day": day, "until": until.isoformat(), "report": report, "made_ms": at_ms}
            upsert(connection, lsa_reopened, row, "until", "report", "made_ms")
            found.append((ref, day, until.isoformat()))
    return found


def _counts_since(connection: Connection, ref: bytes, day: dt.date, before: Any, at_ms: int) -> dt.date | None:
    facts = known(connection, [ref], day, day)
    now = next(iter(fold_days(facts.planner, facts.people[0], [day])), None)
    rule = now.limits.terms.lsa if now is not None and now.limits else None
    if now is None or rule is None or lsa.sat_late(now)[1]:
        return None
    if before is not None and not lsa.sat_late(_as_said(now, before))[1]:
        return None
    return lsa.claim_until(f"{local_day(at_ms, IST_MIN):%Y-%m}", rule)


def _as_said(now: AttendanceDay, row: Any) -> AttendanceDay:
    """The day under the same rules, with the times that were said before."""
    times = {name: getattr(row, name) for name in ("first_low_ms", "first_high_ms", "last_low_ms", "last_high_ms")}
    return replace(now, status=Status(row.status), flags=row.flags, **times)


def reopened(connection: Connection, ref: bytes) -> dict[dt.date, dt.date]:
    """Days of one person that an amendment made eligible, and until when they may be claimed."""
    asked = select(lsa_reopened.c.day, lsa_reopened.c.until).where(lsa_reopened.c.person == ref)
    return {dt.date.fromisoformat(row.day): dt.date.fromisoformat(row.until) for row in connection.execute(asked)}


def post_of(connection: Connection, ref: bytes) -> str:
    """As the caps name it (R3.5), by the service record: the designation's, else the division's; else nothing."""
    return _claimant(connection, ref, contractual=False).post


def _claimant(connection: Connection, ref: bytes, *, contractual: bool) -> Claimant:
    e, d, v = employee.c, designation.c, division.c
    asked = select(d.pay_band, d.grade_pay, d.cap_post, v.cap_post.label("division_post")).select_from(employee)
    asked = asked.join(designation, and_(d.org == e.org, d.code == e.designation), isouter=True)
    asked = asked.join(division, and_(v.org == e.org, v.code == e.division), isouter=True)
    row = connection.execute(asked.where(e.person == ref)).one_or_none()
    if row is None:
        return Claimant(ref, "", 0, "", contractual)
    return Claimant(ref, row.pay_band or "", row.grade_pay or 0, row.cap_post or row.division_post or "", contractual)


def _told(line: Line) -> dict[str, Any]:
    return {
        "day": line.day.isoformat(), "outcome": line.outcome.value,
        "rupees": line.rupees if line.outcome is not Outcome.REFUSE else 0, "holiday": line.holiday,
        "group": line.group, "needed": lsa.told(line), "first": _punch(line.first), "last": _punch(line.last),
        "number": line.number, "reasons": [reason.value for reason in line.reasons], "source": line.source,
    }  # fmt: skip


def _punch(punch: Punch | None) -> dict[str, Any] | None:
    if punch is None:
        return None
    where = f"{punch.id.terminal}/{punch.id.log.hex()}/{punch.id.seq}" if punch.id.terminal else ""
    return {"punch": where, "ms": punch.low_ms, "signed": punch.signed}
