"""The machines that came before: fingerprint and card terminals that speak the ZK protocol on port 4370 (R6.2)."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from drivers import OptionError
from drivers.base import Driver, Feature
from drivers.entry import Entry, Option, Options, Simulation, Simulator, Stage


def _make(options: Options) -> Driver:
    from drivers.zk.driver import Machine, ZkDriver

    transport, since, key_file = (str(options[name]) for name in ("transport", "since", "key_file"))
    if transport not in ("tcp", "udp"):
        raise OptionError(f"driver zk: transport = {transport!r}: expected 'tcp' or 'udp'")
    return ZkDriver(
        Machine(
            host=str(options["host"]),
            port=int(options["port"]),
            udp=transport == "udp",
            key_file=Path(key_file) if key_file else None,
            zone=_zone(str(options["zone"])),
            since=_date(since) if since else None,
            states=bool(options["states"]),
            poll_s=float(options["poll_s"]),
            timeout_s=float(options["timeout_s"]),
        )
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise OptionError(f"driver zk: zone = {name!r}: no such zone; expected one like 'Asia/Kolkata'") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OptionError(f"driver zk: since = {text!r}: expected a date like 2026-04-01") from None


def _start(stage: Stage) -> Simulation:
    from drivers.zk.sim import start

    return start(stage)


ENTRY = Entry(
    summary="fingerprint and card terminals that speak the ZK protocol on port 4370",
    features=Feature.RECOGNITION,
    options={
        "host": Option(str, None, "its address on the local network"),
        "port": Option(int, 4370, "its port", 1, 65535),
        "transport": Option(str, "tcp", "tcp, or udp for the oldest"),
        "key_file": Option(str, "", "file with the machine's communication key, a number; empty: none is set"),
        "zone": Option(str, "Asia/Kolkata", "zone of its clock, which knows none"),
        "since": Option(str, "", "entries before this date (2026-04-01) are left alone; empty: all are taken"),
        "states": Option(int, 0, "1: people do press its in and out keys; 0: in and out are ours to find", 0, 1),
        "poll_s": Option(int, 5, "seconds between two looks at it", 1, 3600),
        "timeout_s": Option(int, 10, "seconds it may take to answer", 1, 120),
    },
    make=_make,
    network=True,
    simulator=Simulator(
        {
            "tcp40": "records of 40 bytes, as the machines of today write them",
            "udp8": "records of 8 bytes, and users of 28",
            "udp16": "records of 16 bytes",
            "ma300": "records of 8 bytes in the order of the MA300",
            "commkey": "locked with the communication key 2718",
            "big": "5000 entries: the log comes in chunks",
            "wrapped": "room for 20 entries; the oldest makes way",
            "miscount": "says it holds three entries more than it does",
            "quiet": "tells of no events: it must be asked",
            "slow": "a tenth of a second between two packets",
            "drops": "closes the connection in the middle of every other log",
        },
        _start,
    ),
)
