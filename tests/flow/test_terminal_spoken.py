"""Who is told everything aloud (S16): the terminal's player gets the right sound of each result, and holds up nobody.

The player is a program of the name `aplay` that writes down what it was given and then plays on for ever, deaf to
being told to stop: the worst that a sound card can do.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.screen.words import catalogue
from matching.synthetic import generate
from sync.wire import CardFlag
from tests.flow.terminal_site import Site, person

PLAYER = """#!/bin/sh
echo "$@" >> {heard}
trap '' TERM
while :; do sleep 1; done
"""
ALOUD, QUIET = "123456", "654321"
FINGERS = ("101", "102")


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """What the player was given so far: a list of sounds each time, as "hi/place"."""
    log, player = tmp_path / "heard", tmp_path / "bin" / "aplay"
    player.parent.mkdir()
    player.write_text(PLAYER.format(heard=log))
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{player.parent}:/usr/bin:/bin")

    def said() -> list[list[str]]:
        lines = log.read_text().splitlines() if log.exists() else []
        return [["/".join(Path(word).with_suffix("").parts[-2:]) for word in at.split()[1:]] for at in lines]

    return said


@pytest.fixture
def site(tmp_path: Path, heard: Callable[[], list[list[str]]]) -> Iterator[Site]:
    generate(len(FINGERS), 4, 7, tmp_path / "fingers")
    site = Site(tmp_path, policy="done_s = 1\n")
    with site.config.open("a") as file:
        file.write(f'[signals]\nvoice_dir = "{tmp_path}/voice"\nvoice_languages = ["ur"]\nvoice_for = "flagged"\n')
    for name in catalogue():
        sound = tmp_path / "voice" / "ur" / f"{name}.wav"
        sound.parent.mkdir(parents=True, exist_ok=True)
        sound.touch()
    site.people(site.authority.entry(person(1), ALOUD, flags=CardFlag.SPOKEN), site.authority.entry(person(2), QUIET))
    site.start()
    for number, finger in enumerate(FINGERS, 1):
        answer = site.enrol(person(number), 1, [tmp_path / "fingers" / f"{finger}_{view}.png" for view in (1, 2, 3)])
        assert answer["ok"], answer
    yield site
    if site.process:
        assert site.stop() == 0


def test_each_result_is_told_aloud_to_whom_it_is_promised_and_holds_up_nobody(
    site: Site, tmp_path: Path, heard: Callable[[], list[list[str]]]
) -> None:
    """S16: a punch is on disk and told while the player still holds the sound before it; the next person is served."""
    own, others = (tmp_path / "fingers" / f"{finger}_4.png" for finger in FINGERS)
    assert heard() == []
    assert site.punch(ALOUD, own)["outcome"] == "accepted"
    site.wait(lambda: any("ur/accepted.in" in sounds for sounds in heard()))
    assert heard()[-1] == ["ur/accepted.in", "ur/clock"], "whose terminal has no trusted time is told that, too"
    assert ["ur/place"] in heard()

    before = heard()
    seen = site.punch(QUIET, others)
    assert (seen["outcome"], seen["person"]) == ("accepted", person(2).hex())
    assert heard() == before, "it was told to somebody who did not ask for it"

    assert site.punch(ALOUD, others, others, others)["outcome"] != "accepted"
    site.wait(lambda: heard()[len(before) :] != [] and heard()[-1][0] in ("ur/no_match", "ur/abandoned"))
    assert not any("ur/accepted.in" in sounds for sounds in heard()[len(before) :])

    assert site.punch("12345")["outcome"] == "wrong_digits"
    assert len(site.punches()) == 2
