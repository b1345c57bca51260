"""The first start of a card, and every later one with a new hazri.toml: network, time zone and language as it says,
then the claim, and in the end the secrets are taken off the card.

Run as root by hazri-firstboot.service before the terminal, and again when a stick with the file is put in. It may be
cut off anywhere: the token is erased only after the admission is kept.
"""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.files import make_folder, put_file
from edge.image import dropin
from edge.image.dropin import DropIn, Modem, Wifi
from edge.trust.claim import Patience, Waiting, claim
from sync.admission import Admission

CARDS = (Path("/boot/firmware"), Path("/boot"))
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", " ": "\\s"})


def _run(command: list[str]) -> None:
    """What is not installed is not needed here."""
    try:
        subprocess.run(command, check=False, capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return


@dataclass(frozen=True, slots=True)
class System:
    """The parts of the machine that are set up here, so that a test can have others."""

    connections: Path = Path("/etc/NetworkManager/system-connections")
    settings: Path = Path("/etc/hazri/edge.toml")
    run: Callable[[list[str]], None] = _run


def find(folders: tuple[Path, ...] = CARDS) -> Path | None:
    """The first hazri.toml that still holds a token; None where there is nothing to do. Raises SetupError for one that
    is not in order: somebody should hear of it."""
    for folder in folders:
        path = folder / dropin.NAME
        if path.exists() and dropin.read(path).token:
            return path
    return None


def boot(path: Path, state_dir: Path, system: System, tell: Callable[[Waiting], None]) -> Admission:
    """Do what the file says. Raises SetupError."""
    one = dropin.read(path)
    set_up(one, system)
    admission = claim(state_dir, one, Patience(tell))
    dropin.erase(path, one)
    return admission


def set_up(one: DropIn, system: System) -> None:
    """Network, time zone, language. Raises SetupError where a file cannot be written; what a program of the system
    refuses is its own affair, and shows when the server is not reached."""
    if one.wifi is not None:
        _keep(system.connections / "hazri-wifi.nmconnection", wifi_file(one.wifi), 0o600)
    if one.modem is not None:
        _keep(system.connections / "hazri-modem.nmconnection", modem_file(one.modem), 0o600)
    if one.wifi is not None:
        system.run(["iw", "reg", "set", one.wifi.country])
        system.run(["rfkill", "unblock", "wlan"])
    if one.wifi is not None or one.modem is not None:
        system.run(["nmcli", "connection", "reload"])
    system.run(["timedatectl", "set-timezone", one.time_zone])
    if not system.settings.exists():
        others = [language for language in ("hi", "en") if language != one.language]
        shown = ", ".join(f'"{language}"' for language in (one.language, *others))
        _keep(
            system.settings,
            f"# Made at the first start; `hazri-edge check` judges it.\n[screen]\nlanguages = [{shown}]\n"
            f'[update]\nserver = "{one.server.rstrip("/")}"\n',
        )


def wifi_file(wifi: Wifi) -> str:
    """NetworkManager's keyfile (nm-settings-keyfile(5))."""
    lines = ["[connection]", "id=hazri-wifi", "type=wifi", "autoconnect=true", ""]
    lines += ["[wifi]", "mode=infrastructure", f"ssid={_ssid(wifi.ssid)}", ""]
    if wifi.password:
        lines += ["[wifi-security]", "key-mgmt=wpa-psk", f"psk={wifi.password.translate(_ESCAPES)}", ""]
    return "\n".join([*lines, "[ipv4]", "method=auto", "", "[ipv6]", "method=auto", ""])


def modem_file(modem: Modem) -> str:
    lines = ["[connection]", "id=hazri-modem", "type=gsm", "autoconnect=true", "", "[gsm]", f"apn={modem.apn}"]
    lines += [f"username={modem.user}"] if modem.user else []
    lines += [f"password={modem.password.translate(_ESCAPES)}"] if modem.password else []
    return "\n".join([*lines, "", "[ipv4]", "method=auto", "route-metric=700", ""])


def _ssid(ssid: str) -> str:
    """As bytes, which need no escapes in any alphabet."""
    return "".join(f"{byte};" for byte in ssid.encode())


def _keep(path: Path, text: str, mode: int = 0o644) -> None:
    make_folder(path.parent)
    put_file(path, text, mode)
