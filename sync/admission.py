"""How a terminal becomes known: a request it makes, an admission it gets. Two small JSON files, no secret in clear.

terminal                                aggregator
makes three keys in place
Request: id, certificate request,  ──▶  checks that id, CSR and record-key signature agree, signs the certificate,
         public keys, signature          remembers the public keys
Admission: certificate, CA, server ◀──  and answers; the look-up key is sealed to the terminal's seal key
         keys, broker, look-up key
"""

import json
import re
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, TypeVar

from sync import WireError
from sync.topics import check_terminal

T = TypeVar("T", "Request", "Admission")
_MAX_BYTES = 32 * 1024
NOTHING = "nothing"
_FOLLOWS = re.compile("([0-9a-f]{16}):([0-9]{1,18}):([0-9a-f]{64})")
_MARK = re.compile(f"[0-9a-f]{{64}}|{NOTHING}")
_OFFICES = re.compile(f"/([a-z0-9-]{{1,32}}/){{1,32}}|{NOTHING}")


@dataclass(frozen=True, slots=True)
class Request:
    """`csr` is PEM; keys are raw public keys in hex; `proof` is the record key's signature over the rest, in hex
    (sync.request)."""

    terminal: str
    csr: str
    record_key: str
    seal_key: str
    proof: str


@dataclass(frozen=True, slots=True)
class Admission:
    """`certificate` and `ca` are PEM, keys raw public keys in hex; `lookup_key` is sealed to the terminal, in hex;
    `charter` is the number of the charter that states these keys (sync.charter), 0 before the first; `follows` is what
    the server holds of the terminal's log before this one (`follows_text`), where the unit took another's place;
    `releases` the SHA-256 of the root that signed releases begin with (docs/updates.md), in hex, where there is one;
    `offices` the codes of its office and those above it, as "/hr/hr-12/", where it was admitted for one."""

    terminal: str
    certificate: str
    ca: str
    server_key: str
    template_key: str
    lookup_key: str
    broker_host: str
    broker_port: int
    charter: int
    follows: str = NOTHING
    releases: str = NOTHING
    offices: str = NOTHING


def follows_text(log: bytes, seq: int, head: bytes) -> str:
    return f"{log.hex()}:{seq}:{head.hex()}"


def followed(text: str) -> tuple[bytes, int, bytes] | None:
    """(log, last seq held, its head) of the log that a new one follows; None for NOTHING. Raises WireError."""
    if text == NOTHING:
        return None
    found = _FOLLOWS.fullmatch(text)
    if found is None:
        raise WireError("admission: follows must be a log, a number and a head")
    return bytes.fromhex(found[1]), int(found[2]), bytes.fromhex(found[3])


def lookup_binding(terminal: str) -> bytes:
    """What the sealed look-up key of a terminal is bound to."""
    return b"hazri lookup key 1\0" + terminal.encode()


def to_json(message: Request | Admission) -> str:
    return json.dumps(asdict(message), indent=1) + "\n"


def parse(kind: type[T], data: str | bytes) -> T:
    """Read a Request or an Admission; what an earlier release did not write yet has its default. Raises WireError
    naming the field that is missing, unknown or of another type."""
    what = kind.__name__.lower()
    if len(data) > _MAX_BYTES:
        raise WireError(f"{what}: {len(data)} bytes, more than the {_MAX_BYTES} it may have")
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError(f"{what}: not JSON ({error})") from None
    wanted = kind.__annotations__
    needed = {field.name for field in fields(kind) if field.default is MISSING}
    if not isinstance(found, dict) or not needed <= set(found) <= set(wanted):
        names = sorted(found) if isinstance(found, dict) else type(found).__name__
        raise WireError(f"{what}: expected exactly the fields {', '.join(wanted)}; found {names}")
    for name, value in found.items():
        if type(value) is not wanted[name]:
            raise WireError(f"{what}: {name} must be of type {wanted[name].__name__}")
        if isinstance(value, str) and (not value.isascii() or not value):
            raise WireError(f"{what}: {name} must be plain text and not empty")
    if not 1 <= found.get("broker_port", 1) <= 65535:
        raise WireError(f"{what}: broker_port must be 1 to 65535")
    if found.get("charter", 0) < 0:
        raise WireError(f"{what}: charter must not be negative")
    check_terminal(found["terminal"])
    followed(found.get("follows", NOTHING))
    if not _MARK.fullmatch(found.get("releases", NOTHING)):
        raise WireError(f"{what}: releases must be a sum of 64 hex digits")
    if not _OFFICES.fullmatch(found.get("offices", NOTHING)):
        raise WireError(f"{what}: offices must be a path of codes, as /hr/hr-12/")
    return kind(**found)
