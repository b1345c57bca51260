"""What other systems write and read: check-ins of Frappe HR, attendances of Odoo, calendars of holidays, lists as CSV.

days      days of attendance as others need them: who, when in, when out, at which terminal
frappe    Employee Checkin of Frappe HR, CSV and JSON, both ways
odoo      hr.attendance of Odoo, CSV and JSON, both ways
incoming  what others recorded becomes corrections beside the punches: never a punch
ical      holidays as a calendar (RFC 5545), both ways
masters   offices, divisions, designations, locations and people as CSV, and back
texts     what a file may be: how large, which encoding, which names

Who is meant is said by the reference of a person, or by the other system's own name where a map of names is given;
never by the six digits.
"""

from server import ServerError

SYSTEMS = ("frappe", "odoo")
TAKEN = ("divisions", "designations", "locations", "holidays")  # lists that come in here as well
NAMES = (*SYSTEMS, "calendar", "offices", *TAKEN, "people")


class ExchangeError(ServerError):
    """A file that cannot be taken or made; says which row, and what to do. Nothing of it was stored."""
