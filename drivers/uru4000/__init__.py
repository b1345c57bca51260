"""U.are.U 4000, 4000B and 4500, and the Microsoft readers of the same make: USB, in Python alone."""

from drivers.base import Driver, Feature
from drivers.entry import PATIENCE, Entry, Option, Options, Simulation, Simulator, Stage


def _make(options: Options) -> Driver:
    from drivers.uru4000.driver import Uru4000
    from drivers.uru4000.link import Reach

    return Uru4000(Reach(str(options["bus"]), str(options["device"]), int(options["patience_pct"]) / 100))


def _start(stage: Stage) -> Simulation:
    from drivers.uru4000.sim import UruSimulation

    return UruSimulation(stage)


ENTRY = Entry(
    summary="U.are.U 4000, 4000B, 4500 and Microsoft fingerprint readers on USB",
    features=Feature.IMAGE,
    options={
        "device": Option(str, "any", "which reader when there are several: its serial number, or bus and port (1-1.4)"),
        "bus": Option(str, "usb", "usb, or usbip://host:port for a reader that a USB/IP server shares"),
        "patience_pct": PATIENCE,
    },
    make=_make,
    simulator=Simulator(
        variants={
            "4500": "U.are.U 4500 (05ba:000a): scrambled pictures, upside down",
            "4500-plain": "the same, pictures not scrambled",
            "4000b": "U.are.U 4000B (05ba:000a, older firmware): scrambled pictures, upside down",
            "4000": "U.are.U 4000 (05ba:0007): pictures not scrambled, upright",
            "4000-scrambled": "the same, pictures scrambled",
            "msv2": "Microsoft reader v2 (045e:00ca): powers up after a challenge was answered",
        },
        start=_start,
    ),
)
