"""The matrix of rights: every endpoint of the application and the roles that may use it."""

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.routing import APIRoute

from server.access.gate import Gate, declared
from server.access.rights import Right
from server.access.roles import Role


@dataclass(frozen=True, slots=True)
class Row:
    """One endpoint. `right` None: open to everybody, for the reason in `what`."""

    method: str
    path: str
    right: Right | None
    what: str
    roles: frozenset[Role]


def rows(routers: Iterable[APIRouter]) -> list[Row]:
    """Every endpoint, in the order of path and method."""
    found = []
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                found += [_row(route, method) for method in sorted(route.methods or ())]
    return sorted(found, key=lambda row: (row.path, row.method))


def table(found: list[Row]) -> str:
    """For a terminal: one role a column, named at its foot."""
    roles = list(Role)
    wide = max(len(f"{row.method} {row.path}") for row in found)
    letters = {role: f"{n:>2}" for n, role in enumerate(roles, 1)}
    lines = [" " * wide + " " + " ".join(letters.values())]
    for row in found:
        marks = " ".join(" *" if row.right is None else " ●" if role in row.roles else " ·" for role in roles)
        lines.append(f"{row.method + ' ' + row.path:<{wide}} {marks}")
    lines += ["", "● may  · may not  * everybody", *(f"{letters[role]} {role}" for role in roles)]
    return "\n".join(lines)


def markdown(found: list[Row]) -> str:
    """For the documents: one right a row, with its endpoints."""
    lines = ["| right | endpoints | roles |", "|---|---|---|"]
    for right in Right:
        paths = ", ".join(f"`{row.method} {row.path}`" for row in found if row.right is right)
        who = ", ".join(sorted(role.value for role in right.may.roles))
        lines.append(f"| {right.may.what} | {paths or 'none yet'} | {who} |")
    paths = ", ".join(f"`{row.method} {row.path}`" for row in found if row.right is None)
    return "\n".join([*lines, f"| open | {paths} | everybody |"])


def _row(route: APIRoute, method: str) -> Row:
    found = declared(route)
    if isinstance(found, Gate):
        return Row(method, route.path, found.right, found.right.may.what, found.right.may.roles)
    return Row(method, route.path, None, found.why if found else "", frozenset())
