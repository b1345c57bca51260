"""`hazri-edge`: reads the settings, composes, exits with a code.

Codes: 0 done · 1 refused, or something is missing · 2 called or set up wrongly, so that trying again is no use.
"""

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from config import ConfigError
from config.afar import adjusted
from config.load import load, there
from config.model import Edge
from drivers import DriverError, OptionError
from edge import SOFTWARE, EdgeError, SetupError
from edge.health.report import line
from edge.people.fingers import FINGERS
from edge.session.policy import Lock, Rules, Silence
from edge.settings import Device, Settings, Shown, Uplink
from sync import SyncError
from sync.hush import leave_no_core
from sync.record import Kind

if TYPE_CHECKING:
    from edge.update.command import Updating

CONFIG = Path("/etc/hazri/edge.toml")
GALLERY = Path("~/.cache/hazri/gallery").expanduser()
MISUSED = 2
SETUP = ("claim", "firstboot", "image", "logs")
_WITHOUT = ("image", "models", "bench", "synth", "trace", "play", "screens", "voice", "sim", "sensors")  # settings


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process, without closing what must stay open (see edge.daemon)."""
    leave_no_core()
    args = parser().parse_args(argv)
    code = 1
    try:
        code = _run(args)
    except ConfigError as error:
        code = _complain(error, MISUSED)
    except OptionError as error:
        code = _complain(OptionError(f"{args.config}: {error}"), MISUSED)
    except (EdgeError, DriverError, SyncError) as error:
        code = _complain(error, 1)
    except KeyboardInterrupt:
        code = 130
    except ModuleNotFoundError as error:  # a server's environment, say, has no numpy
        code = _complain(EdgeError(f"{args.command}: {error}: pip install 'hazri[edge]'"), 1)
    except Exception:  # noqa: BLE001 - a bug: say where it is, and end as always
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _run(args: argparse.Namespace) -> int:
    if args.command == "sync":
        from edge import uplink

        config = load(Edge, args.config)
        return uplink.run(_settings(config), _uplink(config), events=args.events == "json")
    if args.command == "update":
        from edge.update import command

        config = load(Edge, args.config)
        return command.update(args, _settings(config), _updating(config))
    if args.command == "setup":
        from edge.image import commands as setup_commands

        config = load(Edge, args.config) if args.config != CONFIG or there(CONFIG) else Edge()
        return setup_commands.setup(args, _settings(config), _uplink(config))
    from edge import commands
    from edge.image import commands as setup_commands

    room = setup_commands if args.command in SETUP else commands
    run: Callable[[argparse.Namespace, Settings | None], int] = getattr(room, args.command)
    needed = args.command not in _WITHOUT
    wanted = needed or args.config != CONFIG or (args.command == "sensors" and there(CONFIG))
    if args.command in SETUP and args.config == CONFIG and not there(CONFIG):
        return _guarded(run, args, _settings(Edge()))  # a machine that nobody has set up yet
    return _guarded(run, args, _adjusted(load(Edge, args.config)) if wanted else None)


def _guarded(
    run: Callable[[argparse.Namespace, Settings | None], int], args: argparse.Namespace, settings: Settings | None
) -> int:
    """The matching room's errors are only known where it was imported."""
    try:
        return run(args, settings)
    except Exception as error:
        matching = sys.modules.get("matching")
        if matching and isinstance(error, matching.MatchingError):
            return _complain(error, 1)
        raise


def _complain(error: Exception, code: int) -> int:
    line(f"hazri-edge: {error}", sys.stderr)
    return code


def _adjusted(own: Edge) -> Settings:
    """The machine's own, and over them what the server wants: where that makes no sense, people are served without."""
    adopted, wanted = _settings(own).adopted, own
    try:
        wanted = adjusted(own, adopted.read_text(encoding="utf-8"), str(adopted))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        line(f"hazri-edge: {error}; going by the machine's own settings alone", sys.stderr)
    return replace(_settings(wanted), acceptable=partial(_acceptable, own))


def _acceptable(own: Edge, text: str) -> None:
    try:
        adjusted(own, text, "settings")
    except ConfigError as error:
        raise SetupError(str(error)) from None


def _settings(config: Edge) -> Settings:
    return Settings(
        state_dir=config.state_dir,
        runtime_dir=config.runtime_dir,
        models_dir=config.models_dir,
        fmr=config.matching.fmr,
        margin=config.matching.margin,
        rules=_rules(config),
        sensors=tuple(Device(sensor.driver, sensor.options) for sensor in config.sensors),
        preview_png=config.bridge.preview_png,
        preview_port=config.bridge.preview_port,
        shown=_shown(config),
        face_fmr=config.matching.face_fmr,
        ageing_days=config.matching.ageing_days,
        hang_s=config.terminal.hang_s,
        selftest_min=_minutes(config.terminal.selftest_at),
    )


def _rules(config: Edge) -> Rules:
    p, t = config.policy, config.terminal
    return Rules(
        debounce_s=p.debounce_s,
        captures=p.captures,
        digits_timeout_s=p.digits_timeout_s,
        finger_timeout_s=p.finger_timeout_s,
        face_timeout_s=p.face_timeout_s,
        supervise_timeout_s=p.supervise_timeout_s,
        technician_timeout_s=p.technician_timeout_s,
        done_s=p.done_s,
        more_time=p.more_time,
        turns=p.face_turns,
        lock=Lock(p.lockout_failures, p.lockout_first_s, p.lockout_most_s),
        out_from_min=_minutes(p.out_from),
        identify=t.identify == "finger",
        identify_face=t.identify == "face",
        kind_keys={key: Kind[kind.upper()] for key, kind in t.kind_keys.items()},
        menu_keys=frozenset(t.menu_keys),
        silence=Silence(_minutes(t.silent_by), t.silent_people, frozenset(t.silent_days)),
    )


def _minutes(time_of_day: str) -> int | None:
    hours, _, minutes = time_of_day.partition(":")
    return 60 * int(hours) + int(minutes) if minutes else None


def _shown(config: Edge) -> Shown:
    screen, signals = config.screen, config.signals
    return Shown(
        screen.languages,
        screen.panel,
        screen.framebuffer,
        (screen.width, screen.height),
        screen.rotate,
        signals.green_pin,
        signals.red_pin,
        signals.blue_pin,
        signals.buzzer_pin,
        signals.voice_dir,
        signals.voice_languages,
        signals.voice_for,
    )


def _uplink(config: Edge) -> Uplink:
    s = config.sync
    return Uplink(
        s.broker_host,
        s.broker_port,
        s.batch,
        s.in_flight,
        s.receipt_timeout_s,
        s.heartbeat_s,
        s.keepalive_s,
        s.retry_max_s,
        s.modem_port,
        s.monthly_mb,
        s.metered_linger_s,
    )


def _updating(config: Edge) -> "Updating":
    from edge.update.command import Updating
    from edge.update.steps import Hours

    u = config.update
    hours = Hours(_minutes(u.begin) or 0, _minutes(u.until) or 0)
    return Updating(u.root, u.server, u.district, hours, u.monthly_mb, u.health_s)


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    top = argparse.ArgumentParser(prog="hazri-edge", description="Attendance at a terminal: digits, a finger, a punch.")
    top.add_argument("--version", action="version", version=f"hazri-edge {SOFTWARE}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help=f"settings (default {CONFIG})")
    of = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return of.add_parser(name, help=text, description=text, parents=[common])

    add("check", "validate the settings and exit")
    keys = add("keys", "make this terminal's keys and its request for admission")
    keys.add_argument("--id", required=True, help="this terminal's id: a-z, 0-9 and '-'")
    keys.add_argument("--out", type=Path, metavar="FILE", help="where the request goes (default: request.json)")
    add("accept", "take in the admission the aggregator answered with").add_argument("admission", type=Path)
    claim = add("claim", "ask a server to be let in, with a token, and wait until somebody has decided")
    claim.add_argument("--token-file", type=Path, required=True, metavar="FILE", help="hazri.toml with the token")
    claim.add_argument("--server", default="", metavar="URL", help="another address than the file's")
    claim.add_argument("--wait", type=_seconds, metavar="SECONDS", help="give up after so long (default: never)")
    firstboot = add("firstboot", "do what hazri.toml on the card or a stick says, and show what it waits for")
    firstboot.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a stick (default: the card)")
    update = add("update", "look for a newer release, install it beside what runs, and go back if it is not well")
    what = update.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only say what is offered")
    what.add_argument("--settle", action="store_true", help="only leave a version whose trial was cut off")
    what.add_argument("--status", action="store_true", help="only say what runs and how the last trial ended")
    update.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a stick with a copy of the releases")
    update.add_argument("--root", type=Path, metavar="root.json", help="whose releases to believe; given once")
    update.add_argument("--now", action="store_true", help="though people may be punching")
    setup = add("setup", "set a machine up page by page, or by the steps named, in plain lines")
    setup.add_argument("what", nargs="*", metavar="STEP|NAME=TEXT", help="steps in plain lines, and what they ask for")
    setup.add_argument("--plain", action="store_true", help="everything that only looks, in plain lines")
    setup.add_argument("--language", choices=["hi", "en"], help="what comes first (default hi; en on a bare console)")
    logs = add("logs", "write what is needed to mend a machine from afar into one file, and nobody's data")
    logs.add_argument("--out", type=Path, required=True, metavar="F.zip", help="a file, or a stick's folder")
    image = add("image", "prepare a card: its hazri.toml, or the Debian package")
    image.add_argument("what", choices=["dropin", "deb"])
    image.add_argument("--file", type=Path, metavar="hazri.toml", help="dropin: judged before it is written")
    image.add_argument("--to", type=Path, metavar="CARD", help="dropin: an image file, or where a card is mounted")
    image.add_argument("--wheels", type=Path, metavar="DIR", help="deb: the wheels of hazri and all it needs")
    image.add_argument("--arch", choices=["arm64", "amd64"], default="arm64", help="deb: for which machine")
    image.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="deb: where it goes (default: here)")

    add("pin", "set the technician's PIN, read from the keyboard or from stdin")
    terminal = add("terminal", "serve people: sensors, record key, no network")
    # Both are lines on stdout, and the screen shows a name, which events never do.
    stdout = terminal.add_mutually_exclusive_group()
    stdout.add_argument("--events", choices=["json"], help="one JSON object a line on stdout")
    stdout.add_argument("--screen", choices=["text"], help="the screen as text on stdout (always so on a tty)")
    sync = add("sync", "carry punches up and the roster down: network, no sensor")
    sync.add_argument("--events", choices=["json"], help="one JSON object a line on stdout")
    bridge = add("bridge", "carry what old machines on the local network wrote down to the terminal")
    bridge.add_argument("--events", choices=["json"], help="one JSON object a line on stdout")
    add("status", "how the terminal is").add_argument("--json", action="store_true")
    export = add("export", "seal what was not receipted yet for the aggregator, to be carried by hand")
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help="a USB stick, say")
    export.add_argument("--qr", action="store_true", help="as pictures of QR codes, to be photographed")
    receipts = add("receipts", "take in what the aggregator answered to what was carried, so that it may be forgotten")
    receipts.add_argument("files", nargs="+", type=Path, metavar="FILE", help="receipts.hazri-receipts, say")

    enrol = add("enrol", "enrol fingers and a face on the running terminal")
    enrol.add_argument("--person", required=True, metavar="REF", help="the person's opaque reference, 16 hex digits")
    enrol.add_argument(
        "--fingers", "--finger", type=_hand, metavar="FINGER,…", help=f"one after the other: {', '.join(FINGERS)}"
    )
    enrol.add_argument("--best", type=int, default=0, metavar="N", help="try all of them and keep the N best")
    enrol.add_argument("--impressions", type=int, default=3, metavar="N", help="of a finger at least; three are kept")
    enrol.add_argument("--face", action="store_true", help="and the face, before the camera")
    enrol.add_argument("--alive", action="store_true", help="ask the face to turn, before it is enrolled")
    capture = add("capture", "take one picture from the sensor of a stopped terminal")
    capture.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    capture.add_argument(
        "--sensor", default="", metavar="NAME", help="which, as selftest calls it (default: the first)"
    )
    capture.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="to wait for it (default 30)"
    )

    selftest = add("selftest", "try every device of the settings, and judge each in words")
    selftest.add_argument("--out", type=Path, metavar="DIR", help="where the test pictures go")
    selftest.add_argument(
        "--timeout", type=_test_seconds, default=10.0, metavar="SECONDS", help="for each device (default 10)"
    )
    selftest.add_argument("--json", action="store_true", help="on one line")
    sensors = add("sensors", "the drivers, the devices of the settings, and what is plugged in")
    sensors.add_argument("--json", action="store_true", help="on one line")
    bauds = (9600, 19200, 38400, 57600, 115200)
    sensors.add_argument("--set-baud", type=int, choices=bauds, help="set a serial module to this speed; it keeps it")
    sensors.add_argument("--driver", default="zfm", metavar="NAME", help="of that module (default zfm)")
    sensors.add_argument("--port", default="", metavar="PATH", help="of that module (default: the settings')")
    sim = add("sim", "play a device that is not there, for other software and for tests")
    sim.add_argument("device", metavar="DEVICE", help="a driver's name, or modem")
    where = sim.add_mutually_exclusive_group()
    where.add_argument("--port", default="", metavar="PATH", help="on a serial port that exists")
    where.add_argument("--tcp", default="", metavar="HOST:PORT", help="on the network; port 0: any free one")
    where.add_argument("--pty", type=Path, metavar="LINK", help="on a new pseudo-terminal, with a link to it")
    sim.add_argument("--variant", default="", metavar="NAME", help="which of the device's kinds; sim prints them all")
    sim.add_argument("--library", type=Path, metavar="PATH", help="what is enrolled on it, or laid on its glass")
    sim.add_argument("--no-pacing", action="store_true", help="answer as fast as it can, not as slowly as the wire")

    models = add("models", "the networks' weights: install, verify, list")
    models.add_argument("action", choices=["install", "verify", "list"])
    models.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a folder instead of the registry")
    models.add_argument("--dir", type=Path, metavar="DIR", help="where they are kept")
    bench = add("bench", "measure error rates and times on a folder of fingers or faces, or how long a start takes")
    bench.add_argument("what", choices=["fingerprint", "face", "identify", "start"])
    bench.add_argument("--data", type=Path, metavar="DIR", help="a set, a folder of sets, or of people; not for start")
    bench.add_argument("--protocol", choices=["full", "std"], default="full")
    bench.add_argument("--leave-one-out", action="store_true", help="fingerprint: choose constants on the other sets")
    bench.add_argument("--dpi", type=_set_dpi, action="append", default=[], metavar="NAME=DPI", help="a set's dpi")
    bench.add_argument("--json", action="store_true", help="on one line")
    bench.add_argument("--plot", type=Path, metavar="FILE.svg", help="fingerprint, face: draw the error trade-off")
    bench.add_argument("--cache", type=Path, default=GALLERY, metavar="DIR", help="identify: where its gallery is kept")
    bench.add_argument(
        "--people", type=int, default=3334, help="identify: synthetic fingers to grow; others are spliced"
    )
    trace = add("trace", "draw what the fingerprint pipeline saw, stage by stage")
    trace.add_argument("image", type=Path, metavar="IMAGE")
    trace.add_argument("--out", type=Path, required=True, metavar="DIR")
    trace.add_argument("--dpi", type=float, default=500, help="of the pictures (default 500)")
    trace.add_argument("--against", type=Path, metavar="IMAGE2", help="compare with this one, and draw that too")
    synth = add("synth", "make fingers that nobody has")
    synth.add_argument("--people", type=int, default=24)
    synth.add_argument("--impressions", type=int, default=8)
    synth.add_argument("--seed", type=int, default=1)
    synth.add_argument("--condition", default="normal", help="good, normal, dry, wet, partial, hard or worn")
    synth.add_argument("--out", type=Path, required=True, metavar="DIR")
    screens = add("screens", "draw every screen of the terminal, as PNG files and contact sheets")
    screens.add_argument("--out", type=Path, required=True, metavar="DIR")
    screens.add_argument("--size", default="480x320", metavar="WxH", help="of the panel (default 480x320)")
    screens.add_argument("--language", choices=_LANGUAGES, action="append", help="only this one; may be repeated")
    voice = add("voice", "speak every message of the screen into sound files, with espeak-ng")
    voice.add_argument("--out", type=Path, required=True, metavar="DIR")
    voice.add_argument("--language", choices=_LANGUAGES, action="append", help="only this one; may be repeated")
    play = add("play", "play people at a terminal with the virtual device, by a plan")
    play.add_argument("plan", type=Path, metavar="PLAN.json")
    play.add_argument("--json", action="store_true", help="one JSON object a session")
    return top


def _hand(text: str) -> list[str]:
    fingers = text.split(",")
    wrong = [finger for finger in fingers if finger not in FINGERS]
    if wrong or len(set(fingers)) < len(fingers):
        raise argparse.ArgumentTypeError(f"{text!r}: expected names such as right_thumb,left_thumb, each once")
    return fingers


_LANGUAGES = ("hi", "en", "kn", "ur")
_LONGEST_S, _LONGEST_TEST_S = 3600.0, 15.0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_S:  # nor is nan
        raise argparse.ArgumentTypeError(f"{text!r}: expected seconds, more than 0 and at most {_LONGEST_S:.0f}")
    return seconds


def _test_seconds(text: str) -> float:
    seconds = _seconds(text)
    if seconds > _LONGEST_TEST_S:  # a device that is held for longer counts as one that hangs
        raise argparse.ArgumentTypeError(f"{text!r}: expected at most {_LONGEST_TEST_S:.0f} seconds")
    return seconds


def _set_dpi(text: str) -> tuple[str, float]:
    name, _, dpi = text.rpartition("=")
    if not name or not dpi.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=DPI, as in FVC2004_DB3_B=512")
    return name, float(dpi)


if __name__ == "__main__":
    main()
