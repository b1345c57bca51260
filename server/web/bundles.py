"""Where anybody may hand in what they carried from a terminal without a network: an endpoint, and a page with a form.

Nobody logs in: what is in a bundle is sealed to this server and signed by the terminal, record by record, so whoever
carries it can neither read it nor add to it, and twice is as good as once. The answer is the file of receipts that the
same hand may carry back.
"""

import tempfile
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from server.access.gate import everybody
from server.carried import CarriedError
from server.web import words_bundles
from server.web.around import LARGE_BODIES
from server.web.pages import language, page
from server.web.services import Services

router = APIRouter()

PATH = "/api/v1/bundles"
MAX_BYTES = 16 * 1024 * 1024
MAX_FILES = 128
LARGE_BODIES[PATH] = MAX_BYTES
_PIECE = 64 * 1024
_TEXT = b"HAZRI:"
_OPEN = everybody("what is carried is sealed and signed, and whoever carries it has no account")


@router.get("/carried", include_in_schema=False, dependencies=[_OPEN])
def form(request: Request) -> Response:
    return page(request, "carried.html", c=words_bundles.LANGUAGES[language(request).code])


@router.post(
    PATH,
    response_class=Response,
    responses={
        200: {"description": "Receipts to carry back", "content": {"application/octet-stream": {}}},
        413: {"description": "More than 16 MB"},
        422: {"description": "Not a bundle, or not all of one"},
        503: {"description": "Somebody else is handing in"},
    },
    summary="Hand in bundles of a terminal without a network",
    dependencies=[_OPEN],
)
async def hand_in(request: Request) -> Response:
    """One part as the body, or any number as files of a form. Harmless twice."""
    services: Services = request.app.state.services
    if services.hatch is None:
        raise HTTPException(503, "this server takes nothing in by hand now", {"retry-after": "60"})
    with tempfile.TemporaryDirectory(prefix="hazri-carried-") as folder:
        files = await _files(request, Path(folder))
        try:
            taken = await run_in_threadpool(services.hatch.take, files)
        except CarriedError:
            raise HTTPException(
                422, "a file that is no part of a bundle, or parts that contradict each other"
            ) from None
    if taken is None:
        raise HTTPException(503, "somebody else is handing in just now; try again", {"retry-after": "5"})
    if not taken.receipts:
        raise HTTPException(422, "; ".join(taken.notes) or "nothing in it that could be taken")
    headers = {
        "content-disposition": 'attachment; filename="receipts.hazri-receipts"',
        "x-hazri-taken": ", ".join(line for line in taken.lines() if line not in taken.notes),
    }
    return Response(taken.answer, media_type="application/octet-stream", headers=headers)


async def _files(request: Request, folder: Path) -> list[Path]:
    """What was sent, on disk: memory is for a piece at a time."""
    found: list[Path] = []
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        found.append(folder / "0")
        with found[0].open("wb") as out:
            async for piece in request.stream():
                out.write(piece)
    else:
        async with request.form(max_files=MAX_FILES, max_fields=8) as sent:
            for _, one in sent.multi_items():
                if isinstance(one, UploadFile):
                    found.append(folder / str(len(found)))
                    with found[-1].open("wb") as out:
                        while piece := await one.read(_PIECE):
                            out.write(piece)
    return [_named(path) for path in found]


def _named(path: Path) -> Path:
    """Texts of QR codes are known by their beginning, whatever the file was called."""
    with path.open("rb") as opened:
        suffix = ".txt" if opened.read(len(_TEXT)) == _TEXT else ".hazri"
    return path.rename(path.with_suffix(suffix))
