"""One POST to an address that somebody typed in: never to a machine inside, unless that was said to be meant (SSRF).

The name is looked up once, every address it has must be a public one, and the connection goes to the address that was
looked at: a name that answers differently the second time (DNS rebinding) gains nothing. Redirects are not followed.
"""

import ipaddress
import socket
from typing import IO

import httpx

from server import HookError

_TIMEOUT_S = 10.0
_MAX_URL = 2000


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """Not delivered, and why."""


def check_url(url: str) -> httpx.URL:
    """Raises HookError for what can never be sent to."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise HookError(f"url: {error}") from None
    host = parsed.host if "%" not in parsed.host else ""  # what no host may hold was put there in hexadecimal
    if parsed.scheme not in ("http", "https") or not host or parsed.userinfo or len(url) > _MAX_URL:
        raise HookError("url: expected http://… or https://…, without a name and password in it")
    return parsed


def post(url: str, body: IO[bytes], headers: dict[str, str], *, private: bool) -> None:
    """Raises Refused unless the other side answered 2xx."""
    try:
        parsed = check_url(url)
        address = _address(parsed, private=private)
        told = {"content-type": "application/json", "host": parsed.netloc.decode(), **headers}
        sni = {"sni_hostname": parsed.host} if parsed.scheme == "https" else {}
        with (
            httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", parsed.copy_with(host=address), content=body, headers=told, extensions=sni) as answer,
        ):
            status = answer.status_code  # whatever it says besides is not read
    except HookError as error:
        raise Refused(str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise Refused(f"{type(error).__name__}: {error}"[:200]) from None
    if not 200 <= status < 300:
        raise Refused(f"answered {status}")


def _address(url: httpx.URL, *, private: bool) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused(f"{url.host}: no such name") from None
    addresses = [str(one[4][0]) for one in found]
    if not private and not all(_public(one) for one in addresses):
        raise Refused(f"{url.host}: is an address inside; `--private` allows it")
    return addresses[0]


def _public(address: str) -> bool:
    one = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(one, "ipv4_mapped", None) or one
    return bool(mapped.is_global) and not mapped.is_multicast
