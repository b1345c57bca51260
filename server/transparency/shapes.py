"""What this server says of its transparency log, as whoever asks reads it."""

import datetime as dt

import msgspec


class ApiCheckpoint(msgspec.Struct, frozen=True):
    """The tree of the first `size` records had this `root` (hexadecimal); `note` is the signed statement of it."""

    size: int
    root: str
    time: dt.datetime
    note: str


class ApiCheckpoints(msgspec.Struct, frozen=True):
    """In the order of their sizes. Ask again with `after` = the last size; `more` says that there are some now."""

    checkpoints: list[ApiCheckpoint]
    more: bool


class ApiConsistency(msgspec.Struct, frozen=True):
    """That the tree of `new` records begins with that of `old`: the proof of RFC 6962, section 2.1.2, lowest first."""

    old: int
    new: int
    path: list[str]
