"""Which impressions are kept: those that agree, the best of them, and none twice."""

from edge.people.impressions import Impression, Impressions, impression
from edge.session.policy import View
from matching import prepare
from matching.template import Template
from tests.unit.edge.people_site import finger

LIMIT = 0.5


def one(template: Template, quality: float = 0.5) -> Impression:
    ready = prepare(template)
    assert ready is not None
    return Impression(template, ready, quality)


def test_one_odd_impression_even_the_first_does_not_spoil_the_rest() -> None:
    taken = Impressions(LIMIT)
    for template in (finger(9), finger(1), finger(1, shaken=1), finger(1, shaken=2)):
        assert taken.add(one(template))
    kept = taken.agreed()
    assert len(kept.impressions) == 3
    assert finger(9) not in [i.template for i in kept.impressions]
    assert kept.consistency >= LIMIT


def test_the_best_of_more_than_three_are_kept_the_best_first() -> None:
    taken = Impressions(LIMIT)
    for shaken, quality in ((1, 0.3), (2, 0.9), (3, 0.5), (4, 0.8), (5, 0.7)):
        taken.add(one(finger(1, shaken), quality))
    kept = taken.agreed()
    assert [i.quality for i in kept.impressions] == [0.9, 0.8, 0.7]
    assert 0 < kept.worth <= kept.quality


def test_the_very_same_picture_tells_nothing_new() -> None:
    taken = Impressions(LIMIT)
    assert taken.add(one(finger(1)))
    assert not taken.add(one(finger(1), 0.9))
    assert len(taken) == 1


def test_when_none_agree_the_clearest_stands_alone() -> None:
    taken = Impressions(LIMIT)
    assert taken.agreed().impressions == ()
    for seed, quality in ((1, 0.2), (2, 0.8), (3, 0.5)):
        taken.add(one(finger(seed), quality))
    kept = taken.agreed()
    assert [i.quality for i in kept.impressions] == [0.8]
    assert (kept.consistency, kept.worth) == (0.0, 0.0)


def test_a_clear_and_large_impression_is_worth_more() -> None:
    clear, faint = finger(1, sure=0.9), finger(1, sure=0.2)
    ready = one(clear).ready
    large, small = View(None, 45, 180.0), View(None, 20, 90.0)
    order = [impression(clear, ready, large), impression(clear, ready, small), impression(faint, ready, small)]
    assert [i.quality for i in order] == sorted((i.quality for i in order), reverse=True)
    assert all(0 < i.quality <= 1 for i in order)
