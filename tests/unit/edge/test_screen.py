"""Every state has its screen, in Hindi and English, told apart by more than its colour."""

import io
import unicodedata
from typing import get_args

import pytest

from drivers.base import Advice
from edge.control import WAITING
from edge.devices import selftest
from edge.people.glass import WORDS as GLASS
from edge.screen import scene as screen
from edge.screen import words
from edge.screen.scene import Colour, Icon
from edge.screen.sinks.text import TextSink
from edge.screen.values import VERDICTS, value
from edge.session import outcome, states
from edge.session.outcome import Accepted, PoorImage
from sync.health import Verdict
from sync.reasons import WORDS as REASONS
from sync.record import ClockSource, Flag, Instant, Kind, Means, Punch, SourceClass


def accepted(flags: Flag = Flag.NONE, name: str = "Synthetic", kind: Kind = Kind.IN) -> Accepted:
    instant = Instant(1, 0, 0, ClockSource.NTP, 5)
    return Accepted(
        Punch(bytes(8), kind, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, flags, instant), 7, name, 1.0
    )


ENDINGS: list[outcome.Outcome] = [
    accepted(),
    *(PoorImage(advice) for advice in Advice),
    outcome.Noted(8),
    outcome.LockedOut(30),
    outcome.WrongDigits(),
    outcome.NoMatch(),
    outcome.TooClose(),
    outcome.NotRecorded(),
    outcome.Elsewhere(),
    outcome.NotSupervised(),
    outcome.Cleared(),
    outcome.Abandoned(),
    outcome.SensorGone(),
]
STATES: list[states.State] = [
    states.Idle(),
    states.IdentifyReady(),
    states.IdentifyReady(face=True),
    states.ChooseKind(tuple(Kind)),
    states.Typing(3),
    *(states.Typing(0, kind) for kind in Kind),
    states.Place(1, None),
    states.Place(3, None, other=True),
    *(states.Place(2, advice) for advice in Advice),
    states.LookAtCamera(),
    *(states.LookAtCamera(advice) for advice in Advice),
    *(states.LookAtCamera(None, ask) for ask in states.Ask),
    states.Working(),
    states.Asking(),
    states.Located(30),
    states.SuperviseTyping(0),
    states.SuperviseTyping(3),
    states.SupervisePlace(1, None),
    states.SupervisePlace(2, Advice.WIPE),
    states.SuperviseReason("Synthetic"),
    states.SuperviseReason(""),
    states.Locked(30),
    states.Pin(2),
    states.Pin(0, wrong=True),
    states.Technician(),
    *(states.Technician(page, (("seq", "7"),)) for page in states.Page),
    states.Technician(states.Page.NETWORK, tuple((fact, "True") for fact in states.Fact)),
    *(states.Done(ending) for ending in ENDINGS),
    states.EnrolPlace(1, 3, None),
    states.EnrolPlace(1, 3, Advice.WIPE),
    *(states.EnrolPlace(1, 3, None, finger) for finger in range(1, 11)),
    states.EnrolFace(1, 3, None),
    states.EnrolFace(1, 3, Advice.NO_FACE),
    states.EnrolDone(True),
    states.EnrolDone(False),
    *(states.OutOfService(fault) for fault in states.Fault),
]
NAMED = (states.SuperviseWho(("Synthetic A", "Synthetic B")),)  # its lines are names, in whatever script they are


def test_no_state_is_forgotten_here() -> None:
    assert {type(state) for state in (*STATES, *NAMED)} == set(get_args(states.State))
    assert {type(ending) for ending in ENDINGS} == set(get_args(outcome.Outcome))


@pytest.mark.parametrize("state", STATES, ids=str)
def test_every_state_speaks_both_languages(state: states.State) -> None:
    picture = screen.screen(state)
    for line in (*picture.lines, *picture.choices):
        assert line.hi
        assert line.en
        assert any("DEVANAGARI" in unicodedata.name(c, "") for c in line.hi)
        assert not any("DEVANAGARI" in unicodedata.name(c, "") for c in line.en)
        assert "{" not in line.hi + line.en


def test_only_what_was_recorded_is_green() -> None:
    """Green after COMMIT, and nothing else."""
    green = [s for s in STATES if screen.screen(s).colour is Colour.GREEN]
    assert green == [states.Done(accepted()), states.EnrolDone(True)]


def test_endings_differ_in_words_not_only_in_colour() -> None:
    seen = [screen.screen(states.Done(ending)).lines for ending in ENDINGS]
    assert len(set(seen)) == len(seen)


def test_not_recorded_says_use_the_register() -> None:
    """S13"""
    picture = screen.screen(states.Done(outcome.NotRecorded()))
    assert (picture.colour, picture.icon, picture.lines) == (Colour.RED, Icon.BOOK, (words.NOT_RECORDED,))


def test_a_double_tap_and_an_untrusted_clock_are_said() -> None:
    """S2, S14"""
    flags = Flag.DUPLICATE | Flag.CLOCK_UNTRUSTED
    lines = screen.screen(states.Done(accepted(flags))).lines
    assert lines[1:] == (words.DUPLICATE, words.CLOCK)


@pytest.mark.parametrize("kind", Kind)
def test_nobody_is_welcomed_on_the_way_out(kind: Kind) -> None:
    lines = screen.screen(states.Done(accepted(kind=kind))).lines
    assert lines[1].en.startswith("Goodbye" if kind in (Kind.OUT, Kind.MOVEMENT_OUT) else "Welcome")


def test_a_name_is_shown_and_not_obeyed() -> None:
    out = io.StringIO()
    TextSink(out)(states.Done(accepted(name="A\x1b[2J\nB")))
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_a_name_in_a_script_with_joiners_keeps_them() -> None:
    name = "ರಾಜ್\u200cಕುಮಾರ್ (synthetic)"
    assert screen.screen(states.Done(accepted(name=name))).name == name
    assert screen.screen(states.Done(accepted(name="a\u202eb"))).name == "a b"


def test_digits_are_never_shown() -> None:
    """R1.1: how many, not which."""
    out = io.StringIO()
    TextSink(out)(states.Typing(3))
    assert "●●●○○○" in out.getvalue()
    assert not any(c.isdigit() for c in out.getvalue())


@pytest.mark.parametrize("ending", ENDINGS, ids=outcome.name)
def test_what_watchers_see_holds_no_name(ending: outcome.Outcome) -> None:
    event = outcome.event(ending)
    assert event["outcome"] == outcome.name(ending)
    assert "Synthetic" not in str(event)


def test_every_ending_has_a_name_of_its_own() -> None:
    kinds = {type(ending): outcome.name(ending) for ending in ENDINGS}
    assert len(set(kinds.values())) == len(get_args(outcome.Outcome))


def test_a_technicians_facts_have_labels_and_no_programmers_words() -> None:
    shown = screen.screen(
        states.Technician(states.Page.STATUS, (("bad_readings", "2"), ("up", "True"), ("zfm", "here")))
    )
    label, value = zip(*shown.facts, strict=True)
    assert [words.en for words in label] == ["Not readable", "Connected", "zfm"]
    assert [words.hi for words in value] == ["2", "हाँ", "here"]
    assert label[0].hi == "न पढ़ी गईं"


def test_what_a_technician_reads_is_in_every_language() -> None:
    """Facts that are words, the words of a self-test, and why there is no link (S15)."""
    told = [*VERDICTS.values(), *selftest.VERDICTS.values(), *GLASS.values()]
    told += [selftest.PLACE, selftest.FACE, selftest.PRESS, WAITING]
    told += [found for word in ("lan", "wifi", "gprs", "ready", "no camera", "unknown") if (found := value(word))]
    told += [found for reason in REASONS.values() if (found := value(f"{reason.en} (errno 113)"))]
    assert len(told) == len(Verdict) + len(selftest.Verdict) + len(GLASS) + 4 + 6 + len(REASONS)
    for one in told:
        assert len(set(one.said().values())) == 4, one.en
    assert value("off: no networks for faces") == value("off")
    assert value("1207") is None
