"""The server's keys are exchanged while terminals are here, are away, and come back; nobody visits them."""

import pytest
from cryptography import x509

from server import RotationError
from server.fleet import vouch
from server.fleet.renew import Renewer
from server.fleet.roster import keys_of
from server.intake.group import Intake
from server.ledger.records import RecordWriter
from server.opened import Opened
from server.trust import pki, rotation
from server.trust.keys import ServerKeys, held, open_keys
from sync import ChainError, seal
from sync.chain import verify_receipt
from sync.charter import Renew, Standing, check_papers, follow, parse_papers, renew_bytes
from sync.ed25519 import PublicKey
from sync.wire import parse_receipt
from tests.unit.server.aggregator import Aggregator, Line, Terminal, until
from tests.unit.server.test_papers import ask


def start_of(terminal: Terminal) -> Standing:
    """What a terminal believes on the day it is admitted."""
    a = terminal.admission
    assert a
    return Standing(a.charter, (bytes.fromhex(a.server_key),), bytes.fromhex(a.template_key))


def opened(running: Aggregator, keys: ServerKeys | None = None) -> Opened:
    return Opened(keys or open_keys(running.folder, ()), running.ledger)


def charters(running: Aggregator) -> list[bytes]:
    return [row[0] for row in running.sql("SELECT data FROM charter ORDER BY number")]  # type: ignore[misc]


def test_a_terminal_is_told_while_it_is_here_and_its_word_is_waited_for(running: Aggregator) -> None:
    here, away = running.admit(Terminal("t-here")), running.admit(Terminal("t-away"))
    line, renewer = Line(running.hub, here), Renewer(running.keys, running.ledger, running.link)
    line.send("beat", here.beat())
    running.wait("beats")
    assert rotation.begin(opened(running), "server") == 1
    renewer.step()
    standing = check_papers(start_of(here), here.name, parse_papers(line.next("papers")))
    assert standing.number == 1
    assert len(standing.servers) == 2
    ask(running, line, Renew(standing.number))
    assert rotation.progress(opened(running)).waiting == (away.name,)
    with pytest.raises(RotationError, match="t-away"):
        rotation.switch(opened(running), "server")
    with pytest.raises(RotationError, match="under way"):
        rotation.begin(opened(running), "server")


def test_the_new_key_signs_and_who_was_away_follows(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    before = running.keys
    rotation.begin(opened(running), "server")
    rotation.switch(opened(running), "server", anyway=True)
    after = open_keys(running.folder, ())
    assert PublicKey.of(after.server) != PublicKey.of(before.server)
    assert follow(start_of(terminal), charters(running)).servers[0] == after.server.public_key().public_bytes_raw()
    with running.ledger.read() as connection:
        (vouched,) = vouch.keys(connection, PublicKey.of(after.server), "t-1")
        assert vouched.record_key == terminal.key.public_key().public_bytes_raw()
        assert PublicKey.of(before.server) in rotation.former_servers(connection)
    after.word.verify(before.server.sign(b"an anchor of yesterday"), b"an anchor of yesterday")
    rotation.retire(opened(running), "server", anyway=True)
    last = follow(start_of(terminal), charters(running))
    assert last.servers == (after.server.public_key().public_bytes_raw(),)
    assert last.number == 3
    assert not (running.folder / "keys" / "server.old.key").exists()


def test_receipts_of_the_new_key_count_for_a_terminal_that_was_away(running: Aggregator) -> None:
    """End to end over the link: the charter first, then a receipt signed by a key the terminal never saw before."""
    terminal = running.admit(Terminal("t-1"))
    rotation.begin(opened(running), "server")
    rotation.switch(opened(running), "server", anyway=True)
    keys = open_keys(running.folder, ())
    running.ingest._intake = Intake(  # the restart, in miniature
        RecordWriter(running.ledger.engine.dialect), keys.server, keys_of(keys), authority=keys.word
    )
    line, renewer = Line(running.hub, terminal), Renewer(keys, running.ledger, running.link)
    line.send("beat", terminal.beat())
    running.wait("beats")
    renewer.step()
    standing = check_papers(start_of(terminal), terminal.name, parse_papers(line.next("papers")))
    terminal.punches(3)
    line.send("batch", terminal.batch_bytes())
    receipt = parse_receipt(line.next("receipt"))
    verify_receipt(standing.word(), terminal.name, receipt)
    assert receipt.seq == 3
    with pytest.raises(ChainError):
        verify_receipt(start_of(terminal).word(), terminal.name, receipt)


def test_templates_are_wrapped_anew_and_old_wrappings_still_open(running: Aggregator) -> None:
    running.admit(Terminal("t-1"))
    before = running.keys
    sealed = seal.seal_to(before.template.public_key(), b"digits", b"wanted")
    rotation.begin(opened(running), "template")
    rotation.switch(opened(running), "template", anyway=True)
    after = open_keys(running.folder, ())
    assert keys_of(after).open_sealed(sealed, b"wanted") == b"digits"
    assert keys_of(after).open_sealed(seal.seal_to(after.template.public_key(), b"new", b"wanted"), b"wanted") == b"new"


def test_certificates_of_both_authorities_count_until_the_old_one_is_retired(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    assert terminal.admission
    old = x509.load_pem_x509_certificate(terminal.admission.certificate.encode())
    rotation.begin(opened(running), "ca")
    rotation.switch(opened(running), "ca", anyway=True)
    keys = open_keys(running.folder, ())
    assert len(x509.load_pem_x509_certificates(keys.trust)) == 2
    assert (running.folder / "keys" / "crl.pem").read_bytes().count(b"BEGIN X509 CRL") == 2
    line, renewer = Line(running.hub, terminal), Renewer(keys, running.ledger, running.link)
    line.send("renew", renew_bytes(Renew(0, pki.der(old))))
    running.wait("renewals")
    with pytest.raises(RotationError, match="t-1"):
        rotation.retire(opened(running, keys), "ca")
    renewer.step()
    papers = parse_papers(line.next("papers"))
    x509.load_der_x509_certificate(papers.certificate).verify_directly_issued_by(keys.authority.certificate)
    assert len(check_papers(start_of(terminal), "t-1", papers).authorities) == 2
    ask(running, line, Renew(2))
    until(lambda: rotation.progress(opened(running, keys)).waiting == (), "it holds the charter")
    rotation.retire(opened(running, keys), "ca")
    assert len(x509.load_pem_x509_certificates(open_keys(running.folder, ()).trust)) == 1


def test_a_key_is_not_exchanged_under_a_running_server(running: Aggregator) -> None:
    rotation.begin(opened(running), "server")
    with held(running.folder / ".running"), pytest.raises(RotationError, match="stop hazri-server"):
        rotation.switch(opened(running), "server", anyway=True)
    with pytest.raises(RotationError, match="no old key"):
        rotation.retire(opened(running), "server")
    with pytest.raises(RotationError, match="nothing to switch to"):
        rotation.switch(opened(running), "ca")
