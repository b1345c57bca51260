"""A registered device: found on its port, told apart by vendor, asked for captures that stay sealed."""

import pickle
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.base import Advice, Retry
from drivers.entry import Stage
from drivers.rdservice import codec
from drivers.rdservice.codec import Outcome, Response, SealedPid, Status
from drivers.rdservice.driver import RdService
from drivers.rdservice.sim import RdSimulation
from drivers.rdservice.variants import VARIANTS


def play(variant: str) -> RdSimulation:
    return RdSimulation(Stage(tcp="127.0.0.1:0", variant=variant, pacing=False))


@pytest.fixture
def sim() -> Iterator[RdSimulation]:
    with closing(play("morpho")) as sim:
        yield sim


@pytest.fixture
def device(sim: RdSimulation) -> Iterator[RdService]:
    device = RdService(host="127.0.0.1", port=sim.port)
    device.open()
    with closing(device):
        yield device


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v != "notready"])
def test_every_vendors_paths_lead_to_a_capture(variant: str) -> None:
    with closing(play(variant)) as sim:
        device = RdService(host="127.0.0.1", port=sim.port, secure=bool(sim.pin), pin=sim.pin)
        device.open()
        with closing(device):
            assert (device.info().model, device.info().serial) == ("SIM-L1", "SIM0001")
            sim.do("touch")
            pid = device.capture(5)
            assert isinstance(pid, SealedPid)
            assert (pid.response.points, pid.response.quality) == (31, 68)


def test_captures_in_a_row_leave_nothing_open(sim: RdSimulation, device: RdService) -> None:
    """S9. Threads and files of the pretended service are counted with ours: each must have ended."""

    def more() -> bool:
        return threading.active_count() > threads or sum(1 for _ in Path("/proc/self/fd").iterdir()) > files

    threads, files = threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())
    for _ in range(50):
        sim.do("touch")
        assert isinstance(device.capture(5), SealedPid)
    until = time.monotonic() + 20
    while more() and time.monotonic() < until:
        time.sleep(0.05)
    assert not more()


def test_a_sealed_pid_gets_into_no_log_and_no_file(sim: RdSimulation, device: RdService) -> None:
    sim.do("touch")
    pid = device.capture(5)
    assert isinstance(pid, SealedPid)
    assert b"<Skey" in pid.xml
    assert "Skey" not in repr(pid)
    with pytest.raises(TypeError, match="not kept"):
        pickle.dumps(pid)


def test_what_a_capture_may_end_in(sim: RdSimulation, device: RdService) -> None:
    assert device.capture(0.05) is None
    sim.do("again")
    assert device.capture(5) == Retry(Advice.PLACE_AGAIN)
    sim.do("garble")
    with pytest.raises(ProtocolError):
        device.capture(5)
    sim.do("used")
    with pytest.raises(DeviceGone, match="710"):
        device.capture(5)
    sim.do("notready")
    with pytest.raises(DeviceGone, match="720"):
        device.capture(0.5)
    with pytest.raises(DeviceGone, match="NOTREADY"):
        device.read(0.05)


def test_mantras_still_checking_is_waited_for() -> None:
    """−1509 is no refusal: the same question is asked again after a moment."""
    with closing(play("mantra")) as sim:
        device = RdService(host="127.0.0.1", port=sim.port)
        device.open()
        with closing(device):
            sim.do("touch")
            assert isinstance(device.capture(10), SealedPid)


def test_a_device_that_is_not_ready_cannot_be_opened() -> None:
    with closing(play("notready")) as sim:
        device = RdService(host="127.0.0.1", port=sim.port)
        with pytest.raises(DeviceGone, match="NOTREADY"):
            device.open()
        sim.do("ready")
        device.open()
        device.close()


def test_the_port_is_looked_for() -> None:
    with closing(RdSimulation(Stage(pacing=False, tcp=f"127.0.0.1:{_free_port()}"))) as sim:
        device = RdService(host="127.0.0.1")
        device.open()
        device.close()
        assert sim.port in codec.PORTS


def _free_port() -> int:
    for port in codec.PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no port is free")


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeviceGone, match="nobody listens"):
        RdService(host="127.0.0.1", port=port).open()


def test_a_capture_is_ended_by_close(device: RdService) -> None:
    closer = threading.Timer(0.1, device.close)
    closer.start()
    start = time.monotonic()
    with pytest.raises(DeviceGone, match="closed"):
        device.capture(30)
    assert time.monotonic() - start < 10
    closer.join()


def test_an_environment_that_is_none_is_refused() -> None:
    with pytest.raises(OptionError, match="P, PP or S"):
        RdService(host="x", environment="Q")


# ── answers ──


@pytest.mark.parametrize(
    ("given_path", "path"),
    [
        ("/rd/info", "/rd/info"),
        ("/127.0.0.1:11102/getDeviceInfo", "/getDeviceInfo"),
        ("http://127.0.0.1:11100/rd/info", "/rd/info"),
        ("127.0.0.1:11100/rd/info", "/rd/info"),
        ("https://elsewhere.invalid/rd/info", "/rd/info"),
    ],
)
def test_a_host_in_a_path_is_left_away(given_path: str, path: str) -> None:
    xml = (
        '<RDService status="{}" info="x"><Interface id="{}" path="{}"/><Interface id="CAPTURE" path="/c"/></RDService>'
    )
    service = codec.service(xml.format("ready", "DeviceInfo", given_path).encode())
    assert (service.status, service.info_path, service.capture_path) == (Status.READY, path, "/c")


@pytest.mark.parametrize("path", ["", "x", "/a b", "/a\r\nHost: b", "//\u0665", "/" + "a" * 300])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    xml = f'<RDService status="READY"><Interface id="DEVICEINFO" path="{path}"/></RDService>'
    with pytest.raises(ProtocolError):
        codec.service(xml.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<",
        b"<a><b></a>",
        b"\xff\xfe<a/>",
        b"<?xml version='1.0' encoding='nonsense'?><a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        b"<a>" * 10_000,
        b"<a>" + b"<b/>" * 10_000 + b"</a>",
        b"<a>" + b"x" * (codec.MAX_XML_BYTES) + b"</a>",
    ],
    ids=["nothing", "one sign", "crossed", "bytes", "encoding", "entity", "outside", "deep", "many", "huge"],
)
def test_hostile_documents_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        codec.parse(data)


@given(st.binary(max_size=300) | st.text(alphabet="<>/=\"' abRDService&;!?[]", max_size=120).map(str.encode))
def test_whatever_comes_is_an_answer_or_a_protocol_error(data: bytes) -> None:
    for read in (codec.service, codec.device, codec.captured):
        try:
            read(data)
        except ProtocolError:
            continue


WHOLE = (
    b'<PidData><Resp errCode="0" errInfo="" fCount="1" nmPoints="31" qScore="68"/><DeviceInfo dpId="D" mi="M"/>'
    b'<Skey ci="20280101">a</Skey><Hmac>b</Hmac><Data type="X">c</Data></PidData>'
)


@given(st.integers(0, len(WHOLE) - 1))
def test_an_answer_cut_short_is_refused(end: int) -> None:
    with pytest.raises(ProtocolError):
        codec.captured(WHOLE[:end])


@pytest.mark.parametrize("part", [b"<Skey ci", b"<Hmac", b"<Data"])
def test_a_capture_without_one_of_its_parts_is_refused(part: bytes) -> None:
    with pytest.raises(ProtocolError, match="without its"):
        codec.captured(WHOLE.replace(part, part.replace(b"<", b"<X")).replace(b"</" + part[1:5], b"</X" + part[1:5]))


def test_codes_and_what_they_ask_for() -> None:
    wanted = {0: Outcome.DONE, 700: Outcome.NOBODY, 730: Outcome.AGAIN, 720: Outcome.WAIT, -1509: Outcome.WAIT}
    wanted |= {710: Outcome.GONE, 740: Outcome.GONE, 100: Outcome.WRONG, 999: Outcome.WRONG}
    assert {code: codec.outcome(code) for code in wanted} == wanted
    refused = codec.captured(b'<PidData><Resp errCode="-1509" errInfo="x&#10;y" qScore="9,8"/></PidData>')
    assert refused == Response(-1509, "x y", 0, 0, 9)


@pytest.mark.parametrize("code", ["", "x", "1e3", "0x1", "9999999999", "٣"])
def test_a_code_that_is_no_number_is_refused(code: str) -> None:
    with pytest.raises(ProtocolError, match="errCode"):
        codec.captured(f'<PidData><Resp errCode="{code}"/></PidData>'.encode())


def test_wadh_is_base64_and_nothing_else() -> None:
    assert b'wadh="ab+/=" ' in codec.options(10_000, environment="P", wadh="ab+/=")
    with pytest.raises(ProtocolError):
        codec.options(10_000, environment="P", wadh='"/><Opts')
