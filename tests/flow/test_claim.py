"""From a blank machine to a trusted terminal with nothing but a file: the real server, HTTP, and the real commands."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load
from config.model import Edge
from edge import SetupError
from edge.image import dropin, firstboot
from edge.trust.claim import Patience, Step, Waiting, claim
from edge.trust.keys import load_keys
from tests.unit.server.aggregator import until
from tests.unit.server.process import ROOT, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("server"))
    one.start()
    try:
        yield one
    finally:
        assert one.stop() == 0


def make(server: Server, *arguments: str) -> dropin.DropIn:
    made = server.command("claim", "make", "--url", server.url, *arguments)
    assert made.returncode == 0, made.stderr
    return dropin.parse(made.stdout.encode())


def test_a_machine_waits_until_somebody_approves_and_is_a_terminal_then(server: Server, tmp_path: Path) -> None:
    """S7: the token is an office's word, a person's look at the dashboard is the second."""
    one = make(server, "--id", "gate-1")
    told: list[Waiting] = []
    thread = threading.Thread(target=claim, args=(tmp_path, one, Patience(told.append)))
    thread.start()
    until(lambda: any(waiting.step is Step.APPROVAL for waiting in told), "it waits")
    (listed,) = [json.loads(line) for line in server.command("claim", "list", "--json").stdout.splitlines()]
    assert (listed["terminal"], listed["state"]) == ("gate-1", "pending")
    assert server.command("claim", "approve", listed["id"]).returncode == 0
    thread.join(30)
    assert told[-1].step is Step.ADMITTED
    assert load_keys(tmp_path).terminal == "gate-1"
    assert one.token.encode() not in server.ledger.read_bytes()
    assert one.token not in server.log()


def test_a_token_lets_one_machine_in_and_no_second(server: Server, tmp_path: Path) -> None:
    """S8: whoever copied the card finds the door closed; the one who came first may ask again."""
    one = make(server, "--at-once")
    patience = Patience(lambda _: None, limit_s=20)
    for _ in range(2):
        claim(tmp_path / "first", one, patience)
    with pytest.raises(SetupError, match="used by another machine"):
        claim(tmp_path / "second", one, patience)
    assert not (tmp_path / "second" / "keys" / "admission.json").exists()


def test_who_is_turned_away_hears_why(server: Server, tmp_path: Path) -> None:
    one = make(server)
    told: list[Waiting] = []
    caught: list[SetupError] = []

    def work() -> None:
        try:
            claim(tmp_path, one, Patience(told.append))
        except SetupError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: bool(told), "it waits")
    (row,) = [json.loads(line) for line in server.command("claim", "list", "--json").stdout.splitlines()]
    assert server.command("claim", "refuse", row["id"], "--why", "not ordered").returncode == 0
    thread.join(30)
    assert "not ordered" in str(caught[0])


def test_another_server_is_not_believed_whatever_its_certificate(server: Server, tmp_path: Path) -> None:
    """S15: a network that answers in the server's place learns nothing and admits nobody."""
    one = make(server, "--at-once")
    other = dropin.DropIn(one.server, one.token, one.terminal, "0" * 64)
    with pytest.raises(SetupError, match="another server answered"):
        claim(tmp_path, other, Patience(lambda _: None, limit_s=5))


def test_a_server_that_is_not_there_is_told_in_a_line(tmp_path: Path, server: Server) -> None:
    """S15."""
    one = make(server)
    nowhere = dropin.DropIn("http://127.0.0.1:9", one.token, one.terminal, one.fingerprint)
    told: list[Waiting] = []
    with pytest.raises(SetupError, match="not admitted yet"):
        claim(tmp_path, nowhere, Patience(told.append, sleep=lambda _: None, limit_s=0))
    assert told[0].step is Step.NETWORK
    assert "refuses" in told[0].why


def test_the_first_start_does_what_the_card_says_and_takes_the_secrets_off_it(server: Server, tmp_path: Path) -> None:
    """The token and the network's password are not on the card afterwards; the same card again does nothing."""
    card, machine = tmp_path / "card", tmp_path / "machine"
    card.mkdir()
    one = make(server, "--at-once")
    wifi = dropin.Wifi("Synthetic Office", "synthetic secret")
    path = card / dropin.NAME
    path.write_text(dropin.to_toml(dropin.DropIn(one.server, one.token, one.terminal, one.fingerprint, wifi=wifi)))
    ran: list[list[str]] = []
    system = firstboot.System(machine / "connections", machine / "edge.toml", ran.append)
    told: list[Waiting] = []
    found = firstboot.find((card,))
    assert found == path
    firstboot.boot(found, machine / "state", system, told.append)
    left = path.read_text()
    assert one.token not in left
    assert "synthetic secret" not in left
    assert "synthetic secret".replace(" ", "\\s") in (machine / "connections" / "hazri-wifi.nmconnection").read_text()
    assert (machine / "connections" / "hazri-wifi.nmconnection").stat().st_mode & 0o777 == 0o600
    assert ["timedatectl", "set-timezone", "Asia/Kolkata"] in ran
    assert load_keys(machine / "state").terminal == one.terminal
    assert firstboot.find((card,)) is None
    settings = load(Edge, machine / "edge.toml")
    assert (settings.update.server, settings.screen.languages) == (one.server, ("hi", "en"))
    again = subprocess.run(
        [sys.executable, "-m", "edge", "firstboot", "--from", str(card), "--config", str(_settings(machine))],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (again.returncode, again.stdout) == (0, "no hazri.toml with a token: there is nothing to do\n")


def test_who_guesses_tokens_is_made_to_wait(server: Server, tmp_path: Path) -> None:
    import urllib.error
    import urllib.request

    codes = []
    for _ in range(12):
        try:
            urllib.request.urlopen(f"{server.url}/api/v1/claims", data=bytes(200), timeout=10)
        except urllib.error.HTTPError as error:
            codes.append(error.code)
    assert codes[0] == 422
    assert codes[-1] == 429


def _settings(machine: Path) -> Path:
    path = machine / "settings.toml"
    path.write_text(f'state_dir = "{machine / "state"}"\nruntime_dir = "{machine}"\n')
    return path
