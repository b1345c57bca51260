"""What readers call whoever did something: entries keep "account <id>", pages say the account's name."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from server.ledger.tables import account

LOGIN = "account "  # how an entry made by somebody's own login begins
_ID_HEX = 16
_AT_ONCE = 500


def of(connection: Connection, ids: Iterable[bytes]) -> dict[bytes, str]:
    """Names of accounts by id; unknown ids are left out."""
    wanted = sorted(set(ids))
    found: dict[bytes, str] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        asked = select(account.c.id, account.c.name).where(account.c.id.in_(wanted[first : first + _AT_ONCE]))
        found |= {row.id: row.name for row in connection.execute(asked)}
    return found


def of_actors(connection: Connection, actors: Iterable[str]) -> dict[str, str]:
    """Names by what entries keep of who made them; those that are no accounts are left out."""
    ids = {told: id_ for told in set(actors) if (id_ := account_of(told)) is not None}
    known = of(connection, ids.values())
    return {told: known[id_] for told, id_ in ids.items() if id_ in known}


def account_of(actor: str) -> bytes | None:
    """The account's id where an entry was made by somebody's own login, else None."""
    told = actor.removeprefix(LOGIN)
    if told == actor or len(told) != _ID_HEX:
        return None
    try:
        return bytes.fromhex(told)
    except ValueError:
        return None
