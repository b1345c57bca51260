"""Merkle trees as RFC 6962, section 2.1, defines them. Pure.

    leaf hash = SHA-256(0x00 ‖ leaf)        node hash = SHA-256(0x01 ‖ left ‖ right)

Every hash that a proof is made of is the root of a *perfect* subtree, one of 2^level leaves that begins at a multiple
of 2^level, or is folded from a few of those. So all proofs need of a tree is `Fetch`: (level, index) gives the root of
the perfect subtree over leaves index·2^level onwards. Proofs are made here and verified by sync.verify, which shares no
line with this file.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import reduce

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

Fetch = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 2^n hashes of one level."""
    row = hashes
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first; O(log n) of them."""

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        """As `size` and `edge` of another one were. Raises ValueError where they do not fit each other."""
        self.size = size
        self.edge = list(edge)
        if size < 0 or len(self.edge) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} perfect subtrees, not {len(self.edge)}")

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash: two hashes on average."""
        size = self.size
        while size & 1:
            leaf = node_hash(self.edge.pop(), leaf)
            size >>= 1
        self.edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.edge:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.edge))


def root(size: int, fetch: Fetch) -> bytes:
    """The root of the first `size` leaves."""
    return _range(0, size, fetch) if size else EMPTY_ROOT


def inclusion(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves, lowest first. Raises ValueError out of range."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(_range(middle, end, fetch))
            end = middle
        else:
            path.append(_range(first, middle, fetch))
            first = middle
    return path[::-1]


def consistency(old: int, new: int, fetch: Fetch) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with that of `old`. Raises ValueError unless 0 < old <= new."""
    if not 0 < old <= new:
        raise ValueError(f"no proof from {old} to {new} leaves")
    path = []
    first, end, whole = 0, new, True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            path.append(_range(middle, end, fetch))
            end = middle
        else:
            path.append(_range(first, middle, fetch))
            first, whole = middle, False
    if not whole:
        path.append(_range(first, end, fetch))
    return path[::-1]


def _split(n: int) -> int:
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


def _range(first: int, end: int, fetch: Fetch) -> bytes:
    """The root over leaves first..end, where `first` is a multiple of a power of two not below the length."""
    edge = []
    while first < end:
        level = min((end - first).bit_length() - 1, (first & -first).bit_length() - 1 if first else 64)
        edge.append(fetch(level, first >> level))
        first += 1 << level
    return reduce(lambda right, left: node_hash(left, right), reversed(edge))
