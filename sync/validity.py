"""Certificates' dates, judged by a time that can be believed (S15).

A terminal without a battery wakes in 1970, where every certificate lies in the future; were it to judge them by that
clock, it would never reach the server that could tell it the time. So TLS checks everything but the dates: who signed
the broker's certificate (the one authority of the admission, and no other) and what name it bears. The dates are
judged as soon as the server has said, signed, what time it is in this boot: at once, where it has said so before.
"""

import datetime as dt
import ssl
from typing import Any

NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME (OpenSSL, x509_vfy.h); the ssl module has no name for it


def leave_dates(context: ssl.SSLContext) -> None:
    """Let this context take certificates of any date; `wrong_dates` judges them later."""
    context.verify_flags |= NO_CHECK_TIME


def wrong_dates(line: ssl.SSLSocket, true_s: float) -> str:
    """What is wrong with the dates of the other side's certificate, or of the authority's, at `true_s` (Unix time in
    seconds); empty where nothing is. A line that is closed already has none."""
    try:
        peer: Any = line.getpeercert()
    except (OSError, ValueError, AttributeError):  # the last: closed by another thread in this very moment
        return ""
    for whose, certificate in (
        ("the broker's", peer),
        *(("the authority's", ca) for ca in line.context.get_ca_certs()),
    ):
        if wrong := _wrong(certificate, true_s):
            return f"{whose} certificate {wrong}"
    return ""


def _wrong(certificate: Any, true_s: float) -> str:
    begins_s, ends_s = (ssl.cert_time_to_seconds(certificate[name]) for name in ("notBefore", "notAfter"))
    if true_s > ends_s:
        return f"expired on {_day(ends_s)}"
    return f"is valid from {_day(begins_s)} on" if true_s < begins_s else ""


def _day(unix_s: float) -> str:
    return dt.datetime.fromtimestamp(unix_s, dt.UTC).date().isoformat()
