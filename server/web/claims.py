"""Claims over the API: machines ask without an account, people make tokens and decide within their scope.

A machine's claim is sealed to this server and the answer is signed (sync.claim), so nobody has to trust the network or
the time. It may wait here for an answer instead of asking again and again.
"""

import asyncio
import time
from collections import deque
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from server import ClaimError
from server.access.gate import everybody, may
from server.access.rights import Right
from server.access.scope import Scope, visible
from server.access.visitor import actor
from server.fleet import claims, overview
from server.fleet.claims import Desk
from server.ledger.store import now_ms
from server.ledger.tables import claim, office
from server.web.bodies import JSON, body_of
from server.web.services import Services
from sync import WireError
from sync.claim import MAX_BYTES, ClaimState, word_json

router = APIRouter()

WAIT_MAX_S = 25
_POLL_S = 1.0
_WAITING_MOST = 200
_FAILURES, _WINDOW_S, _ADDRESSES = 10, 60.0, 10_000
_OPEN = everybody("a machine that claims has no account; what it says is sealed, and its token is looked at")
RowId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Command = may(Right.COMMAND)


class Guesses:
    """Who brought what was no token, and how often of late; in memory, as nobody can guess 160 bits anyway: this is
    for the log's and the disk's sake."""

    def __init__(self) -> None:
        self._failed: dict[str, deque[float]] = {}
        self.waiting = 0

    def too_many(self, address: str, now_s: float) -> bool:
        times = self._failed.get(address, deque())
        while times and now_s - times[0] > _WINDOW_S:
            times.popleft()
        return len(times) >= _FAILURES

    def failed(self, address: str, now_s: float) -> None:
        if len(self._failed) >= _ADDRESSES:
            del self._failed[next(iter(self._failed))]
        self._failed.setdefault(address, deque(maxlen=_FAILURES)).append(now_s)


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    """`office` as ORG/CODE, empty where there are none. `replaces`: the machine takes the place of the unit of
    `terminal`, and stands where that stood."""

    office: str = ""
    terminal: str = ""
    at_once: bool = False
    replaces: bool = False


@router.get("/api/v1/claims/server", response_class=Response, summary="This server's public keys", dependencies=[_OPEN])
def server_word(request: Request) -> Response:
    """Believe them only if they have the fingerprint you were given."""
    return Response(word_json(_desk(request).word), media_type=JSON)


@router.post("/api/v1/claims", response_class=Response, summary="Claim a place for a terminal", dependencies=[_OPEN])
async def hand_in(request: Request, wait_s: Annotated[int, Query(ge=0, le=WAIT_MAX_S)] = 0) -> Response:
    """The body is a sealed claim. The same again is the way to ask how it stands."""
    desk, guesses, address = _desk(request), _guesses(request), _address(request)
    if guesses.too_many(address, time.monotonic()):
        raise HTTPException(429, "too many claims without a token; wait a minute", {"retry-after": "60"})
    sealed = await request.body()
    if len(sealed) > MAX_BYTES:
        raise HTTPException(413, "more than a claim may have")
    give_up = time.monotonic() + wait_s
    while True:
        try:
            verdict, answer = await run_in_threadpool(desk.answer, sealed)
        except WireError:
            guesses.failed(address, time.monotonic())
            raise HTTPException(422, "not a claim that is sealed to this server") from None
        except ClaimError as error:
            guesses.failed(address, time.monotonic())
            return Response(desk.turn_away(sealed, str(error)), media_type=JSON)
        left_s = give_up - time.monotonic()
        if verdict.state is not ClaimState.PENDING or left_s <= 0 or guesses.waiting >= _WAITING_MOST:
            return Response(answer, media_type=JSON)
        await _pause(request, guesses, min(_POLL_S, left_s))


async def _pause(request: Request, guesses: Guesses, pause_s: float) -> None:
    services: Services = request.app.state.services
    if services.stopping.is_set() or await request.is_disconnected():
        raise HTTPException(503, "the server is stopping", {"retry-after": "10"})
    guesses.waiting += 1
    try:
        await asyncio.sleep(pause_s)
    finally:
        guesses.waiting -= 1


@router.get("/api/v1/claims", response_class=Response, summary="Machines that ask to be let in")
def listing(request: Request, scope: Annotated[Scope, Command], waiting: bool = True) -> Response:
    with _desk(request).ledger.read() as connection:
        rows = connection.execute(visible(claims.listed(waiting=waiting), claim, scope)).all()
    return _json({"claims": [told(row) for row in rows]})


@router.post("/api/v1/claims/{one}/approve", response_class=Response, summary="Let a machine in")
def approve(request: Request, scope: Annotated[Scope, Command], one: RowId) -> Response:
    desk, ref = _desk(request), _seen(request, one, scope)
    return _decided(lambda: desk.approve(ref, actor(request)))


@router.post("/api/v1/claims/{one}/refuse", response_class=Response, summary="Turn a machine away")
def refuse(
    request: Request, scope: Annotated[Scope, Command], one: RowId, why: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    desk, ref = _desk(request), _seen(request, one, scope)
    return _decided(lambda: desk.refuse(ref, actor(request), why))


@router.post("/api/v1/claim-tokens", response_class=Response, summary="A token for one machine, shown once")
async def make_token(request: Request, scope: Annotated[Scope, Command]) -> Response:
    """Valid for a day. The answer is what a technician's file needs."""
    return await run_in_threadpool(_make, request, scope, await body_of(request, NewToken))


def _make(request: Request, scope: Scope, wanted: NewToken) -> Response:
    desk = _desk(request)
    try:
        with desk.ledger.write() as connection:
            place = claims.office_of(connection, wanted.office) if wanted.office else None
            if wanted.replaces and overview.one(connection, wanted.terminal, scope) is None:
                raise HTTPException(404, "no such terminal, or not yours")
            if not scope.whole and not wanted.replaces:
                mine = visible(select(office.c.id).where(office.c.id == place), office, scope)
                if place is None or connection.scalar(mine) is None:
                    raise HTTPException(404, "no such office, or not yours")
            made = claims.make(
                connection, actor(request), office_id=place, terminal_id=wanted.terminal,
                at_once=wanted.at_once, replaces=wanted.replaces,
            )  # fmt: skip
    except ClaimError as error:
        raise HTTPException(409, str(error)) from None
    said = {"token": str(made.token), "terminal": made.terminal, "fingerprint": desk.word.fingerprint}
    return _json(said | {"valid_s": (made.until_ms - now_ms()) // 1000})


def told(row: Any) -> dict[str, Any]:
    """A claim as people see it."""
    place = row.office.hex() if row.office else None
    said = {"id": row.id.hex(), "terminal": row.terminal, "office": place, "state": row.state, "serial": row.serial}
    return said | {"asked_ms": row.asked_ms, "decided_ms": row.decided_ms, "by": row.by, "why": row.why}


def _decided(decide: Any) -> Response:
    try:
        return _json(told(decide()))
    except ClaimError as error:
        raise HTTPException(409, str(error)) from None


def _seen(request: Request, one: str, scope: Scope) -> bytes:
    """The claim's id, where the scope sees it."""
    ref = bytes.fromhex(one)
    with _desk(request).ledger.read() as connection:
        if connection.scalar(visible(select(claim.c.id).where(claim.c.id == ref), claim, scope)) is None:
            raise HTTPException(404, "no such claim, or not yours to see")
    return ref


def _desk(request: Request) -> Desk:
    services: Services = request.app.state.services
    if services.desk is None:
        raise HTTPException(503, "this server admits nobody now", {"retry-after": "60"})
    return services.desk


def _guesses(request: Request) -> Guesses:
    state = request.app.state
    if not hasattr(state, "guesses"):
        state.guesses = Guesses()
    found: Guesses = state.guesses
    return found


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _json(said: object) -> Response:
    return Response(msgspec.json.encode(said), media_type=JSON)
