"""Lights, beeps and spoken prompts: what each state sounds like, and that none of it holds a punch up."""

import sys
import threading
import time
import wave
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from drivers.base import Advice
from edge import SetupError
from edge.screen import voice
from edge.screen.scene import Colour, screen
from edge.screen.screenshots import every
from edge.screen.signals import Lamps, Signals, on_pins, signal
from edge.screen.voice import Voice, spoken, to_say
from edge.screen.words import NOT_RECORDED, PLACE, Language, catalogue
from edge.session import outcome, states

LONG_S = 20.0
GREEN, RED, BLUE, BUZZER = 17, 27, 22, 18
ACCEPTED = next(state for name, state, _ in every(Language.HINDI) if name == "accepted-in")


class Lamp:
    """Remembers when it went on and off."""

    def __init__(self) -> None:
        self.turns: list[tuple[bool, float]] = []
        self.lit, self.dark = threading.Event(), threading.Event()
        self.closed = False

    def on(self) -> None:
        self.turns.append((True, time.monotonic()))
        self.lit.set()

    def off(self) -> None:
        self.turns.append((False, time.monotonic()))
        self.dark.set()

    def close(self) -> None:
        self.closed = True


def test_only_what_was_recorded_lights_green_and_sounds_good() -> None:
    """Green after COMMIT, in light as on the screen."""
    for _, state, _ in every(Language.HINDI):
        found = signal(state)
        recorded = isinstance(state, states.EnrolDone | states.Done) and screen(state).colour is Colour.GREEN
        assert (found.light is Colour.GREEN) is recorded
        assert (found.beeps_ms == signal(ACCEPTED).beeps_ms) is recorded


def test_good_bad_and_again_sound_different() -> None:
    """S16: a session without sight of the screen."""
    bad, again = signal(states.Done(outcome.NotRecorded())), signal(states.Place(2, Advice.WIPE))
    assert len({signal(ACCEPTED).beeps_ms, bad.beeps_ms, again.beeps_ms, signal(states.Typing(1)).beeps_ms}) == 4
    assert (bad.light, again.light) == (Colour.RED, Colour.YELLOW)
    assert signal(states.Idle()).beeps_ms == ()


def test_light_and_beep_follow_the_decision_and_how_fast_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    green, buzzer = Lamp(), Lamp()
    signals = Signals(Lamps(green=green, buzzer=buzzer))
    took_ms = []
    for _ in range(20):
        green.lit.clear(), buzzer.lit.clear()
        decided = time.monotonic()
        signals(ACCEPTED)
        returned = time.monotonic()
        assert buzzer.lit.wait(LONG_S)
        assert green.lit.wait(LONG_S)
        took_ms.append((max(green.turns[-1][1], buzzer.turns[-1][1]) - decided) * 1000)
        assert returned - decided < LONG_S
        green.dark.clear()
        signals(states.Idle())
        assert green.dark.wait(LONG_S)
    signals.close()
    with capsys.disabled():
        print(f"\nlight and beep after the decision: median {sorted(took_ms)[10]:.2f} ms, worst {max(took_ms):.2f} ms")  # noqa: T201
    assert green.closed
    assert buzzer.closed
    assert (green.turns[-1][0], buzzer.turns[-1][0]) == (False, False)


def test_what_still_beeps_is_overtaken() -> None:
    """Three beeps of a refusal do not keep the next person's light waiting."""
    red, green, buzzer = Lamp(), Lamp(), Lamp()
    signals = Signals(Lamps(green=green, red=red, buzzer=buzzer))
    signals(states.Done(outcome.NotRecorded()))
    assert buzzer.lit.wait(LONG_S)
    signals(ACCEPTED)
    assert green.lit.wait(LONG_S)
    signals.close()
    until_green = [on for on, at in buzzer.turns if at <= green.turns[0][1] or on]
    assert until_green.count(True) < 4


def test_yellow_is_red_and_green_together_on_the_pins() -> None:
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    try:
        pins = {number: Device.pin_factory.pin(f"GPIO{number}") for number in (GREEN, RED, BLUE, BUZZER)}
        signals = Signals(on_pins(GREEN, RED, BLUE, BUZZER))
        signals(states.Place(2, Advice.WIPE))
        for _ in range(200):
            if pins[RED].state and pins[GREEN].state:
                break
            time.sleep(0.01)
        assert (pins[GREEN].state, pins[RED].state, pins[BLUE].state) == (True, True, False)
        signals.close()
        with pytest.raises(SetupError, match="lights and buzzer"):
            on_pins(GREEN, GREEN, 0, 0)
    finally:
        Device.pin_factory.reset()
        Device.pin_factory = before


# ── voice ──


def test_every_prompt_is_a_message_and_keys_are_silent() -> None:
    """S16"""
    names = set(catalogue())
    for name, state, _ in every(Language.HINDI):
        said = to_say(state)
        assert set(said) <= names
        if name.startswith(("place", "advice", "camera", "out-of-service", "accepted", "enrol", "not_")):
            assert said, name
    assert to_say(ACCEPTED) == ("accepted.in", "greeting")
    assert to_say(states.Typing(3)) == to_say(states.Pin(2)) == to_say(states.Idle()) == ()


def test_what_is_spoken_has_no_blanks_and_no_signs() -> None:
    for message in catalogue().values():
        for language in Language:
            text = spoken(message, language)
            assert text
            assert not set("{}↵…") & set(text)


def test_prompts_play_newest_first_and_only_what_there_is(tmp_path: Path) -> None:
    """A file for each message and language, replaceable; a player that never ends is stopped for the next prompt."""
    (tmp_path / "hi").mkdir()
    for name in ("place", "not_recorded"):
        (tmp_path / "hi" / f"{name}.wav").write_bytes(b"RIFF")
    log = tmp_path / "log"
    script = "import sys,time,pathlib; pathlib.Path(sys.argv[1]).open('a').write(sys.argv[2]+'\\n'); time.sleep(60)"
    says = Voice(tmp_path, [Language.HINDI, Language.URDU], play=(sys.executable, "-c", script, str(log)))
    assert [p.name for p in says.files(states.Place(1, None))] == ["place.wav"]
    assert says.files(ACCEPTED) == []
    start = time.monotonic()
    for state in (states.Place(1, None), states.Done(outcome.NotRecorded())):
        says(state)
        wanted = says.files(state)[0].name
        while not (log.exists() and wanted in log.read_text()) and time.monotonic() - start < LONG_S:
            time.sleep(0.02)
    says.close()
    assert [Path(line).name for line in log.read_text().split()] == ["place.wav", "not_recorded.wav"]
    assert time.monotonic() - start < 50


def test_a_machine_without_a_player_says_so(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "place.wav").write_bytes(b"RIFF")
    said, told = [], threading.Event()

    def trouble(reason: str) -> None:
        said.append(reason)
        told.set()

    says = Voice(tmp_path, [Language.ENGLISH], trouble, play=("no-such-player",))
    says(states.Place(1, None))
    assert told.wait(LONG_S)
    says.close()
    assert "no-such-player" in said[0]


def test_prompts_are_made_once_and_a_replaced_one_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "catalogue", lambda: {"place": PLACE, "not_recorded": NOT_RECORDED, "pin": PLACE})
    (tmp_path / "kn").mkdir()
    own = tmp_path / "kn" / "place.wav"
    own.write_bytes(b"somebody's voice")
    said: list[str] = []
    voice.make(tmp_path, [Language.KANNADA], said.append)
    assert own.read_bytes() == b"somebody's voice"
    with wave.open(str(tmp_path / "kn" / "not_recorded.wav")) as sound:
        assert sound.getnframes() / sound.getframerate() > 0.8
    assert said == [f"{tmp_path / 'kn'}: 1 made, 1 kept"]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="espeak-ng"):
        voice.make(tmp_path, [Language.KANNADA], said.append)
