"""The registered device's language: XML over HTTP with verbs of its own. No I/O.

UIDAI, "Aadhaar Registered Devices Technical Specification", version 2.0 revision 6 (October 2019):

    RDSERVICE  <port's root>     <RDService status="READY|NOTREADY|USED" info="…"> with the paths of the other two
    DEVICEINFO <its path>        <DeviceInfo dpId rdsId rdsVer dc mi mc>
    CAPTURE    <its path>        <PidOptions> → <PidData> with Resp, DeviceInfo, Skey, Hmac, Data

Paths differ between vendors, and some put host and port into them; what the service says is used, less the host.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn
from urllib.parse import urlsplit
from xml.parsers import expat

from drivers import ProtocolError

PORTS = range(11100, 11121)
MAX_XML_BYTES = 1024 * 1024
MAX_NODES = 512
MAX_DEPTH = 16


class Status(StrEnum):
    READY = "READY"
    NOT_READY = "NOTREADY"
    USED = "USED"


@dataclass(frozen=True, slots=True)
class Service:
    """What a port answered: how the service is, in its own words too, and where the other two verbs go."""

    status: Status
    words: str
    info_path: str
    capture_path: str


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """Provider, service, version, device code, model; "" for what the service did not say. The certificate is left."""

    provider: str
    service: str
    version: str
    code: str
    model: str
    serial: str


@dataclass(frozen=True, slots=True)
class Response:
    """What CAPTURE says in the clear: code 0 is a capture; minutiae and quality (0 to 100) of the first finger."""

    code: int
    words: str
    fingers: int
    points: int
    quality: int


@dataclass(frozen=True, slots=True)
class SealedPid:
    """A capture that only UIDAI can open: the session key is for UIDAI's public key, and the data for that session key.

    `xml` is the answer byte for byte, for the server of a licensed AUA, at once. It is neither shown nor pickled, so
    that it gets into no log and no file by mistake.
    """

    response: Response
    device: DeviceInfo
    xml: bytes = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealed PID is handed on, not kept")


class Outcome(StrEnum):
    """What a code of CAPTURE asks for."""

    DONE = "done"
    NOBODY = "nobody"  # nobody came in time
    AGAIN = "again"  # the person should try again
    WAIT = "wait"  # the service is not there yet: ask again in a moment
    GONE = "gone"  # the device is away or held by somebody else
    WRONG = "wrong"  # our fault or an unknown code


# Specification, appendix of error codes; −1509 is Mantra's "still checking the device's status".
_OUTCOMES = {0: Outcome.DONE, 700: Outcome.NOBODY, 730: Outcome.AGAIN, -1509: Outcome.WAIT, 720: Outcome.WAIT}
_OUTCOMES |= {710: Outcome.GONE, 740: Outcome.GONE}


def outcome(code: int) -> Outcome:
    return _OUTCOMES.get(code, Outcome.WRONG)


@dataclass(slots=True)
class Node:
    """One element: its attributes, its text, the elements in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def all(self, name: str) -> Iterator["Node"]:
        """Itself and all below it of this name."""
        if self.name == name:
            yield self
        for child in self.children:
            yield from child.all(name)


def parse(data: bytes) -> Node:
    """A small document. Raises ProtocolError for what is not XML, too much of it, or has a document type in it.

    Without a document type there are no entities of one's own, hence nothing that grows or reads files.
    """
    if len(data) > MAX_XML_BYTES:
        raise ProtocolError(f"an answer of more than {MAX_XML_BYTES} bytes")
    parser = expat.ParserCreate()
    top = Node("", {})
    open_nodes = [top]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MAX_NODES or len(open_nodes) > MAX_DEPTH:
            raise ProtocolError("an answer with more elements than there are")
        node = Node(name.rpartition(":")[2], attributes)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(_name: str) -> None:
        node = open_nodes.pop()
        node.text = "".join(texts.pop(id(node), ()))

    def text(piece: str) -> None:
        texts.setdefault(id(open_nodes[-1]), []).append(piece)

    def refuse(*_: object) -> None:
        raise ProtocolError("an answer with a document type in it")

    texts: dict[int, list[str]] = {}
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise ProtocolError("an answer that is not XML") from None
    return top.children[0]


def service(data: bytes) -> Service:
    """The answer to RDSERVICE. Raises ProtocolError."""
    top = parse(data)
    if top.name != "RDService":
        raise ProtocolError(f"expected RDService, not {_clean(top.name)!r}")
    status = top.attributes.get("status", "").upper()
    if status not in list(Status):
        raise ProtocolError(f"RDService: a status {_clean(status)!r}")
    paths = {node.attributes.get("id", "").upper(): node.attributes.get("path", "") for node in top.all("Interface")}
    return Service(
        Status(status),
        _clean(top.attributes.get("info", "")),
        _path(paths.get("DEVICEINFO", "")),
        _path(paths.get("CAPTURE", "")),
    )


def device(data: bytes) -> DeviceInfo:
    """The answer to DEVICEINFO. Raises ProtocolError."""
    return _device(parse(data))


def captured(data: bytes) -> SealedPid | Response:
    """The answer to CAPTURE: sealed data when it worked, else what went wrong. Raises ProtocolError."""
    top = parse(data)
    response = next(top.all("Resp"), None)
    if top.name != "PidData" or response is None:
        raise ProtocolError(f"expected PidData with a Resp, not {_clean(top.name)!r}")
    said = response.attributes
    found = Response(
        _number(said.get("errCode", "")),
        _clean(said.get("errInfo", "")),
        _first(said.get("fCount", "")),
        _first(said.get("nmPoints", "")),
        min(100, _first(said.get("qScore", ""))),
    )
    if found.code != 0:
        return found
    for part in ("Skey", "Hmac", "Data"):
        if not any(node.text.strip() for node in top.all(part)):
            raise ProtocolError(f"a capture without its {part}")
    return SealedPid(found, _device(top), data)


def options(timeout_ms: int, *, environment: str, wadh: str = "") -> bytes:
    """What CAPTURE is asked for: one finger, any, as minutiae (FMR, type 0) in XML. Environment: P, PP or S."""
    if not re.fullmatch(r"[A-Za-z0-9+/=]*", wadh):
        raise ProtocolError("wadh: expected base64")
    return (
        '<?xml version="1.0"?><PidOptions ver="1.0">'
        '<Opts fCount="1" fType="0" iCount="0" pCount="0" format="0" pidVer="2.0" '
        f'timeout="{timeout_ms}" posh="UNKNOWN" env="{environment}" wadh="{wadh}" otp=""/>'
        "<CustOpts/></PidOptions>"
    ).encode()


def _device(top: Node) -> DeviceInfo:
    node = next(top.all("DeviceInfo"), None)
    if node is None:
        raise ProtocolError(f"expected DeviceInfo, not {_clean(top.name)!r}")
    more = {p.attributes.get("name", "").lower(): p.attributes.get("value", "") for p in node.all("Param")}
    provider, service, version, code, model = (
        _clean(node.attributes.get(name, "")) for name in ("dpId", "rdsId", "rdsVer", "dc", "mi")
    )
    return DeviceInfo(provider, service, version, code, model, _clean(more.get("srno", "")))


def _path(given: str) -> str:
    """A path on the same service; a host in it, with or without a scheme, is left away."""
    given = given.strip()
    if "://" in given:
        given = urlsplit(given).path
    given = re.sub(r"^/?(127\.0\.0\.1|localhost)(:\d{1,5})?(?=/)", "", given)
    if not re.fullmatch(r"/[A-Za-z0-9/._~%-]{0,200}", given):
        raise ProtocolError("RDService: a path that is none")
    return given


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", text.strip(), re.ASCII):
        raise ProtocolError("Resp: an errCode that is no number")
    return int(text)


def _first(text: str) -> int:
    """The first of numbers between commas, 0 for none: quality is told finger by finger."""
    head = text.split(",")[0].strip()
    return int(head) if re.fullmatch(r"\d{1,6}", head, re.ASCII) else 0


def _clean(text: str) -> str:
    """For a log line: short and printable."""
    return "".join(c if c.isprintable() else " " for c in text[:120]).strip()
