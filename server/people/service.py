"""The seventeen orders of a service (Haryana, 1/127-2023-eGov./IT Cell of 30-11-2023; R6.1) and what each does. Pure.

What must stay true here: `fold` depends on the set of orders alone, never on the order in which they were entered. Of
two that take effect on one day the one made later is the later.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from server import PeopleError


class Kind(Enum):
    """What can happen in a service, in the order in which things of one day take effect."""

    VRS = "vrs"
    RESIGNATION = "resignation"
    TERMINATION = "termination"
    DISMISSAL = "dismissal"
    SUSPENSION = "suspension"
    APPOINTMENT = "appointment"
    RETURN_TO_SERVICE = "return_to_service"
    REINSTATEMENT = "reinstatement"
    PROMOTION = "promotion"
    REVERSION = "reversion"
    TRANSFER = "transfer"
    POSTING = "posting"
    STAY = "stay"
    STAY_LIFTED = "stay_lifted"
    RELIEVING = "relieving"
    JOINING = "joining"
    DEMISE = "demise"


class Roster(Enum):
    """What terminals do about the person."""

    ADD = "add"  # known at the new office from the order on, before they arrive
    REMOVE = "remove"  # known nowhere; templates stay in the ledger, sealed
    FREEZE = "freeze"  # known at the old office until the new terminals have them, and expected there no more
    RESTORE = "restore"  # known again, without enrolling again
    KEEP = "keep"
    WIPE = "wipe"  # templates are destroyed, everywhere


class Expectation(Enum):
    """Is the person expected to mark their attendance, and is it counted?"""

    STARTS = "starts"
    MOVES = "moves"
    PAUSES = "pauses"  # punches are recorded and not counted
    RESUMES = "resumes"
    ENDS = "ends"
    SAME = "same"


class Roles(Enum):
    """What becomes of portals the person holds."""

    KEEP = "keep"
    RECHECK = "recheck"  # is this still the senior-most official posted there? (R4.2)
    SUSPEND = "suspend"
    RESTORE = "restore"
    END = "end"


class Needs(Enum):
    """What an order of a kind must name."""

    NOTHING = "nothing"
    TO = "to_office"
    FROM = "from_office"
    BOTH = "from_office and to_office"
    DESIGNATION = "designation"
    TO_DESIGNATION = "to_office and designation"


@dataclass(frozen=True, slots=True)
class Effect:
    """What one kind of order does."""

    roster: Roster
    expectation: Expectation
    roles: Roles
    needs: Needs = Needs.NOTHING


_GONE = Effect(Roster.REMOVE, Expectation.ENDS, Roles.END)
EFFECTS: dict[Kind, Effect] = {
    Kind.APPOINTMENT: Effect(Roster.ADD, Expectation.SAME, Roles.KEEP, Needs.TO_DESIGNATION),
    Kind.RETURN_TO_SERVICE: Effect(Roster.RESTORE, Expectation.RESUMES, Roles.RECHECK),
    Kind.REINSTATEMENT: Effect(Roster.RESTORE, Expectation.RESUMES, Roles.RESTORE),
    Kind.PROMOTION: Effect(Roster.KEEP, Expectation.SAME, Roles.RECHECK, Needs.DESIGNATION),
    Kind.REVERSION: Effect(Roster.KEEP, Expectation.SAME, Roles.RECHECK, Needs.DESIGNATION),
    Kind.TRANSFER: Effect(Roster.ADD, Expectation.SAME, Roles.KEEP, Needs.BOTH),
    Kind.POSTING: Effect(Roster.ADD, Expectation.SAME, Roles.KEEP, Needs.TO),
    Kind.STAY: Effect(Roster.RESTORE, Expectation.RESUMES, Roles.RECHECK),
    Kind.STAY_LIFTED: Effect(Roster.ADD, Expectation.SAME, Roles.KEEP),
    Kind.RELIEVING: Effect(Roster.FREEZE, Expectation.ENDS, Roles.END, Needs.FROM),
    Kind.JOINING: Effect(Roster.ADD, Expectation.STARTS, Roles.RECHECK, Needs.TO),
    Kind.SUSPENSION: Effect(Roster.KEEP, Expectation.PAUSES, Roles.SUSPEND),
    Kind.VRS: _GONE,
    Kind.RESIGNATION: _GONE,
    Kind.TERMINATION: _GONE,
    Kind.DISMISSAL: _GONE,
    Kind.DEMISE: Effect(Roster.WIPE, Expectation.ENDS, Roles.END),
}


class Service(Enum):
    """How somebody stands."""

    AWAITED = "awaited"  # appointed, not joined
    SERVING = "serving"
    SUSPENDED = "suspended"
    LEFT = "left"
    DECEASED = "deceased"


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """One order. Terminals go by it from the day it was made, everything else from `effective_on`."""

    kind: Kind
    effective_on: dt.date
    ordered_on: dt.date
    order_no: str = ""
    from_office: bytes | None = None
    to_office: bytes | None = None
    designation: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands on one day.

    posted    where they are expected; None: nowhere (awaited, in transit, gone)
    awaited   where they are known ahead of joining
    frozen    where they were relieved: expected there no more, known until their new terminals have them
    before    where they were before the last transfer or posting took effect; what a stay brings back
    stayed    where a stayed order would have sent them
    """

    service: Service
    posted: bytes | None
    designation: str
    awaited: bytes | None = None
    frozen: bytes | None = None
    before: bytes | None = None
    stayed: bytes | None = None
    roles: Roles = Roles.KEEP

    @property
    def known(self) -> bool:
        """Do terminals know the person?"""
        return self.service in (Service.AWAITED, Service.SERVING, Service.SUSPENDED)

    @property
    def expected(self) -> bool:
        return self.service is Service.SERVING and self.posted is not None

    @property
    def counted(self) -> bool:
        """Do punches count? Of the suspended they are recorded and do not (R6.7)."""
        return self.service is Service.SERVING


@dataclass(frozen=True, slots=True)
class Base:
    """Where somebody stood when they were registered; None as office: they enter by appointment."""

    on: dt.date
    office: bytes | None
    designation: str


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` to `last` (both included; None: without end) nothing changed."""

    first: dt.date
    last: dt.date | None
    office: bytes | None
    designation: str
    service: Service
    expected: bool
    counted: bool


def fold(base: Base, orders: Iterable[ServiceOrder], on: dt.date) -> Standing:
    """How a person stands on a day."""
    told = sorted(orders, key=_order)
    start = Service.SERVING if base.office else Service.AWAITED
    standing = Standing(start, base.office, base.designation)
    for one in told:
        if one.effective_on <= on:
            standing = step(standing, one)
    for one in told:
        if one.ordered_on <= on < one.effective_on and EFFECTS[one.kind].roster is Roster.ADD and one.to_office:
            standing = replace(standing, awaited=one.to_office)
    return standing


def step(now: Standing, order: ServiceOrder) -> Standing:
    """The standing after one more order. An order nobody should have made changes as little as it can."""
    kind, to, roles = order.kind, order.to_office, EFFECTS[order.kind].roles
    post = order.designation or now.designation
    if now.service is Service.DECEASED:
        return now
    match kind:
        case Kind.DEMISE:
            return Standing(Service.DECEASED, None, post, before=now.posted or now.before, roles=roles)
        case Kind.VRS | Kind.RESIGNATION | Kind.TERMINATION | Kind.DISMISSAL:
            return Standing(Service.LEFT, None, post, before=now.posted or now.before, roles=roles)
        case Kind.APPOINTMENT:
            return replace(now, service=Service.AWAITED, designation=post, awaited=to, roles=roles)
        case Kind.PROMOTION | Kind.REVERSION:
            return replace(now, designation=post, awaited=to or now.awaited, roles=roles)
        case Kind.TRANSFER | Kind.POSTING:
            return replace(now, designation=post, awaited=to, before=now.posted or now.before, stayed=None, roles=roles)
        case Kind.RELIEVING:
            left = order.from_office or now.posted
            if now.posted not in (left, None):  # has joined elsewhere: the old office is told late
                return replace(now, frozen=left, before=left)
            return replace(now, posted=None, frozen=left, before=left, roles=roles)
        case Kind.JOINING if now.service is Service.LEFT:
            return now  # who left joins nowhere without being appointed, or returning
        case Kind.JOINING:
            service = Service.SUSPENDED if now.service is Service.SUSPENDED else Service.SERVING
            return replace(now, service=service, posted=to, awaited=None, designation=post, roles=roles)
        case Kind.SUSPENSION:
            return replace(now, service=Service.SUSPENDED, roles=roles)
        case Kind.REINSTATEMENT | Kind.RETURN_TO_SERVICE:
            return replace(now, service=Service.SERVING, posted=to or now.posted or now.before, roles=roles)
        case Kind.STAY:
            return _stayed(now, roles)
        case Kind.STAY_LIFTED:
            return replace(now, awaited=now.stayed or now.awaited, stayed=None, roles=roles)


def reinstated(orders: Iterable[ServiceOrder], on: dt.date) -> bool:
    """Did the last order in force on a day that gave or took roles give them back?"""
    told = (EFFECTS[one.kind].roles for one in sorted(orders, key=_order) if one.effective_on <= on)
    moved = [roles for roles in told if roles not in (Roles.KEEP, Roles.RECHECK)]
    return moved[-1:] == [Roles.RESTORE]


def _stayed(now: Standing, roles: Roles) -> Standing:
    """A court stays the order that would move them, or has: the old posting is kept."""
    stayed = now.awaited or now.posted
    back = now.before or now.posted
    return replace(now, posted=back, awaited=None, frozen=None, stayed=stayed if stayed != back else None, roles=roles)


def spans(base: Base, orders: Iterable[ServiceOrder]) -> list[Span]:
    """The posting history: every stretch of days on which nothing changed, the last without end."""
    told = list(orders)
    days = sorted({base.on, *(one.effective_on for one in told if one.effective_on > base.on)})
    found: list[Span] = []
    for day in days:
        now = fold(base, told, day)
        span = Span(day, None, now.posted, now.designation, now.service, now.expected, now.counted)
        if found and replace(found[-1], first=day) == span:
            continue
        if found:
            found[-1] = replace(found[-1], last=day - dt.timedelta(days=1))
        found.append(span)
    return found


def check(order: ServiceOrder) -> None:
    """Raises PeopleError when an order does not name what its kind needs."""
    needs = EFFECTS[order.kind].needs
    has = {"from_office": order.from_office, "to_office": order.to_office, "designation": order.designation}
    wanted = () if needs is Needs.NOTHING else needs.value.split(" and ")
    if missing := [name for name in wanted if not has[name]]:
        raise PeopleError(f"{order.kind.value}: {' and '.join(missing)} must be named")
    if needs is Needs.BOTH and order.from_office == order.to_office:
        raise PeopleError(f"{order.kind.value}: the two offices are the same")


_PRECEDENCE = {kind: place for place, kind in enumerate(Kind)}


def _order(one: ServiceOrder) -> tuple[dt.date, dt.date, int, str, bytes, bytes, str]:
    offices = one.from_office or b"", one.to_office or b""
    return one.effective_on, one.ordered_on, _PRECEDENCE[one.kind], one.order_no, *offices, one.designation
