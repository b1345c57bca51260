"""The transparency log to the world: checkpoints and how one continues another. Open to all, that is the point.

A checkpoint tells nothing but how many records there are. Whoever keeps one can hold this server to it for ever.
"""

import datetime as dt
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response

from server.access.gate import everybody
from server.transparency import notary, tree
from server.transparency.notary import Kept
from server.transparency.shapes import ApiCheckpoint, ApiCheckpoints, ApiConsistency
from server.transparency.tiles import StoredTree
from server.web.bodies import JSON, answered
from server.web.services import Services

router = APIRouter(dependencies=[everybody("a checkpoint tells nothing but how many records there are")])

MAX_LIMIT = 500
_MAX_SIZE = 2**53
_NONE = "there is no checkpoint of this size; /api/v1/checkpoints lists them"


SCHEMAS: list[type[msgspec.Struct]] = [ApiCheckpoints, ApiConsistency]


def _answers(what: str, schema: str) -> dict[int | str, dict[str, Any]]:
    return {200: answered(what, schema)}


@router.get(
    "/api/v1/checkpoints",
    response_class=Response,
    responses=_answers("Checkpoints", "ApiCheckpoints"),
    summary="Signed statements of what the ledger holds",
)
def checkpoints(
    request: Request,
    after: Annotated[int, Query(ge=0, le=_MAX_SIZE, description="size of the last checkpoint you hold")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="at most so many")] = 100,
) -> Response:
    """Checkpoints larger than `after`. One is made every day, and one whenever a proof is."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        kept = notary.behind(connection, after, limit + 1)
    found = ApiCheckpoints([_api(one) for one in kept[:limit]], len(kept) > limit)
    return Response(msgspec.json.encode(found), media_type=JSON)


@router.get("/api/v1/checkpoints/latest", response_class=Response, summary="The newest checkpoint, as a signed note")
def latest(request: Request) -> Response:
    """As text, in the format of C2SP tlog-checkpoint: what a witness signs, and a printer prints."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        kept = notary.latest(connection)
    if kept is None:
        raise HTTPException(404, "there is no checkpoint yet; the first is made within a minute of the first record")
    return Response(kept.note, media_type="text/plain; charset=utf-8")


@router.get(
    "/api/v1/checkpoints/consistency",
    response_class=Response,
    responses=_answers("The proof", "ApiConsistency"),
    summary="Proof that nothing was changed between two checkpoints",
)
def consistency(
    request: Request,
    old: Annotated[int, Query(ge=1, le=_MAX_SIZE, description="size of the earlier checkpoint")],
    new: Annotated[int, Query(ge=1, le=_MAX_SIZE, description="size of the later one")],
) -> Response:
    """For two sizes of which this server has signed checkpoints, the earlier of which may be kept elsewhere."""
    services: Services = request.app.state.services
    if old > new:
        raise HTTPException(422, "old: must not be larger than new")
    with services.ledger.read() as connection:
        if notary.at(connection, new) is None:
            raise HTTPException(404, _NONE)
        path = tree.consistency(old, new, StoredTree(connection).fetch)
    found = ApiConsistency(old, new, [one.hex() for one in path])
    return Response(msgspec.json.encode(found), media_type=JSON)


def _api(one: Kept) -> ApiCheckpoint:
    made = dt.datetime.fromtimestamp(one.made_ms / 1000, dt.UTC)
    return ApiCheckpoint(one.size, one.root.hex(), made, one.note)
