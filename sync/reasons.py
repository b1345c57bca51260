"""Why the link is as it is, in one word for programs and one line for the technician who stands before it (S15).

What must stay true here: a login page is told from the server by what it cannot sign, never by HTTP 200 (S4); and a
wrong clock is told from a wrong server, because only one of them is mended with a screwdriver.
"""

import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    STARTING = "starting"
    GREETING = "greeting"
    CONNECTED = "connected"
    CLOSED = "closed"
    NO_NETWORK = "no_network"
    NO_NAME = "no_name"
    REFUSED = "refused"
    SILENT = "silent"
    CLOCK = "clock"
    STRANGER = "stranger"
    PORTAL = "portal"
    NOT_ADMITTED = "not_admitted"
    BUSY = "busy"
    LOST = "lost"
    FAILED = "failed"


class Words(NamedTuple):
    en: str
    hi: str


WORDS = {
    Reason.STARTING: Words("not connected yet", "अभी जुड़ा नहीं"),
    Reason.GREETING: Words("line open, waiting for the server's answer", "लाइन खुली, सर्वर के उत्तर की प्रतीक्षा"),
    Reason.CONNECTED: Words("connected", "जुड़ा हुआ"),
    Reason.CLOSED: Words("closed here", "यहीं से बंद किया गया"),
    Reason.NO_NETWORK: Words("no network: check cable, Wi-Fi or SIM", "नेटवर्क नहीं: केबल, वाई-फ़ाई या सिम देखें"),
    Reason.NO_NAME: Words("the server's name is not found: check DNS", "सर्वर का नाम नहीं मिला: DNS देखें"),
    Reason.REFUSED: Words("the machine refuses: is the server running?", "सर्वर मशीन मना करती है: क्या सर्वर चालू है?"),
    Reason.SILENT: Words("no answer in time: weak line, or a firewall", "समय पर उत्तर नहीं: कमज़ोर लाइन या फ़ायरवॉल"),
    Reason.CLOCK: Words(
        "certificate not valid at this hour: check the clock, then the server's certificate",
        "प्रमाणपत्र इस समय मान्य नहीं: घड़ी देखें, फिर सर्वर का प्रमाणपत्र",
    ),
    Reason.STRANGER: Words(
        "another server answers: a login page, or a wrong address", "कोई और सर्वर उत्तर देता है: लॉगिन पेज या ग़लत पता"
    ),
    Reason.PORTAL: Words("a login page stands before the network", "नेटवर्क के आगे लॉगिन पेज है"),
    Reason.NOT_ADMITTED: Words("this terminal is not admitted, or was revoked", "यह टर्मिनल स्वीकृत नहीं, या हटाया गया"),
    Reason.BUSY: Words("the server is busy and asks to wait", "सर्वर व्यस्त है, प्रतीक्षा करें"),
    Reason.LOST: Words("the connection was lost", "संपर्क टूट गया"),
    Reason.FAILED: Words("the connection failed", "संपर्क विफल"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, and what the machine said of it; empty where it said nothing more."""

    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        words = WORDS[self.reason].en
        return f"{words} ({self.detail})" if self.detail else words


# What TLS says of the other side's certificate (OpenSSL, x509_vfy.h).
_NOT_YET_VALID, _EXPIRED = 9, 10
# What was read where a TLS record should begin: somebody speaks plain text.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG")
# Alerts by which the broker says that it does not know us (RFC 8446, section 6.2, in OpenSSL's words).
_NOT_KNOWN = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
# MQTT 3.1.1, section 3.2.2.3.
_CONNACK = {2: Reason.NOT_ADMITTED, 3: Reason.BUSY, 4: Reason.NOT_ADMITTED, 5: Reason.NOT_ADMITTED}


def of_error(error: Exception) -> Why:
    """The cause behind what the operating system or TLS raised."""
    match error:
        case ssl.SSLCertVerificationError():
            by_clock = error.verify_code in (_NOT_YET_VALID, _EXPIRED)
            return Why(Reason.CLOCK if by_clock else Reason.STRANGER, error.verify_message)
        case ssl.SSLEOFError():
            return Why(Reason.LOST, "while TLS was being agreed")
        case ssl.SSLError():
            return _of_tls(error.reason or "")
        case socket.gaierror():
            return Why(Reason.NO_NAME, error.strerror or "")
        case ConnectionRefusedError():
            return Why(Reason.REFUSED)
        case TimeoutError():
            return Why(Reason.SILENT)
        case ConnectionError():
            return Why(Reason.LOST, error.strerror or "")
        case OSError():  # unreachable, no route, no address: whatever the kernel cannot send over
            return Why(Reason.NO_NETWORK, error.strerror or str(error))
    return Why(Reason.FAILED, str(error))


def of_connack(code: int, words: str) -> Why:
    """Why the broker did not take us, by the return code of MQTT 3.1.1."""
    return Why(_CONNACK.get(code, Reason.FAILED), words)


def _of_tls(said: str) -> Why:
    if said in _NOT_TLS:
        return Why(Reason.PORTAL, "the answer is no TLS")
    if "ALERT" in said and any(word in said for word in _NOT_KNOWN):
        return Why(Reason.NOT_ADMITTED, said.lower().replace("_", " "))
    return Why(Reason.FAILED, f"TLS: {said.lower().replace('_', ' ') or 'no reason given'}")
