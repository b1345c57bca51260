"""Made-up applicants for registration: forms, numbers that are counted up, and grey pictures."""

import datetime as dt
import io

from PIL import Image
from sqlalchemy import Connection, insert, select

from server.ledger.store import Ledger
from server.ledger.tables import (
    metadata,
    office,
    terminal,
)
from server.people import registration as registrations
from server.people.fields import FormError, Lists, check
from server.people.registration import Consent, Vaults
from server.people.verhoeff import check_digit
from server.trust.vault import NumberVault
from tests.unit.server.departments import VAULT

VAULTS = Vaults(VAULT, NumberVault({1: bytes(32)}))
ORG = "sample-3"
AGREED = Consent("attendance-1", "hi")
TODAY = dt.date(2026, 6, 1)


def jpeg(size: int = 0) -> bytes:
    """A grey picture; padded at its end to `size` bytes."""
    out = io.BytesIO()
    Image.new("RGB", (240, 300), (128, 120, 110)).save(out, "JPEG")
    return out.getvalue() + bytes(max(0, size - len(out.getvalue())))


PHOTO = jpeg()


def number(n: int, first: str = "") -> str:
    """A number with a right check digit; `first` fixes how it begins."""
    body = (first + f"{n:011d}"[len(first) :]) if first else f"9{n:010d}"
    return body + check_digit(body)


def told(n: int = 1, **changed: object) -> dict[str, object]:
    form: dict[str, object] = {
        "name": f"Sample {n} नमूना",
        "born_on": "05-11-1984",
        "gender": "female",
        "aadhaar": number(n),
        "email": f"sample{n}@example.invalid",
        "mobile": f"9{n:09d}",
        "employee_type": "government",
        "division": "teaching",
        "designation": "teacher",
        "office": "s1",
        "photo": PHOTO,
    }
    return form | changed


def submit(connection: Connection, n: int = 1, replaces: str = "", **changed: object) -> str:
    return registrations.submit(connection, VAULTS, ORG, told(n, **changed), AGREED, replaces)


LISTS = Lists({"teaching": "Teaching"}, {"teacher": "Teacher"}, {"s1": bytes(8)}, "nobody")


def problems(form: dict[str, object]) -> dict[str, str]:
    """Which columns are refused, and by which code."""
    try:
        check(form, LISTS, TODAY, registrations.is_photo)
    except FormError as error:
        return {one.column: one.code for one in error.problems}
    return {}


def hang(connection: Connection, where: str, name: str = "t-1") -> None:
    at = connection.execute(select(office.c.id).where(office.c.code == where)).scalar_one()
    keys = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b""}
    row = {"id": name, "state": "active", **keys, "roster_version": 0, "admitted_ms": 0, "office": at}
    connection.execute(insert(terminal).values(**row))


def everything(ledger: Ledger) -> bytes:
    """Every value of every table, to look for something in."""
    with ledger.read() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    return repr(rows).encode()
