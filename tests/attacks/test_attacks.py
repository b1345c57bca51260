"""What somebody tries who wants a punch that is not his, or a person's that he has. Each attack is played with the real
parts; each asserts that nothing got in, and that what it is up against would have let the honest one pass.

Who wants in through the pages is in tests/unit/server/test_access_hostile.py; who wants in with a certificate that was
revoked, over the real broker, in tests/contract/test_revocation.py. Names and digits are made up by counting.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.people.gallery import card_binding
from edge.session.lockout import Lockouts
from edge.session.policy import Lock
from server.intake.group import Outcome
from server.intake.incoming import Incoming, read
from server.trust import pki
from sync import ChainError, SealError
from sync.chain import sign_roster, verify_roster
from sync.ed25519 import PublicKey
from sync.keys import new_transport_key
from sync.link import Delivery
from sync.seal import lookup, open_template, seal_template, seal_to
from sync.topics import up
from sync.wire import PersonCard, SealedTemplate, card_bytes, parse_template, template_bytes
from tests.contract.test_broker import House, gets_in, house
from tests.unit.edge.people_site import LOOKUP, MAKER, MAKERS, SEAL, SERVER, entry, finger, people, sealed
from tests.unit.server.aggregator import Aggregator, Terminal, aggregator

__all__ = ["house"]  # a fixture
VICTIM, THIEF = b"person-1", b"person-2"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Aggregator]:
    with aggregator(tmp_path) as one:
        yield one


def take(running: Aggregator, terminal: Terminal, leaf: str, payload: bytes) -> Outcome:
    message: Incoming = read(Delivery(up(terminal.name, leaf), payload, lambda: None))
    with running.ledger.write() as connection:
        return running.intake.take(connection, [message])


def stored(running: Aggregator) -> list[tuple[object, ...]]:
    return running.sql("SELECT terminal, log, seq, person FROM record ORDER BY server_seq")


# ── the card ──


def test_a_card_put_back_rewrites_nothing(running: Aggregator) -> None:
    """S8: the card of this morning is put back, and the late arrivals punch anew, early."""
    true = running.admit(Terminal("t-1"))
    true.punches(5, VICTIM)
    morning = true.fork()
    true.punches(5, VICTIM)
    take(running, true, "batch", true.batch_bytes())
    before = stored(running)
    assert len(before) == 10
    morning.punches(5, THIEF)
    for first in (1, 6):
        assert take(running, morning, "batch", morning.batch_bytes(first)).receipts == {}
    assert stored(running) == before
    assert running.sql("SELECT DISTINCT kind FROM alarm WHERE kind = 'fork'") == [("fork",)]


def test_a_cloned_card_adds_nothing_to_its_twins_history(running: Aggregator) -> None:
    """S8: two terminals with one identity, and the copy comes second, with more records than the other."""
    true = running.admit(Terminal("t-1"))
    true.punches(5, VICTIM)
    clone = true.fork()
    true.punches(2, VICTIM)
    clone.punches(50, THIEF)
    take(running, true, "batch", true.batch_bytes())
    before = stored(running)
    take(running, clone, "batch", clone.batch_bytes())
    assert stored(running) == before
    assert running.sql("SELECT count(*) FROM quarantine WHERE reason = 'fork'") == [(1,)]


def test_a_board_without_the_record_key_signs_nothing(running: Aggregator) -> None:
    """S8: the card's history and a transport key, on a board whose record key is sealed elsewhere."""
    true = running.admit(Terminal("t-1"))
    true.punches(3, VICTIM)
    other = true.fork()
    other.key = Ed25519PrivateKey.generate()
    assert take(running, true, "batch", other.batch_bytes()).counts["refused_signature"] == 1
    assert stored(running) == []
    assert take(running, true, "batch", true.batch_bytes()).counts["batches"] == 1


def test_a_terminal_speaks_for_no_other(running: Aggregator) -> None:
    """S9: what another terminal signed is sent again as one's own."""
    one, other = running.admit(Terminal("t-1")), running.admit(Terminal("t-2"))
    one.punches(3, VICTIM)
    take(running, other, "batch", one.batch_bytes())
    assert stored(running) == []


def test_what_is_sent_again_counts_once(running: Aggregator) -> None:
    """S9: recorded on the way, and played a hundred times."""
    one = running.admit(Terminal("t-1"))
    one.punches(3, VICTIM)
    message = one.batch_bytes()
    for _ in range(100):
        take(running, one, "batch", message)
    assert len(stored(running)) == 3


# ── the roster ──


def inject(folder: Path, data: bytes, person: bytes = VICTIM) -> None:
    """As root on the card, past the process that owns the file: in place of what the person had."""
    with sqlite3.connect(folder / "roster.db") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(template)")]
        named = parse_template(data)
        row = {"person": person, "finger": named.finger, "version": named.version, "data": data}
        db.execute("DELETE FROM template WHERE person = ?", (person,))
        db.execute(*_insert([row[column] for column in columns]))
        db.execute("UPDATE meta SET value = value + 1 WHERE name = 'version'")


def _insert(values: list[object]) -> tuple[str, list[object]]:
    return f"INSERT INTO template VALUES ({', '.join('?' * len(values))})", values  # noqa: S608 - marks alone


def forged() -> dict[str, SealedTemplate]:
    """The thief's finger under the victim's name, by everything that is in the thief's hands but the terminal's key."""
    own = sealed(THIEF, 1, 1, finger(2).to_bytes())
    moved = SealedTemplate(VICTIM, 1, 1, own.body, own.wrapped)
    victims = sealed(VICTIM, 1, 1, finger(1).to_bytes())
    stranger = X25519PrivateKey.generate().public_key()
    return {
        "moved": moved,
        "body of one, key of the other": SealedTemplate(VICTIM, 1, 1, own.body, victims.wrapped),
        "another version": SealedTemplate(VICTIM, 1, 2, victims.body, victims.wrapped),
        "another finger": SealedTemplate(VICTIM, 2, 1, victims.body, victims.wrapped),
        "of another terminal": seal_template(SEAL.public_key(), "gate-2", VICTIM, 1, 1, finger(2).to_bytes(), MAKER),
        "sealed to somebody": seal_template(stranger, "gate-1", VICTIM, 1, 1, finger(2).to_bytes(), MAKER),
        "sealed by nobody": seal_template(SEAL.public_key(), "gate-1", VICTIM, 1, 1, finger(2).to_bytes()),
        "sealed by the thief": seal_template(
            SEAL.public_key(), "gate-1", VICTIM, 1, 1, finger(2).to_bytes(), X25519PrivateKey.generate()
        ),
        "plain": SealedTemplate(VICTIM, 1, 1, finger(2).to_bytes(), victims.wrapped),
    }


@pytest.mark.parametrize("how", forged())
def test_a_template_that_is_put_into_the_roster_opens_for_nobody(how: str, tmp_path: Path) -> None:
    """S8: rows of roster.db, moved and mixed. What a seal is bound to decides, not where it lies."""
    true = sealed(VICTIM, 1, 1, finger(1).to_bytes())
    found = people(tmp_path, entry(VICTIM, "123456", true), entry(THIEF, "654321"))

    (victim,) = found.with_digits("123456")
    assert len(found.candidate(victim).templates) == 1
    assert open_template(true, SEAL, "gate-1", MAKERS) == finger(1).to_bytes()
    inject(tmp_path, template_bytes(forged()[how]))
    found.refresh()
    (victim,) = found.with_digits("123456")
    assert victim.templates != (true,)
    assert len(found.candidate(victim).templates) == 0
    for template in victim.templates:
        with pytest.raises(SealError):
            open_template(template, SEAL, "gate-1", MAKERS)


@pytest.mark.parametrize("maker", [None, X25519PrivateKey.from_private_bytes(b"t" * 32)], ids=["nobody", "the thief"])
def test_digits_cannot_be_given_to_somebody_else(maker: X25519PrivateKey | None, tmp_path: Path) -> None:
    """S8: as root on the card, without the server's key: the victim's digits on the thief's card, so that the thief's
    finger is looked for under them."""
    found = people(tmp_path, entry(VICTIM, "123456"), entry(THIEF, "654321", sealed(THIEF, 1, 1, finger(2).to_bytes())))
    card = card_bytes(PersonCard(lookup(LOOKUP, "123456"), "Synthetic"))
    forged = seal_to(SEAL.public_key(), card, card_binding(THIEF, "gate-1"), maker)
    with sqlite3.connect(tmp_path / "roster.db") as db:
        assert db.execute("UPDATE person SET sealed = ? WHERE person = ?", (forged, THIEF)).rowcount == 1
        db.execute("UPDATE meta SET value = value + 1 WHERE name = 'version'")
    found.refresh()
    assert [one.person for one in found.with_digits("123456")] == [VICTIM]
    assert found.damaged == 1


def test_a_roster_of_another_word_is_not_taken() -> None:
    """S8: whoever holds the line, or the broker, sends people of his own."""
    entries = (entry(VICTIM, "123456", sealed(VICTIM, 1, 2, finger(2).to_bytes())),)
    verify_roster(PublicKey.of(SERVER), "gate-1", sign_roster(SERVER, "gate-1", 2, 1, entries))
    stranger = sign_roster(Ed25519PrivateKey.generate(), "gate-1", 2, 1, entries)
    others = sign_roster(SERVER, "gate-2", 2, 1, entries)
    for message in (stranger, others):
        with pytest.raises(ChainError):
            verify_roster(PublicKey.of(SERVER), "gate-1", message)


# ── the keypad ──


def test_digits_are_not_found_by_trying() -> None:
    """S8: all day at the keypad with one's own finger: each guess of somebody's digits costs more than the last.

    An eight-hour day allows so many tries at one person's digits, each against a false match rate of 1 in 100,000.
    """
    doors = Lockouts(Lock())
    key, now_s, tries = lookup(LOOKUP, "123456"), 0.0, 0
    while now_s < 8 * 3600:
        if doors.wait_s(key, now_s) == 0:
            doors.fail(key, now_s)
            tries += 1
        now_s += 3
    assert tries <= 45
    assert tries * 1e-5 < 0.001


def test_digits_that_nobody_has_wait_as_long() -> None:
    """S8: the keypad tells nobody whether six digits are anybody's."""
    doors = Lockouts(Lock())
    for digits in ("123456", "999999"):
        key = lookup(LOOKUP, digits)
        assert [doors.fail(key, float(n)) for n in range(7)] == [0, 0, 0, 0, 30, 60, 120]


# ── certificates ──


def test_certificates_of_others_do_not_get_in(house: House) -> None:
    """S8: of an authority of the same name, and none at all. The honest one does."""
    foreign = pki.new_authority(new_transport_key(), dt.datetime.now(dt.UTC))
    assert gets_in(house, house.certified("t-9"))
    assert not gets_in(house, house.certified("t-9", foreign))
    assert not gets_in(house, house.context())
