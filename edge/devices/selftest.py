"""`hazri-edge selftest`: every device of the settings is found, named, tried, and judged in words.

`examine` uses one open driver from one thread, so a running terminal can have it done on the thread of each device;
without a terminal the devices are opened here. Pictures are written only here: none passes the terminal's socket.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, assert_never

from drivers import DeviceGone, DriverError, ProtocolError, registry
from drivers.base import Advice, Bare, Driver, Feature, Informed, Keypad, Modality, Reading, Recognition, Retry, Scan
from drivers.lines import LineClient, Message
from edge import SetupError
from edge.devices.tuning import FASTER
from edge.people.glass import WORDS as GLASS
from edge.people.glass import judge
from edge.screen.words import ADVICE, Words
from edge.settings import Device, named

_FRAMES = 10
_FRAMES_S = 3.0
_SLACK_S = 10.0  # what opening, naming and judging may take beside the person


class Verdict(StrEnum):
    FINE = "fine"
    POOR = "poor"
    READY = "ready"  # found; nothing more can be tried from here
    SEALED = "sealed"
    UNTOUCHED = "untouched"
    UNREAD = "unread"
    GARBLED = "garbled"
    GONE = "gone"
    WRONG = "wrong"


VERDICTS = {
    Verdict.FINE: Words("ठीक काम कर रहा है", "It works"),
    Verdict.POOR: Words("काम कर रहा है, पर तस्वीर साफ़ नहीं है", "It works, but the picture is not clear"),
    Verdict.READY: Words("मिल गया और तैयार है", "Found, and ready"),
    Verdict.SEALED: Words(
        "मिल गया; इसकी तस्वीर केवल UIDAI खोल सकता है, यहाँ मिलान नहीं होगा",
        "Found; only UIDAI can open what it takes, so nothing is matched here",
    ),
    Verdict.UNTOUCHED: Words("मिल गया, पर किसी ने इसे छुआ नहीं", "Found, but nobody touched it"),
    Verdict.UNREAD: Words("मिल गया, पर छूने पर तस्वीर नहीं मिली", "Found, but no picture came of the touch"),
    Verdict.GARBLED: Words(
        "मिल गया, पर डेटा बिगड़ा हुआ आया: तार देखें", "Found, but what it sent was garbled: see to the cable"
    ),
    Verdict.GONE: Words("नहीं मिला: तार और बिजली देखें", "Not found: see to the cable and the power"),
    Verdict.WRONG: Words("सेटिंग ग़लत है", "Its settings are wrong"),
}
PLACE = Words("{device}: उँगली सेंसर पर रखें", "{device}: place a finger on the sensor")
FACE = Words("{device}: कैमरे की ओर देखें", "{device}: look at the camera")
PRESS = Words("{device}: कोई भी बटन दबाएँ", "{device}: press any key")
_PASSED = (Verdict.FINE, Verdict.READY, Verdict.SEALED)


@dataclass(frozen=True, slots=True)
class Quality:
    """What matching makes of a test picture: 0 to 100, the figures behind it, and what the person should do."""

    score: int
    figures: dict[str, float]
    advice: Words | None = None


Look = Callable[[Scan], Quality | None]
Tell = Callable[[Words], None]
Found = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Finding:
    """One device. `took_s`: from asking for the picture until it was there, the person's time included."""

    device: str
    driver: str
    verdict: Verdict = Verdict.GONE
    reason: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    picture: dict[str, float] = field(default_factory=dict)
    took_s: float | None = None
    rate: dict[str, float] = field(default_factory=dict)
    quality: Quality | None = None
    glass: dict[str, Any] = field(default_factory=dict)
    file: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict in _PASSED

    def json(self) -> dict[str, Any]:
        """As it goes over a socket or to a program; the words in every language."""
        words = VERDICTS[self.verdict]
        found = asdict(self) | {"verdict": self.verdict.value, "passed": self.passed, **words.said()}
        advice = self.quality.advice if self.quality else None
        if found["quality"]:
            found["quality"]["advice"] = advice.said() if advice else None
        return found


def line(found: Mapping[str, Any]) -> str:
    """A finding's message for a person: what, how well, in Hindi and in English."""
    about, picture, quality = found["about"], found["picture"], found["quality"]
    parts = [found["device"], " ".join(str(about[name]) for name in ("model", "firmware") if about.get(name))]
    if picture:
        dpi = f", {picture['dpi']:.0f} dpi" if picture["dpi"] else ""  # a camera has none
        parts.append("{columns} × {rows} px".format(**picture) + dpi)
    parts += [f"{value:g} {name.replace('_', ' ')}" for name, value in found["rate"].items()]
    parts.append(f"quality {quality['score']}/100" if quality else "")
    glass = found["glass"]
    parts.append(f"{glass['hi']} / {glass['en']}, {glass['score']}/100" if glass else "")
    advice = quality["advice"] if quality else None
    why = f"{advice['hi']} / {advice['en']}" if advice else found["reason"]
    tail = (f" ({why})" if why else "") + (f"; {about['advice']} ({FASTER})" if about.get("advice") else "")
    return f"{'; '.join(part for part in parts if part)}: {found['hi']} / {found['en']}{tail}"


def run(
    devices: Sequence[Device],
    look: Look,
    *,
    timeout_s: float,
    out: Path | None,
    tell: Tell,
    found: Found = lambda _finding: None,
) -> list[Finding]:
    """Open, examine and close each device in turn; `found` gets each finding as it comes.

    Never raises for what a device does; SetupError when `out` fails, before anybody is asked for a finger if it can.
    """
    if out is not None:
        _folder(out)
    findings = []
    for name, device in named(devices):
        finding = Finding(name, device.driver)
        scan: Scan | None = None
        try:
            driver = registry.make(device.driver, device.options)
            try:
                driver.open()
                scan = examine(driver, finding, look, timeout_s, tell)
            finally:
                driver.close()
        except DriverError as error:
            finding.verdict, finding.reason = verdict(error), str(error)
        if scan is not None and out is not None:
            finding.file = _save(out / f"{finding.device}.png", scan)
        findings.append(finding)
        found(finding.json())
    return findings


class Worker(Protocol):
    """One device of a running terminal, as edge.devices.supervisor.Worker is: it does a job on its own thread."""

    @property
    def slot(self) -> Any: ...

    def ask(self, job: Callable[[Driver], Any]) -> "Future[Any]": ...


def serve(
    send: Callable[[Message], None],
    workers: Iterable[Worker],
    look: Look,
    timeout_s: float,
    pressed: Callable[[], set[str]] = set,
) -> None:
    """In a running terminal: each device on its own thread, what to do and what was found as messages, then ok.

    Keys belong to the test while it runs: `pressed` takes them from the terminal, and says of which devices they were.
    """
    early: set[str] = set()
    for worker in workers:
        early |= pressed()
        was_pressed = worker.slot.name in early
        finding = Finding(worker.slot.name, worker.slot.name)

        def tell(words: Words) -> None:
            send({"event": "tell", **words.said()})

        def job(driver: Driver, finding: Finding = finding, was_pressed: bool = was_pressed) -> None:
            examine(driver, finding, look, timeout_s, tell, pressed=was_pressed)

        asked = worker.ask(job)
        try:
            asked.result(timeout_s + _SLACK_S)
        except DriverError as error:
            finding.verdict, finding.reason = verdict(error), str(error)
        except TimeoutError:
            asked.cancel()  # or it would ask for a finger when it comes round, in the middle of the next device
            finding = Finding(worker.slot.name, worker.slot.name, Verdict.GONE, "it hangs")
        send({"event": "finding", **finding.json()})
    pressed()
    send({"ok": True})


def follow(
    client: LineClient, timeout_s: float, tell: Callable[[str], None], found: Found = lambda _finding: None
) -> list[Message]:
    """The other end of `serve`; `found` gets each finding as it comes.

    Raises DeviceGone, and SetupError when the terminal will not.
    """
    message = client.ask({"do": "selftest", "timeout_s": timeout_s})
    findings = []
    while "ok" not in message:
        if message.get("event") == "finding":
            findings.append(message)
            found(message)
        else:
            tell(f"{message.get('hi')} / {message.get('en')}")
        message = client.next(timeout_s + 2 * _SLACK_S)
    if not message["ok"]:
        raise SetupError(
            f"the terminal is running and holds the devices: {message.get('error')}; stop it and try again"
        )
    return findings


def examine(
    driver: Driver, finding: Finding, look: Look, timeout_s: float, tell: Tell, *, pressed: bool = False
) -> Scan | None:
    """Fill in the finding from an open driver; the test picture, for whoever may keep it. Raises DriverError.

    `pressed`: a key of it was pressed already, and none is asked for.
    """
    _ask_who(driver, finding)
    features = driver.features
    if Feature.SEALED in features:
        finding.verdict = Verdict.SEALED
    elif Feature.IMAGE in features:
        scan = _try_picture(driver, finding, look, timeout_s, tell)
        _ask_who(driver, finding)  # once more: what a picture takes was measured just now
        if scan is not None and "image_s" in finding.about:
            finding.rate["seconds_a_picture"] = finding.about["image_s"]
        return scan
    elif isinstance(driver, Keypad):
        if not pressed:
            tell(PRESS.fill(device=finding.device))
            pressed = driver.read_key(timeout_s) is not None
        finding.verdict = Verdict.FINE if pressed else Verdict.UNTOUCHED
    else:
        finding.verdict = Verdict.READY
    return None


def _ask_who(driver: Driver, finding: Finding) -> None:
    if isinstance(driver, Informed):
        about = driver.info()
        finding.about = {"model": about.model, "firmware": about.firmware, "serial": about.serial, **about.details}


def _try_picture(driver: Driver, finding: Finding, look: Look, timeout_s: float, tell: Tell) -> Scan | None:
    stream = Feature.STREAM in driver.features
    if isinstance(driver, Bare) and (bare := driver.bare()) is not None:
        glass = judge(bare)
        words = GLASS[glass.glass]
        finding.glass = {**glass.figures(), **words.said()}
    tell((FACE if stream else PLACE).fill(device=finding.device))
    start = time.monotonic()
    reading = patient_read(driver, timeout_s, tell)
    match reading:
        case None:
            finding.verdict = Verdict.UNTOUCHED
            return None
        case Retry(advice):
            finding.verdict, finding.reason = Verdict.UNREAD, ADVICE[advice].both
            return None
        case Recognition():
            finding.verdict = Verdict.FINE
            return None
        case Scan():
            pass
        case _:
            assert_never(reading)
    finding.took_s = round(time.monotonic() - start, 3)
    rows, columns = reading.image.shape[:2]
    finding.picture = {"rows": rows, "columns": columns, "dpi": reading.dpi, "bytes": reading.image.nbytes}
    if stream:
        finding.rate = {"pictures_a_second": _rate(driver)}
    finding.quality = look(reading)
    poor = finding.quality is not None and finding.quality.advice is not None
    finding.verdict = Verdict.POOR if poor else Verdict.FINE
    return reading


def patient_read(driver: Driver, timeout_s: float, tell: Tell) -> Reading | None:
    """Whoever did it wrong is told what to do, and has the rest of the time; the last advice if that was not enough.

    What stays the same is said once. Raises DriverError.
    """
    until_s = time.monotonic() + timeout_s
    told: Advice | None = None
    reading = driver.read(timeout_s)
    while isinstance(reading, Retry) and (left_s := until_s - time.monotonic()) > 0:
        if reading.advice != told:
            tell(ADVICE[reading.advice])
        told = reading.advice
        if (again := driver.read(left_s)) is None:
            break
        reading = again
    return reading


def _rate(driver: Driver) -> float:
    """How many pictures a camera hands over in a second, by a few of them."""
    start, seen = time.monotonic(), 0
    while seen < _FRAMES and time.monotonic() - start < _FRAMES_S:
        seen += isinstance(driver.read(_FRAMES_S / _FRAMES), Scan)
    return round(seen / (time.monotonic() - start), 1)


def verdict(error: DriverError) -> Verdict:
    """What an error of a driver means for its device."""
    if isinstance(error, ProtocolError):
        return Verdict.GARBLED
    return Verdict.GONE if isinstance(error, DeviceGone) else Verdict.WRONG


def looks(models_dir: Path | None) -> Look:
    """Judges fingers and faces, each with networks that are loaded when the first such picture comes."""
    from edge.people.look import FaceLook, FingerLook
    from matching import MatchingError, ModelError

    made: dict[Modality, Any] = {}

    def look(scan: Scan) -> Quality | None:
        try:
            if scan.modality not in made:
                made[scan.modality] = (FingerLook if scan.modality is Modality.FINGER else FaceLook)(models_dir)
            seen = made[scan.modality](scan)
        except ModelError:
            return None  # without the networks the device can be tried, and its pictures not judged
        except MatchingError:
            return Quality(0, {}, ADVICE[Advice.PLACE_AGAIN])
        if scan.modality is Modality.FACE:
            advice = ADVICE[seen.advice] if seen.advice else None
            return Quality(0 if advice else 100, {"yaw_deg": round(seen.yaw_deg, 1)}, advice)
        _, view = seen
        advice = ADVICE[view.advice] if view.advice else None
        figures = {"minutiae": view.minutiae, "area_mm2": round(view.area_mm2, 1)}
        return Quality(_score(view.minutiae, view.area_mm2), figures, advice)

    return look


def _score(minutiae: int, area_mm2: float) -> int:
    """How much of what a good print has is there: 40 minutiae on 150 mm² are plenty."""
    return round(100 * min(1.0, minutiae / 40) * min(1.0, area_mm2 / 150))


def _folder(out: Path) -> None:
    """Raises SetupError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise SetupError(f"--out {out}: a file; name a folder") from None
    except OSError as error:
        raise SetupError(f"--out {out}: {error.strerror}") from None
    if not os.access(out, os.W_OK):
        raise SetupError(f"--out {out}: no right to write there")


def _save(file: Path, scan: Scan) -> str:
    import cv2

    _, png = cv2.imencode(".png", scan.image)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(png.tobytes())
    except OSError as error:
        raise SetupError(f"{file}: {error.strerror}") from None
    return str(file)
