"""The finger sensor as it sees just now, and every device tried in turn."""

import time
from collections.abc import Mapping
from typing import Any

from drivers import DriverError, registry
from drivers.base import Driver, Feature, Informed, Retry, Scan
from drivers.lines import LineClient, listens
from edge import EdgeError
from edge.devices import selftest
from edge.devices.sensors import search
from edge.screen.words import ADVICE, Words
from edge.setup import words
from edge.setup.said import Desk, Finding, Picture, State, Tell, fine, plain

_SLICE_S = 0.5
_SLOW_S = 2.0  # a picture that takes longer keeps a queue waiting (S1)
_GOOD = 60


def sensors(desk: Desk, _given: Mapping[str, str], tell: Tell) -> None:
    """What is plugged in; then pictures of the first finger sensor of the settings until somebody leaves, or, where
    nobody looks on, until a good one came."""
    for found in search(desk.root):
        tell(fine(words.PLUGGED.fill(what=f"{found.where} {found.what}")))
    if listens(desk.settings.control):
        tell(Finding(State.CARE, words.HELD, words.HELD_NOW))
        return
    device = next((d for d in desk.settings.sensors if Feature.IMAGE in registry.find(d.driver).features), None)
    if device is None:
        tell(Finding(State.WRONG, words.NO_SENSOR, words.NO_SENSOR_NOW))
        return
    driver: Driver | None = None
    try:
        driver = registry.make(device.driver, device.options)
        driver.open()
        _about(device.driver, driver, tell)
        _watch(desk, device.driver, driver, tell)
    except DriverError as error:
        tell(Finding(State.WRONG, words.LOST.fill(device=device.driver, why=str(error)), words.LOST_NOW))
    finally:
        if driver is not None:
            driver.close()


def devices(desk: Desk, _given: Mapping[str, str], tell: Tell) -> None:
    """Every device of the settings, through the running terminal where there is one."""

    def ask(text: Words) -> None:
        tell(Finding(State.DO, text))

    def found(finding: Mapping[str, Any]) -> None:
        state = State.FINE if finding["passed"] else State.WRONG
        line = selftest.line({**finding, "hi": "{hi}", "en": "{en}"}).replace("{hi} / {en}", "\0")
        head, _, tail = line.partition("\0")
        text = Words(f"{head}{finding['hi']}{tail}", f"{head}{finding['en']}{tail}")
        tell(Finding(state, text, None if finding["passed"] else words.LOST_NOW))

    try:
        if listens(desk.settings.control):
            with LineClient(desk.settings.control, timeout_s=120.0) as client:
                selftest.follow(client, desk.timeout_s, lambda text: ask(_halves(text)), found)
        else:
            look = selftest.looks(desk.settings.models_dir)
            selftest.run(desk.settings.sensors, look, timeout_s=desk.timeout_s, out=None, tell=ask, found=found)
    except (EdgeError, DriverError) as error:
        tell(Finding(State.WRONG, words.FAILED.fill(why=str(error)), words.LOST_NOW))


def _halves(text: str) -> Words:
    """What came over the socket as "Hindi / English"."""
    hi, _, en = text.partition(" / ")
    return Words(hi, en or hi)


def _about(name: str, driver: Driver, tell: Tell) -> None:
    if not isinstance(driver, Informed):
        tell(fine(words.OPENED.fill(device=name, about="")))
        return
    info = driver.info()
    tell(fine(words.OPENED.fill(device=name, about=f"{info.model} {info.firmware}".strip())))
    baud, image_s = info.details.get("baud"), info.details.get("image_s")
    if isinstance(image_s, int | float) and image_s > _SLOW_S:
        tell(Finding(State.CARE, words.SLOW.fill(baud=str(baud), image_s=str(image_s)), words.SLOW_NOW))


def _watch(desk: Desk, name: str, driver: Driver, tell: Tell) -> None:
    look = selftest.looks(desk.settings.models_dir)
    tell(Finding(State.DO, selftest.PLACE.fill(device=name)))
    until_s = time.monotonic() + desk.timeout_s
    seen, told = False, None  # what stays the same is said once
    while not desk.left.is_set() and time.monotonic() < until_s:
        began_s = time.monotonic()
        reading = driver.read(_SLICE_S)
        if isinstance(reading, Retry) and reading.advice != told:
            told = reading.advice
            tell(Finding(State.DO, ADVICE[told]))
        if not isinstance(reading, Scan):
            continue
        told = None
        seen, until_s = True, time.monotonic() + desk.timeout_s
        tell(Picture(reading.image))
        tell(fine(words.RATE.fill(took_s=f"{time.monotonic() - began_s:.1f}")))
        quality = look(reading)
        if quality is None:
            tell(Finding(State.CARE, words.UNJUDGED, plain("hazri-edge models install")))
            continue
        good = quality.score >= _GOOD and quality.advice is None
        tell(Finding(State.FINE if good else State.CARE, words.QUALITY.fill(score=str(quality.score)), quality.advice))
        if good and desk.once:
            return
    if not seen and not desk.left.is_set():
        tell(Finding(State.WRONG, words.UNTOUCHED, words.UNTOUCHED_NOW))
