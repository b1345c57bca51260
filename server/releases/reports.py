"""What terminals say of themselves, as the rings are judged by (sync.health)."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from server.fleet.standing import State
from server.ledger.tables import office, terminal, terminal_health
from server.releases.rollout import Report
from sync import WireError
from sync.health import Serving, parse_health
from sync.release import districts


def reports(connection: Connection) -> Iterator[Report]:
    """Of every active terminal that ever said how it is."""
    joined = terminal.join(terminal_health, terminal.c.id == terminal_health.c.terminal).outerjoin(
        office, terminal.c.office == office.c.id
    )
    asked = select(terminal.c.id, office.c.path, terminal_health.c.body, terminal_health.c.at_ms).select_from(joined)
    for one, path, body, at_ms in connection.execute(asked.where(terminal.c.state == State.ACTIVE)):
        try:
            health = parse_health(body)
        except WireError:
            continue
        yield Report(one, districts(path or ""), health.software, health.serving is Serving.SERVING, at_ms)
