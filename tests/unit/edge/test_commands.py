"""`hazri-edge`: settings into plain values, exit codes, and errors in words a technician understands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.load import load
from config.model import Edge, Policy, Sync
from drivers.lines import LineServer
from edge import SetupError, play
from edge.__main__ import _settings, _uplink, parser
from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.people import refusals, telling
from edge.people.fingers import FINGERS
from edge.screen.words import Words
from edge.session.policy import Rules
from edge.uplink import Changes
from sync.admission import Request, parse
from sync.agent import AgentState
from sync.request import check_request
from tests.flow.terminal_site import ROOT, run


def config(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(f'state_dir = "{folder}/state"\nruntime_dir = "{folder}/run"\n{text}')
    return path


def test_the_shipped_settings_give_the_built_in_behaviour() -> None:
    shipped = load(Edge, ROOT / "config" / "edge.toml")
    assert _settings(shipped).rules == Rules()
    assert _settings(shipped) == _settings(Edge())
    assert _uplink(shipped) == _uplink(Edge())


def test_each_setting_arrives_where_it_is_meant() -> None:
    """Every field given another value than every other, so that none can be mistaken for its neighbour."""
    rules = _settings(Edge(policy=Policy(1, 2, 3, 4))).rules
    assert (rules.debounce_s, rules.captures, rules.digits_timeout_s, rules.finger_timeout_s) == (1, 2, 3, 4)
    uplink = _uplink(Edge(sync=Sync("b", 1, 2, 3, 4.0, 5.0, 6, 7.0)))
    assert (uplink.broker_host, uplink.broker_port, uplink.batch, uplink.in_flight) == ("b", 1, 2, 3)
    assert (uplink.receipt_timeout_s, uplink.heartbeat_s, uplink.keepalive_s, uplink.retry_max_s) == (4.0, 5.0, 6, 7.0)


def test_the_fingers_on_the_command_line_are_those_of_the_enrolment() -> None:
    for finger in FINGERS:
        args = parser().parse_args(["enrol", "--person", "00" * 8, "--finger", finger])
        assert args.fingers == [finger]
    args = parser().parse_args(["enrol", "--person", "00" * 8, "--fingers", "right_thumb,left_thumb", "--face"])
    assert (args.fingers, args.face, args.best) == (["right_thumb", "left_thumb"], True, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("modles_dir = 'x'", "did you mean 'models_dir'"),
        ("[policy]\ndebounce = 3", "did you mean 'debounce_s'"),
        ("[policy]\ncaptures = 0", "captures = 0: expected 1 to 10"),
        ("state_dir = 3", "not TOML"),
        ("[matching]\nfmr = 'low'", "expected a number"),
        ("[matching]\nfmr = 0.5", "fmr = 0.5: expected 1e-06 to 0.01"),
    ],
)
def test_a_wrong_setting_ends_with_2_and_says_which(tmp_path: Path, text: str, words: str) -> None:
    done = run("check", "--config", config(tmp_path, text))
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[sensors]]\ndriver = 'virtul'", "did you mean 'virtual'"),
        ("[[sensors]]\ndriver = 'virtual'\noptions = { sockt = '/x' }", "did you mean 'socket'"),
        ("[[sensors]]\ndriver = 'virtual'", "socket is missing"),
        ("[[sensors]]\ndriver = 'virtual'\noptions = { socket = '/x', dpi = 5 }", "dpi = 5: expected 100 to 2000"),
    ],
)
def test_a_wrong_driver_or_option_is_found_by_check(tmp_path: Path, text: str, words: str) -> None:
    for command in (["check"], ["capture", "--out", str(tmp_path / "x.png")]):
        done = run(*command, "--config", config(tmp_path, text))
        assert done.returncode == 2
        assert words in done.stderr
        assert str(tmp_path / "edge.toml") in done.stderr


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "0", "1e9", "soon"])
def test_a_time_to_wait_that_is_none_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["capture", "--out", "x.png", f"--timeout={seconds}"])
    assert ended.value.code == 2
    assert "expected seconds" in capsys.readouterr().err


def test_the_screen_and_the_events_do_not_share_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["terminal", "--screen", "text", "--events", "json"])
    assert "not allowed with" in capsys.readouterr().err


def test_a_request_that_could_not_be_written_is_written_next_time(tmp_path: Path) -> None:
    settings = str(config(tmp_path, ""))
    keys = ["keys", "--config", settings, "--id", "gate-1"]
    done = run(*keys, "--out", tmp_path)
    assert (done.returncode, "directory" in done.stderr) == (1, True)
    assert run(*keys, "--out", tmp_path / "request.json").returncode == 0
    check_request(parse(Request, (tmp_path / "request.json").read_text()))


def test_a_trouble_is_said_when_it_begins_changes_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    troubles = Troubles(Report("terminal", events=False))
    troubles.mended("roster")
    for reason in ("torn", "torn", "gone"):
        troubles.found("roster", reason)
        troubles.found("storage", "full")
    for _ in range(2):
        troubles.mended("roster")
    assert capsys.readouterr().err.splitlines() == [
        "terminal event=trouble what=roster reason=torn",
        "terminal event=trouble what=storage reason=full",
        "terminal event=trouble what=roster reason=gone",
        "terminal event=trouble what=roster over=true",
    ]


@pytest.mark.parametrize(
    "step",
    [
        f'"enrol": [{{"person": "00", "finger": {finger}, "pictures": ["x"]}}]'
        for finger in ("Infinity", "NaN", "1e30", "0", "11", "true", '"1"')
    ]
    + [
        f'"punches": [{{"digits": "1", "picture": "x", "expect": "genuine", "pause_ms": {pause}}}]'
        for pause in ("-5", "1e30", "Infinity", "NaN", "1" + "0" * 30, "0.5")
    ],
)
def test_a_plan_with_a_number_that_is_none_is_refused(tmp_path: Path, step: str) -> None:
    path = tmp_path / "plan.json"
    path.touch(0o600)
    path.write_text(f'{{"terminal": {{"control": "a", "virtual": "b"}}, {step}}}')
    with pytest.raises(SetupError, match="not a plan"):
        play.load(path)


@pytest.mark.parametrize("command", ["terminal", "sync"])
def test_a_terminal_that_was_not_admitted_says_how_to_be(tmp_path: Path, command: str) -> None:
    sensors = f"[[sensors]]\ndriver = 'virtual'\noptions = {{ socket = '{tmp_path}/v.sock' }}"
    done = run(command, "--config", config(tmp_path, sensors))
    assert done.returncode == 1
    assert "hazri-edge accept" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_of_a_terminal_that_is_not_running(tmp_path: Path) -> None:
    done = run("status", "--config", config(tmp_path, ""))
    assert done.returncode == 1
    assert "not running" in done.stdout


def test_status_of_a_terminal_that_may_not_be_asked(tmp_path: Path) -> None:
    """It runs all the same: to start it once more would be the wrong advice."""
    file = config(tmp_path, "")
    server = LineServer(tmp_path / "run/control.sock", lambda _message, _peer: {"ok": True}, mode=0)
    server.start()
    humbly = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    command = [*humbly, sys.executable, "-m", "edge", "status", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    server.close()
    assert (done.returncode, done.stderr) == (1, "")
    assert "nobody answers (Permission denied); try it with sudo" in done.stdout


def test_no_settings_file_is_said_in_words(tmp_path: Path) -> None:
    done = run("check", "--config", tmp_path / "none.toml")
    assert (done.returncode, "no such file" in done.stderr) == (2, True)


def test_a_package_that_is_not_there_is_named() -> None:
    """As in the environment of a server, which has no use for pictures."""

    code = "import sys; sys.modules['numpy'] = None; from edge.__main__ import main; main(['synth', '--out', 'none'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("hazri-edge: synth: import of numpy halted")
    assert done.stderr.endswith("pip install 'hazri[edge]'\n")


def test_sync_loads_no_libraries_of_pictures_or_keys() -> None:
    """A sync process is small: nothing of sensors and matching comes with it, nor what makes keys or opens seals."""

    code = "import sys, edge.__main__, edge.uplink; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for heavy in ("numpy", "cv2", "onnxruntime", "matching", "sqlite_utils", "rich", "cryptography"):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"terminal": 3}', '{"terminal": {"control": "a"}}', '{"punches": [1]}', "[" * 5000]
)
def test_a_plan_that_is_none_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(SetupError, match="not a plan") as refused:
        play.load(path)
    assert len(str(refused.value)) < 300


def test_each_change_of_the_agent_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    changes = Changes(Report("sync", events=True))
    changes(AgentState(up=True, reason="connected"))
    changes(AgentState(up=True, reason="connected", made=3, sent=3))
    changes(AgentState(up=True, reason="connected", made=3, sent=3, receipted=3))
    changes(AgentState(up=True, reason="connected", made=3, sent=3, receipted=3))
    changes(AgentState(up=False, reason="no answer in time", made=3, sent=3, receipted=3, roster_version=2))
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        '{"event": "link", "up": true, "reason": "connected", "why": "starting"}',
        '{"event": "sent", "seq": 3, "made": 3}',
        '{"event": "receipted", "seq": 3, "made": 3}',
        '{"event": "link", "up": false, "reason": "no answer in time", "why": "starting"}',
        '{"event": "roster", "roster_version": 2}',
    ]
    assert err.splitlines()[0] == "sync event=link up=true reason=connected why=starting"
    assert err.splitlines()[3] == 'sync event=link up=false reason="no answer in time" why=starting'


def test_sync_that_comes_first_waits_and_has_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    changes = Changes(Report("sync", events=False))
    for state in (AgentState(waiting=True), AgentState(waiting=True), AgentState()):
        changes(state)
    assert capsys.readouterr().err.splitlines() == [
        'sync event=waiting reason="the terminal\'s first start"',
        "sync event=waiting reason=over",
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"event": "waiting", "hi": "रुकें", "en": "Wait"}, "रुकें / Wait"),
        (
            {"event": "place", "view": 2, "views": 3, "finger": 1},
            "दायाँ अँगूठा: उँगली रखें (2/3) / Right thumb: Place the finger (2 of 3)",
        ),
        ({"event": "view", "view": 2}, "तस्वीर 2 ली गई / Picture 2 taken"),
        ({"event": "differs"}, "यह पिछली तस्वीर से मेल नहीं खाती / This does not match the picture before"),
        ({"event": "advice", "advice": "lift"}, "उँगली उठाएँ / Lift the finger"),
        ({"event": "finger", "finger": 6, "worth": 0.57}, "बायाँ अँगूठा: 57/100 / Left thumb: 57/100"),
        ({"event": "finger", "finger": 0, "worth": 1.0}, "चेहरा: 100/100 / Face: 100/100"),
        (
            {"event": "best", "fingers": [2, 1]},
            "सबसे अच्छी पहले: दायीं तर्जनी, दायाँ अँगूठा / Best first: Right index finger, Right thumb",
        ),
        ({"event": "look", "view": 1, "views": 3}, "कैमरे में देखें (1/3) / Look into the camera (1 of 3)"),
    ],
)
def test_each_step_of_an_enrolment_is_said_in_hindi_and_english(event: dict[str, object], line: str) -> None:
    assert telling.line(event).both == line


def test_why_nobody_was_enrolled_is_said_in_hindi_and_english() -> None:
    words = refusals.BEFORE_THAT.fill(
        why=refusals.OWN_FINGER.fill(finger=telling.name(1)), fingers=telling.names([2, 0])
    )
    answer = {"ok": False, "error": words.en, **words.said()}
    hindi, english = telling.why(answer).both.split(" / ")
    assert hindi == "यह उँगली पहले से दर्ज है: दायाँ अँगूठा (इससे पहले दर्ज: दायीं तर्जनी, चेहरा)"
    assert english == "this finger is enrolled already, as Right thumb (enrolled before that: Right index finger, Face)"
    assert telling.why({"ok": False, "error": "person: expected"}).en == "person: expected"


def test_every_reason_to_enrol_nobody_is_there_in_hindi() -> None:
    reasons = [value for value in vars(refusals).values() if isinstance(value, Words)]
    assert len(reasons) > 15
    for reason in reasons:
        assert re.search("[\u0900-\u097f]", reason.hi)
        assert set(re.findall("{.*?}", reason.hi)) <= set(re.findall("{.*?}", reason.en))
