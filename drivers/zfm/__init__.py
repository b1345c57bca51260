"""Serial fingerprint modules that speak EF01: R305, R307, AS608, R502, R503, ZFM-20 to 70, FPM10A and FPM383."""

from pathlib import Path

from drivers import OptionError
from drivers.base import Driver, Feature
from drivers.entry import PATIENCE, Entry, Option, Options, Simulation, Simulator, Stage

MODES = ("auto", "image", "match", "search")


def _make(options: Options) -> Driver:
    from drivers.ports import SerialPort
    from drivers.zfm.driver import ZfmDriver
    from drivers.zfm.table import BAUDS

    baud, mode, packet = int(options["baud"]), str(options["mode"]), int(options["packet"])
    if mode not in MODES:
        raise OptionError(f"driver zfm: mode = {mode!r}: expected one of {', '.join(MODES)}")
    if packet not in (0, 32, 64, 128, 256):
        raise OptionError(f"driver zfm: packet = {packet}: expected 0, 32, 64, 128 or 256")
    return ZfmDriver(
        SerialPort(str(options["port"]), baud or BAUDS[0]),
        baud=baud,
        address=_hex("address", str(options["address"])),
        password=_password(str(options["password_file"])),
        mode=mode,
        packet_bytes=packet,
        width_px=int(options["width"]),
        dpi=int(options["dpi"]),
        patience=int(options["patience_pct"]) / 100,
    )


def _hex(option: str, text: str) -> int:
    if not (1 <= len(text) <= 8 and all(c in "0123456789abcdefABCDEF" for c in text)):
        raise OptionError(f"driver zfm: {option}: expected one to eight hexadecimal digits")
    return int(text, 16)


def _password(file: str) -> int:
    if not file:
        return 0
    try:
        return _hex("password_file", Path(file).read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise OptionError(f"driver zfm: password_file: {error}") from None


def _simulate(stage: Stage) -> Simulation:
    from drivers.zfm.sim import ZfmSim

    return ZfmSim(stage)


ENTRY = Entry(
    summary="serial fingerprint modules R305, R307, AS608, R503, ZFM and FPM",
    features=Feature.IMAGE | Feature.MATCH,
    options={
        "port": Option(str, None, "serial port (best a udev link), or socket://host:port"),
        "baud": Option(int, 0, "speed of the line; 0: found out at 57600, 115200, 9600, 19200, 38400", 0, 115200),
        "address": Option(str, "ffffffff", "the module's address, hexadecimal"),
        "password_file": Option(str, "", "file with the module's password, hexadecimal; none: 00000000"),
        "mode": Option(str, "auto", "image, match (on the module), search (the module's own library), or auto"),
        "packet": Option(int, 0, "bytes of data in a packet, set at opening: 32, 64, 128, 256; 0: as it is", 0, 256),
        "width": Option(int, 0, "columns of a picture, for a module that is in no table; 0: known", 0, 1024),
        "dpi": Option(int, 0, "resolution of the pictures, for a module that is in no table; 0: known", 0, 2000),
        "patience_pct": PATIENCE,
    },
    make=_make,
    simulator=Simulator(
        variants={
            "r307": "optical, 256 × 288 px, 57600 baud, says 55 when ready (R305 alike)",
            "as608": "optical, 256 × 288 px, 300 pages, says nothing of itself",
            "r503": "capacitive with a ring of light, 192 × 192 px, templates of 1536 bytes, says what it is",
            "fpm": "capacitive, 160 × 160 px, templates of 768 bytes",
            "password": "an r307 with password 0000cafe and address 12345678",
            "packet32": "an r307 with packets of 32 bytes",
            "packet256": "an r307 with packets of 256 bytes at 115200 baud",
            "slow": "an r307 at 9600 baud",
            "noisy": "an r307 on a bad cable: noise between frames, and some frames damaged",
        },
        start=_simulate,
    ),
)
