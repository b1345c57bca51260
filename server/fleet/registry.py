"""Who the terminals are, and what each last said of itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from sqlalchemy import Connection, bindparam, select, update

from server.fleet import roster
from server.fleet.standing import State
from server.ledger.store import upsert
from server.ledger.tables import fitness_session, terminal, terminal_state
from sync.ed25519 import PublicKey
from sync.wire import Beat


@dataclass(frozen=True, slots=True)
class Registered:
    """One terminal as the registry knows it now."""

    state: State
    record_key: PublicKey

    @property
    def active(self) -> bool:
        """May anything it sends be believed?"""
        return self.state is State.ACTIVE


# Built once: building them anew costs as much as running them.
_ASKED = select(terminal.c.id, terminal.c.state, terminal.c.record_key).where(
    terminal.c.id.in_(bindparam("ids", expanding=True))
)
_HEARD = (
    update(terminal_state)
    .where(terminal_state.c.terminal.in_(bindparam("ids", expanding=True)))
    .values(last_seen_ms=bindparam("now_ms"))
)
_key = lru_cache(10_000)(PublicKey)


def look_up(connection: Connection, ids: Iterable[str]) -> dict[str, Registered]:
    """Those of `ids` that were ever admitted. Asked for every batch: a revoked certificate stays connected."""
    rows = connection.execute(_ASKED, {"ids": list(ids)})
    return {row.id: Registered(State(row.state), _key(row.record_key)) for row in rows}


def heard(connection: Connection, ids: Iterable[str], now_ms: int) -> None:
    """Something came from these terminals."""
    connection.execute(_HEARD, {"ids": list(ids), "now_ms": now_ms})


class BeatNews(Enum):
    """What a beat changed."""

    NOTHING = "nothing"
    WENT_ONLINE = "online"
    WENT_OFFLINE = "offline"
    STALE = "stale"


def take_beat(connection: Connection, one: str, beat: Beat, now_ms: int) -> BeatNews:
    """Note a beat. STALE is a will for a session that was followed by another: it changes nothing (S4)."""
    state = terminal_state.c
    asked = select(state.session, state.online, state.roster_version).where(state.terminal == one)
    before = connection.execute(asked).one_or_none()
    was_online = before is not None and before.online
    if not beat.online:
        if before is None or before.session != beat.session:
            return BeatNews.STALE
        gone = update(terminal_state).where(state.terminal == one).values(online=False)
        connection.execute(gone)
        return BeatNews.WENT_OFFLINE if was_online else BeatNews.NOTHING
    values = {
        "session": beat.session,
        "online": True,
        "last_seen_ms": now_ms,
        "log": beat.log,
        "seq": beat.seq,
        "backlog": beat.backlog,
        "roster_version": beat.roster_version,
        "room": beat.room,
    }
    upsert(connection, terminal_state, {"terminal": one, **values}, *values)
    if before is None or before.roster_version != beat.roster_version:
        roster.complete(connection, one, beat.roster_version)
    lived = {"terminal": one, "session": beat.session, "from_ms": now_ms, "to_ms": now_ms}
    upsert(connection, fitness_session, lived, "to_ms")
    return BeatNews.NOTHING if was_online else BeatNews.WENT_ONLINE
