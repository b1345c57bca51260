"""`hazri-edge sim DEVICE`: a pretended device on its own, for other people's software and for a technician's bench.

Lines typed on stdin play the person before it, or break it; "help" says which it knows, "quit" ends it.
"""

import difflib
import sys
import threading
from collections.abc import Mapping
from typing import TextIO

from drivers import DriverError, OptionError, modem, registry
from drivers.entry import Simulation, Simulator, Stage
from drivers.stand import host_and_port
from edge.health.report import line as say
from sync.stopping import on_signal

NOT_A_SENSOR: Mapping[str, Simulator] = {"modem": modem.SIMULATOR}


def names() -> list[str]:
    """Every device that can be pretended."""
    return sorted([*(name for name, entry in registry.DRIVERS.items() if entry.simulator), *NOT_A_SENSOR])


def run(device: str, stage: Stage, *, typed: TextIO | None = None, stop: threading.Event | None = None) -> int:
    """Play it until SIGTERM, SIGINT or "quit". Returns the exit code; raises OptionError, DriverError."""
    stop = stop or threading.Event()
    simulator = find(device)
    if stage.variant and stage.variant not in simulator.variants:
        raise OptionError(f"variant = {stage.variant!r}: {device} has {', '.join(simulator.variants) or 'none'}")
    if stage.library is not None and not simulator.library:
        raise OptionError(f"library = {stage.library}: {device} has nothing to take from it")
    if stage.tcp:
        host_and_port(stage.tcp)
    on_signal(stop)
    simulation = simulator.start(stage)
    try:
        _introduce(device, simulator, simulation, stage)
        reader = threading.Thread(target=_obey, args=(simulation, typed or sys.stdin, stop), daemon=True)
        reader.start()
        stop.wait()
    finally:
        simulation.close()
    return 0


def find(device: str) -> Simulator:
    """Raises OptionError for a device that cannot be pretended, and says how it is tried instead."""
    if device in NOT_A_SENSOR:
        return NOT_A_SENSOR[device]
    if device not in registry.names():
        near = difflib.get_close_matches(device, [*names(), "virtual"], 1)
        there = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names())}"
        raise OptionError(f"there is no device {device!r} to play; {there}")
    simulator = registry.find(device).simulator
    if simulator is not None:
        return simulator
    if device == "virtual":
        raise OptionError(
            "virtual plays itself: its driver listens where its `socket` option says; see hazri-edge play"
        )
    raise OptionError(f"{device} has no simulator; there are: {', '.join(names())}")


def _introduce(device: str, simulator: Simulator, simulation: Simulation, stage: Stage) -> None:
    say(f"{device} at {simulation.where}")
    playing = stage.variant or next(iter(simulator.variants), "")
    for variant, words in simulator.variants.items():
        say(f"  {'*' if variant == playing else ' '} {variant:<16} {words}")
    say(f"  type: {_vocabulary(simulation)}")


def _vocabulary(simulation: Simulation) -> str:
    """All that can be typed; each device names its own words in its own way, some with "help" and some without."""
    return f"{simulation.do('help').removesuffix('help').rstrip(' ·,')} · help · quit"


def _obey(simulation: Simulation, typed: TextIO, stop: threading.Event) -> None:
    """Until the end of what is typed; the device goes on after it."""
    for text in typed:
        what = text.strip()
        if what == "quit":
            stop.set()
            return
        if what and not stop.is_set():
            say(_done(simulation, what))
    if not stop.is_set():
        say("no more is typed: it plays on until Ctrl-C")


def _done(simulation: Simulation, what: str) -> str:
    try:
        return _vocabulary(simulation) if what == "help" else simulation.do(what)
    except DriverError as error:
        return f"no: {error}"
