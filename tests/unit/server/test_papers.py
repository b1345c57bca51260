"""What a terminal and the server do about certificates and keys while nobody visits: renewal, refusals, rotation."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import update

from server.fleet.admit import revoke
from server.fleet.renew import Renewer
from server.fleet.revoke import write_list
from server.ledger.store import now_ms
from server.ledger.tables import certificate
from server.trust import pki
from sync.charter import Renew, parse_papers, renew_bytes
from tests.unit.server.aggregator import Aggregator, Line, Terminal


def der(terminal: Terminal) -> bytes:
    assert terminal.admission
    return pki.der(x509.load_pem_x509_certificate(terminal.admission.certificate.encode()))


def ask(running: Aggregator, line: Line, said: Renew) -> None:
    before = running.count("renewals")
    line.send("renew", renew_bytes(said))
    running.wait("renewals", before + 1)


def test_a_terminal_gets_its_next_certificate_over_the_link_it_has(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    line, renewer = Line(running.hub, terminal), Renewer(running.keys, running.ledger, running.link)
    ask(running, line, Renew(0, der(terminal)))
    renewer.step()
    made = x509.load_der_x509_certificate(parse_papers(line.next("papers")).certificate)
    assert made.public_key() == terminal.transport.public_key()
    made.verify_directly_issued_by(running.keys.authority.certificate)
    assert made.not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=89)
    assert len(running.sql("SELECT serial FROM certificate WHERE revoked_ms IS NULL")) == 2


def test_no_certificate_for_anothers_name_a_strangers_or_a_revoked_one(running: Aggregator, tmp_path: Path) -> None:
    """S8: the registry is asked, and so is the list."""
    one, two, gone = (running.admit(Terminal(name)) for name in ("t-1", "t-2", "t-3"))
    renewer = Renewer(running.keys, running.ledger, running.link)
    stranger = pki.new_authority(pki.make_own_key(), dt.datetime.now(dt.UTC))
    foreign = pki.client_certificate(stranger, "t-1", one.transport.public_key(), dt.datetime.now(dt.UTC), 1)
    for data in (der(two), pki.der(foreign), b"nonsense", pki.der(stranger.certificate)):
        ask(running, Line(running.hub, one), Renew(0, data))
        renewer.step()
    with running.ledger.write() as connection:
        mine = update(certificate).where(certificate.c.terminal == "t-2")
        connection.execute(mine.values(revoked_ms=now_ms()))
    ask(running, Line(running.hub, two), Renew(0, der(two)))
    ask(running, Line(running.hub, gone), Renew(0, der(gone)))
    revoke(running.ledger, "t-3")
    renewer.step()
    assert len(running.sql("SELECT serial FROM certificate")) == 3
    assert running.sql("SELECT * FROM renewal") == []


def test_who_asks_without_end_gets_no_more_than_it_can_need(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    line, renewer = Line(running.hub, terminal), Renewer(running.keys, running.ledger, running.link)
    for _ in range(25):
        ask(running, line, Renew(0, der(terminal)))
        renewer.step()
    assert len(running.sql("SELECT serial FROM certificate")) == 20


def test_a_later_list_holds_what_was_revoked_and_counts_up(running: Aggregator) -> None:
    first = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    lists = []
    for second, serials in enumerate((["a1"], ["a1", "b2"])):
        path = write_list(running.keys, serials, first + dt.timedelta(seconds=second))
        lists.append(x509.load_pem_x509_crl(path.read_bytes()))
    assert [{one.serial_number for one in crl} for crl in lists] == [{0xA1}, {0xA1, 0xB2}]
    assert lists[0].last_update_utc < lists[1].last_update_utc


@pytest.mark.parametrize("number", [0, 3])
def test_a_terminal_says_what_it_holds(running: Aggregator, number: int) -> None:
    terminal = running.admit(Terminal("t-1"))
    ask(running, Line(running.hub, terminal), Renew(number))
    assert running.sql("SELECT number FROM charter_held") == [(number,)]
