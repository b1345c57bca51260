"""libfprint behind its helper: the helper's words in any pieces, its own virtual readers, and a helper that dies."""

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, ProtocolError
from drivers.base import Advice, DeviceTemplate, Informed, Matched, Matcher, Retry, Scan
from drivers.libfprint import codec
from drivers.libfprint.codec import Event, Failure, Parser
from drivers.libfprint.driver import Capturing, Matching
from drivers.uru4000.sim import rings
from tests.contract.rigs.libfprint import LibfprintMatchRig, LibfprintRig

PYTHON = "/usr/bin/python3"
FIELDS = st.dictionaries(st.sampled_from(["name", "code", "at"]), st.one_of(st.none(), st.integers(), st.text()))
SAID = st.lists(st.tuples(st.sampled_from(["open", "image", "retry", "idle"]), FIELDS, st.binary(max_size=200)))


class VerifyRig(LibfprintMatchRig):
    """The virtual reader that verifies one and identifies none."""

    variable, name = "FP_VIRTUAL_DEVICE", "virtual_device"


@pytest.fixture
def images(tmp_path: Path) -> Iterator[tuple[LibfprintRig, Capturing]]:
    with closing(LibfprintRig(tmp_path)) as rig, closing(Capturing(str(rig.python), "virtual_image")) as driver:
        driver.open()
        yield rig, driver


@pytest.fixture
def matcher(tmp_path: Path) -> Iterator[tuple[LibfprintMatchRig, Matching]]:
    with closing(LibfprintMatchRig(tmp_path)) as rig, closing(Matching(str(rig.python))) as driver:
        driver.open()
        yield rig, driver


@given(SAID, st.integers(1, 64))
def test_what_the_helper_says_comes_whole_however_it_is_cut(
    said: list[tuple[str, dict[str, object], bytes]], size: int
) -> None:
    data = b""
    for kind, fields, raw in said:
        data += json.dumps({**fields, "is": kind, **({"bytes": len(raw)} if raw else {})}).encode() + b"\n" + raw
    parser = Parser()
    found = [event for at in range(0, len(data), size) for event in parser.feed(data[at : at + size])]
    assert [(event.kind, event.raw) for event in found] == [(kind, raw) for kind, _, raw in said]


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_nonsense_is_refused_and_costs_no_memory(pieces: list[bytes]) -> None:
    parser = Parser()
    with suppress(ProtocolError):
        for piece in pieces:
            parser.feed(piece)
            assert len(parser._rest) <= codec.MAX_LINE + 100


@pytest.mark.parametrize(
    "line", [b"x\n", b"[]\n", b'{"is": 1}\n', b"x" * 9000, b'{"is": "image", "bytes": -1}\n', b"[" * 8000 + b"\n"]
)
def test_a_line_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        Parser().feed(line)


def test_a_raw_part_is_bounded() -> None:
    with pytest.raises(ProtocolError, match="bytes is no number"):
        Parser().feed(b'{"is": "image", "bytes": 99999999}\n')


@pytest.mark.parametrize(("width", "height", "count"), [(2, 3, 5), (0, 0, 0), (1, 6, 6), (3000, 2, 6000), ("a", 2, 6)])
def test_a_picture_of_another_size_than_it_says_is_refused(width: object, height: int, count: int) -> None:
    with pytest.raises(ProtocolError):
        codec.size(Event("image", {"width": width, "height": height}, bytes(count)))


def test_the_resolution_is_wanted_said_known_or_usual() -> None:
    silent, saying = Event("image", {"ppmm": 0.0}), Event("image", {"ppmm": 20})
    assert codec.dpi(silent, "uru4000", 508) == 508
    assert codec.dpi(saying, "uru4000", 0) == 508
    assert codec.dpi(silent, "uru4000", 0) == 512
    assert codec.dpi(silent, "virtual_image", 0) == 500


def test_every_failure_says_what_it_means_and_what_to_do() -> None:
    for kind in Failure:
        error = codec.failure(Event("failed", {"kind": kind, "text": "x"}))
        assert isinstance(error, ProtocolError if kind is Failure.GARBLED else DeviceGone)
    assert "gir1.2-fprint-2.0" in str(codec.failure(Event("failed", {"kind": "missing"})))
    assert "fprintd" in str(codec.failure(Event("failed", {"kind": "busy"})))
    assert "udev" in str(codec.failure(Event("failed", {"kind": "denied"})))
    assert isinstance(codec.failure(Event("failed", {"kind": "never heard of"})), DeviceGone)


def test_retries_advise_the_person() -> None:
    """FpDeviceRetry of libfprint: general, too short, centre the finger, remove the finger."""
    advice = [codec.advice(Event("retry", {"code": code})) for code in (0, 1, 2, 3, 99)]
    assert advice == [Advice.PLACE_AGAIN, Advice.PLACE_AGAIN, Advice.MOVE_TO_MIDDLE, Advice.LIFT, Advice.PLACE_AGAIN]


def test_a_picture_comes_as_it_was_given(images: tuple[LibfprintRig, Capturing]) -> None:
    rig, driver = images
    rig.touch()
    reading = driver.read(10)
    assert isinstance(reading, Scan)
    assert np.array_equal(reading.image, rings())
    assert reading.dpi == 500


def test_it_says_what_it_is(images: tuple[LibfprintRig, Capturing]) -> None:
    _, driver = images
    assert isinstance(driver, Informed)
    assert driver.info().model == "Virtual image device for debugging"
    assert driver.info().details["driver"] == "virtual_image"


def test_a_touch_between_two_reads_counts_for_the_next(images: tuple[LibfprintRig, Capturing]) -> None:
    rig, driver = images
    assert driver.read(0.05) is None
    rig.touch()
    time.sleep(0.5)
    assert isinstance(driver.read(5), Scan)
    assert driver.read(0.2) is None


def test_a_retry_advises(images: tuple[LibfprintRig, Capturing]) -> None:
    rig, driver = images
    rig.garble()
    assert driver.read(10) == Retry(Advice.MOVE_TO_MIDDLE)


def test_a_reader_that_is_pulled_out_is_gone(images: tuple[LibfprintRig, Capturing]) -> None:
    rig, driver = images
    assert driver.read(0.05) is None
    rig.unplug()
    with pytest.raises(DeviceGone):
        driver.read(10)
    driver.open()
    rig.touch()
    assert isinstance(driver.read(10), Scan)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_helper_that_dies_is_a_reader_that_is_gone_and_a_new_one_is_started(
    how: signal.Signals, images: tuple[LibfprintRig, Capturing]
) -> None:
    rig, driver = images
    assert driver._process is not None
    os.kill(driver._process._process.pid, how)
    with pytest.raises(DeviceGone, match="helper"):
        driver.read(10)
    driver.open()
    rig.touch()
    assert isinstance(driver.read(10), Scan)


def test_a_helper_that_hangs_is_ended(images: tuple[LibfprintRig, Capturing], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.libfprint.process._END_S", 0.2)
    rig, driver = images
    monkeypatch.setattr(driver, "_answer_s", 0.2)
    assert driver._process is not None
    os.kill(driver._process._process.pid, signal.SIGSTOP)
    with pytest.raises(DeviceGone, match="does not answer"):
        driver.read(1)
    monkeypatch.undo()
    driver.open()
    rig.touch()
    assert isinstance(driver.read(10), Scan)


def test_a_helper_with_a_picture_that_nobody_takes_ends_by_itself(images: tuple[LibfprintRig, Capturing]) -> None:
    """A finger between the last reading and the end: the picture is more than the pipe holds."""
    rig, driver = images
    assert driver.read(0.05) is None
    rig.touch()
    time.sleep(0.5)
    assert driver._process is not None
    helper = driver._process._process
    driver.close()
    assert helper.returncode == 0


def test_a_missing_interpreter_or_library_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(DeviceGone, match="No such file"):
        Capturing(str(tmp_path / "python")).open()
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nshift\nexec {PYTHON} -I -S "$@"\n')
    bare.chmod(bare.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(DeviceGone, match=r"gir1\.2-fprint-2\.0"):
        Capturing(str(bare)).open()


def test_no_such_reader_is_gone(images: tuple[LibfprintRig, Capturing]) -> None:
    with pytest.raises(DeviceGone, match="no such reader"):
        Capturing(PYTHON, "no such thing").open()


def test_another_program_as_the_helper_is_gone_or_garbled() -> None:
    for program in ("/bin/true", "/bin/cat"):
        with pytest.raises(DeviceGone):
            Capturing(program).open()


def enrol(rig: LibfprintMatchRig, driver: Matching, finger: str) -> DeviceTemplate:
    for _ in range(10):
        assert driver.take(0.05) is None
        rig.touch(finger)
        taken = driver.take(5)
        if isinstance(taken, DeviceTemplate):
            return taken
        assert taken == Retry(Advice.PLACE_AGAIN)
    raise AssertionError("never enrolled")


def matched(rig: LibfprintMatchRig, driver: Matching, finger: str, candidates: list[DeviceTemplate]) -> object:
    assert driver.match(candidates, 0.05) is None
    rig.touch(finger)
    return driver.match(candidates, 5)


def test_the_reader_itself_tells_whose_finger_it_was(matcher: tuple[LibfprintMatchRig, Matching]) -> None:
    rig, driver = matcher
    assert isinstance(driver, Matcher)
    assert driver.family == "libfprint:virtual_device_storage:0"
    one, two = enrol(rig, driver, "one"), enrol(rig, driver, "two")
    assert matched(rig, driver, "two", [one, two]) == Matched((0, 1), None)
    assert matched(rig, driver, "one", [one, two]) == Matched((1, 0), None)
    assert matched(rig, driver, "one", [one]) == Matched((1,), None)
    assert matched(rig, driver, "two", [one]) == Matched((0,), None)
    assert driver.threshold == 1


def test_templates_of_another_family_are_not_compared(matcher: tuple[LibfprintMatchRig, Matching]) -> None:
    rig, driver = matcher
    foreign = DeviceTemplate("zfm:1", b"x")
    assert driver.match([foreign], 5) == Matched((None,), None)
    one = enrol(rig, driver, "one")
    assert matched(rig, driver, "one", [foreign, one]) == Matched((None, 1), None)


def test_a_damaged_template_is_garble_and_the_next_match_is_whole(
    matcher: tuple[LibfprintMatchRig, Matching],
) -> None:
    rig, driver = matcher
    one = enrol(rig, driver, "one")
    for damaged in (b"", b"FP3", one.data[:-7], bytes(len(one.data))):
        with pytest.raises(ProtocolError):
            driver.match([DeviceTemplate(one.family, damaged)], 1)
    assert matched(rig, driver, "one", [one]) == Matched((1,), None)


def test_a_match_gives_up_an_enrolment_that_was_begun(matcher: tuple[LibfprintMatchRig, Matching]) -> None:
    rig, driver = matcher
    one = enrol(rig, driver, "one")
    assert driver.take(0.05) is None
    rig.touch("two")
    assert driver.take(5) == Retry(Advice.PLACE_AGAIN)
    assert matched(rig, driver, "one", [one]) == Matched((1,), None)


def test_a_reader_that_only_verifies_compares_the_first_alone(tmp_path: Path) -> None:
    with closing(VerifyRig(tmp_path)) as rig, closing(Matching(str(rig.python))) as driver:
        driver.open()
        one, two = enrol(rig, driver, "one"), enrol(rig, driver, "two")
        assert matched(rig, driver, "two", [two, one]) == Matched((1, None), None)
        assert matched(rig, driver, "two", [one, two]) == Matched((0, None), None)
        driver.match([one], 0.05)
        rig.garble()
        assert driver.match([one], 0.5) in (None, Retry(Advice.MOVE_TO_MIDDLE))
