"""Keys sealed to a TPM: a pretended one (swtpm), which keeps the same secrets as one of silicon and is asked alike."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import SetupError
from edge.trust import provision, sealing
from edge.trust.keys import load_keys
from edge.trust.sealing import How, Machine
from tests.unit.server.aggregator import free_port


@contextlib.contextmanager
def board(folder: Path) -> Iterator[Machine]:
    """A machine with a TPM of its own; its secrets are in `folder`, which no card is."""
    (folder / "tpm").mkdir(parents=True, exist_ok=True)
    port = pair_of_ports()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder / 'tpm'}", "--server", f"type=tcp,port={port}"]
    command += ["--ctrl", f"type=tcp,port={port + 1}", "--flags", "not-need-init,startup-clear"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(0.5)
        try:
            # A board has /dev/tpmrm0, where the kernel clears up after each program; here a script does.
            device, program = f"swtpm:host=127.0.0.1,port={port}", folder / "creds"
            clear = "".join(f"tpm2_flushcontext -T {device} -{kind} 2>/dev/null\n" for kind in "tls")
            program.write_text(f'#!/bin/sh\n{clear}exec systemd-creds "$@"\n')
            program.chmod(0o755)
            yield Machine(device, folder, folder / "units", str(program))
        finally:
            process.terminate()


def pair_of_ports() -> int:
    """The TCTI looks for swtpm's control behind its port."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
            return port


def keys(state_dir: Path) -> dict[str, bytes]:
    return {name: (state_dir / "keys" / name).read_bytes() for name in sealing.KEYS}


def test_a_card_without_its_board_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S8: what is on the card opens with the TPM it was sealed to, and with no other."""
    monkeypatch.chdir(tmp_path)
    card = Path("card")  # as one types it; the units are told the whole of it
    provision.make(card, "gate-1")
    before = keys(card)
    secrets = [line for data in before.values() for line in data.splitlines() if b"-----" not in line]
    with board(tmp_path / "ours") as ours:
        assert sealing.how(card) is How.PLAIN
        assert sealing.seal(card, ours) is How.TPM
        assert sealing.how(card) is How.TPM
        on_the_card = b"".join(file.read_bytes() for file in card.rglob("*") if file.is_file())
        assert not any(secret in on_the_card for secret in secrets)
        with sealing.opened(card, ours):
            assert keys(card) == before
        assert sealing.how(card) is How.TPM
        with pytest.raises(SetupError, match=r"record\.key: sealed; .* systemctl start hazri-terminal"):
            load_keys(card)
        drop_in = (ours.units / "hazri-sync.service.d" / "60-hazri-sealed.conf").read_text()
        assert f"LoadCredentialEncrypted=transport.key:{tmp_path}/card/keys/transport.key.cred" in drop_in
        assert "record.key" not in drop_in
    with board(tmp_path / "thiefs") as theirs, pytest.raises(SetupError, match="decrypt"), sealing.opened(card, theirs):
        pass


def test_a_cut_in_the_middle_leaves_a_key_that_opens(tmp_path: Path) -> None:
    card = tmp_path / "card"
    provision.make(card, "gate-1")
    before = keys(card)
    with board(tmp_path / "ours") as ours:
        sealing.seal(card, ours)
        with pytest.raises(KeyboardInterrupt), sealing.opened(card, ours):
            raise KeyboardInterrupt
        (card / "keys" / "record.key").write_bytes(before["record.key"])  # as a cut before the end would
        with pytest.raises(SetupError, match="in plain"):
            sealing.how(card)
        sealing.seal(card, ours)
        with sealing.opened(card, ours):
            assert keys(card) == before


def test_where_nothing_seals_the_keys_stay(tmp_path: Path) -> None:
    card = tmp_path / "card"
    provision.make(card, "gate-1")
    before = keys(card)
    with pytest.raises(SetupError):
        sealing.seal(card, Machine(program=str(tmp_path / "missing")))
    assert keys(card) == before
    assert sealing.how(card) is How.PLAIN
