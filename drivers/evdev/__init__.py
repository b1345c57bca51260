"""A keypad or keyboard that the Linux kernel knows: a USB numpad, most often. Keys only."""

from drivers.base import Driver, Feature
from drivers.entry import Entry, Option, Options, Simulation, Simulator, Stage


def _make(options: Options) -> Driver:
    from drivers.evdev.driver import EvdevKeypad

    return EvdevKeypad(str(options["device"]), str(options["keys"]))


def _start(stage: Stage) -> Simulation:
    from drivers.evdev.sim import KeypadSim

    return KeypadSim(stage)


ENTRY = Entry(
    summary="a USB numpad or keyboard, by the kernel's input events",
    features=Feature.KEYPAD,
    options={
        "device": Option(str, "auto", "a path, a part of the device's name, or auto: the first with digits and enter"),
        "keys": Option(str, "/=in *=out +=on_duty", "what keys beside digits, enter and clear mean"),
    },
    make=_make,
    simulator=Simulator(
        {"numpad": "a numpad with 17 keys", "armhf": "the same on a 32-bit kernel"}, _start, library=False
    ),
)
