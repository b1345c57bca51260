"""Machines that push: OK only for what is on disk, and an answer for whatever else arrives."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, ProtocolError, registry
from drivers.adms import codec
from drivers.adms.driver import AdmsDriver, machines
from drivers.adms.sim import SERIAL, STRANGER, VARIANTS, AdmsSim
from drivers.base import Means, Recognition
from tests.contract.rigs.adms import free_port

ROW = "17\t2026-04-01 09:00:00\t1\t15\t0\t0\t0\n"
NINE_MS = round(datetime(2026, 4, 1, 9, tzinfo=ZoneInfo("Asia/Kolkata")).timestamp() * 1000)
PUSH = f"/iclock/cdata?SN={SERIAL}&table=ATTLOG&Stamp=77"


@contextlib.contextmanager
def receiver(**options: str | int) -> Iterator[tuple[AdmsDriver, int]]:
    port = free_port()
    zones = f"{SERIAL}=Asia/Kolkata, SIM3=Asia/Dubai, SIM4=Asia/Kolkata@5"
    made = registry.make("adms", {"host": "127.0.0.1", "port": port, "machines": zones, "commit_s": 2, **options})
    assert isinstance(made, AdmsDriver)
    with closing(made):
        made.open()
        yield made, port


def ask(port: int, method: str, target: str, body: str | bytes | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def raw(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(data)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        found = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(4096):
                found += piece
        return found


class Taker(threading.Thread):
    """Takes whatever comes, after `after_s`."""

    def __init__(self, driver: AdmsDriver, after_s: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.found: list[Recognition] = []
        self.said: list[str] = []
        self._driver, self._after_s = driver, after_s
        self.start()

    def run(self) -> None:
        time.sleep(self._after_s)
        with contextlib.suppress(DeviceGone):
            while True:
                try:
                    reading = self._driver.read(0.2)
                except ProtocolError as error:
                    self.said.append(str(error))
                    continue
                if isinstance(reading, Recognition):
                    self.found.append(reading)
                    self._driver.taken(reading)


def wait(true: object, limit_s: float = 10.0) -> None:
    until = time.monotonic() + limit_s
    while not (true() if callable(true) else true):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_push_is_answered_ok_when_it_is_taken_and_not_before() -> None:
    """Stored before OK: the machine drops what was acknowledged."""
    with receiver(states=1) as (driver, port):
        assert ask(port, "POST", PUSH, ROW)[0] == 503  # nobody took it: the machine keeps it, and pushes again
        taker = Taker(driver)
        assert ask(port, "POST", PUSH, ROW) == (200, "OK: 1")
        (reading,) = taker.found
        assert (reading.badge, reading.means, reading.kind) == ("17", Means.FACE, "out")
        assert reading.stamp is not None
        assert (reading.stamp.wall_ms, reading.stamp.device) == (NINE_MS, SERIAL)
        assert ask(port, "POST", PUSH, ROW) == (200, "OK: 1")  # a repeat is answered, and handed over no more
        assert len(taker.found) == 1


def test_a_closed_receiver_answers_no_push_with_ok() -> None:
    with receiver(commit_s=20) as (driver, port):
        threading.Timer(0.3, driver.close).start()
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert ask(port, "POST", PUSH, ROW)[0] == 503


def test_the_handshake_tells_each_machine_its_own_zone() -> None:
    with receiver() as (_, port):
        for serial, word in ((SERIAL, "330"), ("SIM3", "4"), ("SIM4", "5")):
            status, text = ask(port, "GET", f"/iclock/cdata?SN={serial}&options=all&pushver=2.4.1")
            lines = text.splitlines()
            assert (status, lines[0]) == (200, f"GET OPTION FROM: {serial}")
            assert {"ATTLOGStamp=0", f"TimeZone={word}", "Realtime=1", "TransFlag=TransData AttLog\tOpLog"} <= set(
                lines
            )


def test_a_row_is_dated_by_its_own_machines_zone() -> None:
    with receiver() as (driver, port):
        taker = Taker(driver)
        ask(port, "POST", PUSH.replace(SERIAL, "SIM3"), ROW)
        stamp = taker.found[0].stamp
        assert stamp is not None
        assert stamp.wall_ms == NINE_MS + 90 * 60_000


def test_a_fresh_punch_tells_how_far_the_machines_clock_is_off() -> None:
    with receiver() as (driver, port):
        taker = Taker(driver)
        ahead = datetime.now(ZoneInfo("Asia/Kolkata")) + timedelta(seconds=40)
        ask(port, "POST", PUSH, f"1\t{ahead:%Y-%m-%d %H:%M:%S}\t0\t1\n")
        ask(port, "POST", PUSH, ROW)  # an old one does not
        offsets = [r.stamp.offset_ms for r in taker.found if r.stamp and r.stamp.offset_ms is not None]
        assert len(offsets) == 2
        assert all(abs(offset - 40_000) < 3_000 for offset in offsets)


def test_who_is_not_on_the_list_is_refused_and_said_once() -> None:
    with receiver() as (driver, port):
        taker = Taker(driver)
        for _ in range(3):
            assert ask(port, "POST", PUSH.replace(SERIAL, STRANGER), ROW)[0] == 403
        wait(lambda: taker.said)
        assert taker.said == [f"{STRANGER}: a machine that is not on the list"]
        assert taker.found == []


def test_people_fingers_and_photographs_are_answered_and_let_go() -> None:
    with receiver() as (driver, port):
        body = "USER PIN=1\tName=Synthetic\nFP PIN=1\tFID=1\tTMP=AAAA\n"
        for table in ("OPERLOG", "BIODATA", "ATTPHOTO", "options"):
            assert ask(port, "POST", f"/iclock/cdata?SN={SERIAL}&table={table}&Stamp=1", body) == (200, "OK: 2")
        assert driver.read(0.05) is None
        assert driver.info().details["other_rows"] == 8
        assert "Synthetic" not in repr(vars(driver))


def test_a_machine_may_be_asked_to_tell_but_not_to_change() -> None:
    with receiver() as (driver, port):
        number = driver.order(SERIAL, "INFO")
        for command in ("Shell reboot", "REBOOT", "CLEAR LOG", "DATA DELETE USERINFO PIN=1", "INFO\nREBOOT"):
            with pytest.raises(ProtocolError, match="expected INFO"):
                driver.order(SERIAL, command)
        assert ask(port, "GET", f"/iclock/getrequest?SN={SERIAL}") == (200, f"C:{number}:INFO\n")
        assert ask(port, "GET", f"/iclock/getrequest?SN={SERIAL}") == (200, "OK")
        assert (
            ask(port, "POST", f"/iclock/devicecmd?SN={SERIAL}", f"ID={number}&Return=0&CMD=INFO\nID=9&Return=x")[0]
            == 200
        )
        assert driver.result(number) == 0


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v != "stranger"])
def test_every_variant_pushes_each_punch_once(variant: str) -> None:
    with receiver() as (driver, port), closing(AdmsSim("127.0.0.1", port, variant, pause_s=0.05)) as sim:
        sim.punch("1", when=datetime(2026, 4, 1, 9))  # noqa: DTZ001 - wall time of a machine
        taker = Taker(driver, after_s=0.3)
        for n in range(120):
            sim.punch(str(n % 7 + 1), when=datetime(2026, 4, 1, 10) + timedelta(minutes=n))  # noqa: DTZ001
        wait(lambda: sim.acknowledged == 121)
        sim.again()
        wait(lambda: sim.acknowledged == 242)
        assert len(taker.found) == 121
        driver.order(SERIAL, "CHECK")
        wait(lambda: sim.orders == ["CHECK"])


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),  # TLS
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /iclock/cdata HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /iclock/cdata?SN=%00%0a HTTP/1.1\r\n\r\n", b"400"),
        (b"DELETE /iclock/cdata?SN=SIM0002 HTTP/1.1\r\n\r\n", b"501"),
        (b"POST /iclock/cdata?SN=SIM0002&table=ATTLOG HTTP/1.1\r\n\r\n", b"411"),
        (b"POST /iclock/cdata?SN=SIM0002 HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /iclock/cdata?SN=SIM0002 HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"413"),
        (b"POST /iclock/cdata?SN=SIM0002 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"GET /iclock/cdata?SN=SIM0002 HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /iclock/x HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
    ],
)
def test_hostile_requests_are_answered_and_the_next_machine_is_served(request_: bytes, status: bytes) -> None:
    with receiver() as (_, port):
        assert raw(port, request_).split(b" ")[1] == status
        assert ask(port, "GET", f"/iclock/getrequest?SN={SERIAL}") == (200, "OK")


def test_too_many_at_once_are_turned_away_and_none_is_remembered() -> None:
    with receiver() as (_, port):
        crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        time.sleep(0.3)
        for one in crowd:
            one.close()
        wait(lambda: _served(port))


def _served(port: int) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return ask(port, "GET", f"/iclock/getrequest?SN={SERIAL}") == (200, "OK")
    return False


def test_a_body_cut_short_is_no_push() -> None:
    with receiver() as (driver, port):
        head = f"POST {PUSH} HTTP/1.1\r\nContent-Length: 400\r\n\r\n{ROW}".encode()
        assert raw(port, head) == b""
        assert driver.read(0.05) is None


@given(st.text(max_size=200), st.sampled_from(["GET", "POST", "PUT"]))
def test_any_address_is_a_call_or_a_protocol_error(target: str, method: str) -> None:
    with contextlib.suppress(ProtocolError):
        codec.call(method, "/iclock/" + target)


@given(st.binary(max_size=300))
def test_any_body_is_rows_and_a_count_of_the_rest(body: bytes) -> None:
    found, bad = codec.rows(body)
    assert len(found) + bad <= len(body)
    codec.results(body)


def test_rows_that_are_none_are_counted_and_do_not_hold_up_the_others() -> None:
    found, bad = codec.rows((ROW + "no row\n\n2026\t\t\n18\t2026-02-31 09:00:00\t0\t1\n").encode())
    assert ([r.pin for r in found], bad) == (["17"], 3)


@pytest.mark.parametrize("text", ["", "X1", "X1=", "X1=Asia/Atlantis", "X1=../etc/passwd"])
def test_a_list_without_a_machine_or_with_no_zone_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="machines"):
        machines(text)


def test_a_port_that_is_taken_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        driver = registry.make("adms", {"host": "127.0.0.1", "port": port, "machines": "X1=Asia/Kolkata"})
        with pytest.raises(DeviceGone, match="cannot listen"):
            driver.open()
