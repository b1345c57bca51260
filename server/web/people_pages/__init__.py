"""The pages of people, each topic a router of its own: registration, offices, lists, orders, consent, coverage."""

from fastapi import APIRouter

from server.web.people_pages import (
    corner,
    coverage,
    decisions,
    imports,
    masters,
    offices,
    organisations,
    overview,
    people,
    provisional,
    queue,
    register,
    returns,
    section,
    service,
)

# `imports` before `people`: /people/import is no person.
ROUTERS: list[APIRouter] = [
    one.router
    for one in (
        overview,
        register,
        queue,
        imports,
        people,
        offices,
        masters,
        service,
        coverage,
        provisional,
        organisations,
        corner,
        section,
        decisions,
        returns,
    )
]
