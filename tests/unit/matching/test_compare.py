"""The same finger scores high wherever it lies, another one low, whichever is asked first."""

from collections.abc import Callable

import numpy as np
import pytest

from matching import Template, prepare, score
from matching.identify import THRESHOLD
from matching.minutiae import Minutiae, cells

Make = Callable[..., Minutiae]
Turn = Callable[..., Minutiae]
AsTemplate = Callable[[Minutiae], Template]


@pytest.mark.parametrize("degrees", [-60, -20, 0, 5, 45])
@pytest.mark.parametrize("shift", [(0, 0), (35, -20)])
def test_a_finger_is_known_turned_and_shifted(
    make: Make, turn: Turn, template: AsTemplate, degrees: float, shift: tuple[float, float]
) -> None:
    finger = make(10)
    again = turn(finger, degrees, *shift, jitter=2)
    assert score(template(again), template(finger)) >= THRESHOLD


def test_a_finger_is_known_by_half_of_it(make: Make, turn: Turn, template: AsTemplate) -> None:
    finger = make(11, count=50)
    half = turn(finger, 10, dx=finger.width / 3, jitter=1.5)
    assert 15 <= len(half) <= 40
    assert score(template(half), template(finger)) >= THRESHOLD


def test_missing_and_false_minutiae_are_survived(make: Make, turn: Turn, template: AsTemplate) -> None:
    finger, noise = make(12, count=45), make(13, count=8)
    again = turn(finger, -15, jitter=2)
    kept = slice(9, None)
    mixed = Minutiae(
        *(
            np.concatenate([getattr(again, f)[kept], getattr(noise, f)])
            for f in ("x", "y", "direction", "ending", "quality")
        ),
        contact=finger.contact,
        width=finger.width,
        height=finger.height,
    )
    assert score(template(mixed), template(finger)) >= THRESHOLD


def test_other_fingers_stay_below_the_threshold(make: Make, template: AsTemplate) -> None:
    ready = [prepare(template(make(seed, count=30 + seed % 20))) for seed in range(100, 140)]
    scores = [score(a, b) for i, a in enumerate(ready) for b in ready[:i] if a and b]
    assert len(scores) == 780
    assert max(scores) < THRESHOLD


def test_a_finger_on_its_head_is_another_finger(make: Make, turn: Turn, template: AsTemplate) -> None:
    finger = make(14)
    assert score(template(turn(finger, 180)), template(finger)) < THRESHOLD


def test_the_order_does_not_matter(make: Make, turn: Turn, template: AsTemplate) -> None:
    for seed in range(5):
        a, b = template(make(seed)), template(turn(make(seed), 12, 8, 5, jitter=4))
        assert score(a, b) == score(b, a)


def test_the_stored_form_is_what_is_compared(make: Make, turn: Turn, template: AsTemplate) -> None:
    a, b = template(make(20)), template(turn(make(20), 9, jitter=2))
    assert score(Template.from_bytes(a.to_bytes()), Template.from_bytes(b.to_bytes())) == score(a, b)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_a_handful_of_minutiae_is_nobody(make: Make, template: AsTemplate, count: int) -> None:
    few = template(make(21, count=count))
    assert score(few, few) < THRESHOLD
    assert score(few, template(make(22))) < THRESHOLD


def test_a_handful_that_lies_right_within_a_finger_is_nobody(make: Make, template: AsTemplate) -> None:
    """Four minutiae of a finger, as they are: too few to say whose they are."""
    finger = make(24)
    few = Minutiae(
        *(getattr(finger, field)[:4] for field in ("x", "y", "direction", "ending", "quality")),
        contact=finger.contact,
        width=finger.width,
        height=finger.height,
    )
    assert score(template(few), template(finger)) < THRESHOLD


def test_minutiae_on_one_spot_or_one_line_are_survived(make: Make, template: AsTemplate) -> None:
    finger = make(23)
    for x, y in [(np.full(40, 100.0), np.full(40, 100.0)), (np.linspace(10, 300, 40), np.full(40, 50.0))]:
        odd = Minutiae(
            x.astype(np.float32),
            y.astype(np.float32),
            finger.direction,
            finger.ending,
            finger.quality,
            finger.contact,
            finger.width,
            finger.height,
        )
        assert 0 <= score(template(odd), template(finger)) < THRESHOLD
        assert 0 <= score(template(odd), template(odd)) <= 1


def test_any_two_templates_have_one_score_in_either_order(template: AsTemplate) -> None:
    """Few, many, piled up, all alike, on a tiny or a huge view: a number, and never a warning."""
    rng = np.random.default_rng(7)

    def strange() -> Template:
        width, height = (int(side) for side in rng.choice([1, 33, 300, 640, 2047], 2))
        count, habit = int(rng.choice([0, 1, 2, 3, 4, 6, 10, 30, 80])), rng.integers(0, 4)
        x, y = rng.integers(0, width, count), rng.integers(0, height, count)
        direction = np.zeros(count) if habit == 2 else rng.uniform(0, 2 * np.pi, count)
        return template(
            Minutiae(
                x=np.minimum(x, 0 if habit == 1 else 40 if habit == 3 else x).astype(np.float32),
                y=np.minimum(y, 40 if habit == 3 else y).astype(np.float32),
                direction=direction.astype(np.float32),
                ending=rng.random(count) < 0.5,
                quality=rng.random(count).astype(np.float32),
                contact=rng.random((cells(height), cells(width))) < 0.7,
                width=width,
                height=height,
            )
        )

    for turn in range(300):
        a = strange()
        b = a if turn % 5 == 0 else strange()
        assert 0 <= score(a, b) <= 1
        assert score(a, b) == score(b, a)
