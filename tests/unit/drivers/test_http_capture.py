"""Vendors' capture services: both shapes, what they refuse, pictures that are none, and a glass that is not empty."""

import base64
import json
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.base import Advice, Modality, Retry, Scan
from drivers.entry import Stage
from drivers.http_capture import VARIANTS, codec
from drivers.http_capture.codec import Captured, Refused, Shape, Trouble
from drivers.http_capture.driver import HttpCapture
from drivers.http_capture.sim import CaptureSimulation

RAMP = np.arange(40 * 30, dtype=np.uint32).reshape(40, 30).astype(np.uint8)


def encoded(suffix: str = ".bmp") -> bytes:
    return cv2.imencode(suffix, RAMP)[1].tobytes()


def play(variant: str, library: Path | None = None) -> CaptureSimulation:
    return CaptureSimulation(Stage(tcp="127.0.0.1:0", variant=variant, pacing=False, library=library))


def reader(sim: CaptureSimulation) -> HttpCapture:
    shape = "secugen" if sim.variant.startswith("secugen") else "mantra"
    return HttpCapture(shape=shape, url=sim.url, pin=sim.pin, glance_ms=50)


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v != "l1"])
def test_a_picture_comes_through_every_variant_unchanged(variant: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), RAMP)
    with closing(play(variant, tmp_path)) as sim, closing(reader(sim)) as device:
        device.open()
        sim.do("touch")
        scan = device.read(5)
        assert isinstance(scan, Scan)
        assert (scan.dpi, scan.modality) == (500, Modality.FINGER)
        np.testing.assert_array_equal(scan.image, RAMP)
        assert device.info().model


def test_a_reader_that_keeps_its_picture_says_so() -> None:
    with closing(play("l1")) as sim, closing(reader(sim)) as device:
        device.open()
        sim.do("touch")
        with pytest.raises(ProtocolError, match="keeps it to itself"):
            device.read(2)


def test_an_iso_template_is_there_for_other_software() -> None:
    with closing(play("secugen-plain")) as sim, closing(reader(sim)) as device:
        device.open()
        sim.do("touch")
        captured = device.capture(2)
        assert isinstance(captured, Captured)
        assert captured.iso.startswith(b"FMR\0")
        assert "FMR" not in repr(captured)


def test_a_finger_that_lay_there_before_is_asked_to_lift() -> None:
    with closing(play("secugen-plain")) as sim, closing(reader(sim)) as device:
        sim.do("touch")
        device.open()
        readings = [device.read(0.2) for _ in range(12)]
        assert Retry(Advice.LIFT) in readings
        assert not any(isinstance(reading, Scan) for reading in readings)
        sim.do("lift")
        assert device.read(0.2) is None
        sim.do("touch")
        assert isinstance(device.read(2), Scan)


@pytest.mark.parametrize("variant", ["mantra", "secugen-plain"])
def test_a_reader_that_is_pulled_out_is_gone_and_comes_back(variant: str) -> None:
    with closing(play(variant)) as sim, closing(reader(sim)) as device:
        device.open()
        sim.do("gone")
        with pytest.raises(DeviceGone):
            device.read(0.05)
        device.close()
        with pytest.raises(DeviceGone):
            device.open()
        sim.do("back")
        device.open()
        sim.do("touch")
        assert isinstance(device.read(2), Scan)


def test_settings_that_cannot_be_used() -> None:
    with pytest.raises(OptionError, match="mantra or secugen"):
        HttpCapture(shape="startek")
    with pytest.raises(OptionError, match="http"):
        HttpCapture(shape="mantra", url="localhost")
    for stage in (Stage(variant="x"), Stage(port="/dev/x"), Stage(tcp="nowhere"), Stage(library=Path("/nowhere"))):
        with pytest.raises(OptionError):
            CaptureSimulation(stage)


def test_what_is_asked() -> None:
    mantra = codec.capture(Shape.MANTRA, 0.2, 60, "", "")
    assert json.loads(mantra.body or b"") == {"Quality": 60, "TimeOut": 1}
    secugen = codec.capture(Shape.SECUGEN, 0.2, 60, "a&b=c", "https://localhost:8443")
    form = parse_qs((secugen.body or b"").decode())
    assert form == {"Timeout": ["200"], "Quality": ["60"], "licstr": ["a&b=c"], "templateFormat": ["ISO"]}
    assert secugen.headers["Origin"] == "https://localhost:8443"


# ── answers ──


def mantra(**fields: object) -> bytes:
    picture = base64.b64encode(encoded()).decode()
    return json.dumps({"ErrorCode": "0", "BitmapData": picture, **fields}).encode()


def test_a_png_and_a_data_address_are_pictures_too() -> None:
    png = base64.b64encode(encoded(".png")).decode()
    for text in (png, f"data:image/png;base64,{png}"):
        captured = codec.answer(Shape.MANTRA, mantra(BitmapData=text, Quality="70"))
        assert isinstance(captured, Captured)
        np.testing.assert_array_equal(captured.image, RAMP)
        assert (captured.dpi, captured.quality, captured.iso) == (0, 70, b"")


@pytest.mark.parametrize(
    ("shape", "code", "trouble"),
    [
        (Shape.MANTRA, "-1140", Trouble.NOBODY),
        (Shape.MANTRA, "-1307", Trouble.GONE),
        (Shape.MANTRA, "-9", Trouble.WRONG),
        (Shape.SECUGEN, 54, Trouble.NOBODY),
        (Shape.SECUGEN, 55, Trouble.GONE),
        (Shape.SECUGEN, 57, Trouble.AGAIN),
        (Shape.SECUGEN, 10004, Trouble.WRONG),
    ],
)
def test_codes_and_what_they_mean(shape: Shape, code: str | int, trouble: Trouble) -> None:
    found = codec.answer(shape, json.dumps({"ErrorCode": code}).encode())
    assert isinstance(found, Refused)
    assert found.trouble is trouble


def test_a_time_that_is_over_is_known_by_its_words_too() -> None:
    found = codec.answer(Shape.MANTRA, b'{"ErrorCode": "-77", "ErrorDescription": "Time Out"}')
    assert found == Refused(Trouble.NOBODY, "error -77 Time Out")
    assert codec.answer(Shape.SECUGEN, b" ") == Refused(Trouble.NOBODY, "an empty answer")


def bmp(width: int, height: int, bits: int = 8, size: int = 54) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHH", size, 0, 0, 54, 40, width, height, 1, bits) + bytes(size - 30)


@pytest.mark.parametrize(
    "data",
    [
        mantra()[:-20],
        b"[]",
        b"1",
        b'{"a":' * 5000,
        b"{}",
        b'{"ErrorCode": true}',
        b'{"ErrorCode": "none"}',
        b'{"ErrorCode": null}',
        mantra(ErrorCode=[]),
        mantra(BitmapData=""),
        mantra(BitmapData=7),
        mantra(BitmapData="@@@"),
        mantra(BitmapData=base64.b64encode(b"GIF89a").decode()),
        mantra(BitmapData=base64.b64encode(encoded()[:-100]).decode()),
        mantra(BitmapData=base64.b64encode(encoded(".png")[:40]).decode()),
        mantra(BitmapData=base64.b64encode(bmp(50_000, 50_000)).decode()),
        mantra(BitmapData=base64.b64encode(bmp(0, 0)).decode()),
        mantra(BitmapData=base64.b64encode(bmp(-10, 10)).decode()),
        mantra(BitmapData=base64.b64encode(bmp(10, 10, 1)).decode()),
        mantra(Resolution="9"),
        mantra(Resolution={}),
        mantra(Quality="good"),
        b'{"ErrorCode": 0, "BitmapData": "x", "Resolution": 1e999}',
        mantra(IsoTemplate=7),
    ],
)
def test_hostile_answers_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        codec.answer(Shape.MANTRA, data)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"ErrorCode": "0"}', b'{"ErrorCode": "0", "DeviceInfo": 3}'])
def test_hostile_details_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        codec.details(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("ErrorCode", "BitmapData", "BMPBase64", "Resolution", "ImageDPI", "Quality", "IsoTemplate", "ErrorDescription")


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.sampled_from(list(Shape)))
def test_whatever_types_come_it_is_an_answer_or_a_protocol_error(message: dict[str, object], shape: Shape) -> None:
    reads: list[Callable[[], object]] = [
        lambda: codec.answer(shape, json.dumps({"ErrorCode": 0, **message}).encode()),
        lambda: codec.details(json.dumps(message).encode()),
    ]
    for read in reads:
        try:
            read()
        except ProtocolError:
            continue


@given(st.data())
def test_a_spoilt_picture_is_a_picture_or_a_protocol_error(data: st.DataObject) -> None:
    whole = bytearray(encoded(data.draw(st.sampled_from([".bmp", ".png"]))))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    try:
        image = codec.picture(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except ProtocolError:
        return
    assert image.ndim == 2
    assert image.dtype == np.uint8
