"""The fitness timeline: what each fact does to a minute, and that order and repetition do nothing (R1.14, R2.6)."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.fleet.fitness import (
    MINUTE_MS,
    NO_WORD,
    Aspect,
    Doubtful,
    Fact,
    Failing,
    Fit,
    Fitness,
    Interval,
    Running,
    Said,
    summary,
    timeline,
    together,
)

FIT, UNFIT, UNKNOWN = Fitness.FIT, Fitness.UNFIT, Fitness.UNKNOWN


def at(minute: float) -> int:
    return round(minute * MINUTE_MS)


CASES: list[tuple[str, list[Fact], list[Interval]]] = [
    ("nothing is known", [], [Interval(0, 10, UNKNOWN, (NO_WORD,))]),
    (
        "between two records of one boot it ran",
        [Running(at(2), at(4.5))],
        [Interval(0, 2, UNKNOWN, (NO_WORD,)), Interval(2, 5, FIT), Interval(5, 10, UNKNOWN, (NO_WORD,))],
    ),
    (
        "S13: a disk that refused makes it unfit from that minute on, however it ran",
        [Running(at(0), at(10)), Said(at(3.5), Aspect.STORAGE, "storage")],
        [Interval(0, 3, FIT), Interval(3, 10, UNFIT, ("storage",))],
    ),
    (
        "a bad minute is bad even when it was mended in it",
        [Running(at(0), at(10)), Said(at(3.1), Aspect.SENSOR, "sensor"), Said(at(3.2), Aspect.SENSOR, "")],
        [Interval(0, 3, FIT), Interval(3, 4, UNFIT, ("sensor",)), Interval(4, 10, FIT)],
    ),
    (
        "mended on the minute: that minute is whole again",
        [Running(at(0), at(10)), Said(at(3), Aspect.SENSOR, "sensor"), Said(at(5), Aspect.SENSOR, "")],
        [Interval(0, 3, FIT), Interval(3, 5, UNFIT, ("sensor",)), Interval(5, 10, FIT)],
    ),
    (
        "a word on one side says nothing of the others",
        [Said(at(1), Aspect.SENSOR, "sensor"), Said(at(2), Aspect.CLOCK, ""), Failing(at(4), at(4), "refused")],
        [
            Interval(0, 1, UNKNOWN, (NO_WORD,)),
            Interval(1, 4, UNFIT, ("sensor",)),
            Interval(4, 5, UNFIT, ("refused", "sensor")),
            Interval(5, 10, UNFIT, ("sensor",)),
        ],
    ),
    (
        "S1: online and nobody comes is a doubt, not a verdict",
        [Running(at(0), at(10)), Doubtful(at(6), at(8), "silent")],
        [Interval(0, 6, FIT), Interval(6, 9, UNKNOWN, ("silent",)), Interval(9, 10, FIT)],
    ),
    (
        "two words at one moment: the bad one counts",
        [Said(at(2), Aspect.SENSOR, ""), Said(at(2), Aspect.SENSOR, "sensor"), Running(at(0), at(9))],
        [Interval(0, 2, FIT), Interval(2, 10, UNFIT, ("sensor",))],
    ),
    (
        "what began before still holds, and nothing ends before it began",
        [Said(at(-500), Aspect.ROSTER, "roster"), Running(at(5), at(4)), Failing(at(7), at(6), "x")],
        [Interval(0, 10, UNFIT, ("roster",))],
    ),
]


@pytest.mark.parametrize(("facts", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_minute_is_what_the_facts_say(facts: list[Fact], found: list[Interval]) -> None:
    assert list(timeline(facts, 0, 10)) == found


moments = st.integers(at(-20), at(40))
facts = st.lists(
    st.one_of(
        st.builds(Running, moments, moments),
        st.builds(Failing, moments, moments, st.sampled_from(["refused", "starting"])),
        st.builds(Doubtful, moments, moments, st.sampled_from(["power", "silent"])),
        st.builds(Said, moments, st.sampled_from(Aspect), st.sampled_from(["", "a", "b"])),
    ),
    max_size=12,
)


@given(facts, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing_and_no_minute_is_left_out(some: list[Fact], chance: random.Random) -> None:
    told = timeline(some, 0, 30)
    shuffled = [*some, *some[:5]]
    chance.shuffle(shuffled)
    assert timeline(shuffled, 0, 30) == told
    assert [told[0].start, told[-1].end] == [0, 30]
    for one, following in itertools.pairwise(told):
        assert one.end == following.start
        assert (one.fitness, one.reasons) != (following.fitness, following.reasons)


@given(facts)
def test_every_minute_agrees_with_the_rule_taken_word_for_word(some: list[Fact]) -> None:
    """The sweep against the plainest reading of the rule, one minute at a time."""

    def bad_words(minute: int) -> set[str]:
        found = set()
        for aspect in Aspect:
            words = sorted({one.at_ms for one in some if isinstance(one, Said) and one.aspect is aspect})
            for one in some:
                if isinstance(one, Said) and one.aspect is aspect and one.bad:
                    following = [word for word in words if word > one.at_ms]
                    until = following[0] if following else at(1000)
                    if one.at_ms < at(minute + 1) and max(until, one.at_ms + 1) > at(minute):
                        found.add(one.bad)
        return found

    def touching(kind: type[Running | Failing | Doubtful], minute: int) -> set[str]:
        return {
            getattr(one, "reason", "")
            for one in some
            if not isinstance(one, Said)
            and isinstance(one, kind)
            and one.from_ms <= one.to_ms
            and one.from_ms < at(minute + 1)
            and one.to_ms >= at(minute)
        }

    of_minute = {m: one for one in timeline(some, 0, 30) for m in range(one.start, one.end)}
    for minute in range(30):
        unfit = bad_words(minute) | touching(Failing, minute)
        doubts = touching(Doubtful, minute)
        if unfit:
            wanted = UNFIT, tuple(sorted(unfit))
        elif doubts:
            wanted = UNKNOWN, tuple(sorted(doubts))
        elif touching(Running, minute):
            wanted = FIT, ()
        else:
            wanted = UNKNOWN, (NO_WORD,)
        assert (of_minute[minute].fitness, of_minute[minute].reasons) == wanted


def test_an_office_is_fit_while_one_of_its_terminals_is() -> None:
    first = timeline([Running(at(0), at(4)), Said(at(5), Aspect.SENSOR, "sensor")], 0, 10)
    second = timeline([Running(at(3), at(6)), Said(at(7), Aspect.STORAGE, "storage")], 0, 10)
    assert together([first, second], 0, 10) == (
        Interval(0, 7, FIT),
        Interval(7, 10, UNFIT, ("sensor", "storage")),
    )
    assert together([], 0, 10) == (Interval(0, 10, UNKNOWN, (NO_WORD,)),)
    told = summary(together([first, second], 0, 10))
    assert told == Fit(7, 3, 0, ("sensor", "storage"))
    assert not told.wholly
    assert summary(timeline([Running(at(0), at(10))], 0, 10)).wholly
