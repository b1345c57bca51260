"""How a day came to be what it is, as steps. Built when somebody asks, from what the day holds; words are elsewhere.

A step is a code of server.attendance.words and the values its sentence needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from server.attendance.clock import MINUTE_MS, hhmm, midnight_ms
from server.attendance.deductions import Proposal
from server.attendance.limits import Limits
from server.attendance.types import AttendanceDay, DayFlag, Punch, Status

_CAME = (DayFlag.LATE, DayFlag.LATE_UNCERTAIN, DayFlag.LATE_UNFIT, DayFlag.LATE_CONDONED)
_COUNTED = ("flag_late", "flag_left_early")
_LEFT = (DayFlag.LEFT_EARLY, DayFlag.EARLY_UNCERTAIN, DayFlag.EARLY_UNFIT, DayFlag.EARLY_CONDONED)


@dataclass(frozen=True, slots=True)
class Step:
    code: str
    values: Mapping[str, str | int]


def steps(day: AttendanceDay, offices: Mapping[bytes, str] | None = None) -> tuple[Step, ...]:
    """The derivation of a day, in the order in which it was decided. `offices` names offices; else their ids."""
    found = [Step(code, {"name": name}) for code, name in day.because]
    if day.limits is not None:
        found += _times(day, day.limits, offices or {})
    said = {*_CAME, *_LEFT}
    found += [Step(f"flag_{(flag.name or '').lower()}", {}) for flag in DayFlag if day.has(flag) and flag not in said]
    found.append(Step(f"status_{day.status.value}", {}))
    if day.limits is not None:
        found.append(Step("policy", {"version": day.policy}))
    return tuple(found)


def of_proposal(proposal: Proposal) -> Step:
    """Which late days came to which leave."""
    values: dict[str, str | int] = {
        "days": ", ".join(f"{day:%d.%m.%Y}" for day in proposal.days),
        "leave": f"{proposal.halves / 2:g}",
        "kind": proposal.kind or "",
        "source": proposal.source,
    }
    return Step("deduction" if proposal.kind else "deduction_for_decision", values)


def _times(day: AttendanceDay, limits: Limits, offices: Mapping[bytes, str]) -> list[Step]:
    late, hours = limits.terms.late, limits.terms.hours
    midnight = midnight_ms(day.day, limits.terms.offset_min)
    found: list[Step] = []
    if day.first is not None and day.first_low_ms is not None and day.first_high_ms is not None:
        found.append(_mark("first_in", midnight, day.first, day.first_low_ms, day.first_high_ms, offices))
    if day.status is Status.PRESENT and day.first is not None:
        found.append(Step("late_limit", {"limit": hhmm(limits.late_after), "source": late.source}))
        found.append(
            _first(day, _CAME, "in_time", day.late_min, midnight, _kindest(day.first_low_ms, day.first_high_ms))
        )
    if day.last is not None and day.last_low_ms is not None and day.last_high_ms is not None:
        found.append(_mark("last_out", midnight, day.last, day.last_low_ms, day.last_high_ms, offices))
    if day.status is Status.PRESENT and day.last is not None:
        found.append(Step("closing", {"limit": hhmm(limits.leave_from), "source": hours.source}))
        found.append(_first(day, _LEFT, "stayed", day.early_min, midnight, _kindest(day.last_high_ms, day.last_low_ms)))
    return found


def _first(
    day: AttendanceDay, flags: tuple[DayFlag, ...], none: str, minutes: int, midnight: int, kindest: int | None
) -> Step:
    """Lateness and leaving early are counted from the kindest reading that the clock allows; where that is another
    minute than the one shown, it says so."""
    code = next((f"flag_{(flag.name or '').lower()}" for flag in flags if day.has(flag)), none)
    if kindest is None or code not in _COUNTED:
        return Step(code, {"min": minutes})
    return Step(f"{code}_kindest", {"min": minutes, "time": hhmm(kindest - midnight // MINUTE_MS)})


def _kindest(kind_ms: int | None, other_ms: int | None) -> int | None:
    """The minute of the kind end of an interval, where its middle shows another."""
    if kind_ms is None or other_ms is None:
        return None
    minute = kind_ms // MINUTE_MS
    return minute if minute != (kind_ms + other_ms) // 2 // MINUTE_MS else None


def _mark(code: str, midnight: int, punch: Punch, low_ms: int, high_ms: int, offices: Mapping[bytes, str]) -> Step:
    """A punch: when as the slip shows it, how sure that is, where, and by what."""
    values: dict[str, str | int] = {
        "time": hhmm((low_ms + high_ms) // 2 // MINUTE_MS - midnight // MINUTE_MS),
        "bound": (high_ms - low_ms + 1999) // 2000,
        "place": offices.get(punch.office, punch.office.hex()),
        "means": f"means_{punch.means.name.lower()}",
        "punch": f"{punch.id.terminal}/{punch.id.log.hex()}/{punch.id.seq}",
    }
    return Step(code if punch.id.terminal else f"{code}_added", values)
