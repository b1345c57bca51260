"""One reason for each cause, and one line in both languages (S15). The real causes are tried in tests/contract."""

import errno
import socket
import ssl

import pytest

from sync.reasons import WORDS, Reason, Why, of_connack, of_error


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


def certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "said OpenSSL"
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (certificate(9), Reason.CLOCK),
        (certificate(10), Reason.CLOCK),
        (certificate(20), Reason.STRANGER),
        (certificate(62), Reason.STRANGER),
        (tls("WRONG_VERSION_NUMBER"), Reason.PORTAL),
        (tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), Reason.NOT_ADMITTED),
        (tls("SSLV3_ALERT_CERTIFICATE_REVOKED"), Reason.NOT_ADMITTED),
        (tls("TLSV1_ALERT_INTERNAL_ERROR"), Reason.FAILED),
        (tls(""), Reason.FAILED),
        (ssl.SSLEOFError(8, "EOF occurred"), Reason.LOST),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Reason.NO_NAME),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Reason.REFUSED),
        (TimeoutError("timed out"), Reason.SILENT),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Reason.LOST),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Reason.NO_NETWORK),
        (OSError("the name has no address"), Reason.NO_NETWORK),
        (ValueError("odd"), Reason.FAILED),
    ],
)
def test_each_cause_has_its_reason(error: Exception, reason: Reason) -> None:
    assert of_error(error).reason is reason


def test_return_codes_of_brokers() -> None:
    found = {code: of_connack(code, "").reason for code in range(1, 7)}
    assert found == {
        1: Reason.FAILED,
        2: Reason.NOT_ADMITTED,
        3: Reason.BUSY,
        4: Reason.NOT_ADMITTED,
        5: Reason.NOT_ADMITTED,
        6: Reason.FAILED,
    }


def test_every_reason_has_words_of_its_own_in_both_languages() -> None:
    assert set(WORDS) == set(Reason)
    for language in ("en", "hi"):
        assert len({getattr(words, language) for words in WORDS.values()}) == len(Reason)


def test_the_line_has_the_detail_behind_it() -> None:
    assert str(Why(Reason.LOST)) == "the connection was lost"
    assert str(Why(Reason.NO_NETWORK, "Network is unreachable")).endswith("SIM (Network is unreachable)")
