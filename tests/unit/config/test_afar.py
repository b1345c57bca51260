"""Settings that the aggregator wants of a terminal: over its own, within the same limits, and only what is harmless."""

import dataclasses
from pathlib import Path

import pytest

from config import ConfigError
from config.afar import FROM_AFAR, adjusted
from config.model import Edge, Matching, Policy, Screen, Sensor

OWN = Edge(
    state_dir=Path("/srv/hazri"),
    matching=Matching(fmr=1e-6),
    policy=Policy(debounce_s=90, done_s=3),
    screen=Screen(languages=("kn", "en"), panel="ili9341"),
    sensors=(Sensor("virtual"),),
)


def test_nothing_wanted_changes_nothing() -> None:
    assert adjusted(OWN, "", "settings") == OWN


def test_what_is_wanted_stands_over_the_machines_own_and_the_rest_stays() -> None:
    """S16: more time at one terminal, in another language, without a visit."""
    text = (
        '[policy]\nfinger_timeout_s = 40\nmore_time = 4\n[screen]\nlanguages = ["hi"]\n[terminal]\nsilent_days = [1]\n'
    )
    found = adjusted(OWN, text, "settings")
    assert found.policy == dataclasses.replace(OWN.policy, finger_timeout_s=40, more_time=4.0)
    assert (found.screen.languages, found.screen.panel, found.terminal.silent_days) == (("hi",), "ili9341", (1,))
    assert (found.matching, found.sensors, found.state_dir) == (OWN.matching, OWN.sensors, OWN.state_dir)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[policy", "settings: not TOML"),
        ("policy = 5", "settings: policy: expected a table, found 5"),
        ("[polcy]", r"settings: unknown key 'polcy'; did you mean 'policy'\?"),
        ("[policy]\ndebounce = 5", "settings: policy: unknown key 'debounce'; did you mean 'debounce_s'"),
        ("[policy]\ndebounce_s = -1", "settings: policy: debounce_s = -1: expected 0 to 3600"),
        ("[policy]\ndebounce_s = '1'", "settings: policy: debounce_s: expected a whole number"),
        ("[screen]\nlanguages = []", "settings: screen: languages: expected 1 to 2"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        adjusted(OWN, text, "settings")


@pytest.mark.parametrize(
    "text",
    [
        "[matching]\nfmr = 0.01",
        "[matching]\nmargin = 0",
        "[policy]\nface_turns = 0",
        "[policy]\nlockout_failures = 100",
        "[policy]\nlockout_first_s = 1",
        "[policy]\nlockout_most_s = 1",
        "[terminal]\nidentify = 'finger'",
        "[sync]\nbroker_host = 'x.example'",
        "[update]\nserver = 'http://x.example'",
        "[[sensors]]\ndriver = 'virtual'",
        "state_dir = '/tmp'",
        "[screen]\nframebuffer = '/dev/mem'",
        "[signals]\nvoice_dir = '/'",
    ],
)
def test_from_afar_nobody_is_let_in_more_easily_and_nothing_is_sent_elsewhere(text: str) -> None:
    with pytest.raises(ConfigError, match="unknown key"):
        adjusted(OWN, text, "settings")


def test_every_setting_named_is_one() -> None:
    for section, names in FROM_AFAR.items():
        known = {one.name for one in dataclasses.fields(type(getattr(OWN, section)))}
        assert names
        assert set(names) <= known
