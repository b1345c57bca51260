"""JSON of the API: bodies read within a bound and checked, and all of it told to whoever reads the document."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, HTTPException, Request, Response

JSON = "application/json"
MOST = 16 * 1024
S = TypeVar("S", bound=msgspec.Struct)
BEARER: dict[str, Any] = {"security": [{"bearer": []}]}
REFUSED: dict[str, Any] = {
    "content": {JSON: {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}
}


async def body_of(request: Request, kind: type[S]) -> S:
    """The body as a struct. Raises HTTPException 415, 422."""
    if not request.headers.get("content-type", "").startswith(JSON):
        raise HTTPException(415, f"the request is not {JSON}")
    data = await request.body()
    if len(data) > MOST:
        raise HTTPException(413, "more than was to be expected")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise HTTPException(422, str(error)) from None
    except RecursionError:
        raise HTTPException(422, "nested too deep") from None


def described(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """For `openapi_extra`: an endpoint that takes this struct, with a token."""
    return BEARER | {"requestBody": {"required": True, **_of(kind.__name__)}}


def answered(what: str, schema: str) -> dict[str, Any]:
    """For one of `responses`: a struct as JSON, by its name in the document."""
    return {"description": what, **_of(schema)}


def route(
    router: APIRouter,
    path: str,
    schema: str,
    summary: str,
    *,
    post: bool = False,
    takes: type[msgspec.Struct] | None = None,
) -> Callable[[Any], Any]:
    """An endpoint about something that has its offices; with `post` or a body that it `takes` it changes something."""
    post = post or takes is not None
    responses: dict[int | str, dict[str, Any]] = {200: answered(summary, schema)}
    responses[404] = {"description": "Not there, or not yours to see", **REFUSED}
    if post:
        responses[409] = {"description": "Not now: the answer says why", **REFUSED}
    extra = described(takes) if takes else BEARER
    add = router.post if post else router.get
    return add(path, response_class=Response, responses=responses, openapi_extra=extra, summary=summary)


def _of(schema: str) -> dict[str, Any]:
    return {"content": {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
