"""Serial fingerprint modules GT-511C1R, GT-511C3, GT-521F32 and GT-521F52 (ADH-Tech)."""

from drivers import OptionError
from drivers.base import Driver, Feature
from drivers.entry import PATIENCE, Entry, Option, Options, Simulation, Simulator, Stage

MODES = ("auto", "image", "match", "search")
PICTURES = ("full", "raw")


def _make(options: Options) -> Driver:
    from drivers.gt521f.codec import BAUDS
    from drivers.gt521f.driver import Gt521fDriver
    from drivers.ports import SerialPort

    for option, allowed in (("mode", MODES), ("picture", PICTURES), ("baud", (0, *BAUDS))):
        if options[option] not in allowed:
            words = ", ".join(map(str, allowed))
            raise OptionError(f"driver gt521f: {option} = {options[option]!r}: expected one of {words}")
    return Gt521fDriver(
        SerialPort(str(options["port"]), BAUDS[0]),
        baud=int(options["baud"]),
        mode=str(options["mode"]),
        raw=options["picture"] == "raw",
        dpi=int(options["dpi"]),
        patience=int(options["patience_pct"]) / 100,
    )


def _simulate(stage: Stage) -> Simulation:
    from drivers.gt521f.sim import Gt521fSim

    return Gt521fSim(stage)


ENTRY = Entry(
    summary="serial fingerprint modules GT-511C1R, GT-511C3, GT-521F32, GT-521F52",
    features=Feature.IMAGE | Feature.MATCH,
    options={
        "port": Option(str, None, "serial port (best a udev link), or socket://host:port"),
        "baud": Option(int, 0, "speed to use; the present one is found out; 0: 115200", 0, 115200),
        "mode": Option(str, "auto", "image, match (on the module), search (the module's own database), or auto"),
        "picture": Option(str, "full", "full, or raw: 160 × 120 px, for a look at the sensor"),
        "dpi": Option(int, 0, "resolution of the pictures; 0: as the datasheet says", 0, 2000),
        "patience_pct": PATIENCE,
    },
    make=_make,
    simulator=Simulator(
        variants={
            "f32": "GT-521F32, 200 ids, says what it is",
            "f52": "GT-521F52, 3000 ids",
            "c3": "GT-511C3, 200 ids, does not know MODULE_INFO",
            "c1r": "GT-511C1R, 20 ids, does not know MODULE_INFO",
        },
        start=_simulate,
    ),
)
