"""From punches to days, deductions and allowances. Pure: values in, values out; no clock, no disk, no database.

AttendanceError
├── PolicyError     a policy file that cannot be taken: names the line, the rule, and what to do
├── FactsError      facts that cannot all be true: two leaves on one day, a departure before its return
├── NotOverError    a period that is not over cannot be closed
└── ClaimError      a claim that cannot be judged at all: an unknown pay band, two months in one
"""

from server import ServerError


class AttendanceError(ServerError):
    """Root of this room. Its text is for the officer at the screen."""


class PolicyError(AttendanceError):
    """A policy file is refused; nothing of it is in force."""


class FactsError(AttendanceError):
    """Facts of one person that contradict each other; nothing was computed."""


class NotOverError(AttendanceError):
    """A month that is not over: deductions and returns of it would be half of the truth."""


class ClaimError(AttendanceError):
    """A claim that no rule can judge."""
