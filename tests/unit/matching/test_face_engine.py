"""The whole way from a frame to a template, on drawn faces and, where there are any, on real ones.

Networks are taken from $HAZRI_MODELS, else from where they are installed. Without them the tests that need them are
not collected, and one line says so.
"""

import inspect
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from matching import DataError, ImageError, ModelMissing, ModelRefused, decide, models, score
from matching.bench_face import bench_face
from matching.face import Action, Advice, Challenge, Engine, Observation, Retry, Verdict, View, embed, fuse, passive
from matching.face.align import align
from matching.face.embed import Recogniser
from matching.face.liveness import draw
from matching.face.pose import pose
from matching.identify import Candidate, Match

FACE = [model for model in models.manifest() if model.optional == "recognition of faces"]
KEYS = {
    *("one_to_5_fnir_percent", "one_to_79_fnir_percent", "one_to_5", "one_to_79", "one_to_one"),
    *("frame_ms", "people", "pictures", "faces_not_found", "peak_rss_mb", "det"),
}


FOLDER = Path(os.environ.get("HAZRI_MODELS") or models.folder())
NETWORKS = all((FOLDER / name).is_file() for name in [*(model.name for model in FACE), *passive.NAMES])


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(FOLDER)


def drawn(
    size: float = 200, *, turn: float = 0, light: float = 1, back: float = 190, x: float = 320, who: int = 0
) -> np.ndarray:
    """A frame with a face nobody has, of ellipses. turn: of the head, to its left when positive."""
    rng = random.Random(who)
    wide, long, eyes, mouth = (rng.uniform(0.85, 1.15) if who else 1.0 for _ in range(4))
    skin = np.array([140, 170, 210]) * (rng.uniform(0.4, 1.1) if who else 1.0)
    image = np.full((480, 640, 3), back, np.uint8)

    def oval(cx: float, cy: float, width: float, height: float, colour: np.ndarray) -> None:
        centre = (round((x + cx * size) * 16), round((240 + cy * size) * 16))
        axes = (round(width * size * 16), round(height * size * 16))
        cv2.ellipse(image, centre, axes, 0, 0, 360, [float(v) for v in np.clip(colour, 0, 255)], -1, cv2.LINE_AA, 4)

    side = turn * 0.12
    oval(0, -0.12, 0.47 * wide, 0.6 * long, skin * 0.35 * light)
    oval(0, 0.05, 0.4 * wide, 0.52 * long, skin * light)
    for sign in (-1, 1):
        at = sign * 0.17 * eyes + side
        oval(at, -0.05, 0.075, 0.035, np.full(3, 235) * light)
        oval(at, -0.05, 0.032, 0.034, skin * 0.35 * light)
        oval(at, -0.14, 0.09, 0.018, skin * 0.35 * light)
        oval(2 * side + sign * 0.03, 0.19, 0.02, 0.012, skin * 0.35 * light)
    oval(2 * side, 0.1, 0.035, 0.11, skin * 0.75 * light)
    oval(1.3 * side, 0.33, 0.14 * mouth, 0.035, np.array([90, 80, 168]) * light)
    oval(1.3 * side, 0.325, 0.13 * mouth, 0.008, skin * 0.35 * light)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.5, size / 120)))


def view(engine: Engine, frame: np.ndarray) -> View:
    seen = engine.view(frame)
    assert isinstance(seen, View), seen
    return seen


def test_without_its_networks_there_are_no_faces_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no recognition of faces: get it from .+ models install --from DIR"):
        Engine(tmp_path)


@pytest.mark.parametrize("wrong", range(len(FACE)))
def test_a_wrong_network_is_refused_by_its_hash(tmp_path: Path, wrong: int) -> None:
    for number, model in enumerate(FACE):
        known = FOLDER / model.name
        right = known.is_file() and number != wrong
        (tmp_path / model.name).write_bytes(known.read_bytes() if right else bytes(model.bytes))
    with pytest.raises(ModelRefused, match="another file: expected SHA-256"):
        Engine(tmp_path)


def test_networks_that_only_advise_may_be_missing_or_wrong(engine: Engine, tmp_path: Path) -> None:
    for model in FACE:
        (tmp_path / model.name).write_bytes((FOLDER / model.name).read_bytes())
    seen = Engine(tmp_path).view(drawn(), alive=True)
    assert isinstance(seen, View)
    assert seen.alive is None
    for name in passive.NAMES:
        (tmp_path / name).write_bytes(b"wrong")
    seen = Engine(tmp_path).view(drawn(), alive=True)
    assert isinstance(seen, View)
    assert seen.alive is None


def test_how_alive_a_face_looks_is_a_share(engine: Engine) -> None:
    seen = engine.view(drawn(), alive=True)
    assert isinstance(seen, View)
    assert seen.alive is not None
    assert 0 <= seen.alive <= 1
    assert view(engine, drawn()).alive is None


def test_a_face_is_known_again_in_another_place_size_and_light(engine: Engine) -> None:
    mine = view(engine, drawn()).template
    for other in (drawn(x=200), drawn(size=150), drawn(size=300), drawn(light=0.8), drawn(back=120)):
        assert score(mine, view(engine, other).template) > 0.7
    mirrored = view(engine, np.ascontiguousarray(drawn()[:, ::-1])).template
    assert score(mine, mirrored) > 0.9
    assert score(mine, view(engine, cv2.cvtColor(drawn(), cv2.COLOR_BGR2GRAY)).template) > 0.5
    assert engine.extract(drawn()) == mine


def test_a_face_and_its_mirror_image_have_one_vector(engine: Engine) -> None:
    recogniser = Recogniser(models.load(embed.NAME, FOLDER))
    (face,) = engine.faces(drawn(turn=0.5))
    aligned = align(drawn(turn=0.5), face.points)
    assert aligned is not None
    np.testing.assert_allclose(recogniser.embed(aligned), recogniser.embed(aligned[:, ::-1]), atol=1e-5)
    net = cv2.dnn.readNetFromONNX(str(FOLDER / embed.NAME))
    answers = []
    for picture in (aligned, cv2.flip(aligned, 1)):
        net.setInput(cv2.dnn.blobFromImage(picture))
        answer = net.forward().ravel()
        answers.append(answer / np.linalg.norm(answer))
    both = sum(answers)
    np.testing.assert_allclose(recogniser.embed(aligned), both / np.linalg.norm(both), atol=1e-4)


def test_the_same_frame_gives_the_same_template(engine: Engine) -> None:
    first = view(engine, drawn()).template
    engine.view(drawn(300, who=4))
    assert view(engine, drawn()).template == first


@pytest.mark.parametrize(
    ("frame", "advice"),
    [
        (np.zeros((480, 640, 3), np.uint8), Advice.NO_FACE),
        (np.full((480, 640, 3), 255, np.uint8), Advice.NO_FACE),
        (np.random.default_rng(1).integers(0, 255, (480, 640, 3), dtype=np.uint8), Advice.NO_FACE),
        (np.zeros((64, 16_000), np.uint8), Advice.NO_FACE),
        (drawn(60), Advice.COME_CLOSER),
        (drawn(420), Advice.STEP_BACK),
        (drawn(turn=2), Advice.LOOK_HERE),
        (drawn(light=0.28, back=60), Advice.MORE_LIGHT),
        (drawn(light=0.4, back=250), Advice.BACKLIGHT),
        (np.hstack([drawn(160, x=160)[:, :320], drawn(160, x=480)[:, 320:]]), Advice.ONE_AT_A_TIME),
    ],
    ids=["black", "white", "noise", "a stripe", "far", "near", "turned", "dark", "door behind", "two people"],
)
def test_a_frame_that_is_no_use_has_advice(engine: Engine, frame: np.ndarray, advice: Advice) -> None:
    """S11, S16."""
    seen = engine.view(frame)
    assert isinstance(seen, Retry)
    assert seen.advice is advice
    assert engine.extract(frame) == seen


def test_frames_that_are_none_are_refused(engine: Engine) -> None:
    for frame in (
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((480, 640, 3)),
        np.broadcast_to(np.uint8(0), (10_000, 10_000)),
    ):
        for use in (engine.view, engine.extract, engine.faces):
            with pytest.raises(ImageError):
                use(frame)


def test_a_large_frame_is_read_and_its_face_found_where_it_is(engine: Engine) -> None:
    large = cv2.resize(drawn(), (3840, 2880), interpolation=cv2.INTER_CUBIC)
    (face,), (small,) = engine.faces(large), engine.faces(drawn())
    np.testing.assert_allclose(face.points / 6, small.points, atol=4)
    assert score(view(engine, large).template, view(engine, drawn()).template) > 0.7


def test_every_stage_is_traced(engine: Engine) -> None:
    stages: list[str] = []
    Engine(FOLDER, trace=lambda stage, arrays: stages.append(stage)).extract(drawn())
    assert stages == ["frame", "faces", "aligned"]


# ── the challenge, with a drawn head that turns ──


def answer(engine: Engine, challenge: Challenge, sides: list[int]) -> Challenge:
    """Turn a drawn head there and back, for each side, as a terminal would watch it."""
    known = view(engine, drawn()).template
    path = [0.0] + [step * side for side in sides for step in (0.4, 0.8, 1.2, 0.8, 0.4, 0.0)]
    for number, turn in enumerate(path):
        frame = drawn(turn=turn)
        (face,) = engine.faces(frame)
        seen = pose(face.points)
        assert seen is not None
        template = engine.template(frame, face) if abs(seen.yaw_deg) < 10 else None
        same = score(template, known) >= 0.5 if template else None
        challenge = challenge.after(Observation(number / 10, face.box, seen.yaw_deg, None, same))
    return challenge


@pytest.mark.parametrize("sides", list(itertools.product((0, 1), repeat=2)))
def test_a_head_that_turns_as_asked_passes_and_no_other_way_does(engine: Engine, sides: tuple[int, int]) -> None:
    picks = iter(sides)
    challenge = draw(lambda below: next(picks), 0.0)
    ways = [1 if action is Action.TURN_LEFT else -1 for action in challenge.actions]
    assert answer(engine, challenge, ways).verdict is Verdict.PASSED
    assert answer(engine, challenge, [-ways[0], ways[1]]).verdict is Verdict.WRONG_WAY
    assert answer(engine, challenge, [ways[0], -ways[1]]).verdict is Verdict.WRONG_WAY
    assert answer(engine, challenge, [0, 0]).verdict is Verdict.WAITING


# ── the benchmark ──


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Six drawn people, four pictures each."""
    for who in range(1, 7):
        (tmp_path / f"synthetic-{who}").mkdir()
        for number in range(4):
            picture = drawn(180 + 15 * number, who=who, x=300 + 10 * number, turn=0.2 * number)
            cv2.imwrite(str(tmp_path / f"synthetic-{who}" / f"{number}.png"), picture)
    return tmp_path


def test_a_folder_of_people_gives_every_figure(engine: Engine, people: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = bench_face(people, lambda *step: told.append(step), engine)
    assert set(report) == KEYS
    assert (report["people"], report["pictures"], report["faces_not_found"]) == (6, 24, 0)
    assert (report["one_to_5"]["gallery"], report["one_to_79"]["gallery"]) == (5, 5)
    assert len(report["one_to_79"]["det"]) == 5
    assert report["frame_ms"] > 0
    assert json.loads(json.dumps(report)) == report
    assert told[-1] == ("faces: time", 6, 6)


def test_pictures_without_a_face_count_as_missed(engine: Engine, people: Path) -> None:
    for number in range(4):
        cv2.imwrite(str(people / "synthetic-1" / f"{number}.png"), np.zeros((200, 200, 3), np.uint8))
    report = bench_face(people, engine=engine)
    assert report["faces_not_found"] == 4
    assert report["one_to_5_fnir_percent"] >= 16


def test_a_picture_that_cannot_be_read_is_named(engine: Engine, people: Path) -> None:
    at = people / "synthetic-3" / "2.png"
    at.write_bytes(at.read_bytes()[:50])
    with pytest.raises(DataError, match=r"synthetic-3.2\.png is not a picture"):
        bench_face(people, engine=engine)
    cv2.imwrite(str(at), np.zeros((5, 5, 3), np.uint8))
    with pytest.raises(DataError, match=r"synthetic-3.2\.png: a frame of 5 × 5 px"):
        bench_face(people, engine=engine)


def test_a_folder_that_is_no_set_of_faces_is_refused(people: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        bench_face(people / "nowhere")
    with pytest.raises(DataError, match="has 0 folders with pictures"):
        bench_face(people / "synthetic-1")
    (people / "synthetic-2" / "0.png").unlink()
    with pytest.raises(DataError, match="synthetic-2 has 3 pictures"):
        bench_face(people)


def test_the_command_says_what_is_missing(people: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge", "bench", "face", "--data", str(people), "--json"],
        env=os.environ | {"HAZRI_MODEL_DIR": str(people)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "there is no recognition of faces" in done.stderr
    assert "Traceback" not in done.stderr


def test_real_faces_are_told_apart_as_well_as_promised(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    data = os.environ.get("HAZRI_DATA")
    if not data or not Path(data, "faces").is_dir():
        with capsys.disabled():
            print("\nHAZRI_DATA has no faces: the accuracy on real ones was not tried")  # noqa: T201
        return
    report = bench_face(Path(data, "faces"), engine=engine)
    assert report["faces_not_found"] == 0
    assert report["one_to_5_fnir_percent"] <= 0.8
    assert report["one_to_79_fnir_percent"] <= 0.9


def test_one_person_of_an_office_is_found_in_three_frames(engine: Engine) -> None:
    """Enrol three views, fuse them, find the person among others with the fused template (1:N)."""
    office = [
        Candidate(bytes([who]), [fuse([view(engine, drawn(size, who=who)).template for size in (180, 200, 230)])])
        for who in (1, 2, 3)
    ]
    for who in (1, 2, 3):
        best = max(office, key=lambda each: score(view(engine, drawn(260, who=who)).template, each.templates[0]))
        assert best.person == bytes([who])
    found = decide(view(engine, drawn(260, who=2)).template, office[1:2])
    assert isinstance(found, Match)


# ── without networks ──

if not NETWORKS:
    for _name, _entry in list(globals().items()):
        if _name.startswith("test_") and "engine" in inspect.signature(_entry).parameters:
            del globals()[_name]

    def test_what_was_not_tried_is_said(capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(ModelMissing):
            Engine(FOLDER)
        with capsys.disabled():
            print("\nno networks for faces in HAZRI_MODELS: finding, recognising and the bench were not tried")  # noqa: T201
