"""Who may look at the pages: a cookie that scripts cannot read and other sites cannot send."""

from fastapi import Request, Response

from server import tokens
from server.web.services import Services

COOKIE = "hazri"


def is_open(request: Request) -> bool:
    services: Services = request.app.state.services
    return tokens.session_open(services.ledger, request.cookies.get(COOKIE, ""))


def give(request: Request, response: Response, token_hash: bytes) -> None:
    services: Services = request.app.state.services
    response.set_cookie(
        COOKIE,
        tokens.open_session(services.ledger, token_hash),
        max_age=tokens.SESSION_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def end(request: Request, response: Response) -> None:
    services: Services = request.app.state.services
    tokens.close_session(services.ledger, request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE)


def same_origin(request: Request) -> bool:
    """Browsers say where a form was sent from; anything but our own page is refused."""
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.headers.get('host', '')}"
