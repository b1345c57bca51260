"""Who signs, and how that changes: pure but for the keys that a new holder is made (TUF specification 1.0, 5.3, 6.1).

A holder has a number and two keys, one that signs who signs (root) and one that signs releases (targets). The number
stands beside both in the root. It is never given twice, so that a stick which comes back is nobody else's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

from server import ReleaseError
from server.releases import keys
from server.releases.roles import ROOT, TARGETS

MOST = 20
_NUMBER = "x-hazri-holder"


@dataclass(frozen=True, slots=True)
class Change:
    """`add`: a folder for each new holder's keys; `remove`: numbers of holders; `threshold`: how many must sign, None:
    as many as before; `server`: new keys for this server, so that the old ones count no more."""

    add: tuple[Path, ...] = ()
    remove: frozenset[int] = frozenset()
    threshold: int | None = None
    server: bool = False


@dataclass(frozen=True, slots=True)
class Lack:
    """So many signatures are missing, of these holders."""

    count: int = 0
    of: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.count} more of holders {', '.join(map(str, self.of))}"


NONE = Lack()


@dataclass(frozen=True, slots=True)
class Lacks:
    """Signatures that are missing: of who signs `releases`; and under a change of holders, of those `before` it and
    of those `after` it, for both have to sign it."""

    releases: Lack = NONE
    before: Lack = NONE
    after: Lack = NONE

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.releases.count, self.before.count, self.after.count

    def __bool__(self) -> bool:
        return any(self.counts)

    def __str__(self) -> str:
        found = (
            (self.releases, f"to be signed by {self.releases}"),
            (self.before, f"the change by {self.before} until now"),
            (self.after, f"the change by {self.after} from then on"),
        )
        return "; ".join(words for lack, words in found if lack.count)


def lack(result: Any) -> Lack:
    """Of a role by its tuf.api.metadata.VerificationResult."""
    return Lack(result.missing, tuple(sorted(map(_number_of, result.unsigned.values())))) if result.missing else NONE


def numbers(root: Any) -> list[int]:
    """Of a root's holders."""
    return sorted({_number(root, keyid) for keyid in root.roles[ROOT].keyids})


def last_number(roots: Iterable[Any]) -> int:
    """The highest that was ever given."""
    return max((number for root in roots for number in numbers(root)), default=0)


def change_root(root: Any, change: Change, last: int, passphrase: bytes | None) -> dict[str, list[CryptoSigner]]:
    """Make it so in `root`; new holders are numbered after `last`, and their keys returned by role. Raises
    ReleaseError, and then no key was made."""
    there = numbers(root)
    for one in sorted(change.remove):
        if one not in there:
            raise ReleaseError(f"holder {one}: no such holder; there are {', '.join(map(str, there))}")
    count = len(there) - len(change.remove) + len(change.add)
    threshold = root.roles[ROOT].threshold if change.threshold is None else change.threshold
    if not 1 <= threshold <= count <= MOST:
        raise ReleaseError(f"threshold {threshold} of {count} holders: expected 1 to {count}, of {MOST} at most")
    places = [(role, n, folder) for role in (ROOT, TARGETS) for n, folder in enumerate(change.add, last + 1)]
    made = keys.make_all([folder / f"{role}-{n}.pem" for role, n, folder in places], passphrase)
    for role in (ROOT, TARGETS):
        for keyid in [one for one in root.roles[role].keyids if _number(root, one) in change.remove]:
            root.revoke_key(keyid, role)
        root.roles[role].threshold = threshold
    new: dict[str, list[CryptoSigner]] = {ROOT: [], TARGETS: []}
    for (role, n, _), signer in zip(places, made, strict=True):
        signer.public_key.unrecognized_fields[_NUMBER] = str(n)
        root.add_key(signer.public_key, role)
        new[role].append(signer)
    return new


def _number(root: Any, keyid: str) -> int:
    return _number_of(root.keys[keyid])


def _number_of(key: Any) -> int:
    told = key.unrecognized_fields.get(_NUMBER)
    if not isinstance(told, str) or not told.isdecimal():
        raise ReleaseError("the root does not say whose key is whose; make the repository anew")
    return int(told)
