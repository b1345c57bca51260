"""What terminals fetch of releases, read-only and in ranges. Signatures protect it, so it is open to all.

Files with a sum in their name never change and may be kept by whatever lies between; the others say what is newest.
"""

import re

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from server.access.gate import everybody
from server.web.services import Services

router = APIRouter(
    dependencies=[everybody("software is signed, not secret; terminals fetch it before anything else works")],
    include_in_schema=False,
)

_PATH = re.compile(r"(metadata/[a-z0-9.-]{1,64}\.json|targets/(releases|wheels)/[A-Za-z0-9.-]{1,128})")
_LASTING = re.compile(r"targets/wheels/|metadata/[0-9]")


@router.get("/releases/{path:path}")
async def file(request: Request, path: str) -> FileResponse:
    """One file of the repository; `Range` gives a part of it."""
    services: Services = request.app.state.services
    if services.releases is None or not _PATH.fullmatch(path) or ".." in path:
        raise HTTPException(404, "there is no such file")
    found = services.releases / "public" / path
    if not await run_in_threadpool(found.is_file):
        raise HTTPException(404, "there is no such file")
    kept = "public, max-age=31536000, immutable" if _LASTING.match(path) else "no-cache"
    return FileResponse(found, media_type="application/octet-stream", headers={"cache-control": kept})
