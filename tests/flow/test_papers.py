"""A terminal's certificate on its way through 90 days: the real sync process, the real broker and server, and a
certificate that was made as long ago as the test wants (S8, S15). The key stays where it was made."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from edge.trust import papers, provision
from edge.trust.certificate import days_left
from edge.trust.identity import load_admission
from server.demo.stage import Aggregator, Program, start_aggregator
from server.trust import pki
from server.trust.keys import open_keys
from sync.keys import load_ec, load_ed25519, new_transport_key
from sync.outbox import Outbox
from tests.flow.technician import wait

NOW = dt.datetime.now(dt.UTC)


class Sync:
    """The sync process of one terminal, whose certificate is `age_days` old."""

    def __init__(self, server: Aggregator, folder: Path, name: str, age_days: int) -> None:
        folder.mkdir()
        self.folder, self.state, self.name = folder, folder / "state", name
        request, admission = folder / "request.json", folder / "admission.json"
        request.write_text(provision.make(self.state, name))
        server.admit(request, admission)
        provision.accept(self.state, admission.read_bytes())
        self.keys = self.state / "keys"
        self.key = load_ec(self.keys / "transport.key")
        authority = open_keys(server.folder, ()).authority
        self.aged(authority, age_days)
        self.config = folder / "edge.toml"
        self.config.write_text(
            f'state_dir = "{self.state}"\nruntime_dir = "{folder}/run"\n[sync]\nretry_max_s = 1.0\nheartbeat_s = 5.0\n'
        )
        self.events: list[dict[str, Any]] = []
        self._program: Program | None = None
        self.outbox = Outbox(self.state / "punches.db", name, load_ed25519(self.keys / "record.key"))

    def aged(self, authority: pki.Authority, days: int) -> None:
        made = pki.client_certificate(
            authority, self.name, self.key.public_key(), NOW - dt.timedelta(days=days), pki.TERMINAL_DAYS
        )
        (self.keys / "transport.crt").write_bytes(pki.pem(made))

    def start(self) -> None:
        (self.folder / "run").mkdir(exist_ok=True)
        self.events = []
        heard = self.events
        command = ["-m", "edge", "sync", "--events", "json", "--config", str(self.config)]
        self._program = Program("sync", command, self.folder, lambda line: heard.append(json.loads(line)))

    def stop(self) -> None:
        program, self._program = self._program, None
        if program is not None:
            program.stop()

    def heard(self, **fields: Any) -> bool:
        return any(all(one.get(name) == value for name, value in fields.items()) for one in list(self.events))

    def index(self, **fields: Any) -> int:
        found = (n for n, one in enumerate(self.events) if all(one.get(k) == v for k, v in fields.items()))
        return next(found)

    @property
    def proved(self) -> Path:
        return self.state / "papers" / "transport.crt"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregator]:
    with start_aggregator(tmp_path_factory.mktemp("papers"), web_port=0) as one:
        yield one


def test_after_sixty_days_it_is_renewed_over_the_same_link_and_keeps_its_key(
    server: Aggregator, tmp_path: Path
) -> None:
    one = Sync(server, tmp_path / "t-61", "t-61", 61)
    try:
        one.start()
        wait(one.proved.exists, "the new certificate has worked")
        assert one.heard(event="papers", state="changed")
        wait(lambda: one.heard(event="link", up=True), "it is connected")
        left = days_left(one.proved, NOW)
        assert left is not None
        assert left >= pki.TERMINAL_DAYS - 1
        certificate = x509.load_pem_x509_certificate(one.proved.read_bytes())
        assert certificate.public_key() == one.key.public_key() == load_ec(one.keys / "transport.key").public_key()
        assert not (one.state / "papers" / "transport.crt.new").exists()
        assert one.index(event="papers") > one.index(event="link", up=True)
    finally:
        one.stop()
    before = one.proved.read_bytes()
    try:
        one.start()  # and from then on it is the one it comes with
        wait(lambda: one.heard(event="link", up=True), "it is connected")
        assert not one.heard(event="papers")
    finally:
        one.stop()
    assert one.proved.read_bytes() == before


def test_before_that_it_asks_for_none(server: Aggregator, tmp_path: Path) -> None:
    one = Sync(server, tmp_path / "t-59", "t-59", 59)
    try:
        one.start()
        wait(lambda: one.heard(event="link", up=True), "it is connected")
        folder = papers.Folder(one.state, load_admission(one.state), one.keys / "transport.crt", one.keys / "ca.crt")
        assert folder.wanted(NOW).certificate == b""
        assert folder.wanted(NOW + dt.timedelta(days=2)).certificate != b""
        assert folder.wanted(None).certificate == b""  # a clock nobody vouches for moves nothing
    finally:
        one.stop()
    assert not one.proved.exists()


def test_one_that_ran_out_does_not_come_in_and_says_why(server: Aggregator, tmp_path: Path) -> None:
    """S15: it was off for three months. A new admission, by stick or by hand, brings it back."""
    one = Sync(server, tmp_path / "t-95", "t-95", 95)
    try:
        one.start()
        wait(lambda: any(e["event"] == "link" and not e["up"] and e["why"] != "starting" for e in list(one.events)))
        assert not one.heard(event="link", up=True)
    finally:
        one.stop()
    one.aged(open_keys(server.folder, ()).authority, 0)
    try:
        one.start()
        wait(lambda: one.heard(event="link", up=True), "it is connected")
    finally:
        one.stop()


@pytest.mark.parametrize("how", ["of a stranger", "half"])
def test_a_new_certificate_the_broker_refuses_is_thrown_away(server: Aggregator, tmp_path: Path, how: str) -> None:
    """The old one is still there, and it is tried once."""
    name = f"t-new-{how[0]}"
    one = Sync(server, tmp_path / name, name, 1)
    folder = one.state / "papers"
    folder.mkdir()
    new = folder / "transport.crt.new"
    if how == "half":
        new.write_bytes((one.keys / "transport.crt").read_bytes()[:300])
    else:
        foreign = pki.new_authority(new_transport_key(), NOW)
        made = pki.client_certificate(foreign, name, one.key.public_key(), NOW, pki.TERMINAL_DAYS)
        new.write_bytes(pki.pem(made))
    try:
        one.start()
        wait(lambda: one.heard(event="link", up=True), "the old one still serves")
    finally:
        one.stop()
    assert not one.proved.exists()
    assert how == "half" or not new.exists()


def test_papers_of_a_card_that_was_admitted_anew_are_left_behind(server: Aggregator, tmp_path: Path) -> None:
    """S7: what an older certificate had been followed by does not come before a newer admission."""
    one = Sync(server, tmp_path / "t-anew", "t-anew", 61)
    (one.state / "papers").mkdir()
    shutil.copy(one.keys / "transport.crt", one.proved)
    one.aged(open_keys(server.folder, ()).authority, 0)
    folder = papers.Folder(one.state, load_admission(one.state), one.keys / "transport.crt", one.keys / "ca.crt")
    assert folder.files().certificate == one.keys / "transport.crt"
    assert not folder.files().trial
