"""A whole office is searched, and nobody who would be found one by one is missed; no score changes on the way."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from matching import (
    Candidate,
    Format,
    Match,
    Modality,
    NoMatch,
    Template,
    TemplateError,
    TooClose,
    decide,
    prepare,
    score,
)
from matching.fingerprint.compare import Prepared as PreparedFinger
from matching.minutiae import Minutiae
from matching.search import PEOPLE_LEAST, Gallery
from matching.vector import pack

Make = Callable[..., Minutiae]
Turn = Callable[..., Minutiae]
AsTemplate = Callable[[Minutiae], Template]
PEOPLE = 150


@pytest.fixture
def office(make: Make, turn: Turn, template: AsTemplate) -> list[Candidate]:
    """150 people whose minutiae are strewn by chance, two views each: no real and no synthetic finger."""
    return [
        Candidate(n.to_bytes(2), [template(turn(make(n), 8 * view - 4, jitter=1.5, seed=view)) for view in range(2)])
        for n in range(PEOPLE)
    ]


def ready(template: Template) -> PreparedFinger:
    finger = prepare(template)
    assert isinstance(finger, PreparedFinger)
    return finger


def test_each_is_found_with_the_score_of_a_comparison_one_by_one_s5(
    office: list[Candidate], make: Make, turn: Turn, template: AsTemplate
) -> None:
    gallery = Gallery(office)
    assert len(gallery) == 2 * PEOPLE
    for n in range(0, PEOPLE, 7):
        probe = template(turn(make(n), 20 * (n % 3 - 1), 12, -9, jitter=2, seed=9))
        decision = gallery.decide(probe)
        assert isinstance(decision, Match)
        assert decision.person == office[n].person
        assert decision.score == max(score(probe, reference) for reference in office[n].templates)


def test_the_decision_is_that_of_comparing_with_everybody(
    office: list[Candidate], make: Make, turn: Turn, template: AsTemplate
) -> None:
    few = office[: PEOPLE_LEAST - 1]  # all of them are on the shortlist
    gallery = Gallery(few)
    for probe in (template(turn(make(3), 10, jitter=2, seed=4)), template(make(999))):
        ours, plain = gallery.decide(probe), decide(probe, few)
        assert type(ours) is type(plain)
        assert ours.score == plain.score or isinstance(plain, NoMatch)


def test_the_likeliest_are_few_and_in_order(
    office: list[Candidate], make: Make, turn: Turn, template: AsTemplate
) -> None:
    probe = ready(template(turn(make(40), 15, jitter=2, seed=5)))
    shortlist = Gallery(office).shortlist(probe)
    people = [whose for whose, _ in shortlist]
    assert people[0] == 40
    assert len(people) == len(set(people)) <= PEOPLE_LEAST + 3
    assert all(place // 2 == whose for whose, place in shortlist)


def test_a_stranger_is_nobody(office: list[Candidate], make: Make, template: AsTemplate) -> None:
    assert isinstance(Gallery(office).decide(template(make(12345))), NoMatch)


def test_one_finger_enrolled_for_two_people_is_too_close_s5(
    office: list[Candidate], make: Make, turn: Turn, template: AsTemplate
) -> None:
    twin = Candidate(b"twin", [template(turn(make(11), 2, jitter=1, seed=8))])
    probe = template(make(11))
    assert isinstance(Gallery([*office, twin]).decide(probe), TooClose)
    assert isinstance(Gallery([*office, twin]).decide(probe, margin=0), Match)


def test_threshold_and_margin_mean_what_they_mean_elsewhere(
    office: list[Candidate], make: Make, turn: Turn, template: AsTemplate
) -> None:
    probe = template(turn(make(5), 10, jitter=2, seed=1))
    gallery = Gallery(office)
    assert isinstance(gallery.decide(probe, threshold=1.01), NoMatch)
    assert isinstance(gallery.decide(probe, margin=0.999), TooClose)


def test_a_person_listed_twice_is_one_person(office: list[Candidate]) -> None:
    decision = Gallery([office[2], office[9], office[2]]).decide(office[2].templates[0])
    assert isinstance(decision, Match)
    assert decision.person == office[2].person


def test_it_does_not_matter_how_many_are_kept_ready(
    office: list[Candidate], make: Make, turn: Turn, template: AsTemplate
) -> None:
    probes = [template(turn(make(n), 10, jitter=2, seed=n)) for n in (1, 2, 1)]
    answers = [[gallery.decide(p) for p in probes] for gallery in (Gallery(office, kept=0), Gallery(office, kept=500))]
    assert answers[0] == answers[1]


def test_what_cannot_be_compared_is_passed_over(office: list[Candidate], make: Make, template: AsTemplate) -> None:
    old = Candidate(b"old", [replace(template(make(1)), version=250)])
    empty = Candidate(b"empty", [template(make(7, count=0)), template(make(7, count=2))])
    none = Candidate(b"none", [])
    gallery = Gallery([old, empty, none, *office])
    decision = gallery.decide(office[1].templates[0])
    assert isinstance(decision, Match)
    assert decision.person == office[1].person
    assert gallery.decide(template(make(7, count=0))) == NoMatch(0.0)
    assert Gallery([]).decide(office[1].templates[0]) == NoMatch(0.0)


def test_a_damaged_template_is_named_when_the_gallery_is_made(office: list[Candidate]) -> None:
    whole = office[0].templates[0]
    assert isinstance(whole, Template)
    with pytest.raises(TemplateError):
        Gallery([Candidate(b"x", [replace(whole, payload=whole.payload[:-1])])])


def test_prepared_templates_are_taken_as_they_are(office: list[Candidate], make: Make, template: AsTemplate) -> None:
    prepared = [Candidate(one.person, [ready(t) for t in one.templates if isinstance(t, Template)]) for one in office]
    probe = template(make(33))
    assert Gallery(prepared).decide(ready(probe)) == Gallery(office).decide(probe)


def test_random_directions_are_the_same_in_every_run() -> None:
    from matching.search import _directions

    square = _directions(312)
    assert np.allclose(square.T @ square, np.eye(square.shape[1]), atol=1e-5)
    assert np.array_equal(square, _directions.__wrapped__(312))


def test_faces_are_all_compared_and_score_as_one_by_one(office: list[Candidate], template: AsTemplate) -> None:
    """Beside fingers and faces of another network, which are nobody's."""
    dice = np.random.default_rng(3)

    def face(vector: np.ndarray, version: int = 1) -> Template:
        return Template(Format.VECTOR, "reid-0095", version, Modality.FACE, pack(vector.astype(np.float32)))

    vectors = dice.normal(size=(40, 256))
    faces = [Candidate(bytes([9, n]), [face(v), face(v + dice.normal(size=256) / 2)]) for n, v in enumerate(vectors)]
    old = Candidate(b"old", [face(vectors[0], version=2)])
    gallery = Gallery([*faces, old, office[0]])
    for n in (0, 17, 39):
        probe = face(vectors[n] + dice.normal(size=256) / 3)
        found = gallery.decide(probe)
        expected = decide(probe, [*faces, old])
        assert isinstance(found, Match)
        assert isinstance(expected, Match)
        assert found.person == expected.person == bytes([9, n])
        assert found.score == pytest.approx(expected.score, abs=1e-6)
        assert found.runner_up == pytest.approx(expected.runner_up, abs=1e-6)
    assert isinstance(gallery.decide(face(dice.normal(size=256))), NoMatch)
    assert gallery.decide(face(vectors[0], version=3)) == NoMatch(0.0)
