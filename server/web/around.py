"""What lies around every request: how much it may bring, and the trail of what it read or changed."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.access.trail import Recorder
from server.web import pages

MAX_BODY = 256 * 1024
LARGE_BODIES: dict[str, int] = {}  # by the beginning of the path: where files are sent to
_STREAMS = (b"text/event-stream", b"application/x-ndjson")


class Bounded:
    """Refuses a body larger than a form is: by what it says of itself, and by what comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = max((n for path, n in LARGE_BODIES.items() if scope["path"].startswith(path)), default=MAX_BODY)
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or len(said) > 15 or int(said) > most:
            await _too_large(scope, receive, send, most)
            return
        came, started = 0, False

        async def receive_some() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise _TooLarge
            return message

        async def send_on(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive_some, send_on)
        except _TooLarge:
            if not started:
                await _too_large(scope, receive, send, most)


class _TooLarge(Exception):  # noqa: N818 - a way out, not an error
    pass


async def _too_large(scope: Scope, receive: Receive, send: Send, most: int) -> None:
    """In the words of a page, or of the API."""
    text, headers = "more than {most} bytes were sent", {"connection": "close"}
    answer = pages.refusal(Request(scope), 413, text, headers, most=str(most))
    await answer(scope, receive, send)


class Recorded:
    """Puts what the gate noted on the trail, with the status it was answered by; written down after the answer."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start" and self._note(scope, message["status"]):
                kind = dict(message.get("headers", [])).get(b"content-type", b"")
                if kind.startswith(_STREAMS):  # it may last: write down at once that it began
                    await run_in_threadpool(self._recorder.flush)
            await send(message)

        await self._app(scope, receive, send_and_note)
        if self._recorder.waiting:
            await run_in_threadpool(self._recorder.flush)

    def _note(self, scope: Scope, status: int) -> bool:
        entry, always = scope.get("state", {}).get("entry", (None, False))
        if entry is None or not (always or status in (401, 403)):
            return False
        self._recorder.take(entry.with_result(str(status)))
        return True
