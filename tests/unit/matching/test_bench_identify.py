"""The 1:N benchmark reports what it says, keeps only synthetic fingers, and goes on where it was stopped."""

import json
from pathlib import Path

import cv2
import pytest

from matching import DataError, Template, score
from matching import bench_gallery as gallery
from matching.bench_gallery import Person, make_block, people, spliced
from matching.bench_identify import bench_identify
from matching.fingerprint import Extractor
from matching.synthetic import finger, impression


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One block of synthetic people."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "BLOCK", 4)
        make_block(0, folder, 4)
    return folder


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "BLOCK", 4)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One set of two synthetic fingers, four touches each."""
    root = tmp_path_factory.mktemp("sets") / "ONE"
    root.mkdir()
    for person in range(2):
        for nth in range(1, 5):
            cv2.imwrite(str(root / f"{101 + person}_{nth}.png"), impression(finger(80 + person), nth))
    return root


def test_every_size_gives_every_figure(cache: Path, sets: Path, extractor: Extractor) -> None:
    told: list[tuple[str, int, int]] = []
    report = bench_identify(
        sets, cache, sizes=(15, 60), grown=4, extractor=extractor, progress=lambda *step: told.append(step)
    )
    figures = {"recall_percent", "templates_per_s", "probe_cpu_ms", "probes", "found", "strangers", "prepare_gallery_s"}
    assert set(report) == {*figures, "real", "grown", "spliced", "peak_rss_mb"}
    assert all(set(report[name]) == {"15", "60"} for name in figures)
    assert report["recall_percent"] == {"15": 100.0, "60": 100.0}
    assert report["probes"] == {"15": 6, "60": 6}
    assert report["found"]["60"] >= 5
    assert (report["real"]["60"], report["grown"]["60"], report["spliced"]["60"]) == (6, 12, 42)
    assert (report["real"]["15"], report["grown"]["15"], report["spliced"]["15"]) == (6, 9, 0)
    assert json.loads(json.dumps(report)) == report
    assert told[-1] == ("60 templates: identify", 6, 6)
    assert sorted(file.name for file in cache.iterdir()) == ["leader-1-seed-20-0000.bin"], "nothing of the sets is kept"


def test_without_a_folder_synthetic_fingers_probe(cache: Path) -> None:
    report = bench_identify(None, cache, sizes=(12,), grown=4)
    assert (report["real"]["12"], report["probes"]["12"]) == (0, 4)


def test_people_are_made_once_and_are_the_same(
    cache: Path, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "_make", lambda *_: pytest.fail("made again"))
    three, four = people(3, cache), people(4, cache)
    assert three == four[:3]
    assert [len(person.templates) for person in four] == [3] * 4
    seed = gallery.finger_seeds(gallery.SEED, 4)[3]
    assert four[3].templates[0] == extractor.extract(impression(finger(seed), 1))


def test_a_missing_block_is_made_by_other_processes(tmp_path: Path, cache: Path) -> None:
    told: list[tuple[str, int, int]] = []
    made = people(2, tmp_path / "new", processes=1, progress=lambda *step: told.append(step))
    assert made == people(2, cache)
    assert told == [("synthetic gallery", 4, 4)]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + data, lambda data: b"\0\5abcde"])
def test_a_damaged_cache_is_named(cache: Path, tmp_path: Path, damage: object) -> None:
    whole = (cache / "leader-1-seed-20-0000.bin").read_bytes()
    file = tmp_path / "leader-1-seed-20-0000.bin"
    file.write_bytes(damage(whole))  # type: ignore[operator]
    with pytest.raises(DataError, match=r"0000\.bin.*delete it"):
        people(4, tmp_path)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        people(1, tmp_path / "file" / "cache")


def test_a_spliced_finger_is_a_template_and_nobody_of_those_it_is_made_of(cache: Path) -> None:
    grown = [Person(person.templates, None) for person in people(4, cache)]
    made = list(spliced(grown, 8))
    assert len(made) == 8
    for person in made:
        for template in person.templates:
            assert Template.from_bytes(template.to_bytes()) == template
    unprobed = [grown[0], grown[1], Person(grown[2].templates, grown[2].templates[0])]
    assert list(spliced(unprobed, 3)) == list(spliced(grown[:2], 3)), "no finger that probes is spliced"
    assert score(made[0].templates[0], made[4].templates[0]) < 1
