"""hazri.toml is judged at the desk: what is let through says one thing only, and no message repeats a secret."""

import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import SetupError
from edge.image import card as image
from edge.image import dropin, firstboot
from edge.image.dropin import DropIn, Modem, Wifi
from sync.claim import Token

TOKEN = str(Token(bytes(8), bytes(range(20))))
ONE = DropIn("https://attendance.example", TOKEN, "hr-12-3-a1b2", "ab" * 32)
FULL = replace(
    ONE, language="kn", wifi=Wifi('Office "2"', "synthetic secret", "IN"), modem=Modem("internet", "user", "pass")
)


@pytest.mark.parametrize("one", [ONE, FULL, replace(ONE, token="")])
def test_a_file_survives_being_written(one: DropIn) -> None:
    assert dropin.parse(dropin.to_toml(one).encode()) == one
    assert dropin.parse(b"\xef\xbb\xbf" + dropin.to_toml(one).encode()) == one  # as an editor of Windows saves it


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"server": "attendance.example"}, "server: expected"),
        ({"server": "ftp://attendance.example"}, "server: expected"),
        ({"server": "https://user@attendance.example"}, "only scheme"),
        ({"server": "https://attendance.example/path"}, "only scheme"),
        ({"server": "https://attendance.example:x"}, "server: expected"),
        ({"server": 'https://attendance.example"x'}, "server: expected"),
        ({"token": "abc"}, "token: expected"),
        ({"terminal": "Gate 1"}, "terminal id"),
        ({"fingerprint": "AB" * 32}, "fingerprint"),
        ({"language": "fr"}, "language"),
        ({"time_zone": "India"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"wifi": Wifi("")}, "ssid"),
        ({"wifi": Wifi("x" * 33)}, "ssid"),
        ({"wifi": Wifi("Office", "short")}, "8 to 63"),
        ({"wifi": Wifi("Office", country="in")}, "country"),
        ({"modem": Modem("a b")}, "apn"),
        ({"modem": Modem("a", "with space")}, "user"),
        ({"modem": Modem("a", "u", "line\nbreak")}, "password"),
    ],
)
def test_a_slip_is_named(change: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why) as refused:
        dropin.parse(dropin.to_toml(replace(ONE, **change)).encode())  # type: ignore[arg-type]
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sever = 1", "did you mean server"),
        ("server = 1", "in quotes"),
        ("wifi = 1\n" + dropin.to_toml(ONE), r"\[wifi\]"),
        (dropin.to_toml(ONE) + '[wifi]\nsid = "x"', "did you mean ssid"),
        ("x", "hazri.toml"),
        ('server = "https://a"', "token is missing"),
    ],
)
def test_an_unknown_or_missing_setting_is_named(text: str, why: str) -> None:
    with pytest.raises(SetupError, match=why):
        dropin.parse(text.encode())


def test_what_is_no_text_or_too_long_is_refused() -> None:
    for data, why in ((b"\xff\xfe\x00", "UTF-8"), (b"#" * 9000, "more than")):
        with pytest.raises(SetupError, match=why):
            dropin.parse(data)


@given(st.binary(max_size=300))
def test_hostile_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(SetupError):
        dropin.parse(data)


def test_what_is_erased_is_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / dropin.NAME
    path.write_text(dropin.to_toml(FULL))
    dropin.erase(path, FULL)
    left = path.read_text()
    assert TOKEN not in left
    assert "secret" not in left
    assert dropin.read(path) == dropin.spent(FULL)


def test_the_networks_file_holds_any_name_and_password() -> None:
    text = firstboot.wifi_file(Wifi("दफ़्तर", r"a;b\c d12"))
    assert "ssid=" + "".join(f"{b};" for b in "दफ़्तर".encode()) in text
    assert r"psk=a\;b\\c\sd12" in text
    assert "wifi-security" not in firstboot.wifi_file(Wifi("open"))
    assert "apn=internet\nusername=user\npassword=pass" in firstboot.modem_file(Modem("internet", "user", "pass"))


@pytest.mark.parametrize("table", ["none", "mbr", "gpt"])
def test_it_goes_into_an_image_and_comes_back(tmp_path: Path, table: str) -> None:
    path, offset = tmp_path / "card.img", 0 if table == "none" else 2048 * 512
    path.write_bytes(bytes(offset))
    with path.open("ab") as file:
        file.truncate(offset + 8 * 2**20)
    subprocess.run(["mformat", "-i", f"{path}@@{offset}", "-T", str(8 * 2**20 // 512), "::"], check=True)
    _table(path, table)
    assert image.boot_offset(path) == offset
    for one in (ONE, FULL):  # over the one that is there
        image.put(one, path)
        read = subprocess.run(["mtype", "-i", f"{path}@@{offset}", "::hazri.toml"], capture_output=True, check=True)
        assert dropin.parse(read.stdout) == one


def test_it_goes_onto_a_mounted_card(tmp_path: Path) -> None:
    image.put(ONE, tmp_path)
    assert dropin.read(tmp_path / dropin.NAME) == ONE
    with pytest.raises(SetupError, match="terminal id"):
        image.put(replace(ONE, terminal="Gate"), tmp_path)
    assert dropin.read(tmp_path / dropin.NAME) == ONE


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nothing.img"
    for data in (b"", bytes(4096), b"\x55\xaa" * 1024):
        path.write_bytes(data)
        with pytest.raises(SetupError, match="no FAT partition"):
            image.put(ONE, path)
    with pytest.raises(SetupError, match="No such file"):
        image.put(ONE, tmp_path / "missing.img")


def _table(path: Path, kind: str) -> None:
    with path.open("r+b") as file:
        if kind == "mbr":
            file.seek(446)
            file.write(bytes(4) + b"\x0c" + bytes(3) + struct.pack("<II", 2048, 16384))
        if kind == "gpt":
            file.seek(512)
            file.write(b"EFI PART".ljust(72, b"\0") + struct.pack("<QII", 2, 4, 128))
            file.seek(1024)
            file.write(bytes([1] * 32) + struct.pack("<QQ", 2048, 18431))
        if kind != "none":
            file.seek(510)
            file.write(b"\x55\xaa")
