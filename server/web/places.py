"""Places by the names of their offices, in the reader's language."""

from collections.abc import Iterable

from fastapi import Request
from sqlalchemy import Connection, select, tuple_

from server.access.scope import Place
from server.ledger.tables import office
from server.web.pages import language
from server.web.words_people import words


def place_names(request: Request, connection: Connection, places: Iterable[Place]) -> dict[tuple[str, str], str]:
    """By organisation and path; the whole ledger, and what is no office any more, has none."""
    named = words(language(request).code).named
    told = {(place.org, place.path) for place in places}
    rows = connection.execute(select(office).where(tuple_(office.c.org, office.c.path).in_(told)))
    return {(row.org, row.path): named(row) for row in rows}
