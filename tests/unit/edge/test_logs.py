"""The bundle of logs: what helps is in it, and nobody's name, digits, template, face or key (R6, S8)."""

import base64
import json
import os
import random
import zipfile
from pathlib import Path

import pytest

from edge import SetupError
from edge.health import logs
from edge.session.policy import Rules
from edge.settings import Device, Settings
from server.demo.people import Person, invent
from tests.attacks.canaries import Hunt

DICE = random.Random(5)


def syllables(consonants: str, vowels: str) -> str:
    return "".join(DICE.choice(consonants) + DICE.choice(vowels) for _ in range(4))


# Nobody: names are syllables strewn by chance, in both scripts.
PEOPLE = [
    Person(f"{syllables('bdgklmnrstv', 'aeiou').title()} {syllables('कगतनपमरल', 'ािीुो')}", one.digits)
    for one in invent(12, seed=5)
]
KEY, TEMPLATE, PERSON = os.urandom(32), os.urandom(700), os.urandom(8)
SECRETS = (
    {f"digits {n}": digits.encode() for n, digits in enumerate(sorted({one.digits for one in PEOPLE}))}
    | {f"name {n}": one.name.encode() for n, one in enumerate(PEOPLE)}
    | {"key": KEY, "template": TEMPLATE, "person": PERSON, "aadhaar": b"234567890124", "phone": b"9812345670"}
)
GOOD = (
    '2026-11-22T09:41:07+0530 hazri-edge[311]: terminal event=device device=zfm reason="/dev/ttyUSB0: gone"',
    '2026-11-22T09:41:09+0530 hazri-edge[312]: sync event=link reason="no network: check cable, Wi-Fi or SIM"',
    "2026-11-22T09:42:00+0530 hazri-edge[312]: sync event=receipted seq=123456 made=123460",
    "OSError: [Errno 28] No space left on device",
)


def settings(folder: Path) -> Settings:
    device = Device("zfm", {"port": "/dev/ttyUSB0", "baud": 57600})
    return Settings(folder, folder, None, 1e-5, 0.1, Rules(), (device,))


def leak(command: list[str]) -> str:
    """A journal into which everything has slipped that never should."""
    if command[0] != "journalctl":
        return "hazri-terminal.service loaded active running Hazri terminal"
    told = [f'event=outcome name={one.name} digits={one.digits} greeting="नमस्ते {one.name}"' for one in PEOPLE]
    told += [f"key {KEY.hex()} {KEY.hex().upper()} {base64.b64encode(KEY).decode()} template {TEMPLATE.hex()}"]
    told += [f"template {base64.b64encode(TEMPLATE).decode()} person={PERSON.hex()} tel 9812345670 uid 234567890124"]
    told += [json.dumps([one.name, one.digits]) for one in PEOPLE]
    return "\n".join((*GOOD, *told))


def unpacked(file: Path, into: Path) -> Path:
    with zipfile.ZipFile(file) as bundle:
        bundle.extractall(into)
    return into


def test_nothing_of_anybody_is_in_it_whatever_slipped_into_the_journal(tmp_path: Path) -> None:
    (tmp_path / "leak.txt").write_text(leak(["journalctl"]))
    hunt = Hunt(SECRETS)
    assert {line.split(" in ")[0] for line in hunt.among(tmp_path / "leak.txt")} == set(SECRETS)
    file = logs.write(settings(tmp_path), tmp_path / "F.zip", leak)
    assert hunt.among(unpacked(file, tmp_path / "out")) == []
    text = (tmp_path / "out" / "journal.txt").read_text()
    assert [word for one in PEOPLE for word in one.name.split() if word in text] == []
    assert "\\u09" not in text


def test_what_helps_stays_as_it_was(tmp_path: Path) -> None:
    file = logs.write(settings(tmp_path), tmp_path / "F.zip", leak)
    out = unpacked(file, tmp_path / "out")
    text = (out / "journal.txt").read_text()
    for line in GOOD:
        assert line.replace("hazri-edge[", "")[:20] in text
        assert line.split("event=")[-1] in text
    assert json.loads((out / "settings.json").read_text())[0]["options"]["port"] == "/dev/ttyUSB0"
    assert {one.name for one in out.iterdir()} >= {
        "README.txt",
        "status.json",
        "machine.json",
        "devices.json",
        "units.txt",
    }
    assert file.stat().st_mode & 0o777 == 0o600


def test_on_a_stick_it_gets_a_name_of_its_own(tmp_path: Path) -> None:
    assert logs.write(settings(tmp_path), tmp_path, leak) == tmp_path / "hazri-logs.zip"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No such file"):
        logs.write(settings(tmp_path), tmp_path / "none" / "F.zip", leak)


@pytest.mark.parametrize("digits", ["012345", "1234", "9812345670", "234567890124", "1234567890123456"])
def test_numbers_that_are_somebodys_are_hidden(digits: str) -> None:
    assert digits not in logs.Sieve(logs.vocabulary())(f"what {digits} is")


def test_without_a_journal_the_rest_is_there(tmp_path: Path) -> None:
    file = logs.write(settings(tmp_path), tmp_path / "F.zip")
    assert json.loads((unpacked(file, tmp_path / "out") / "status.json").read_text()) == {"running": False}
