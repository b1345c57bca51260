"""What the short commands of `hazri-edge` do. Each returns the exit code; heavy libraries are imported where used."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers import DriverError, OptionError, registry
from edge import SetupError
from edge.health.report import line as say
from edge.measuring import bench as bench
from edge.measuring import synth as synth
from edge.measuring import trace as trace
from edge.measuring import write_file
from edge.settings import Settings


def check(_args: Namespace, settings: Settings) -> int:
    """The settings were read already; now the drivers' options."""
    for device in settings.sensors:
        registry.check(device.driver, device.options)
    say(f"settings ok: {len(settings.sensors)} sensor(s), state in {settings.state_dir}")
    return 0


def keys(args: Namespace, settings: Settings) -> int:
    from edge.trust import provision

    request = provision.make(settings.state_dir, args.id)
    out = args.out or settings.state_dir / "request.json"
    write_file(out, request.encode(), 0o644)
    say(f"keys are in {settings.state_dir / 'keys'}; have {out} admitted: hazri-server admit {out}")
    return 0


def export(args: Namespace, settings: Settings) -> int:
    from edge.record import export as carrying
    from edge.trust.identity import load_admission
    from edge.trust.keys import template_key

    admission = load_admission(settings.state_dir)
    server = template_key(settings.state_dir, admission)
    files = carrying.run(settings.punches, settings.roster, admission.terminal, server, args.out, qr=args.qr)
    if not files:
        say("everything is receipted: there is nothing to carry")
        return 0
    for file in files:
        say(str(file))
    said = "1 file: carry it" if len(files) == 1 else f"{len(files)} files: carry them all"
    say(f"{said} to whoever runs `hazri-server import`")
    return 0


def receipts(args: Namespace, settings: Settings) -> int:
    from edge.record import receipts as carried_back
    from edge.trust import papers
    from edge.trust.identity import load_admission

    admission = load_admission(settings.state_dir)
    word = papers.word(settings.state_dir, admission)
    for receipt in carried_back.run(args.files, settings.receipts, admission.terminal, word):
        say(f"log {receipt.log.hex()[:8]}: taken up to record {receipt.seq}")
    return 0


def accept(args: Namespace, settings: Settings) -> int:
    try:
        data = args.admission.read_bytes()
    except OSError as error:
        raise SetupError(f"{args.admission}: {error.strerror}") from None
    from edge.trust import provision

    admission = provision.accept(settings.state_dir, data)
    say(f"admitted as {admission.terminal}; broker {admission.broker_host}:{admission.broker_port}")
    return 0


def pin(_args: Namespace, settings: Settings) -> int:
    """The technician's PIN, from the keyboard without an echo, or as a line on stdin."""
    import getpass

    from edge.trust import pin as pins

    typed = getpass.getpass("PIN: ") if sys.stdin.isatty() else sys.stdin.readline()
    say(f"the PIN is set: {pins.keep(settings.state_dir, typed.strip())}")
    return 0


def terminal(args: Namespace, settings: Settings) -> int:
    from edge import daemon

    # A name is on the screen: it goes to who looks at stdout, never to stderr, where the log is.
    wanted = args.screen == "text" or (sys.stdout.isatty() and not args.events)
    return daemon.run(settings, events=args.events == "json", screen=sys.stdout if wanted else None)


def bridge(args: Namespace, settings: Settings) -> int:
    from edge.devices import bridge

    return bridge.run(settings, events=args.events == "json")


def enrol(args: Namespace, settings: Settings) -> int:
    """Through the running terminal; fingers go on its sensor, the face before its camera."""
    from drivers.lines import LineClient
    from edge.people import telling
    from edge.people.fingers import FINGERS
    from edge.screen.words import ENROLLED, NOT_ENROLLING, joined

    fingers = [FINGERS[name] for name in args.fingers or ()]
    if not (fingers or args.face):
        raise SetupError("nothing to enrol: name --fingers, --face or both")
    asked = {"do": "enrol", "person": args.person, "fingers": fingers, "face": args.face, "best": args.best}
    client = LineClient(settings.control, timeout_s=120.0)
    seen = client.ask({**asked, "impressions": args.impressions, "alive": args.alive})
    while "ok" not in seen:
        say(telling.line(seen).both)
        seen = client.next()
    if not seen["ok"]:
        say(joined(": ", [NOT_ENROLLING, telling.why(seen)]).both)
        return 1
    seqs = ", ".join(map(str, seen["seqs"]))
    say(f"{joined(': ', [ENROLLED, telling.names(seen['fingers'])]).both} ({len(seen['seqs'])} views: {seqs})")
    return 0


def status(args: Namespace, settings: Settings) -> int:
    from edge.health import asking, plain

    try:
        answer = asking.status(settings.control)
    except DriverError as error:
        answer = {"ok": False, "error": str(error)}
    if answer is None:
        answer = {"ok": False, "error": "the terminal is not running", **_resting(settings)}
    if args.json:
        say(json.dumps(answer))
    else:
        for line in plain.status(answer):
            say(line)
    return 0 if answer["ok"] else 1


def models(args: Namespace, settings: Settings | None) -> int:
    from matching import ModelError
    from matching import models as store

    folder: Path | None = args.dir or (settings.models_dir if settings else None)
    try:
        if args.action == "install":
            store.install(folder, args.source, progress=say)
            return 0
        listing = store.listing(folder)
    except ModelError as error:
        raise SetupError(str(error)) from None
    for model in listing:
        m = model.model
        if args.action == "verify":
            say(f"{m.name}: {model.words}")
        else:
            say(f"{m.name}  {m.bytes / 1e6:.1f} MB  {m.licence}  {model.state.value}  {model.path}\n    {m.source}")
    ready = all(model.fine for model in listing)
    return 0 if ready or args.action == "list" else 1


def capture(args: Namespace, settings: Settings) -> int:
    """One picture from a sensor; for the technician's bench."""
    from drivers.lines import listens
    from edge.devices import capture as pictures

    if listens(settings.control):
        raise SetupError("the terminal is running and holds the sensor: stop it first")
    return pictures.run(settings.sensors, args.sensor, args.out, args.timeout, say)


def selftest(args: Namespace, settings: Settings) -> int:
    """Through the running terminal, without pictures; else by opening the devices here."""
    from drivers.lines import LineClient, listens
    from edge.devices import selftest as tests

    def tell(text: str) -> None:
        say(text, sys.stderr if args.json else None)

    def found(finding: Mapping[str, Any]) -> None:
        if not args.json:
            say(tests.line(finding))

    if listens(settings.control):
        if args.out:
            raise SetupError("no picture leaves a running terminal: stop it first, or leave --out away")
        with LineClient(settings.control, timeout_s=120.0) as client:  # somebody may be at the terminal just now
            findings = tests.follow(client, args.timeout, tell, found)
    elif not settings.sensors:
        raise SetupError("the settings name no device: nothing to try")
    else:
        look = tests.looks(settings.models_dir)
        tried = tests.run(
            settings.sensors,
            look,
            timeout_s=args.timeout,
            out=args.out,
            tell=lambda words: tell(words.both),
            found=found,
        )
        findings = [finding.json() for finding in tried]
    if args.json:
        say(json.dumps(findings, ensure_ascii=False))
    return 0 if findings and all(finding.get("passed") is True for finding in findings) else 1


def sensors(args: Namespace, settings: Settings | None) -> int:
    from edge.devices import sensors as devices
    from edge.devices import tuning

    if args.set_baud:
        return tuning.set_baud(settings, args.set_baud, args.driver, args.port, say)
    return devices.run(settings.sensors if settings else (), as_json=args.json)


def sim(args: Namespace, _settings: Settings | None) -> int:
    """The pretended device, until it is told to stop. No settings are read, so a wrong option is not theirs."""
    from drivers.entry import Stage
    from edge.devices import sim as stage

    wanted = Stage(args.port, args.tcp, args.pty, args.variant, args.library, pacing=not args.no_pacing)
    try:
        return stage.run(args.device, wanted)
    except OptionError as error:
        say(f"hazri-edge: {error}", sys.stderr)
        return 2


def play(args: Namespace, _settings: Settings | None) -> int:
    from edge import play as stage

    def tell(line: dict[str, Any]) -> None:
        say(json.dumps(line) if args.json else " ".join(f"{k}={v}" for k, v in line.items()))

    return 0 if stage.play(stage.load(args.plan), tell) else 1


def _resting(settings: Settings) -> dict[str, Any]:
    """What the log says of itself while the terminal does not run."""
    from sync import StorageError
    from sync.outbox import OutboxReader

    try:
        reader = OutboxReader(settings.punches)
        return {"log": reader.log.hex(), "seq": reader.last_seq()}
    except StorageError as error:
        return {"log": None, "reason": str(error)}


def screens(args: Namespace, _settings: Settings | None) -> int:
    from edge.screen import screenshots
    from edge.screen.words import Language

    languages = [Language(code) for code in args.language or Language]
    screenshots.make(args.out, screenshots.size(args.size), languages, say)
    return 0


def voice(args: Namespace, _settings: Settings | None) -> int:
    from edge.screen import voice
    from edge.screen.words import Language

    voice.make(args.out, [Language(code) for code in args.language or Language], say)
    return 0
