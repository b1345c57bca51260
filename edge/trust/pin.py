"""The technician's PIN: kept as scrypt's hash (RFC 7914), tried at most so often, restarts or not (S8).

`admin.pin` is among the keys, or handed over as a credential; `pin-failures` in the state directory counts. A failure
is on disk before the PIN is even looked at, and after a restart the wait begins anew: pulling the plug gains nothing.
"""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from edge import SetupError
from edge.files import make_folder, put_file
from edge.session.policy import Lock, lock_s
from edge.trust.identity import find

NAME = "admin.pin"
DIGITS_LEAST, DIGITS_MOST = 4, 12
_RULE = Lock(failures=3, first_s=60, most_s=3600)
_N, _R, _P, _LENGTH = 2**14, 8, 1, 32  # 16 MB and about 50 ms


def keep(state_dir: Path, pin: str) -> Path:
    """Set the PIN. Raises SetupError for one that is no PIN, or that cannot be written."""
    if not (pin.isascii() and pin.isdigit() and DIGITS_LEAST <= len(pin) <= DIGITS_MOST):
        raise SetupError(f"a PIN has {DIGITS_LEAST} to {DIGITS_MOST} digits")
    salt = secrets.token_bytes(16)
    hashed = Scrypt(salt, _LENGTH, _N, _R, _P).derive(pin.encode())
    path = state_dir / "keys" / NAME
    make_folder(path.parent, 0o700)
    put_file(path, json.dumps({"salt": salt.hex(), "hash": hashed.hex(), "n": _N, "r": _R, "p": _P}), 0o600)
    owner = path.parent.stat()  # the terminal's user, once it has run: root sets the PIN, and it is tried there
    with contextlib.suppress(PermissionError):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return path


class Pins:
    """Tries PINs. Without a PIN that was set, none is right."""

    def __init__(self, state_dir: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = find(state_dir, NAME)
        self._count = state_dir / "pin-failures"
        self._clock = clock
        self._failures = _failures(self._count)
        self._last_s = clock()

    def wait_s(self) -> float:
        """For how long no PIN is tried."""
        return max(0.0, self._last_s + lock_s(_RULE, self._failures) - self._clock())

    def right(self, pin: str) -> bool:
        """Whether it is the PIN. Never while there is a wait, nor when the try cannot be counted on disk."""
        if self.wait_s() > 0:
            return False
        self._failures, self._last_s = self._failures + 1, self._clock()
        try:
            put_file(self._count, json.dumps({"failures": self._failures}), 0o600)
            kept = json.loads(self._file.read_bytes())
            kdf = Scrypt(bytes.fromhex(kept["salt"]), _LENGTH, int(kept["n"]), int(kept["r"]), int(kept["p"]))
            kdf.verify(pin.encode(), bytes.fromhex(kept["hash"]))
            put_file(self._count, json.dumps({"failures": 0}), 0o600)
        except (SetupError, OSError, ValueError, LookupError, TypeError, ArithmeticError, MemoryError, InvalidKey):
            return False
        self._failures = 0
        return True


def _failures(path: Path) -> int:
    """As many as were counted; a count that cannot be read is the worst."""
    try:
        return max(0, int(json.loads(path.read_bytes())["failures"]))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError):
        return _RULE.failures
