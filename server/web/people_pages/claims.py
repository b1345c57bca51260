"""What was claimed for late sitting, for whoever draws and sanctions it, with the certificates (R3.7, R3.9)."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import Select, select

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.ledger.tables import lsa_claim, person
from server.requests import RequestError, lsa
from server.web.people_pages.desk import ident, month_of, parts, registry, show

router = APIRouter(include_in_schema=False)

Chain = Annotated[Scope, may(Right.CLAIMS)]
Own = Annotated[Scope, may(Right.OWN_PUNCHES)]
_SHOWN = 500


@router.get("/claims/late-sitting")
def claims(request: Request, scope: Chain, month: str = "") -> Response:
    services, _ = parts(request)
    which = f"{month_of(month):%Y-%m}"
    c = lsa_claim.c
    asked = select(c.id, c.lines, c.rupees, c.submitted_ms, (c.file != b"").label("has"), person.c.name)
    asked = visible(asked.join_from(lsa_claim, person, c.person == person.c.ref), lsa_claim, scope)
    asked = asked.where(c.month == which).order_by(person.c.name, c.submitted_ms).limit(_SHOWN)
    with services.ledger.read() as connection:
        rows = [(row, json.loads(row.lines)) for row in connection.execute(asked)]
    return show(request, "people_claims.html", rows=rows, month=which)


@router.get("/claims/late-sitting/{claim}/certificate")
def certificate(request: Request, scope: Chain, claim: str) -> Response:
    """Raises HTTPException 404, 409."""
    return _file(request, visible(select(lsa_claim), lsa_claim, scope), claim)


@router.get("/me/certificate/{claim}")
def own(request: Request, scope: Own, claim: str) -> Response:
    """Raises HTTPException 404, 409."""
    return _file(request, select(lsa_claim).where(lsa_claim.c.person == scope.person), claim)


def _file(request: Request, mine: Select[Any], claim: str) -> Response:
    """Handed over to be kept, never shown inside a page of ours: it may hold a program."""
    services, _ = parts(request)
    nothing = "there is no such certificate"
    with services.ledger.read() as connection:
        row = connection.execute(mine.where(lsa_claim.c.id == ident(claim, nothing))).one_or_none()
    try:
        found = None if row is None else lsa.certificate_of(registry(request).vaults.common, row)
    except RequestError as error:
        raise HTTPException(409, str(error)) from None
    if found is None:
        raise HTTPException(404, nothing)
    headers = {"content-disposition": f'attachment; filename="certificate-{claim}.{found.form}"'}
    return Response(found.body, media_type=found.type, headers=headers)
