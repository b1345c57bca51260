"""Every screen of the terminal as a picture: for the documents, for whoever judges a translation, for the tests.

Names and faces in them are nobody's: the names say so, and the face is drawn by code.
"""

import io
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from drivers.base import Advice
from edge.screen.picture import PictureError, draw
from edge.screen.scene import Corner, Link, screen
from edge.screen.sinks.png import save
from edge.screen.words import Language
from edge.session import outcome, states
from edge.session.outcome import Accepted
from edge.session.states import Ask, Fault, Page, Reason
from sync.record import ClockSource, Flag, Instant, Kind, Means, Punch, SourceClass

_COLUMNS, _THUMB_PX = 6, 190
_NAMES = {
    Language.HINDI: "कृत्रिम नमूना",
    Language.ENGLISH: "Synthetic Sample",
    Language.KANNADA: "ಕೃತಕ ಮಾದರಿ",
    Language.URDU: "مصنوعی نمونہ",
}
USUAL = Corner(Link.MOBILE, 3, 12, "09:12")
LATE = Corner(Link.NONE, None, 1207, "05:31", clock_trusted=False)


def pairs(language: Language) -> tuple[Language, ...]:
    """The languages shown together: a language with English, English with Hindi."""
    return (language, Language.HINDI if language is Language.ENGLISH else Language.ENGLISH)


def every(language: Language) -> Iterator[tuple[str, states.State, Corner]]:
    """(name, state, corner) of each picture."""
    name = _NAMES[language]
    for title, state in _states(name):
        yield title, state, USUAL
    for title, flags in (
        ("accepted-twice", Flag.DUPLICATE),
        ("accepted-clock", Flag.CLOCK_UNTRUSTED),
        ("accepted-both", Flag.DUPLICATE | Flag.CLOCK_UNTRUSTED),
    ):
        yield title, _accepted(Kind.IN, name, flags=flags), LATE
    yield "idle-offline", states.Idle(), LATE


def _states(name: str) -> Iterator[tuple[str, states.State]]:
    yield "idle", states.Idle()
    yield "idle-wipe", states.Idle(wipe=True)
    yield "identify-wipe", states.IdentifyReady(wipe=True)
    yield "identify", states.IdentifyReady()
    yield "identify-face", states.IdentifyReady(face=True)
    yield "choose-kind", states.ChooseKind(tuple(Kind))
    yield "typing", states.Typing(4)
    yield "typing-kind", states.Typing(2, Kind.MOVEMENT_OUT)
    yield "place", states.Place(1, None)
    yield "place-other", states.Place(2, None, other=True)
    for advice in Advice:
        face = advice in _OF_FACES
        yield f"advice-{advice}", states.LookAtCamera(advice) if face else states.Place(2, advice)
    yield "camera", states.LookAtCamera()
    for ask in Ask:
        yield f"camera-{ask}", states.LookAtCamera(ask=ask)
    yield "working", states.Working()
    yield "asking", states.Asking()
    yield "located", states.Located(30)
    yield "supervise", states.SuperviseTyping(0)
    yield "supervise-typing", states.SuperviseTyping(3)
    yield "supervise-place", states.SupervisePlace(1, None)
    yield "supervise-who", states.SuperviseWho((name, f"{name} 2"))
    yield "supervise-why", states.SuperviseReason(name)
    yield "supervise-unknown", states.SuperviseReason("", tuple(Reason))
    yield "locked", states.Locked(30)
    yield "pin", states.Pin(3)
    yield "pin-wrong", states.Pin(0, wrong=True)
    yield "technician", states.Technician()
    for page in Page:
        yield f"technician-{page}", states.Technician(page, _FACTS[page])
    for kind in Kind:
        photo = face_placeholder() if kind is Kind.IN else None
        yield f"accepted-{kind.name.lower()}", _accepted(kind, name, photo=photo)
    for ending in _ENDINGS:
        yield outcome.name(ending), states.Done(ending)
    yield "enrol", states.EnrolPlace(2, 3, None)
    yield "enrol-advice", states.EnrolPlace(3, 5, Advice.PLACE_FLAT)
    yield "enrol-finger", states.EnrolPlace(1, 3, None, 6)
    yield "enrol-face", states.EnrolFace(1, 3, None)
    yield "enrol-face-advice", states.EnrolFace(2, 3, Advice.COME_CLOSER)
    yield "enrolled", states.EnrolDone(True)
    yield "not-enrolled", states.EnrolDone(False)
    for fault in Fault:
        yield f"out-of-service-{fault}", states.OutOfService(fault)


_OF_FACES = set(list(Advice)[list(Advice).index(Advice.NO_FACE) :])
_FACTS: Mapping[Page, tuple[tuple[str, str], ...]] = {
    Page.STATUS: (
        ("seq", "1207"),
        ("receipted", "1195"),
        ("people", "64"),
        ("templates", "128"),
        ("damaged", "0"),
        ("bad_readings", "3"),
        ("faces", "ready"),
    ),
    Page.SELFTEST: (("zfm", "print"), ("evdev", "fine"), ("camera", "gone")),
    Page.NETWORK: (
        ("unreceipted", "12"),
        ("clock", "09:12"),
        ("trusted", "True"),
        ("link", "gprs"),
        ("up", "False"),
        ("reason", "no answer in time: weak line, or a firewall"),
        ("metered", "True"),
    ),
}
_ENDINGS: Sequence[outcome.Outcome] = (
    outcome.WrongDigits(),
    outcome.PoorImage(Advice.WIPE),
    outcome.NoMatch(),
    outcome.TooClose(),
    outcome.Noted(1),
    outcome.Elsewhere(),
    outcome.NotSupervised(),
    outcome.LockedOut(120),
    outcome.NotRecorded(),
    outcome.Cleared(),
    outcome.Abandoned(),
    outcome.SensorGone(),
)


def _accepted(kind: Kind, name: str, *, flags: Flag = Flag.NONE, photo: bytes | None = None) -> states.Done:
    instant = Instant(1, 0, 0, ClockSource.NTP, 5)
    punch = Punch(bytes(8), kind, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, flags, instant)
    return states.Done(Accepted(punch, 1207, name, 640.0, "7K3M9Q", photo))


def face_placeholder(side: int = 240) -> bytes:
    """A face that nobody has, as a JPEG: circles."""
    image = Image.new("RGB", (side, side), (126, 154, 178))
    pen = ImageDraw.Draw(image)
    unit = side / 100
    for box, ink in (
        ((10, 72, 90, 150), (66, 80, 110)),
        ((40, 55, 60, 84), (176, 128, 96)),
        ((27, 14, 73, 72), (196, 148, 112)),
        ((25, 8, 75, 36), (52, 42, 38)),
        ((38, 40, 43, 45), (40, 32, 30)),
        ((57, 40, 62, 45), (40, 32, 30)),
    ):
        pen.ellipse(tuple(n * unit for n in box), ink)
    pen.arc(tuple(n * unit for n in (40, 46, 60, 62)), 20, 160, (120, 60, 60), max(1, round(unit * 2)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def make(out: Path, size: tuple[int, int], languages: Sequence[Language], tell: Callable[[str], None]) -> None:
    """PNG files in OUT/<language>/, and one contact sheet a language. Raises PictureError, SetupError."""
    took_ms: list[float] = []
    for language in languages:
        shots = []
        for name, state, corner in every(language):
            picture = screen(state)
            start = time.perf_counter()
            shot = draw(picture, corner, size, pairs(language))
            took_ms.append((time.perf_counter() - start) * 1000)
            save(shot, out / language / f"{name}.png")
            shots.append(shot)
        save(contact_sheet(shots), out / f"terminal-{language}.png")
    took_ms.sort()
    middle, late = statistics.median(took_ms), took_ms[int(len(took_ms) * 0.95)]
    wide, high = size
    tell(f"{len(took_ms)} screens of {wide}×{high} in {out}: median {middle:.1f} ms, 95 % within {late:.1f} ms")


def contact_sheet(shots: Sequence[Image.Image]) -> Image.Image:
    """All of them small on one sheet, in few enough colours for a small file."""
    wide, high = _THUMB_PX, round(_THUMB_PX * shots[0].height / shots[0].width)
    rows = -(-len(shots) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * (wide + 6) + 6, rows * (high + 6) + 6), (90, 96, 104))
    for n, shot in enumerate(shots):
        at = (6 + n % _COLUMNS * (wide + 6), 6 + n // _COLUMNS * (high + 6))
        sheet.paste(shot.resize((wide, high), Image.Resampling.LANCZOS), at)
    return sheet.quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def size(text: str) -> tuple[int, int]:
    """A size as 480x320. Raises PictureError."""
    wide, _, high = text.lower().partition("x")
    if not (wide.isdecimal() and high.isdecimal() and 320 <= int(wide) <= 4096 and 240 <= int(high) <= 4096):
        raise PictureError(f"{text!r}: expected a size from 320x240 on, as in 480x320")
    return int(wide), int(high)
