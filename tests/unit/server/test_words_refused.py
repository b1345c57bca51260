"""What a room of the fleet refuses is read in the reader's language, without commands: each is really refused here."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert

from server import ClaimError, FleetError
from server.fleet import claims, places, standing
from server.ledger.store import Ledger
from server.ledger.tables import claim
from server.web.words_fleet import LANGUAGES
from tests.unit.server.fleet_site import NOW, admitted
from tests.unit.server.test_access_things import filled

NOBODY = bytes(8)
KEYS: Any = None  # not asked for what is wrong before


def decided(ledger: Ledger, state: claims.State) -> bytes:
    with ledger.write() as connection:
        token = filled(claims.claim_token, id=NOBODY, terminal="t-9", made_ms=NOW, until_ms=NOW)
        connection.execute(insert(claims.claim_token).values(**token))
        row = filled(claim, id=NOBODY, token=NOBODY, terminal="t-9", state=str(state), asked_ms=NOW)
        connection.execute(insert(claim).values(**row))
    return NOBODY


def made(ledger: Ledger, name: str) -> claims.Made:
    with ledger.write() as connection:
        return claims.make(connection, "test", office_id=None, terminal_id=name)


def moved(ledger: Ledger, place: places.Place) -> None:
    admitted(ledger)
    with ledger.write() as connection:
        places.move(connection, "t-1", place, "test", "", NOW)


def becomes(ledger: Ledger, to: standing.State) -> None:
    admitted(ledger, state=standing.State.RETIRED)
    with ledger.write() as connection:
        standing.change(connection, "t-1", to, "test", "why", NOW)


REFUSED: dict[str, Callable[[Ledger], object]] = {
    "no number": lambda ledger: made(ledger, "Not a number!"),
    "another's prefix": lambda ledger: made(ledger, "hazri-1"),
    "no address": lambda ledger: claims.file_of(made(ledger, "t-5"), "", "javascript:1"),
    "no claim, let in": lambda ledger: claims.approve(ledger, KEYS, KEYS, NOBODY, "test"),
    "no claim, turned away": lambda ledger: claims.refuse(ledger, NOBODY, "test", ""),
    "turned away": lambda ledger: claims.approve(ledger, KEYS, KEYS, decided(ledger, claims.State.REFUSED), "test"),
    "let in": lambda ledger: claims.refuse(ledger, decided(ledger, claims.State.ADMITTED), "test", ""),
    "no step": lambda ledger: becomes(ledger, standing.State.ACTIVE),
    "long": lambda ledger: moved(ledger, places.Place(NOW, None, "x" * 1000, "")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_on_a_page_is_told_in_both_languages(ledger: Ledger, what: str) -> None:
    with pytest.raises((ClaimError, FleetError)) as caught:
        REFUSED[what](ledger)
    text = str(caught.value)
    english, hindi = (LANGUAGES[code].say(text) for code in ("en", "hi"))
    assert english != text
    assert "`" not in english, "no command: there is no console at a page"
    assert re.search("[\u0900-\u097f]", hindi)
    assert re.findall(r"\d+", english) == re.findall(r"\d+", hindi)


def test_a_day_that_is_none_and_what_has_no_word() -> None:
    for code in ("en", "hi"):
        assert LANGUAGES[code].say("since: no such time") == LANGUAGES[code]["move_no_day"]
        assert LANGUAGES[code].say("something new") == "something new"
