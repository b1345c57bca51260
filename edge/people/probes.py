"""Has this very picture been taken before? No living finger or face gives the same picture twice, to the last bit: what
does was played again by somebody on the sensor's wire, or comes from a sensor that is stuck.

A probe is known again by eight bytes of a keyed digest, which say nothing about it to anybody without the key. The
newest MOST are kept in a file that is only appended to, so that a picture is known after a restart, too; it is not
forced to the disk with each punch, so a power cut may forget the last few. A picture that was altered anywhere is
another one here.
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

MOST = 16384  # a hundred people for two months; a megabyte of memory
TELL_S = 60.0  # a sensor that is stuck is told once a minute, with how often it was
_BYTES = 8
_SALT = b"hazri probe"


class Probes:
    """Those of one terminal. Used by the terminal's one thread."""

    def __init__(self, file: Path | None, key: bytes, most: int = MOST) -> None:
        """`file`: where they are kept, None in memory alone; `key`: 32 bytes, another key forgets them all."""
        self._file, self._key, self._most = file, key, most
        self._met: dict[bytes, float] = {}  # digest -> when first, of the steady clock; the oldest first
        self._kept = 0
        self._load()

    def repeated(self, probe: "NDArray[uint8] | bytes", at_s: float, apart_s: float = 0.0) -> bool:
        """Was it met before, more than `apart_s` ago? It is remembered from now on. Never raises."""
        digest = self._digest(probe)
        met_s = self._met.get(digest)
        if met_s is None:
            self._met[digest] = at_s
            self._keep(digest)
            return False
        return at_s - met_s > apart_s

    def _digest(self, probe: "NDArray[uint8] | bytes") -> bytes:
        data = probe if isinstance(probe, bytes) else probe.tobytes()
        return hashlib.blake2b(data, key=self._key, digest_size=_BYTES, person=_SALT).digest()

    def _load(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            data = self._file.read_bytes()[: 4 * self._most * _BYTES]
            whole = len(data) // _BYTES * _BYTES
            digests = [data[at : at + _BYTES] for at in range(0, whole, _BYTES)]
            self._met = dict.fromkeys(digests[-self._most :], float("-inf"))
        self._rewrite()

    def _keep(self, digest: bytes) -> None:
        if len(self._met) > self._most:
            del self._met[next(iter(self._met))]
        if self._file is None:
            return
        if self._kept >= 2 * self._most:
            self._rewrite()
            return
        with contextlib.suppress(OSError), self._file.open("ab") as out:  # a full disk is told elsewhere
            out.write(digest)
            self._kept += 1

    def _rewrite(self) -> None:
        """The file holds those that are remembered and nothing else."""
        if self._file is None:
            return
        half = self._file.with_name(f"{self._file.name}.half")
        with contextlib.suppress(OSError):
            half.write_bytes(b"".join(self._met))
            half.chmod(0o600)
            half.replace(self._file)
            self._kept = len(self._met)


class Telling:
    """How often one thing happened, told at most once every TELL_S: `say` gets (kind, whose, how often)."""

    def __init__(self, say: Callable[[str, bytes | None, int], None]) -> None:
        self._say = say
        self._told: dict[tuple[str, bytes | None], float] = {}
        self._times: dict[tuple[str, bytes | None], int] = {}

    def happened(self, kind: str, person: bytes | None, at_s: float) -> None:
        what = kind, person
        self._times[what] = self._times.get(what, 0) + 1
        if at_s - self._told.get(what, float("-inf")) >= TELL_S:
            self._told = {one: told_s for one, told_s in self._told.items() if at_s - told_s < TELL_S}
            self._told[what] = at_s
            self._say(kind, person, self._times.pop(what))
