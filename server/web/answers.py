"""How the API sends long lists: as a page of JSON, or as NDJSON that goes on to the end; compressed where that is
asked for; and not at all where nothing is new (ETag, RFC 9110, section 8.8.3).
"""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

JSON, NDJSON = "application/json", "application/x-ndjson"
SLICE = 2000  # entries that a stream reads at once: a transaction, and a second of memory at most
_ENOUGH_BYTES = 1000  # less is not worth compressing
_PART_CHARS = 65_536  # sent at once of what is written while it is read


def wants_stream(request: Request) -> bool:
    return NDJSON in request.headers.get("accept", "")


def etag(request: Request, newest: object, *seen_by: object) -> str:
    """The same only where the same would be answered: the question, who asks, and the end of the ledger."""
    asked = f"{request.url.path}?{request.url.query} {wants_stream(request)} {seen_by}"
    return f'"{newest}-{zlib.crc32(asked.encode("utf-8", "surrogatepass")):08x}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """304 for whoever has this answer already."""
    held = request.headers.get("if-none-match", "")
    if tag not in [one.strip().removeprefix("W/") for one in held.split(",")]:
        return None
    return Response(status_code=304, headers={"etag": tag})


def page(request: Request, body: bytes, tag: str = "") -> Response:
    headers = _headers(request, tag)
    if len(body) < _ENOUGH_BYTES:
        headers.pop("content-encoding", None)
    if "content-encoding" in headers:
        body = b"".join(_gzip([body]))
    return Response(body, media_type=JSON, headers=headers)


def page_of(request: Request, pieces: Iterator[str], tag: str = "") -> Response:
    """`page` of a body for which there may be no room: the pieces are read as the other side takes them."""
    parts = _parts(pieces)
    first, second = next(parts, b""), next(parts, None)
    if second is None:
        return page(request, first, tag)
    return _streamed(request, chain([first, second], parts), JSON, tag)


def stream(request: Request, pieces: Iterator[str], tag: str = "") -> Response:
    """Lines; the pieces, which end where they like, are read as the other side takes them."""
    return _streamed(request, _parts(pieces), NDJSON, tag)


def _streamed(request: Request, parts: Iterable[bytes], media_type: str, tag: str) -> Response:
    headers = _headers(request, tag)
    if "content-encoding" in headers:
        parts = _gzip(parts)
    return StreamingResponse(parts, media_type=media_type, headers=headers)


def _parts(pieces: Iterable[str]) -> Iterator[bytes]:
    """None empty, and none but the last small."""
    held: list[str] = []
    chars = 0
    for piece in pieces:
        held.append(piece)
        chars += len(piece)
        if chars >= _PART_CHARS:
            yield "".join(held).encode()
            held, chars = [], 0
    if chars:
        yield "".join(held).encode()


def _headers(request: Request, tag: str) -> dict[str, str]:
    headers = {"vary": "accept, accept-encoding, authorization"} | ({"etag": tag} if tag else {})
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    return headers


def _gzip(parts: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # the quickest: six to one, since most of a line is its names
    for part in parts:
        if packed := packer.compress(part):
            yield packed
    yield packer.flush()
