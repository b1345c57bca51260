"""`hazri-edge claim`: a blank machine asks to be let in, and waits until somebody has decided (sync.claim).

TLS, where the address has it, hides the line and is not what is believed: the server is known by the fingerprint in
the technician's file, so a wrong clock, an expired certificate or a login page in between neither stops nor fools it.
"""

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge import SetupError
from edge.image.dropin import DropIn
from edge.trust import provision
from sync import ChainError, SyncError
from sync.admission import Admission, Request
from sync.admission import parse as parse_request
from sync.claim import (
    Claim,
    ClaimState,
    ServerWord,
    Verdict,
    parse_token,
    parse_verdict,
    parse_word,
    seal_claim,
)
from sync.reasons import WORDS, Reason, Why, of_error

_WAIT_S = 20  # the server holds its answer back so long
_TIMEOUT_S = 45.0
_FIRST_PAUSE_S, _PAUSE_MAX_S = 2.0, 60.0
_MAX_ANSWER = 64 * 1024
_SERIALS = (Path("/proc/device-tree/serial-number"), Path("/sys/class/dmi/id/product_serial"))


class Step(StrEnum):
    """What the machine waits for."""

    NETWORK = "network"  # `why` says what is wrong, in a line (S15)
    APPROVAL = "approval"
    ADMITTED = "admitted"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a claim stands, for whoever stands before the machine."""

    step: Step
    terminal: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """`tell` hears each change; `sleep` waits; after `limit_s` it is given up (None: never)."""

    tell: Callable[[Waiting], None]
    sleep: Callable[[float], None] = time.sleep
    limit_s: float | None = None
    now_s: Callable[[], float] = time.monotonic


def claim(state_dir: Path, dropin: DropIn, patience: Patience) -> Admission:
    """Make the keys, ask, wait, and keep the admission. May be cut off anywhere and done again.

    Raises SetupError where the server refuses, or is another one, and when patience ends.
    """
    if not dropin.token:
        raise SetupError("hazri.toml: its token was used already; have another one made")
    request = parse_request(Request, provision.make(state_dir, dropin.terminal))
    asked = Claim(parse_token(dropin.token), request, hardware_serial())
    began_s, pause_s = patience.now_s(), _FIRST_PAUSE_S
    last: Waiting | None = None
    while True:
        try:
            verdict = ask(dropin, asked, _WAIT_S if last and last.step is Step.APPROVAL else 0)
            waiting, pause_s = Waiting(Step.APPROVAL, dropin.terminal), _FIRST_PAUSE_S
        except OSError as error:
            verdict, waiting = None, Waiting(Step.NETWORK, dropin.terminal, str(_why(error)))
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)
        if verdict is not None and verdict.state is ClaimState.REFUSED:
            raise SetupError(f"the server refuses: {verdict.why}")
        if verdict is not None and verdict.state is ClaimState.ADMITTED:
            admission = provision.accept(state_dir, verdict.admission.encode())
            patience.tell(Waiting(Step.ADMITTED, dropin.terminal))
            return admission
        if waiting != last:
            patience.tell(waiting)
            last = waiting
        if patience.limit_s is not None and patience.now_s() - began_s > patience.limit_s:
            raise SetupError(f"not admitted yet: {waiting.why or 'nobody has decided'}; run it again later")
        patience.sleep(pause_s)


def ask(dropin: DropIn, asked: Claim, wait_s: int = 0) -> Verdict:
    """Once; the server may hold its answer back so long. Raises OSError where the server is not reached, SetupError
    where another one answers."""
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=_sealed_anyway()))
    base = dropin.server.rstrip("/")
    try:
        word = _word(opener, base, dropin.fingerprint)
        sealed = seal_claim(word, asked)
        answer = _fetch(opener, f"{base}/api/v1/claims?wait_s={wait_s}", sealed)
        return parse_verdict(word, sealed, answer)
    except ChainError as error:
        raise SetupError(str(error)) from None
    except SyncError:
        raise ConnectionError(WORDS[Reason.STRANGER].en) from None


def greet(dropin: DropIn) -> Why:
    """Does the server of the file answer, and is it that one? Never raises."""
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=_sealed_anyway()))
    try:
        _word(opener, dropin.server.rstrip("/"), dropin.fingerprint)
    except SyncError as error:
        return Why(Reason.STRANGER, str(error))
    except OSError as error:
        return _reason(error)
    return Why(Reason.CONNECTED)


def hardware_serial() -> str:
    """What the board says its number is; empty where it says none."""
    for path in _SERIALS:
        try:
            said = path.read_text("ascii", "replace").strip("\0 \n")
        except OSError:
            continue
        plain = "".join(c for c in said if c.isascii() and c.isprintable())[:64]
        if plain:
            return plain
    return ""


def _word(opener: urllib.request.OpenerDirector, base: str, fingerprint: str) -> ServerWord:
    return parse_word(_fetch(opener, f"{base}/api/v1/claims/server", None), fingerprint)


def _fetch(opener: urllib.request.OpenerDirector, url: str, body: bytes | None) -> bytes:
    """Raises OSError."""
    headers = {"content-type": "application/octet-stream"} if body is not None else {}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - edge.image.dropin lets http and https through alone
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as response:
            return bytes(response.read(_MAX_ANSWER))
    except urllib.error.HTTPError as error:
        if error.code in (429, 503):
            raise BlockingIOError(WORDS[Reason.BUSY].en) from None
        raise ConnectionError(f"the server answers {error.code}") from None
    except http.client.HTTPException as error:
        raise ConnectionError(f"no answer of a web server ({type(error).__name__})") from None


def _why(error: OSError) -> str:
    """In one line (S15)."""
    why = _reason(error)
    return why.detail if why.reason is Reason.FAILED else str(why)


def _reason(error: OSError) -> Why:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, OSError) and (cause.errno is not None or isinstance(cause, TimeoutError)):
        return of_error(cause)
    return Why(Reason.FAILED, str(cause))


def _sealed_anyway() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # see the top of this file
    return context


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A login page leads elsewhere; the server does not."""

    def redirect_request(self, *_: Any) -> None:
        raise ConnectionError(WORDS[Reason.PORTAL].en)
