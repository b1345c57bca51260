"""What can be asked for, and what each kind must say. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from server.attendance.types import Act, Half
from server.requests import RequestError

MAX_DAYS = 366
MAX_REASON = 500
LEAVE_KINDS = ("CL", "EL", "HPL", "LWP", "ML", "CCL", "RH", "SL")
"""Casual, earned, half-pay, without pay, maternity, child care, restricted holiday, special."""


class Kind(StrEnum):
    LEAVE = "leave"
    ON_DUTY = "on_duty"
    TOUR = "tour"
    MOVEMENT = "movement"
    ADJUSTMENT = "adjustment"
    REGISTER = "register"
    EXEMPTION = "exemption"


class State(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `until` of an exemption is its review (S16). `detail`, by kind: leave has `kind` and `half`; duty
    and tour `place` and `half`; a movement `out_ms` and `in_ms`; an adjustment `act`, and `at_ms` or `punch`."""

    person: bytes
    kind: Kind
    since: dt.date
    until: dt.date
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def half(self) -> Half:
        return Half(self.detail.get("half", "full"))


def check(ask: Ask) -> dict[str, Any]:
    """The detail as it is to be stored. Raises RequestError naming what is missing."""
    if ask.until < ask.since:
        raise RequestError(f"it ends on {ask.until}, before it begins on {ask.since}; correct the dates")
    if (ask.until - ask.since).days >= MAX_DAYS and ask.kind is not Kind.EXEMPTION:
        raise RequestError(f"more than {MAX_DAYS} days: ask for the parts one by one")
    if len(ask.reason) > MAX_REASON or not all(letter.isprintable() for letter in ask.reason):
        raise RequestError(f"reason: expected at most {MAX_REASON} printable characters")
    needs_reason = (Kind.ON_DUTY, Kind.TOUR, Kind.MOVEMENT, Kind.ADJUSTMENT, Kind.EXEMPTION)
    if ask.kind in needs_reason and not ask.reason.strip():
        raise RequestError(f"{ask.kind.value}: write down what it is for")
    return _CHECKS[ask.kind](ask)


def _leave(ask: Ask) -> dict[str, Any]:
    kind = str(ask.detail.get("kind", ""))
    if kind not in LEAVE_KINDS:
        raise RequestError(f"{kind!r} is no kind of leave; known: {', '.join(LEAVE_KINDS)}")
    return {"kind": kind, "half": _half(ask)}


def _duty(ask: Ask) -> dict[str, Any]:
    place = str(ask.detail.get("place", "")).strip()[:200]
    if ask.kind is Kind.TOUR and not place:
        raise RequestError("tour: name the place")
    return {"place": place, "half": _half(ask)}


def _half(ask: Ask) -> str:
    try:
        return ask.half.value
    except ValueError:
        raise RequestError("half: expected full, forenoon or afternoon") from None


def _movement(ask: Ask) -> dict[str, Any]:
    out_ms, in_ms = ask.detail.get("out_ms"), ask.detail.get("in_ms")
    if not isinstance(out_ms, int) or not (in_ms is None or isinstance(in_ms, int)):
        raise RequestError("movement: expected the time of leaving, and that of the return or nothing")
    if in_ms is not None and in_ms < out_ms:
        raise RequestError("movement: the return is before the departure; correct the times")
    return {"out_ms": out_ms, "in_ms": in_ms}


def _adjustment(ask: Ask) -> dict[str, Any]:
    try:
        act = Act(ask.detail.get("act", ""))
    except ValueError:
        raise RequestError(f"adjustment: expected one of {', '.join(Act)}") from None
    at_ms, punch = ask.detail.get("at_ms"), ask.detail.get("punch")
    if act in (Act.ADD_IN, Act.ADD_OUT) and not isinstance(at_ms, int):
        raise RequestError(f"{act.value}: name the time that is to be added")
    if act is Act.NOT_MINE and not (isinstance(punch, list | tuple) and len(punch) == 3):
        raise RequestError("not_mine: name the punch by terminal, log and number")
    if ask.since != ask.until:
        raise RequestError("an adjustment is of one day")
    return {"act": act.value, "at_ms": at_ms, "punch": list(punch) if punch else None}


def _nothing(ask: Ask) -> dict[str, Any]:
    if ask.kind is Kind.REGISTER and ask.since != ask.until:
        raise RequestError("a register entry is of one day")
    return {}


_CHECKS = {
    Kind.LEAVE: _leave,
    Kind.ON_DUTY: _duty,
    Kind.TOUR: _duty,
    Kind.MOVEMENT: _movement,
    Kind.ADJUSTMENT: _adjustment,
    Kind.REGISTER: _nothing,
    Kind.EXEMPTION: _nothing,
}


def clash(one: Ask, other: Ask) -> bool:
    """May these two not both hold? Nobody is away twice in the same half of a day, or signs a register twice."""
    away = (Kind.LEAVE, Kind.ON_DUTY, Kind.TOUR)
    if one.until < other.since or other.until < one.since:
        return False
    if one.kind in away and other.kind in away:
        return Half.FULL in (one.half, other.half) or one.half is other.half
    return one.kind is other.kind is Kind.REGISTER or one.kind is other.kind is Kind.EXEMPTION
