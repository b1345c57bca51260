"""The cookie: one that scripts cannot read, other sites cannot send and, over TLS, no other host can set."""

from fastapi import Request, Response

from server.access import sessions
from server.access.gate import same_origin
from server.access.visitor import by_cookie, cookie_name
from server.trust import tokens
from server.web.services import Services

__all__ = ["end", "give", "put", "same_origin"]


def give(request: Request, response: Response, token_hash: bytes) -> None:
    """Open the session of a dashboard token."""
    services: Services = request.app.state.services
    put(request, response, tokens.open_session(services.ledger, token_hash))


def put(request: Request, response: Response, cookie: str) -> None:
    """Hand out the cookie of a session, of whichever kind."""
    response.set_cookie(
        cookie_name(request),
        cookie,
        max_age=tokens.SESSION_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def end(request: Request, response: Response) -> None:
    """End the session of this request, of whichever kind."""
    services: Services = request.app.state.services
    name = cookie_name(request)
    cookie = request.cookies.get(name, "")
    found = by_cookie(services.ledger, cookie)
    if found is not None and found.session is not None:
        with services.ledger.write() as connection:
            sessions.close(connection, found.session.hash, found.session.account)
    else:
        tokens.close_session(services.ledger, cookie)
    response.delete_cookie(name, httponly=True, samesite="strict", secure=request.url.scheme == "https")
