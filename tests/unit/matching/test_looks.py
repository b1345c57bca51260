"""The same picture in other ways shows the same finger, lying where it lay, and none of them costs a person more."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from matching import Candidate, ImageError, Match, NoMatch, Template, TooClose, decide, score
from matching.fingerprint import Extractor
from matching.fingerprint.calibration import near_miss, score_of_looks
from matching.fingerprint.leader import Detections
from matching.fingerprint.looks import WAYS, Way
from matching.fingerprint.parameters import LOOKS
from matching.identify import judge
from matching.minutiae import Minutiae
from matching.synthetic import bare_glass, finger, impression

Make = Callable[..., Minutiae]
AsTemplate = Callable[[Minutiae], Template]


def arms(rows: int, columns: int) -> Detections:
    """One detection on each pixel, its arm pointing to the pixel on its right."""
    y, x = (grid.ravel() for grid in np.mgrid[:rows, :columns])
    flat = np.zeros(rows * columns, np.float32)
    return Detections(x, y, flat, flat.astype(bool), flat)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_found_is_laid_back_where_it_was(way: Way) -> None:
    picture = np.arange(35).reshape(5, 7)
    shown = way.show(picture)
    found = way.back(arms(*shown.shape), 5, 7)
    assert (picture[found.y, found.x] == shown.ravel()).all()
    for row, column in ((0, 0), (2, 3)):
        here, right = row * shown.shape[1] + column, row * shown.shape[1] + column + 1
        step = (found.x[right] - found.x[here], found.y[here] - found.y[right])
        assert step == pytest.approx((np.cos(found.direction[here]), np.sin(found.direction[here])), abs=1e-6)


def test_the_ways_are_all_there_are_the_picture_itself_first_and_every_half_is_a_whole() -> None:
    picture = np.arange(6).reshape(2, 3)
    assert (WAYS[0].show(picture) == picture).all()
    assert len({way.show(picture).tobytes() + bytes(way.show(picture).shape) for way in WAYS}) == len(WAYS) == 8
    for count in (2, 4, 8):
        shown = {way.show(np.arange(9).reshape(3, 3)).tobytes() for way in WAYS[:count]}
        twice = {
            one.show(other.show(np.arange(9).reshape(3, 3))).tobytes() for one in WAYS[:count] for other in WAYS[:count]
        }
        assert shown == twice


def test_every_look_shows_the_same_finger_in_the_same_place(extractor: Extractor) -> None:
    picture = impression(finger(7), 1)
    first = extractor.extract(picture)
    looks = list(extractor.looks(picture))
    assert len(looks) == LOOKS - 1
    for look in looks:
        assert score(first, look) > 0.9
        assert (look.minutiae.contact == first.minutiae.contact).all()
        gaps = np.hypot(*(np.subtract.outer(m, n) for m, n in zip(_at(first), _at(look), strict=True)))
        assert np.median(gaps.min(axis=1)) <= 2
    assert len({look.payload for look in looks}) > 1


def _at(template: Template) -> tuple[np.ndarray, np.ndarray]:
    return template.minutiae.x, template.minutiae.y


def test_a_picture_that_is_none_is_refused_and_bare_glass_matches_nothing(extractor: Extractor) -> None:
    with pytest.raises(ImageError):
        next(extractor.looks(np.zeros((4, 4), np.uint8)))
    looks = list(extractor.looks(bare_glass(1)))
    assert looks
    assert all(score(look, extractor.extract(impression(finger(7), 1))) == 0 for look in looks)


class Counted:
    """Looks, and how many of them were asked for."""

    def __init__(self, *looks: Template) -> None:
        self.looks = looks
        self.taken = 0

    def __iter__(self) -> Iterator[Template]:
        for look in self.looks:
            self.taken += 1
            yield look


@pytest.fixture(scope="module")
def near(extractor: Extractor) -> tuple[Template, Template, Template]:
    """An enrolled touch, another of which so much is hidden that it nearly matches, and all of the other."""
    enrolled, probe = extractor.extract(impression(finger(7), 1)), impression(finger(7), 2)
    for hidden in range(20, 90, 5):
        picture = probe.copy()
        picture[: round(probe.shape[0] * hidden / 100)] = 255
        poor = extractor.extract(cv2.GaussianBlur(picture, (5, 5), 0))
        if near_miss(score(poor, enrolled)) and score(poor, enrolled) < 0.5:
            return enrolled, poor, extractor.extract(probe)
    raise AssertionError("no near miss")


def test_what_a_near_miss_is_all_looks_together_decide(near: tuple[Template, Template, Template]) -> None:
    enrolled, poor, good = near
    me = Candidate(b"me", [enrolled])
    once, better = score(poor, enrolled), score(good, enrolled)
    looks = Counted(*[good] * (LOOKS - 1))
    decision = decide(poor, [me], looks=looks)
    assert decision == Match(b"me", score_of_looks([once] + [better] * (LOOKS - 1)), 0.0)
    assert looks.taken == LOOKS - 1
    same = score_of_looks([once] * LOOKS)
    assert decide(poor, [me], looks=[poor] * (LOOKS - 1)) == judge({b"me": same})


def test_too_few_looks_do_not_count(near: tuple[Template, Template, Template]) -> None:
    enrolled, poor, good = near
    assert decide(poor, [Candidate(b"me", [enrolled])], looks=[good] * (LOOKS - 2)) == NoMatch(score(poor, enrolled))


def test_a_clear_match_and_a_clear_miss_are_not_looked_at_again(
    near: tuple[Template, Template, Template], make: Make, template: AsTemplate
) -> None:
    enrolled, _, good = near
    me = Candidate(b"me", [enrolled])
    for probe in (good, template(make(3, count=5))):
        looks = Counted(good)
        decide(probe, [me], looks=looks)
        assert looks.taken == 0


def test_another_look_is_compared_only_with_whom_the_first_nearly_matched_s5(
    near: tuple[Template, Template, Template], make: Make, template: AsTemplate
) -> None:
    """A look that would match somebody whom the finger clearly missed does not: their rate of strangers is kept."""
    enrolled, poor, good = near
    other = template(make(5))
    assert not near_miss(score(poor, other))
    people = [Candidate(b"me", [enrolled]), Candidate(b"other", [other])]
    decision = decide(poor, people, looks=[other] * (LOOKS - 1))
    assert isinstance(decision, NoMatch)
    assert decision.score < score(poor, enrolled)
    twins = [Candidate(b"me", [enrolled]), Candidate(b"twin", [enrolled])]
    assert isinstance(decide(poor, twins, looks=[good] * (LOOKS - 1)), TooClose)
