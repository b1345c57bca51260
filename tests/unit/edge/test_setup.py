"""The technician's pages: each says what now, in both languages; what they show is what the machine has."""

import asyncio
import contextlib
import datetime as dt
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from drivers.base import Advice
from drivers.lines import LineClient, LineServer
from edge import SetupError
from edge.screen.words import ADVICE, Language, Words
from edge.session.policy import Rules
from edge.settings import Device, Settings, Uplink
from edge.setup import plain, reach, words
from edge.setup.app import Setup
from edge.setup.blocks import SHADES, halves, shades
from edge.setup.said import Desk, Entry, Finding, Picture, Said, State, Step, Tell, fine
from edge.setup.steps import BY_NAME, STEPS
from matching.synthetic import generate
from server.trust import pki
from sync.keys import new_transport_key
from sync.reasons import Reason
from tests.contract.test_broker import House, house

__all__ = ["house"]  # a fixture
UPLINK = Uplink("", 0, 50, 4, 30.0, 60.0, 60, 60.0)


def desk(folder: Path, *devices: Device, timeout_s: float = 15.0) -> Desk:
    (folder / "run").mkdir(exist_ok=True)
    settings = Settings(folder / "state", folder / "run", None, 1e-5, 0.1, Rules(), devices)
    return Desk(settings, UPLINK, root=folder / "root", timeout_s=timeout_s)


def told_by(step: str, at: Desk, **given: str) -> list[Said]:
    told: list[Said] = []
    BY_NAME[step].run(at, given, told.append)
    return told


def findings(told: list[Said]) -> list[Finding]:
    return [one for one in told if isinstance(one, Finding)]


# ── the steps ──


def test_every_step_says_what_now_in_both_languages() -> None:
    for step in STEPS:
        for text in (step.title, step.now, *(entry.label for entry in step.entries)):
            assert text.hi
            assert text.en
            assert text.hi != text.en
            assert any("ऀ" <= c <= "ॿ" for c in text.hi), text


def test_every_line_is_in_hindi_too() -> None:
    for name, text in vars(words).items():
        if isinstance(text, Words):
            assert any("ऀ" <= c <= "ॿ" for c in text.hi) or "{" in text.hi, name


def virtual(folder: Path) -> Device:
    return Device("virtual", {"socket": str(folder / "virtual.sock")})


def test_the_sensor_shows_what_lies_on_it_and_how_good_it_is(tmp_path: Path) -> None:
    pictures = tmp_path / "fingers"
    generate(1, 1, 3, pictures)
    at = replace(desk(tmp_path, virtual(tmp_path)), once=True)

    def lay() -> None:
        with LineClient(tmp_path / "virtual.sock", 30.0) as hands:
            hands.ask({"do": "place", "picture": str(pictures / "101_1.png")})

    def patient() -> None:
        while not (tmp_path / "virtual.sock").exists():
            time.sleep(0.05)
        lay()

    hand = threading.Thread(target=patient)
    hand.start()
    told = told_by("sensors", at)
    hand.join()
    (picture,) = [one for one in told if isinstance(one, Picture)]
    assert picture.image.ndim == 2
    assert any(one.text.en.startswith("Quality") or one.text == words.UNJUDGED for one in findings(told))
    assert all(one.state is not State.WRONG for one in findings(told))


def test_advice_that_stays_the_same_is_said_once(tmp_path: Path) -> None:
    def advise() -> None:
        while not (tmp_path / "virtual.sock").exists():
            time.sleep(0.05)
        with LineClient(tmp_path / "virtual.sock", 30.0) as hands:
            for advice in (Advice.LIFT, Advice.LIFT, Advice.WIPE):
                hands.ask({"do": "advise", "advice": advice})
                time.sleep(0.7)

    hand = threading.Thread(target=advise)
    hand.start()
    told = told_by("sensors", desk(tmp_path, virtual(tmp_path), timeout_s=4.0))
    hand.join()
    advised = [one.text for one in findings(told) if one.text in ADVICE.values()]
    assert advised == [ADVICE[Advice.LIFT], ADVICE[Advice.WIPE]]


def test_a_sensor_nobody_touches_and_one_that_is_not_there(tmp_path: Path) -> None:
    (last,) = findings(told_by("sensors", desk(tmp_path, virtual(tmp_path), timeout_s=0.6)))[-1:]
    assert (last.text, last.now) == (words.UNTOUCHED, words.UNTOUCHED_NOW)
    (last,) = findings(told_by("sensors", desk(tmp_path, Device("zfm", {"port": str(tmp_path / "none")}))))[-1:]
    assert (last.state, last.now) == (State.WRONG, words.LOST_NOW)
    (last,) = findings(told_by("sensors", desk(tmp_path)))[-1:]
    assert last.text == words.NO_SENSOR


def test_a_running_terminal_keeps_its_sensors(tmp_path: Path) -> None:
    at = desk(tmp_path, virtual(tmp_path))
    server = LineServer(at.settings.control, lambda _message, _peer: {"ok": True})
    server.start()
    try:
        (last,) = findings(told_by("sensors", at))[-1:]
    finally:
        server.close()
    assert (last.text, last.now) == (words.HELD, words.HELD_NOW)


def test_the_network_as_the_kernel_has_it(tmp_path: Path) -> None:
    (only,) = findings(told_by("network", desk(tmp_path)))
    assert (only.text, only.now) == (words.NO_LINK, words.NO_LINK_NOW)


def test_the_clock_is_shown_whoever_set_it(tmp_path: Path) -> None:
    first, second = findings(told_by("clock", desk(tmp_path)))
    assert time.strftime("%Y-%m-%d") in first.text.en
    assert second.text.en.startswith("Set by") or second.now is words.UNSET_NOW


def test_the_clock_of_a_running_terminal_is_the_servers(tmp_path: Path) -> None:
    at = desk(tmp_path)
    status = {"ok": True, "clock": "server", "clock_bound_ms": 40}
    server = LineServer(at.settings.control, lambda _message, _peer: status)
    server.start()
    try:
        _, second = findings(told_by("clock", at))
    finally:
        server.close()
    assert second.text.en == "Set by SERVER, right within 0.0 s"


def test_without_an_admission_or_a_file_it_says_to_claim_first(tmp_path: Path) -> None:
    (only,) = findings(told_by("server", desk(tmp_path)))
    assert (only.text, only.now) == (words.UNKNOWN_SERVER, words.UNKNOWN_SERVER_NOW)
    (only,) = findings(told_by("claim", desk(tmp_path)))
    assert only.now is words.UNKNOWN_SERVER_NOW
    (only,) = findings(told_by("claim", desk(tmp_path), file=str(tmp_path / "hazri.toml")))
    assert only.state is State.WRONG


def test_who_is_enrolled_must_be_named_and_the_terminal_run(tmp_path: Path) -> None:
    (only,) = findings(told_by("enrol", desk(tmp_path), person="Ram", fingers="thumb"))
    assert (only.state, only.now) == (State.WRONG, words.NOW_ENROL)
    (only,) = findings(told_by("enrol", desk(tmp_path), person="0011223344556677", fingers="right_thumb"))
    assert (only.text, only.now) == (words.NOT_RUNNING, words.NOT_RUNNING_NOW)


def test_the_card_of_a_dead_unit_is_read_by_the_servers_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S7."""
    (only,) = findings(told_by("card", desk(tmp_path), card=str(tmp_path)))
    assert only.now is words.NO_CARD_NOW
    (tmp_path / "punches.db").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    (only,) = findings(told_by("card", desk(tmp_path), card=str(tmp_path)))
    assert only.text == words.NO_SERVER_HERE
    program = tmp_path / "hazri-server"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    told = findings(told_by("card", desk(tmp_path), card=str(tmp_path)))
    assert told[0].text.en == f"import --card {tmp_path}"
    assert told[-1].now is words.READ_NOW
    program.write_text("#!/bin/sh\necho not a card >&2\nexit 1\n")
    (last,) = findings(told_by("card", desk(tmp_path), card=str(tmp_path)))
    assert "not a card" in last.text.en


# ── why the server is not reached (S15) ──


def greeted(house: House, name: str, authority: pki.Authority | None = None, port: int = 0) -> Reason:
    house.certified(name, authority)
    client = house.folder / f"client-{name}-{id(authority)}"
    ca = house.keys.directory / "ca.crt"
    return reach.greet("127.0.0.1", port or house.port, ca, client / "crt", client / "key").reason


def test_the_broker_is_reached_or_why_not(house: House) -> None:
    assert greeted(house, "t-1") is Reason.CONNECTED
    foreign = pki.new_authority(new_transport_key(), dt.datetime.now(dt.UTC))
    assert greeted(house, "t-1", foreign) is Reason.NOT_ADMITTED
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    assert greeted(house, "t-1", port=free) is Reason.REFUSED


def answering(text: bytes) -> tuple[socket.socket, int]:
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = server.accept()
        with line, contextlib.suppress(OSError):
            line.recv(4096)
            line.sendall(text)

    threading.Thread(target=serve, daemon=True).start()
    return server, server.getsockname()[1]


def test_a_login_page_and_another_server_are_told_apart(house: House, tmp_path: Path) -> None:
    server, port = answering(b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n")
    assert greeted(house, "t-1", port=port) is Reason.PORTAL
    server.close()
    other = House(tmp_path)
    other.broker.start()
    try:
        assert greeted(house, "t-1", port=other.port) is Reason.STRANGER
    finally:
        other.broker.stop()


# ── the pages ──

CALLED: list[tuple[str, Mapping[str, str]]] = []
RED = Words("लाल", "Red")
THEN = Words("ऐसा करें", "Do this")


def looks(at: Desk, _given: Mapping[str, str], tell: Tell) -> None:
    tell(Picture(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))))
    tell(fine(Words("ठीक", "Fine")))
    at.left.wait(20)
    CALLED.append(("left", {}))


def asks(_at: Desk, given: Mapping[str, str], tell: Tell) -> None:
    CALLED.append(("asked", dict(given)))
    tell(Finding(State.WRONG, RED, THEN))


def breaks(_at: Desk, _given: Mapping[str, str], _tell: Tell) -> None:
    raise RuntimeError("a bug")


PAGES = (
    Step("looks", Words("देखना", "Look"), Words("देखें", "Look at it"), looks),
    Step("asks", Words("पूछना", "Ask"), Words("लिखें", "Type"), asks, (Entry("who", Words("कौन", "Who"), "x"),), True),
    Step("breaks", Words("टूटना", "Break"), Words("रुकें", "Wait"), breaks),
)


def played(
    folder: Path, play: Callable[[Setup, Pilot[None]], Awaitable[None]], steps: tuple[Step, ...] = PAGES
) -> None:
    async def run() -> None:
        app = Setup(desk(folder), Language.ENGLISH, steps)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await play(app, pilot)

    CALLED.clear()
    asyncio.run(run())


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not true():
        assert time.monotonic() < give_up
        await pilot.pause(0.05)


def shown(app: Setup, where: str = "said") -> str:
    widgets = [app.query_one("#now", Static)] if where == "now" else list(app.query(f"#{where} Static").results(Static))
    return "\n".join(str(one.render()) for one in widgets)


def test_a_page_that_looks_begins_by_itself_and_ends_when_it_is_left(tmp_path: Path) -> None:
    async def play(app: Setup, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "✓ Fine" in shown(app))
        assert "▀" in str(app.query_one("#picture", Static).render())
        assert "Look at it" in shown(app, "now")
        await pilot.press("down")
        await until(pilot, lambda: ("left", {}) in CALLED)

    played(tmp_path, play)


def test_a_page_that_asks_waits_for_go_and_its_advice_is_the_findings(tmp_path: Path) -> None:
    async def play(app: Setup, pilot: Pilot[None]) -> None:
        await pilot.press("down")
        await until(pilot, lambda: bool(app.query("#entries Input")))
        assert [name for name, _ in CALLED if name == "asked"] == []
        await pilot.press("enter", "y", "enter")
        await until(pilot, lambda: "✗ Red" in shown(app))
        assert ("asked", {"who": "xy"}) in CALLED or ("asked", {"who": "y"}) in CALLED
        assert "Do this" in shown(app, "now")
        await pilot.press("escape", "l")
        await until(pilot, lambda: "✗ लाल" in shown(app))
        assert "ऐसा करें" in shown(app, "now")
        assert "पूछना" in str(app.query_one("#steps", OptionList).get_option("asks").prompt)

    played(tmp_path, play)


def test_a_bug_in_a_step_is_a_red_line_and_the_others_still_work(tmp_path: Path) -> None:
    async def play(app: Setup, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down")
        await until(pilot, lambda: "a bug" in shown(app))
        await pilot.press("up", "g")
        await until(pilot, lambda: "✗ Red" in shown(app))

    played(tmp_path, play)


def test_every_real_page_fits_a_console_of_80_by_24(tmp_path: Path) -> None:
    async def play(app: Setup, pilot: Pilot[None]) -> None:
        for step in STEPS:
            await until(pilot, lambda step=step: app._step is step)  # type: ignore[misc]
            await pilot.pause(0.2)
            now = app.query_one("#now", Static).region
            assert now.bottom <= 24
            assert now.right <= 80
            assert len(list(app.query("#entries Input").results(Input))) == len(step.entries)
            await pilot.press("down")

    played(tmp_path, play, STEPS)


# ── lines ──


def test_as_lines_what_is_wrong_is_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plain.run(desk(tmp_path), ["clock"], {}, Language.ENGLISH) == 0
    assert plain.run(desk(tmp_path), ["network", "clock"], {}, Language.HINDI) == 1
    said = capsys.readouterr().out
    assert "✗ कोई नेटवर्क नहीं" in said
    assert "अब क्या करें" in said


def test_what_no_step_asks_for_is_refused(tmp_path: Path) -> None:
    """Else `finger=` for `fingers=` would enrol the finger that is offered."""
    with pytest.raises(SetupError, match="nothing is asked for as 'finger', but: person, fingers"):
        plain.run(desk(tmp_path), ["enrol"], {"person": "0" * 16, "finger": "left_thumb"}, Language.ENGLISH)
    with pytest.raises(SetupError, match="but: nothing"):
        plain.run(desk(tmp_path), [], {"out": "a.zip"}, Language.ENGLISH)


def test_pictures_as_characters() -> None:
    ramp = np.tile(np.linspace(0, 255, 60).astype(np.uint8), (30, 1))
    lines = shades(ramp, 30, 10)
    assert {len(line) for line in lines} == {30}
    assert lines[0][0] == SHADES[0]
    assert lines[0][-1] == SHADES[-1]
    pairs = halves(np.zeros((33, 10, 3), np.uint8), 20, 5)
    assert len(pairs) <= 5
    assert set(pairs[0]) == {(0, 0)}
