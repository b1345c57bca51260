"""The fields of a registration, each with its check, exactly as the circulars list them (R1.3–R1.7). Pure.

KA: ktpue.attendance.gov.in, registration; CBSE: F.No./BAS/2016/5083-5133 of 26-07-2016, Annexure A. What is wrong
comes back as Problems, all of them, each with what to do; a Problem never quotes what was told.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from server import PeopleError
from server.people.verhoeff import is_valid

MAX_NAME = 100
MAX_EMAIL = 254
YOUNGEST_YEARS, OLDEST_YEARS = 14, 100
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_MOBILE = re.compile(r"[6-9][0-9]{9}")
_BORN = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
T = TypeVar("T", bound=Enum)


class EmployeeKind(Enum):
    """Type of employee. Only of a government employee a designation and an Aadhaar number are asked."""

    GOVERNMENT = "government"
    CONTRACTUAL = "contractual"
    OUTSOURCED = "outsourced"
    GUEST = "guest"


class Gender(Enum):
    FEMALE = "female"
    MALE = "male"
    TRANSGENDER = "transgender"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: which field, why, and what to do. `code` names it for other languages."""

    column: str
    code: str
    why: str
    todo: str


class FormError(PeopleError):
    """A registration that cannot be taken; `problems` are all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{one.column}: {one.why} ({one.todo})" for one in problems))


@dataclass(frozen=True, slots=True)
class Lists:
    """The closed lists of an organisation, by code, and whom to ask where something is missing (R1.7)."""

    divisions: Mapping[str, str]
    designations: Mapping[str, str]
    offices: Mapping[str, bytes]
    nodal_officer: str


@dataclass(frozen=True, slots=True)
class Form:
    """A registration as it may be stored. The number and the photograph never appear in a message or a log line."""

    name: str
    born_on: dt.date
    gender: Gender
    number: str = field(repr=False)  # empty: none is needed
    email: str
    mobile: str
    kind: EmployeeKind
    division: str
    designation: str
    office: bytes
    photo: bytes = field(repr=False)


_PERSON = ("name", "born_on", "gender", "aadhaar", "email", "mobile")
COLUMNS = (*_PERSON, "employee_type", "division", "designation", "office", "photo")


def check(told: Mapping[str, object], lists: Lists, today: dt.date, is_photo: Callable[[bytes], None]) -> Form:
    """Check a registration: every field a text, `photo` bytes. Raises FormError with everything that is wrong.

    `is_photo` raises PeopleError for bytes that are no photograph as R1.4 asks.
    """
    problems: list[Problem] = []
    text = {name: _text(told.get(name)) for name in COLUMNS if name != "photo"}
    for name in sorted(set(told) - set(COLUMNS)):
        problems.append(Problem(name[:40], "unknown", "no such field", f"use {', '.join(COLUMNS)}"))
    kind = _choice("employee_type", text["employee_type"], EmployeeKind, problems)
    form = Form(
        name=_name(text["name"], problems),
        born_on=_born(text["born_on"], today, problems),
        gender=_choice("gender", text["gender"], Gender, problems),
        number=_number(text["aadhaar"], kind, problems),
        email=_email(text["email"], problems),
        mobile=_mobile(text["mobile"], problems),
        kind=kind,
        division=_listed("division", text["division"], lists.divisions, lists, problems),
        designation=_designation(text["designation"], kind, lists, problems),
        office=_office(text["office"], lists, problems),
        photo=_photo(told.get("photo"), is_photo, problems),
    )
    if problems:
        raise FormError(problems)
    return form


def is_email(value: str) -> bool:
    return len(value) <= MAX_EMAIL and _EMAIL.fullmatch(value) is not None and ".." not in value


def is_mobile(value: str) -> bool:
    """Ten digits; in India a mobile number begins with 6, 7, 8 or 9."""
    return _MOBILE.fullmatch(value) is not None


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _name(value: str, problems: list[Problem]) -> str:
    if not 1 <= len(value) <= MAX_NAME or not value.isprintable():
        todo = f"write it as on the Aadhaar card, at most {MAX_NAME} characters"
        problems.append(Problem("name", "name", "the name is missing or has characters no name has", todo))
    return value


def _born(value: str, today: dt.date, problems: list[Problem]) -> dt.date:
    match = _BORN.fullmatch(value)
    try:
        born = dt.date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        born = None
    if born is None:
        todo = "write it as DD-MM-YYYY, as 05-11-1984"
        problems.append(Problem("born_on", "born_format", "not a date of that form", todo))
        return dt.date.min
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not YOUNGEST_YEARS <= age <= OLDEST_YEARS:
        problems.append(Problem("born_on", "born_age", f"that makes an age of {age}", "check day, month and year"))
    return born


def _number(value: str, kind: EmployeeKind, problems: list[Problem]) -> str:
    number = value.replace(" ", "").replace("-", "")
    if not number and kind is not EmployeeKind.GOVERNMENT:
        return ""
    if not number:
        why = "an Aadhaar number is mandatory for government employees"
        problems.append(Problem("aadhaar", "number_missing", why, "write the twelve digits"))
    elif len(number) != 12 or not (number.isascii() and number.isdigit()) or number[0] in "01":
        why = "an Aadhaar number has twelve digits and does not begin with 0 or 1"
        problems.append(Problem("aadhaar", "number_form", why, "copy it from the card"))
    elif not is_valid(number):
        why = "the last digit does not fit the others: one of them is mistyped"
        problems.append(Problem("aadhaar", "number_check", why, "copy it from the card again"))
    return number


def _email(value: str, problems: list[Problem]) -> str:
    if not is_email(value):
        problems.append(Problem("email", "email", "not an e-mail address", "write it as name@example.in"))
    return value


def _mobile(value: str, problems: list[Problem]) -> str:
    if not is_mobile(value):
        todo = "write the ten digits, without 0 or +91 in front"
        problems.append(Problem("mobile", "mobile", "not a ten-digit mobile number", todo))
    return value


def _choice(column: str, value: str, choices: type[T], problems: list[Problem]) -> T:
    try:
        return choices(value)
    except ValueError:
        names = ", ".join(str(one.value) for one in choices)
        problems.append(Problem(column, "choice", "not one of the choices", f"choose one of {names}"))
        return next(iter(choices))


def _listed(column: str, value: str, listed: Mapping[str, object], lists: Lists, problems: list[Problem]) -> str:
    if value not in listed:
        todo = f"choose from the list; if it is not there, ask {lists.nodal_officer}"
        problems.append(Problem(column, "listed", "not in this organisation's list", todo))
    return value


def _designation(value: str, kind: EmployeeKind, lists: Lists, problems: list[Problem]) -> str:
    if kind is EmployeeKind.GOVERNMENT:
        return _listed("designation", value, lists.designations, lists, problems)
    if value:
        todo = "leave it empty, or choose government as the type of employee"
        problems.append(Problem("designation", "designation", "only a government employee has a designation", todo))
    return ""


def _office(value: str, lists: Lists, problems: list[Problem]) -> bytes:
    return lists.offices.get(_listed("office", value, lists.offices, lists, problems), b"")


def _photo(value: object, is_photo: Callable[[bytes], None], problems: list[Problem]) -> bytes:
    if not isinstance(value, bytes) or not value:
        todo = "give a recent picture as .jpg of at most 100 KB"
        problems.append(Problem("photo", "photo_missing", "there is no photograph", todo))
        return b""
    try:
        is_photo(value)
    except PeopleError as error:
        why = str(error).removeprefix("photograph: ")
        problems.append(Problem("photo", "photo", why, "save it as .jpg of at most 100 KB (102,400 bytes)"))
    return value
