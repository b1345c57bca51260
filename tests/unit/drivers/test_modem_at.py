"""AT commands: unasked lines, echo or none, refusals, cuts, too much of it; modems on a pty; the kernel's tables."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, ProtocolError, modem
from drivers.entry import Stage
from drivers.modem import VARIANTS, Kind, Uplink, at
from drivers.modem.at import Answer, Conversation
from drivers.modem.modem import Modem
from drivers.modem.sim import ModemSimulation
from drivers.ports import SerialPort

NO_BUS = "unix:path=/nowhere/bus"


@pytest.fixture(params=VARIANTS)
def sim(request: pytest.FixtureRequest) -> Iterator[ModemSimulation]:
    with closing(ModemSimulation(Stage(variant=request.param, pacing=False))) as sim:
        yield sim


def ask(sim: ModemSimulation, root: Path = Path("/nowhere")) -> Uplink:
    return modem.ask(sim.where, bus=NO_BUS, root=root)


def test_every_modem_tells_signal_operator_and_time(sim: ModemSimulation) -> None:
    sim.do("signal 31")
    sim.do("operator BSNL Mobile")
    sim.do("time 26/11/22,05:45:12+22")
    at_night = datetime(2026, 11, 22, 0, 15, 12, tzinfo=UTC)
    assert ask(sim) == Uplink(Kind.GPRS, metered=True, signal_percent=100, operator="BSNL Mobile", at=at_night)


def test_what_comes_unasked_between_the_lines_is_no_answer(sim: ModemSimulation) -> None:
    for line in ("+CREG: 2", '+CREG: 5,"00A1","0012"', "RING", "+CSQ: 99,99", '+CMTI: "SM",3', "*PSUTTZ: x"):
        sim.do(f"urc {line}")
        assert ask(sim).kind is Kind.GPRS
        assert ask(sim).signal_percent == 68


def test_without_a_network_there_is_no_link(sim: ModemSimulation) -> None:
    sim.do("off")
    sim.do("signal 99")
    assert ask(sim) == Uplink(Kind.NONE, metered=True)


def test_a_clock_that_was_never_set_is_none(sim: ModemSimulation) -> None:
    for text in (
        "80/01/06,00:00:11+00",
        "04/01/01,00:00:30+22",
        "70/01/01,00:00:30+22",
        "nonsense",
        "26/13/40,99:00:00+22",
    ):
        sim.do(f"time {text}")
        assert ask(sim).at is None


def test_a_modem_that_refuses_everything_is_on_no_network(sim: ModemSimulation) -> None:
    for fault in ("error", "cme 10"):
        sim.do(fault)
        assert ask(sim) == Uplink(Kind.NONE, metered=True)


def test_a_modem_that_does_not_answer_is_gone(sim: ModemSimulation) -> None:
    sim.do("mute")
    with closing(SerialPort(sim.where, 115200)) as port:
        port.open()
        with pytest.raises(DeviceGone, match="does not answer"):
            Modem(port, answer_s=0.05).look()
        sim.do("speak")
        assert Modem(port).look().kind is Kind.GPRS
        sim.do("unplug")
        with pytest.raises(DeviceGone):
            Modem(port, answer_s=0.05).look()


def test_the_simulator_says_what_it_does_not_know() -> None:
    with pytest.raises(OptionError):
        ModemSimulation(Stage(variant="x"))
    with closing(ModemSimulation(Stage())) as sim:
        assert "signal" in sim.do("help")
        for word in ("", "signal x", 'operator a"b', "cme x", "dance"):
            with pytest.raises(ProtocolError):
                sim.do(word)


# ── whose the port is ──


def test_a_port_that_somebody_locked_is_left_alone(tmp_path: Path) -> None:
    with closing(ModemSimulation(Stage(pacing=False))) as sim:
        lock = tmp_path / "run/lock" / f"LCK..{Path(sim.where).name}"
        lock.parent.mkdir(parents=True)
        lock.write_text("         1\n")
        with pytest.raises(DeviceGone, match="locked by process 1"):
            ask(sim, tmp_path)
        for stale in ("4194999", "", "-1", "x", "99999999999999999999"):
            lock.write_text(stale)
            assert ask(sim, tmp_path).kind is Kind.GPRS


def test_the_uplink_takes_from_the_modem_what_the_kernel_does_not_know(tmp_path: Path) -> None:
    """S3: a PPP link is metered whatever else is known; signal and operator come by AT."""
    _routes(tmp_path, "ppp0", 512)
    with closing(ModemSimulation(Stage(pacing=False))) as sim:
        found = modem.look(bus=NO_BUS, at_port=sim.where, root=tmp_path)
        assert (found.kind, found.metered, found.signal_percent, found.operator) == (Kind.GPRS, True, 68, "airtel")
    alone = Uplink(Kind.GPRS, metered=True)
    assert modem.look(bus=NO_BUS, at_port=sim.where, root=tmp_path) == alone
    assert modem.look(bus=NO_BUS, root=tmp_path) == alone


# ── without NetworkManager ──


def _routes(root: Path, interface: str, kind: int, more: str = "") -> Path:
    net = root / "proc/net"
    net.mkdir(parents=True, exist_ok=True)
    head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    line = f"{interface}\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    (net / "route").write_text(head + more + line)
    device = root / "sys/class/net" / interface
    device.mkdir(parents=True)
    (device / "type").write_text(f"{kind}\n")
    return device


def test_the_kernel_knows_a_cable(tmp_path: Path) -> None:
    dearer = "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
    down = "ppp0\t00000000\t0102A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n"
    near = "eth9\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    _routes(tmp_path, "eth0", 1, dearer + down + near + "garbage\n\n../x\t0\t0\tz\t0\t0\t0\t0\n")
    assert modem.look(bus=NO_BUS, root=tmp_path) == Uplink(Kind.LAN)


def test_the_kernel_knows_wifi_and_how_strong_it_is(tmp_path: Path) -> None:
    (_routes(tmp_path, "wlan0", 1) / "phy80211").mkdir()
    assert modem.look(bus=NO_BUS, root=tmp_path) == Uplink(Kind.WIFI)
    (tmp_path / "proc/net/wireless").write_text("Inter-| sta\n face | tus\n wlan0: 0000   56.  -54.  -256        0\n")
    assert modem.look(bus=NO_BUS, root=tmp_path) == Uplink(Kind.WIFI, signal_percent=80)


def test_the_kernel_knows_a_mobile_link(tmp_path: Path) -> None:
    (_routes(tmp_path, "wwan0", 65534) / "uevent").write_text("DEVTYPE=wwan\nINTERFACE=wwan0\n")
    assert modem.look(bus=NO_BUS, root=tmp_path) == Uplink(Kind.GPRS, metered=True)


def test_no_route_no_link(tmp_path: Path) -> None:
    assert modem.look(bus=NO_BUS, root=tmp_path) == Uplink(Kind.NONE)


# ── the bytes ──


def test_an_answer_with_echo_comes_out_without() -> None:
    talk = Conversation("AT+CSQ")
    assert talk.sent == b"AT+CSQ\r"
    assert talk.feed(b"AT+CSQ\r\r\n+CSQ: 2") is None
    assert talk.feed(b"1,99\r\n\r\nOK\r\n") == Answer(("+CSQ: 21,99",), "OK")


@given(st.lists(st.integers(0, 40), max_size=6))
def test_an_answer_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    stream = b"\r\nRING\r\n\r\n+CSQ: 21,99\r\n\r\nOK\r\n"
    places = [0, *sorted(min(c, len(stream)) for c in cuts), len(stream)]
    talk = Conversation("AT+CSQ")
    answers = [talk.feed(stream[a:b]) for a, b in pairwise(places)]
    whole = [a for a in answers if a]
    assert whole == [Answer(("RING", "+CSQ: 21,99"), "OK")]


@pytest.mark.parametrize("data", [b"x" * 2000, b"line\r\n" * 200])
def test_a_modem_that_talks_without_end_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        Conversation("AT").feed(data)


@given(st.text(max_size=60), st.sampled_from(["+CSQ", "+CREG", "+COPS", "+CCLK"]))
def test_whatever_a_line_says_it_is_a_value_or_none(text: str, prefix: str) -> None:
    answer = Answer((f"{prefix}: {text}",), "OK")
    assert at.signal_percent(answer) in (None, *range(101))
    assert at.registration(answer, "CREG") in (None, *range(100))
    assert len(at.operator(answer)) <= 64
    assert at.network_time(answer) is None or prefix == "+CCLK"


@given(st.binary(max_size=600))
def test_whatever_bytes_come_it_is_an_answer_or_none_or_a_protocol_error(data: bytes) -> None:
    try:
        found = Conversation("AT").feed(data)
    except ProtocolError:
        return
    assert found is None or found.final


def test_a_refusal_is_final_and_not_fine() -> None:
    for final in ("ERROR", "+CME ERROR: 10", "+CMS ERROR: 500", "NO CARRIER"):
        answer = Conversation("AT").feed(f"\r\n{final}\r\n".encode())
        assert answer == Answer((), final)
        assert not answer.fine


# ── other people's software ──


def test_gammu_takes_the_simulator_for_a_modem(tmp_path: Path) -> None:
    """Independent software (Debian's gammu) names it, finds its network, and reads its clock."""
    with closing(ModemSimulation(Stage(pty=tmp_path / "modem", pacing=False))) as sim:
        sim.do("operator BSNL Mobile")
        settings = tmp_path / "gammurc"
        settings.write_text(f"[gammu]\ndevice={tmp_path / 'modem'}\nconnection=at115200\n")
        for command, words in (
            ("identify", "SIMCOM_SIM800L"),
            ("networkinfo", "BSNL Mobile"),
            ("getdatetime", "time is"),
        ):
            done = subprocess.run(["gammu", "-c", settings, command], capture_output=True, text=True, timeout=60)
            assert words in done.stdout, done.stdout + done.stderr
