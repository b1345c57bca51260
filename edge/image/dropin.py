"""hazri.toml, the file a technician puts on the card's boot partition or on a stick: where the server is, the token
that lets the terminal in, and how it gets to the network. Parsed strictly, so that a slip shows at the desk and not
on a chair in an office far away.

    server = "https://attendance.example.gov.in"      token = "…"      terminal = "hr-12-3-a1b2"      fingerprint = "…"
    language = "hi"                  # what comes first on the screen: hi, en, kn or ur
    time_zone = "Asia/Kolkata"
    [wifi]                           # left out: a cable, or what is set up already
    ssid = "Office"   password = "…"   country = "IN"
    [modem]
    apn = "internet"   user = ""   password = ""
"""

import difflib
import json
import os
import re
import tomllib
import zoneinfo
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge import SetupError
from sync import SyncError
from sync.claim import parse_token
from sync.topics import check_terminal

NAME = "hazri.toml"
MAX_BYTES = 8192
LANGUAGES = ("hi", "en", "kn", "ur")
_SPENT = "# The token was used, and the passwords are kept in the terminal alone.\n"


@dataclass(frozen=True, slots=True)
class Wifi:
    ssid: str
    password: str = ""
    country: str = "IN"


@dataclass(frozen=True, slots=True)
class Modem:
    apn: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class DropIn:
    """An empty `token`: it was used."""

    server: str
    token: str
    terminal: str
    fingerprint: str
    language: str = "hi"
    time_zone: str = "Asia/Kolkata"
    wifi: Wifi | None = None
    modem: Modem | None = None


def parse(data: bytes) -> DropIn:
    """Read and judge the file. Raises SetupError saying what is wrong with which line, and never a secret."""
    if len(data) > MAX_BYTES:
        raise SetupError(f"{NAME}: {len(data)} bytes, more than the {MAX_BYTES} it may have")
    try:
        found = tomllib.loads(data.decode("utf-8-sig"))  # an editor of Windows puts a mark in front
    except UnicodeDecodeError:
        raise SetupError(f"{NAME}: not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"{NAME}: {str(error).splitlines()[0]}") from None
    wifi, modem = found.pop("wifi", None), found.pop("modem", None)
    top = _section(DropIn, found, "", ("server", "token", "terminal", "fingerprint"))
    plain: dict[str, Any] = dict(top)
    one = replace(
        DropIn(**plain),
        wifi=None if wifi is None else Wifi(**_section(Wifi, wifi, "[wifi] ", ("ssid",))),
        modem=None if modem is None else Modem(**_section(Modem, modem, "[modem] ", ("apn",))),
    )
    check(one)
    return one


def read(path: Path) -> DropIn:
    """Raises SetupError."""
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None


def check(one: DropIn) -> None:
    """Raises SetupError."""
    _check_server(one.server)
    try:
        check_terminal(one.terminal)
        if one.token:
            parse_token(one.token)
    except SyncError as error:
        raise SetupError(f"{NAME}: {error}") from None
    _want(re.fullmatch(r"[0-9a-f]{64}", one.fingerprint), "fingerprint: expected 64 of 0-9 and a-f")
    _want(one.language in LANGUAGES, f"language: expected one of {', '.join(LANGUAGES)}")
    try:
        zoneinfo.ZoneInfo(one.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise SetupError(f"{NAME}: time_zone: no such zone; write it as Asia/Kolkata") from None
    if one.wifi is not None:
        _check_wifi(one.wifi)
    if one.modem is not None:
        plain = re.compile(r"[!-~]{0,64}")  # printable, no space: what AT commands and keyfiles carry
        _want(re.fullmatch(r"[A-Za-z0-9.-]{1,63}", one.modem.apn), "[modem] apn: expected letters, digits, '.' and '-'")
        _want(plain.fullmatch(one.modem.user), "[modem] user: expected at most 64 plain characters")
        _want(plain.fullmatch(one.modem.password), "[modem] password: expected at most 64 plain characters")


def to_toml(one: DropIn) -> str:
    """`parse(to_toml(one)) == one`."""
    lines = [f"{f.name} = {_quoted(getattr(one, f.name))}" for f in fields(one) if f.name not in ("wifi", "modem")]
    for name, section in (("wifi", one.wifi), ("modem", one.modem)):
        if section is not None:
            lines += ["", f"[{name}]", *(f"{f.name} = {_quoted(getattr(section, f.name))}" for f in fields(section))]
    return "\n".join(lines) + "\n"


def spent(one: DropIn) -> DropIn:
    """What may stay on the card: no token, no network, no password."""
    return replace(one, token="", wifi=None, modem=None)


def erase(path: Path, one: DropIn) -> None:
    """Overwrite the file where it lies, then leave in it what may stay. Raises SetupError.

    On flash the old bytes may survive in a spare block until it is used again: the token is good for nothing by then,
    and the network's password is one the office can change.
    """
    left = (_SPENT + to_toml(spent(one))).encode()
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            for data in (bytes(size), left.ljust(size)):
                file.seek(0)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            file.truncate(len(left))
            os.fsync(file.fileno())
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}; take the token off it by hand") from None


def _check_server(server: str) -> None:
    try:
        url = urlsplit(server)
        good = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        url, good = urlsplit(""), False
    expected = "server: expected an address as https://host or host:port"
    _want(good, expected)
    _want(not (url.username or url.query or url.fragment or url.path.strip("/")), "server: only scheme, host and port")
    _want(re.fullmatch(r"[A-Za-z0-9._:/\[\]-]+", server), expected)  # it goes into edge.toml as well


def _check_wifi(wifi: Wifi) -> None:
    _want(1 <= len(wifi.ssid.encode()) <= 32 and wifi.ssid.isprintable(), "[wifi] ssid: expected 1 to 32 bytes")
    # IEEE 802.11i, annex H.4: a passphrase has 8 to 63 ASCII characters.
    good = not wifi.password or re.fullmatch(r"[ -~]{8,63}", wifi.password)
    _want(good, "[wifi] password: expected 8 to 63 plain characters, or none for an open network")
    _want(re.fullmatch(r"[A-Z]{2}", wifi.country), "[wifi] country: expected two capitals, as IN")


def _section(kind: type[Any], found: object, where: str, needed: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(found, dict):
        raise SetupError(f"{NAME}: {where.strip()}: expected a table of settings")
    known = [f.name for f in fields(kind) if f.name not in ("wifi", "modem")]
    for name, value in found.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SetupError(f"{NAME}: {where}{name[:40]!r} is not a setting{hint}")
        if not isinstance(value, str):
            raise SetupError(f"{NAME}: {where}{name}: expected a text in quotes")
    for name in needed:
        if name not in found:
            raise SetupError(f"{NAME}: {where}{name} is missing")
    return found


def _want(good: object, what: str) -> None:
    if not good:
        raise SetupError(f"{NAME}: {what}")


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
