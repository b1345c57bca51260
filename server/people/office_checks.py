"""What may be told of an office, field by field. Pure; what is wrong is a PeopleError that names the field."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from server import PeopleError
from server.people.office_life import GRADES, LIVES, OfficeKind
from server.people.ranks import Level

MAX_NAME = 200
MAX_POSTS = 10_000
MAX_STREAMS = 20
CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?")
PHONE = re.compile(r"\+?[0-9][0-9 -]{2,18}")


def check_detail(kind: OfficeKind, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of one event, checked and fit for JSON. Raises PeopleError."""
    needed, allowed = _FIELDS[kind]
    if missing := [name for name in needed if name not in detail]:
        raise PeopleError(f"{kind.value}: {', '.join(missing)} must be told")
    if unknown := sorted(set(detail) - set(needed) - set(allowed)):
        raise PeopleError(f"{kind.value}: {unknown[0]!r} is none of {', '.join((*needed, *allowed))}")
    if not detail and allowed:
        raise PeopleError(f"{kind.value}: tell at least one of {', '.join(allowed)}")
    return {name: CHECKS[name](name, value) for name, value in detail.items()}


def text(name: str, value: object) -> str:
    """One line that people read: 1 to 200 printable characters, spaces tidied."""
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= MAX_NAME or not value.isprintable():
        raise PeopleError(f"{name}: expected 1 to {MAX_NAME} printable characters")
    return " ".join(value.split())


def code(name: str, value: object) -> str:
    """A short code that paths and addresses are made of."""
    if not isinstance(value, str) or not CODE.fullmatch(value):
        raise PeopleError(f"{name}: expected 1 to 24 of a–z, 0–9 and -, as in jammu-zone-3")
    return value


def _one_of(*values: str) -> Callable[[str, object], str]:
    def checked(name: str, value: object) -> str:
        if value not in values:
            raise PeopleError(f"{name}: expected one of {', '.join(values)}")
        return str(value)

    return checked


def _degrees(limit: float) -> Callable[[str, object], float | None]:
    def checked(name: str, value: object) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
            raise PeopleError(f"{name}: expected degrees from {-limit:g} to {limit:g}")
        return float(value)

    return checked


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise PeopleError(f"{name}: expected true or false")
    return value


def _phone(name: str, value: object) -> str:
    if not isinstance(value, str) or (value and not PHONE.fullmatch(value)):
        raise PeopleError(f"{name}: expected digits with spaces or -, as in 0191-2500000, or nothing")
    return value


def _office(name: str, value: object) -> str | None:
    told = value.hex() if isinstance(value, bytes) else value
    if told is None and name == "parent":
        return None
    if not isinstance(told, str) or not re.fullmatch(r"[0-9a-f]{16}", told):
        raise PeopleError(f"{name}: expected the id of an office, sixteen hexadecimal digits")
    return told


def _posts(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_POSTS:
        raise PeopleError(f"{name}: expected a number of posts from 0 to {MAX_POSTS}")
    return value


def _streams(name: str, value: object) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_STREAMS:
        raise PeopleError(f"{name}: expected a list of up to {MAX_STREAMS} codes, as science or commerce")
    return sorted({code(name, one) for one in value})


def _block(name: str, value: object) -> str:
    return "" if value == "" else text(name, value)


CHECKS: dict[str, Callable[[str, object], Any]] = {
    "code": code,
    "parent": _office,
    "level": _one_of(*(level.value for level in Level)),
    "name": text,
    "name_hi": text,
    "urban": _flag,
    "block": _block,
    "latitude": _degrees(90),
    "longitude": _degrees(180),
    "desk_phone": _phone,
    "timezone": _one_of("Asia/Kolkata"),
    "grade": _one_of(*GRADES),
    "streams": _streams,
    "designation": code,
    "posts": _posts,
    "life": _one_of(*LIVES),
    "into": _office,
}

_PLACE = ("urban", "block", "latitude", "longitude", "desk_phone")
_FIELDS: dict[OfficeKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    OfficeKind.OPEN: (("code", "level", "name", "name_hi"), ("parent", *_PLACE, "timezone", "grade", "life")),
    OfficeKind.DESCRIBE: ((), _PLACE),
    OfficeKind.RENAME: (("name", "name_hi"), ()),
    OfficeKind.MOVE: (("parent",), ()),
    OfficeKind.UPGRADE: (("grade",), ()),
    OfficeKind.STREAMS: (("streams",), ()),
    OfficeKind.POSTS: (("designation", "posts"), ()),
    OfficeKind.LIFE: (("life",), ()),
    OfficeKind.MERGE: (("into",), ()),
    OfficeKind.CLOSE: ((), ()),
}
