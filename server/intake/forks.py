"""Two histories of one log: a card that was copied, or put back to an earlier day (S8). Both are kept, and alarm.

A *fork* is a batch, signed with the right key, that differs from what we hold. A log is *rolled back* when its
terminal goes on speaking of fewer records than we have receipted. A batch that no key signed may be a fork whose
common part we were not sent; it is raised as what it is, a false signature.
"""

from sqlalchemy import Connection, select, update

from server.intake import quarantine
from server.intake.judge import Known, Reason, Refuse
from server.ledger import records
from server.ledger.store import upsert
from server.ledger.tables import alarm, terminal_state
from server.ledger.tables import log as log_table
from server.sharing import changes
from sync.columns import Columns
from sync.wire import Beat, beat_bytes

# A beat may come twice, and late, when the link to the broker is cut: only one that is still low after a while counts.
LOW_MS = 60_000


def refused(connection: Connection, terminal: str, batch: Columns, why: Refuse, known: Known, now_ms: int) -> None:
    """Raise the alarm for a batch that was refused for what it says of its log."""
    if why.reason is Reason.FORK:
        records.put_fork(connection, terminal, batch.log, known, now_ms)
    if why.reason in (Reason.FORK, Reason.SIGNATURE) and known.seq:
        _alarm(connection, terminal, batch.log, batch.first_seq, why, now_ms)


def take_beat(connection: Connection, terminal: str, beat: Beat, now_ms: int) -> Refuse | None:
    """Look for a log that was rolled back; to be asked before the beat itself is noted. Returns what to raise, once."""
    if not beat.online:
        return None
    state = terminal_state.c
    before = connection.execute(select(state.session, state.behind_ms).where(state.terminal == terminal)).one_or_none()
    mine = log_table.c.terminal == terminal, log_table.c.log == beat.log
    held = connection.execute(select(log_table.c.seq, log_table.c.head).where(*mine)).one_or_none()
    low = held is not None and beat.seq < held.seq
    if before is None or (not low and before.behind_ms is None):
        return None
    same = before.session == beat.session and before.behind_ms is not None
    since_ms = (before.behind_ms if same else now_ms) if low else None
    connection.execute(update(terminal_state).where(state.terminal == terminal).values(behind_ms=since_ms))
    if held is None or since_ms is None or now_ms - since_ms < LOW_MS:
        return None
    why = Refuse(
        Reason.ROLLBACK, f"it speaks of {beat.seq} records, and {held.seq} were receipted: was its card put back?"
    )
    if not _alarm(connection, terminal, beat.log, beat.seq, why, now_ms):
        return None
    records.put_fork(connection, terminal, beat.log, Known(held.seq, held.head), now_ms)
    quarantine.put(connection, terminal, "beat", why.reason, why.detail, beat_bytes(beat), now_ms)
    return why


def _alarm(connection: Connection, terminal: str, log: bytes, seq: int, why: Refuse, now_ms: int) -> bool:
    """One of a kind for each log, however often it is given reason; returns whether this is the one."""
    key = {"terminal": terminal, "log": log, "kind": why.reason.value}
    known = select(alarm.c.known_ms).where(*(alarm.c[name] == value for name, value in key.items()))
    if connection.scalar(known.limit(1)) is not None:
        return False
    upsert(connection, alarm, key | {"seq": seq, "known_ms": now_ms, "detail": why.detail})
    changes.note(connection, "alarm", (terminal, log), seq, why.reason.value, now_ms)
    return True
