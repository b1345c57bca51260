"""The ZFM driver against the pretended module in every variant, over a real pseudo-terminal or socket."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers import DeviceGone, OptionError, ProtocolError, registry
from drivers.base import Advice, DeviceTemplate, Feature, Informed, Matched, Matcher, Means, Recognition, Retry, Scan
from drivers.entry import Stage, Value
from drivers.sim_finger import Finger
from drivers.zfm import codec
from drivers.zfm.driver import ZfmDriver
from drivers.zfm.link import Refused
from drivers.zfm.sim import VARIANTS, ZfmSim
from drivers.zfm.sim_module import ANY_PAGE, STORED
from drivers.zfm.table import Code, Op


@contextmanager
def pair(variant: str = "r307", *, stage: Stage | None = None, **options: Value) -> Iterator[tuple[ZfmSim, ZfmDriver]]:
    with closing(ZfmSim(stage or Stage(variant=variant, pacing=False))) as sim:
        driver = registry.make("zfm", {"port": sim.where, **options})
        assert isinstance(driver, ZfmDriver)
        with closing(driver):
            yield sim, driver


def secret(folder: Path) -> str:
    (folder / "password").write_text("0000cafe\n")
    return str(folder / "password")


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_is_found_and_gives_its_picture(variant: str, tmp_path: Path) -> None:
    """S11, on each firmware: one touch, one picture, as the sensor has it."""
    given: dict[str, Value] = {}
    if variant == "password":
        given = {"address": "12345678", "password_file": secret(tmp_path)}
    with pair(variant, **given) as (sim, driver):
        scan = None
        for _ in range(20 if variant == "noisy" else 1):
            try:
                driver.open()
                sim.do("place 2_1")
                scan = driver.read(2)
                break
            except (ProtocolError, DeviceGone):
                assert variant == "noisy"
                driver.close()
                sim.do("lift")
        assert isinstance(scan, Scan)
        v = VARIANTS[variant]
        assert scan.image.shape == (v.height_px, v.width_px)
        assert scan.dpi == (508 if v.told else 500)
        if variant != "noisy":
            assert driver.read(0.05) is None


def test_what_it_says_of_itself_and_how_long_a_picture_takes() -> None:
    """The technician reads 6.95 s at 57600 baud, and what to do about it (S1)."""
    with pair() as (_, driver):
        driver.open()
        assert isinstance(driver, Informed)
        details = driver.info().details
        assert (details["baud"], details["image_s"], details["use"]) == (57600, 6.95, "match")
        assert details["advice"] == "set 115200 baud: a picture would take 3.48 s"
        driver.set_baud(115200)
        assert (driver.info().details["image_s"], driver.info().details["baud"]) == (3.48, 115200)
        assert "advice" not in driver.info().details
        driver.close()
        driver.open()
        assert driver.info().details["baud"] == 115200


def test_a_new_module_says_what_it_is() -> None:
    with pair("r503") as (sim, driver):
        driver.open()
        info = driver.info()
        assert (info.model, info.firmware, info.serial) == ("R503", "1.2", "SIM000000001")
        assert (info.details["width_px"], info.details["template_bytes"]) == (192, 1536)
        assert driver.family == "zfm/pretended 1/1536"
        reader = threading.Thread(target=driver.read, args=(0.3,))
        reader.start()
        time.sleep(0.15)
        assert sim.module.light == "on"
        reader.join()
        assert sim.module.light == "off"


def test_the_measured_time_takes_the_place_of_the_reckoned() -> None:
    with pair("packet256", stage=Stage(variant="packet256")) as (sim, driver):
        driver.open()
        assert driver.info().details["image_measured"] == 0
        sim.do("place")
        assert isinstance(driver.read(2), Scan)
        details = driver.info().details
        assert details["image_measured"] == 1
        assert float(details["image_s"]) > 3


def test_a_line_that_was_measured_to_be_fast_needs_no_advice() -> None:
    with pair() as (sim, driver):
        driver.open()
        assert "advice" in driver.info().details, "reckoned by the baud"
        sim.do("place")
        assert isinstance(driver.read(2), Scan)
        assert "advice" not in driver.info().details


@pytest.mark.parametrize("packet", [32, 64, 128, 256])
def test_packet_sizes_are_set_and_learnt(packet: int) -> None:
    with pair(packet=packet) as (sim, driver):
        driver.open()
        sim.do("place")
        assert isinstance(driver.read(2), Scan)
        assert driver.info().details["packet_bytes"] == packet
    with pair("packet32") as (_, driver):
        driver.open()
        assert driver.info().details["packet_bytes"] == 32


def test_a_wrong_password_is_said_and_not_guessed(tmp_path: Path) -> None:
    with pair("password", address="12345678") as (_, driver), pytest.raises(DeviceGone, match="password"):
        driver.open()
    with pair("password", password_file=secret(tmp_path)) as (_, driver), pytest.raises(DeviceGone, match="no module"):
        driver.open()


def test_on_the_module_the_same_finger_scores_and_others_do_not() -> None:
    """S5: a score for each candidate, so that the terminal can demand a margin."""
    with pair() as (sim, driver):
        driver.open()
        assert isinstance(driver, Matcher)
        stored = []
        for picture in ("1_1", "2_1", "3_1"):
            sim.do(f"place {picture}")
            template = driver.take(2)
            assert isinstance(template, DeviceTemplate)
            assert (template.family, len(template.data)) == (driver.family, 512)
            stored.append(template)
            sim.do("lift")
            assert driver.take(0.05) is None
        sim.do("place 2_2")
        strange = DeviceTemplate("zfm/else/512", stored[0].data)
        broken = DeviceTemplate(driver.family, bytes(512))
        matched = driver.match([*stored, strange, broken], 2)
        assert isinstance(matched, Matched)
        first, second, third, other, damaged = matched.scores
        assert (first, third, other, damaged) == (0, 0, None, None)
        assert second is not None
        assert second >= driver.threshold
        assert matched.template is not None
        assert driver.match(stored, 0.05) is None


def test_a_template_that_was_lost_on_its_way_down_never_lets_the_one_before_answer() -> None:
    """Nothing acknowledges a download, so the module would compare with what it had."""
    with pair() as (sim, driver):
        driver.open()
        sim.do("place 1_1")
        own = driver.take(2)
        sim.do("lift")
        assert driver.take(0.05) is None
        sim.do("place 2_1")
        other = driver.take(2)
        sim.do("lift")
        assert driver.take(0.05) is None
        assert isinstance(own, DeviceTemplate)
        assert isinstance(other, DeviceTemplate)
        sim.module._take_data = _deaf_after(sim, 4)  # type: ignore[method-assign]
        sim.do("place 1_2")
        matched = driver.match([own, other], 2)
        assert isinstance(matched, Matched)
        assert matched.scores[0]
        assert not matched.scores[1]


def _deaf_after(sim: ZfmSim, packets: int):  # type: ignore[no-untyped-def]
    true, left = sim.module._take_data, [packets]

    def take(frame):  # type: ignore[no-untyped-def]
        left[0] -= 1
        if left[0] >= 0:
            true(frame)

    return take


def test_the_modules_own_library_is_searched_in_mode_search() -> None:
    with pair(mode="search") as (sim, driver):
        assert driver.features == Feature.RECOGNITION
        driver.open()
        sim.do("enrol 41 3_1")
        assert driver.pages() == [41]
        sim.do("place 3_2")
        assert driver.read(2) == Recognition("41", Means.FINGER)
        sim.do("lift")
        assert driver.read(0.05) is None
        sim.do("place 1_1")
        assert driver.read(2) == Retry(Advice.PLACE_AGAIN)
        sim.do("lift")
        assert driver.take(0.05) is None
        sim.do("place 1_1")
        template = driver.take(2)
        assert isinstance(template, DeviceTemplate)
        driver.put(300, template)
        assert driver.pages() == [41, 300]
        driver.remove(41)
        assert driver.pages() == [300]
        with pytest.raises(ProtocolError, match="this module is of"):
            driver.put(1, DeviceTemplate("zfm/else/512", template.data))


@pytest.mark.parametrize(("word", "advice"), [("messy", Advice.WIPE), ("faint", Advice.PRESS_HARDER)])
def test_what_the_person_can_mend_is_advice(word: str, advice: Advice) -> None:
    """S1."""
    with pair() as (sim, driver):
        driver.open()
        sim.do(word)
        sim.do("place")
        assert driver.take(2) == Retry(advice)
        sim.do("lift")
        sim.do("clear")
        assert driver.take(0.05) is None
        sim.do("place")
        assert isinstance(driver.take(2), DeviceTemplate)


def test_a_finger_that_stays_is_asked_to_lift() -> None:
    """S11."""
    with pair() as (sim, driver):
        sim.do("place")
        driver.open()
        assert driver.read(5) == Retry(Advice.LIFT)


def test_the_pretended_module_survives_a_finger_that_is_lifted_while_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pair() as (sim, driver):
        looked = sim.module._packed

        def lifted(finger: Finger) -> bytes:
            sim.do("lift")
            return looked(finger)

        monkeypatch.setattr(sim.module, "_packed", lifted)
        driver.open()
        sim.do("place")
        assert isinstance(driver.read(5), Scan)


def test_a_picture_that_came_damaged_is_asked_for_again_without_another_touch() -> None:
    with pair() as (sim, driver):
        driver.open()
        sim.do("spoil 1")
        sim.do("place")
        assert isinstance(driver.read(2), Scan)


def test_a_module_that_was_reset_is_given_its_password_again(tmp_path: Path) -> None:
    with pair("password", address="12345678", password_file=secret(tmp_path)) as (sim, driver):
        driver.open()
        sim.do("reset")
        sim.do("place")
        assert isinstance(driver.read(2), Scan)


def test_a_reset_in_the_middle_of_a_picture_is_no_picture(tmp_path: Path) -> None:
    with pair(stage=Stage(variant="packet256")) as (sim, driver):
        driver.open()
        sim.do("place")
        threading.Timer(0.5, lambda: (sim.do("lift"), sim.do("reset"))).start()
        assert driver.read(2) == Retry(Advice.PLACE_AGAIN)
        sim.stand._pacing = False
        assert driver.read(0.05) is None
        sim.do("place")
        assert isinstance(driver.read(2), Scan)


def test_noise_on_the_line_between_readings_changes_nothing() -> None:
    with pair() as (sim, driver):
        driver.open()
        for _ in range(3):
            sim.do("noise")
            sim.do("place")
            assert isinstance(driver.read(2), Scan)
            sim.do("lift")
            assert driver.read(0.05) is None


def test_a_pulled_cable_is_gone_and_back_within_a_second(tmp_path: Path) -> None:
    with pair(stage=Stage(pty=tmp_path / "sensor", pacing=False)) as (sim, driver):
        driver.open()
        sim.do("unplug")
        with pytest.raises(DeviceGone):
            driver.read(2)
        with pytest.raises(DeviceGone):
            driver.open()
        sim.do("plug")
        driver.open()
        sim.do("place")
        assert isinstance(driver.read(2), Scan)


def test_over_a_socket_as_well() -> None:
    with pair(stage=Stage(tcp="127.0.0.1:0", pacing=False)) as (sim, driver):
        assert sim.where.startswith("socket://127.0.0.1:")
        driver.open()
        sim.do("place")
        assert isinstance(driver.read(2), Scan)


def test_pictures_of_a_folder_lie_on_the_glass_as_they_are(tmp_path: Path) -> None:
    image = (np.random.default_rng(1).integers(0, 16, (300, 260)) * 17).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a_1.png"), image)
    with pair(stage=Stage(library=tmp_path, pacing=False)) as (sim, driver):
        driver.open()
        sim.do("place a_1")
        scan = driver.read(2)
        assert isinstance(scan, Scan)
        assert np.array_equal(scan.image, image[6:294, 2:258])


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("mode", "guess", "expected one of auto"),
        ("packet", 100, "expected 0, 32"),
        ("address", "xyz", "hexadecimal"),
        ("password_file", "/none", "password_file"),
        ("port", "gopher://x", "port"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(option: str, value: Value, why: str) -> None:
    with pytest.raises(OptionError, match=why):
        registry.make("zfm", {"port": "/dev/null", option: value})


def test_the_simulator_says_what_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="variant"):
        ZfmSim(Stage(variant="r999"))
    with pytest.raises(OptionError, match="no pictures"):
        ZfmSim(Stage(library=tmp_path))
    with pytest.raises(OptionError, match="one of port"):
        ZfmSim(Stage(tcp="127.0.0.1:0", pty=tmp_path / "x"))
    with pytest.raises(OptionError, match="HOST:PORT"):
        ZfmSim(Stage(tcp="here"))
    with closing(ZfmSim(Stage(pacing=False))) as sim:
        for wrong in ("dance", "place nobody", "spoil x", "lift 1"):
            with pytest.raises(ProtocolError, match=r"expected|no such"):
                sim.do(wrong)
        for right in ("help", "pictures", "status", ""):
            assert sim.do(right)


def test_a_finger_is_enrolled_by_the_module_alone() -> None:
    """What other software asks of an R503 in one instruction."""
    with pair("r503") as (sim, driver):
        driver.open()
        ask = driver._module.link.ask
        with pytest.raises(Refused) as nobody:
            ask(Op.AUTO_ENROLL, ANY_PAGE, 0, 0, 0, 0)
        assert nobody.value.code is Code.TIMEOUT
        sim.do("place 2_1")
        assert ask(Op.AUTO_ENROLL, ANY_PAGE, 0, 0, 0, 0) == (STORED, 0)
        for page, overwrite, double, code in (
            (5, 0, 0, Code.ALREADY_EXISTS),
            (0, 0, 1, Code.TEMPLATE_NOT_EMPTY),
            (255, 0, 1, Code.BAD_PAGE),
        ):
            with pytest.raises(Refused) as refused:
                ask(Op.AUTO_ENROLL, page, overwrite, double, 0, 0)
            assert refused.value.code is code
        assert ask(Op.AUTO_ENROLL, 0, 1, 1, 0, 0) == (STORED, 0)
        assert driver.pages() == [0]
        heard = b"".join(sim.module.hear(codec.command(Op.AUTO_ENROLL, 0, 1, 1, 1, 0), None))
        said = [codec.answered(Op.AUTO_ENROLL, frame.payload) for frame in codec.Parser().feed(heard)]
        assert said == [(Code.OK, (step, 0)) for step in range(1, 16)], "six touches, compared, merged, stored"
        assert ask(Op.AUTO_IDENTIFY, 3, 0, 200, 0, 1)[1] == 0
