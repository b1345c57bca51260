"""The pages of people, each topic a router of its own: registration, offices, lists, orders, consent, coverage."""

from fastapi import APIRouter

from server.web.people_pages import (
    claims,
    consents,
    corner,
    coverage,
    decisions,
    exchange,
    imports,
    leave_accounts,
    lists,
    masters,
    offices,
    organisations,
    overview,
    people,
    provisional,
    queue,
    register,
    registers,
    returns,
    section,
    sent,
    service,
    sitting,
)

# `imports` before `people`: /people/import is no person; `lists` before `masters` and `sent` before `returns` likewise.
ROUTERS: list[APIRouter] = [
    one.router
    for one in (
        overview,
        register,
        queue,
        imports,
        people,
        offices,
        lists,
        masters,
        service,
        coverage,
        provisional,
        organisations,
        corner,
        consents,
        section,
        decisions,
        registers,
        leave_accounts,
        sitting,
        claims,
        sent,
        returns,
        exchange,
    )
]
