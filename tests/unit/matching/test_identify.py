"""Among those who share their digits, only a sure and clear best is accepted (S5)."""

import sys
from collections.abc import Callable, Iterator

import pytest

from matching import Candidate, Match, NoMatch, Template, TooClose, decide, identify, score
from matching.minutiae import Minutiae

Make = Callable[..., Minutiae]
Turn = Callable[..., Minutiae]
AsTemplate = Callable[[Minutiae], Template]


@pytest.fixture
def people(make: Make, turn: Turn, template: AsTemplate) -> list[Candidate]:
    """Five people, three views each."""
    return [
        Candidate(bytes([n]), [template(turn(make(n), 10 * view - 10, jitter=1.5, seed=view)) for view in range(3)])
        for n in range(5)
    ]


def test_each_is_found_among_all_s5(people: list[Candidate], make: Make, turn: Turn, template: AsTemplate) -> None:
    for n, person in enumerate(people):
        probe = template(turn(make(n), 25, 10, -10, jitter=2, seed=9))
        match = identify(probe, people)
        assert match is not None
        assert match.person == person.person
        assert match.score == max(score(probe, reference) for reference in person.templates)
        others = [other for other in people if other is not person]
        assert match.runner_up == max(score(probe, t) for other in others for t in other.templates)


def test_a_stranger_is_nobody(people: list[Candidate], make: Make, template: AsTemplate) -> None:
    stranger = template(make(77))
    decision = decide(stranger, people)
    assert isinstance(decision, NoMatch)
    assert decision.score == max(score(stranger, t) for person in people for t in person.templates)
    assert identify(stranger, people) is None


def test_three_candidates_with_close_scores_give_no_punch_s5(make: Make, turn: Turn, template: AsTemplate) -> None:
    finger = make(50)
    twice = [Candidate(bytes([n]), [template(turn(finger, 3 * n, jitter=1, seed=n))]) for n in range(3)]
    decision = decide(template(finger), twice)
    assert isinstance(decision, TooClose)
    assert decision.score - decision.runner_up < 0.1
    assert identify(template(finger), twice) is None


def test_the_margin_is_to_another_person_not_to_another_view_s5(people: list[Candidate]) -> None:
    probe = people[2].templates[0]
    assert isinstance(decide(probe, [people[2], people[2]]), Match)


def test_the_margin_decides_between_match_and_too_close_s5(people: list[Candidate]) -> None:
    probe = people[0].templates[0]
    assert isinstance(decide(probe, people, margin=0.2), Match)
    assert isinstance(decide(probe, people, margin=0.999), TooClose)
    assert isinstance(decide(probe, people[:1], margin=0.999), Match)


def test_a_threshold_no_score_reaches_accepts_nobody(people: list[Candidate]) -> None:
    assert isinstance(decide(people[0].templates[0], people, threshold=1.01), NoMatch)


def test_without_candidates_there_is_nobody(people: list[Candidate]) -> None:
    assert decide(people[0].templates[0], []) == NoMatch(0.0)
    assert decide(people[0].templates[0], [Candidate(b"x", [])]) == NoMatch(0.0)


@pytest.mark.parametrize(
    ("first", "asked"), [((0.95, 0.3), False), ((0.55, 0.1), False), ((0.95, 0.52), True), ((0.45, 0.3), True)]
)
def test_further_looks_are_asked_for_only_while_they_may_matter(
    people: list[Candidate], monkeypatch: pytest.MonkeyPatch, first: tuple[float, float], asked: bool
) -> None:
    """Who matched does not wait because a stranger came a little near, unless it was to the threshold (S5)."""
    rivals = people[:2]
    scores = {reference: first[n] for n, rival in enumerate(rivals) for reference in rival.templates}
    monkeypatch.setattr(sys.modules["matching.identify"], "score", lambda _probe, reference: scores[reference])
    looked: list[bool] = []

    def looks() -> Iterator[Template]:
        looked.append(True)
        yield from ()

    decide(people[0].templates[0], rivals, looks=looks())
    assert bool(looked) is asked
