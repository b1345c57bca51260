"""The machines that come to us: they push each punch over HTTP to the server in their settings ("ADMS", R6.2)."""

from drivers.base import Driver, Feature
from drivers.entry import Entry, Option, Options, Simulation, Simulator, Stage


def _make(options: Options) -> Driver:
    from drivers.adms.driver import AdmsDriver, machines

    return AdmsDriver(
        str(options["host"]),
        int(options["port"]),
        machines(str(options["machines"])),
        states=bool(options["states"]),
        set_clock=bool(options["set_clock"]),
        commit_s=float(options["commit_s"]),
    )


def _start(stage: Stage) -> Simulation:
    from drivers.adms.sim import start

    return start(stage)


ENTRY = Entry(
    summary="a receiver for terminals that push their punches over HTTP",
    features=Feature.RECOGNITION,
    options={
        "host": Option(str, None, "our own address on the local network, where the machines find us"),
        "port": Option(int, 8081, "our port", 1, 65535),
        "machines": Option(str, None, "who is served: SERIAL=Zone, SERIAL=Zone@word, …"),
        "states": Option(int, 0, "1: people do press its in and out keys; 0: in and out are ours to find", 0, 1),
        "set_clock": Option(int, 0, "1: answers carry our time, by which these machines set their clocks", 0, 1),
        "commit_s": Option(int, 20, "seconds a push may wait until all of it is on disk", 1, 120),
    },
    make=_make,
    network=True,
    simulator=Simulator(
        {
            "push": "pushes each punch as it is made, and again until it was answered OK",
            "aspx": "says .aspx, and ends addresses with a slash",
            "twice": "pushes everything twice, as firmwares do that lose the answer",
            "stranger": "has another serial number, which is on no list",
        },
        _start,
    ),
)
