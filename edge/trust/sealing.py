"""The three private keys at rest: sealed to this machine by systemd-creds(1), and opened by systemd alone, for each
service its own (LoadCredentialEncrypted=, systemd.exec(5)).

With a TPM 2.0 they open on this board and no other: a card that was stolen without it, or copied, holds no key. Without
one systemd's own host key seals them, which lies on the same card: that keeps them out of backups and of programs that
are not root, and from nobody who has the card. `how` tells which of the two it is, and docs/identity.md what it means.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge import SetupError
from edge.files import make_folder, put_file
from edge.trust.identity import ADMISSION, CA, CERTIFICATE, RECORD, SEAL, TRANSPORT

KEYS = (TRANSPORT, RECORD, SEAL)
SEALED = ".cred"
_PCRS = "7"  # the state of secure boot: an update of the kernel must not lock a terminal out
_TIMEOUT_S = 60.0


class How(StrEnum):
    """What opens the keys."""

    PLAIN = "plain"
    HOST = "host"
    TPM = "tpm2"


@dataclass(frozen=True, slots=True)
class Machine:
    """`device` of the TPM, as systemd-creds takes it, and where drop-ins of units go."""

    device: str = "auto"
    tpm: Path = Path("/dev/tpmrm0")
    units: Path = Path("/etc/systemd/system")
    program: str = "systemd-creds"

    @property
    def best(self) -> How:
        return How.TPM if self.tpm.exists() else How.HOST


_UNITS = {
    "hazri-terminal.service": ((RECORD, SEAL), (ADMISSION,)),
    "hazri-sync.service": ((TRANSPORT,), (CERTIFICATE, CA, ADMISSION)),
}


def how(state_dir: Path) -> How:
    """How the keys lie there now. Raises SetupError where a half was sealed: `seal` mends that."""
    folder = state_dir / "keys"
    sealed = [name for name in KEYS if (folder / f"{name}{SEALED}").exists()]
    plain = [name for name in KEYS if (folder / name).exists()]
    if sealed and plain:
        raise SetupError(f"{folder}: {', '.join(plain)} lies there in plain, though sealed as well; seal it again")
    if not sealed:
        return How.PLAIN
    try:
        return How((folder / "sealed").read_text("ascii").strip())
    except (OSError, ValueError):
        return How.HOST


def seal(state_dir: Path, machine: Machine, by: How | None = None) -> How:
    """Seal what lies in plain, look that it opens, then overwrite the plain files and tell systemd. May be cut off
    anywhere and done again: a key in plain goes only after it was read back. Raises SetupError."""
    by = by or machine.best
    folder = state_dir / "keys"
    for name in KEYS:
        plain, sealed = folder / name, folder / f"{name}{SEALED}"
        if not plain.exists():
            continue
        data = plain.read_bytes()
        arguments = ["encrypt", f"--with-key={by}", *_tpm(machine, by), f"--name={name}", "-", "-"]
        put_file(sealed, _creds(machine, arguments, data), 0o600)
        if _open(machine, by, name, sealed) != data:
            raise SetupError(f"{sealed}: what was sealed does not open; the key stays as it is")
    put_file(folder / "sealed", by, 0o600)
    for unit, (secret, public) in _UNITS.items():
        drop_ins = machine.units / f"{unit}.d"
        make_folder(drop_ins)
        put_file(drop_ins / "60-hazri-sealed.conf", _drop_in(folder, secret, public))
    for name in KEYS:
        _overwrite(folder / name)
    return by


@contextlib.contextmanager
def opened(state_dir: Path, machine: Machine) -> Iterator[None]:
    """In here the keys lie in plain, as setting up wants them, and are sealed again afterwards. Raises SetupError."""
    folder, by = state_dir / "keys", how(state_dir)
    if by is not How.PLAIN:
        for name in KEYS:
            put_file(folder / name, _open(machine, by, name, folder / f"{name}{SEALED}"), 0o600)
    try:
        yield
    finally:
        if by is not How.PLAIN:
            seal(state_dir, machine, by)


def _open(machine: Machine, by: How, name: str, sealed: Path) -> bytes:
    return _creds(machine, ["decrypt", *_tpm(machine, by, opening=True), f"--name={name}", str(sealed), "-"])


def _tpm(machine: Machine, by: How, *, opening: bool = False) -> list[str]:
    if by is not How.TPM:
        return []
    return [f"--tpm2-device={machine.device}", *([] if opening else [f"--tpm2-pcrs={_PCRS}"])]


def _creds(machine: Machine, arguments: list[str], data: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            [machine.program, *arguments], input=data, capture_output=True, check=False, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"{machine.program}: {error}") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise SetupError(f"{machine.program} {arguments[0]}: {said[:300] or 'failed'}")
    return done.stdout


def _drop_in(folder: Path, secret: tuple[str, ...], public: tuple[str, ...]) -> str:
    folder = folder.absolute()  # a unit knows no other
    lines = ["# Written by hazri-edge when it sealed the keys.", "[Service]", "LoadCredential="]
    lines += [f"LoadCredentialEncrypted={name}:{folder / name}{SEALED}" for name in secret]
    lines += [f"LoadCredential={name}:{folder / name}" for name in public]
    return "\n".join(lines) + "\n"


def _overwrite(path: Path) -> None:
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
