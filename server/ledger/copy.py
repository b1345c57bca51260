"""COPY, the fast way into PostgreSQL: three times as many rows a second as INSERT. psycopg's errors leave as
SQLAlchemy's, which the store knows.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, Table
from sqlalchemy.exc import DBAPIError


def copy_rows(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Append rows, each with a value for every column in their order, in the transaction of `connection`."""
    import psycopg  # only where PostgreSQL is in use

    statement = f"COPY {table.name} ({', '.join(one.name for one in table.columns)}) FROM STDIN (FORMAT BINARY)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_type(one.type) for one in table.columns])
            write = copy.write_row
            for row in rows:
                write(row)
    except psycopg.Error as error:
        wrapped = DBAPIError.instance(statement, None, error, psycopg.Error, dialect=connection.dialect)
        raise wrapped from error


def _type(column: Any) -> str:
    if isinstance(column, BigInteger):
        return "int8"
    if isinstance(column, Integer):
        return "int4"
    return "bytea" if isinstance(column, LargeBinary) else "text"
