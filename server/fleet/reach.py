"""Who stands on a terminal's roster, and whom it may ask for.

On it are those who belong there (server.people.scope) and its guests. It may ask for anybody of the same state: the
same top of the same organisation's tree of offices (R1.12). A terminal without an office asks for anybody.
"""

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

from server.ledger.tables import guest, office, person, terminal
from server.people import scope


def on_roster(connection: Connection, one: str) -> ColumnElement[bool]:
    """Of `person`: does the row stand on the roster of terminal `one`?"""
    guests = select(guest.c.person).where(guest.c.terminal == one)
    return or_(scope.here(connection, one), and_(person.c.active, person.c.ref.in_(guests)))


def same_state(connection: Connection, one: str) -> ColumnElement[bool]:
    """Of `person`: may terminal `one` ask for them?"""
    asked = select(office.c.org, office.c.path).join_from(terminal, office).where(terminal.c.id == one)
    at = connection.execute(asked).one_or_none()
    if at is None:
        return true()
    top = "/" + at.path.split("/")[1] + "/"  # "/hr/hr-12/" -> "/hr/"
    state = select(office.c.id).where(office.c.org == at.org, office.c.path.startswith(top, autoescape=True))
    return or_(person.c.office.is_(None), person.c.office.in_(state))
