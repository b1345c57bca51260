"""When was it really? Golden tables for situations S2 and S10, properties, and a short simulation; the full one is
`python -m tests.faults.time_bounds`."""

import statistics

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from server.intake import dating
from server.intake.dating import Boot, Evidence, Interval, Kind, Reason
from sync import anchor as anchors
from sync.anchor import Anchor, Question, drift_ms, sign_answer
from tests.faults import time_bounds

KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
NINE = 1_767_238_200_000  # 2026-01-01 09:00 in India
S, MIN, H, DAY = 1000, 60_000, 3_600_000, 86_400_000
SHORT = 6000


def anchor(asked_ms: int, came_ms: int, server_ms: int) -> Anchor:
    question = Question(bytes(16), asked_ms, bytes(8))
    return Anchor(question, came_ms, sign_answer(KEY, "t-1", question.tag, server_ms))


def evidence(asked_ms: int, came_ms: int, server_ms: int, known_ms: int = NINE) -> Evidence:
    return dating.of_anchor(anchor(asked_ms, came_ms, server_ms), known_ms)


def test_drift_is_what_a_crystal_and_an_ntp_client_can_do() -> None:
    """50 ppm, and 500 ppm more until 0.4 s are made up for; rounded up, the same both ways."""
    assert [drift_ms(t) for t in (0, 1, 1000, 100_000, 800_000, H, 10 * H, -10 * H)] == [
        0, 2, 2, 56, 441, 581, 2201, 2201,
    ]  # fmt: skip


# S2: the power goes and comes, there is no RTC, the wall shows 1970. The answer left at 60 s and came 1 s later, when
# the server's clock stood at nine.
S2 = (
    #  count at    earliest − nine   latest − nine   why it is so
    (60 * S,       -1002,            3,              "when it was asked: at most a second before nine"),
    (61 * S,       -3,               1002 + 1,       "when it came: at most the second after nine"),
    (0,            -61_000 - 38,     -60_000 + 36,   "the whole boot before it"),
    (10 * MIN,     8 * MIN + 59_000 - 300, 9 * MIN + 300, "a punch nine minutes later"),
    (9 * H,        9 * H - 61_000 - 2023,  9 * H - 60_000 + 2023, "the evening"),
)  # fmt: skip


@pytest.mark.parametrize(("at_ms", "early_ms", "late_ms", "why"), S2)
def test_one_anchor_dates_its_whole_boot_both_ways(at_ms: int, early_ms: int, late_ms: int, why: str) -> None:
    """S2"""
    interval = Boot([evidence(60 * S, 61 * S, NINE)]).date(at_ms)
    assert interval.reason is Reason.ANCHORED
    assert interval.earliest_ms is not None
    assert interval.latest_ms is not None
    assert abs(interval.earliest_ms - NINE - early_ms) <= 5, why
    assert abs(interval.latest_ms - NINE - late_ms) <= 5, why


def test_a_boot_without_an_anchor_lies_between_its_neighbours() -> None:
    """S2: flicker at nine. Boot 1 has an anchor, boots 2 and 3 have none, boot 4 has one."""
    first = Boot([evidence(10 * S, 11 * S, NINE)])
    after = dating.of_end_before(first.date(20 * S), NINE)
    assert after is not None
    second = Boot([after])
    assert second.date(30 * S) == Interval((first.date(20 * S).earliest_ms or 0) + 30 * S - 20, None, Reason.BETWEEN)
    fourth = Boot([evidence(40 * S, 41 * S, NINE + 10 * MIN)])
    before = dating.of_begin_after(fourth.date(0), 30 * S, NINE + H)
    assert before is not None
    known = Boot([after, before]).date(25 * S)
    assert known.reason is Reason.BETWEEN
    assert known.earliest_ms is not None
    assert known.latest_ms is not None
    assert NINE + 8 * S + 25 * S < known.earliest_ms < NINE + 10 * S + 25 * S
    assert NINE + 9 * MIN + 14 * S < known.latest_ms < NINE + 9 * MIN + 16 * S


def test_without_anything_before_it_there_is_no_earliest() -> None:
    """S2: undetermined, and never a guess."""
    assert Boot([]).date(5 * S, NINE) == Interval(None, NINE + 3, Reason.BEFORE)
    assert Boot([]).date(5 * S) == Interval(None, None, Reason.NOTHING)
    assert Boot([]).date(5 * S).bound_ms is None
    assert dating.of_end_before(Boot([]).date(5 * S), NINE) is None
    assert dating.of_begin_after(Boot([]).date(0), 5 * S, NINE) is None


# S10: somebody turns the clock from 09:48 to 09:20 and back; the boot has an anchor at nine. `shown` is the wall.
S10 = (
    # count at      shown            disputed
    (20 * MIN,      NINE + 20 * MIN, False),  # as it is
    (48 * MIN,      NINE + 20 * MIN, True),  # turned back to look punctual
    (50 * MIN,      NINE + 50 * MIN, False),  # turned to the truth again
    (50 * MIN,      NINE + 50 * MIN + 1500, False),  # within the tolerance
    (55 * MIN,      NINE + 58 * MIN, True),  # turned forward
    (60 * MIN,      0,               True),  # 1970
)  # fmt: skip


@pytest.mark.parametrize(("at_ms", "shown_ms", "disputed"), S10)
def test_a_moved_clock_moves_no_punch_and_is_disputed(at_ms: int, shown_ms: int, disputed: bool) -> None:
    """S10, R2.2: placed by the count since boot; what was shown is only compared."""
    interval = Boot([evidence(0, 400, NINE)]).date(at_ms)
    assert interval.earliest_ms is not None
    assert abs(interval.earliest_ms + 200 - NINE - at_ms) < S
    assert interval.disputes(shown_ms) is disputed


def test_late_and_not_late_keep_apart_by_the_bound() -> None:
    """R2.2: 09:29 is on time and 09:31 is not, whatever the wall showed, with an anchor of that morning."""
    boot = Boot([evidence(0, 2 * S, NINE)])
    on_time, late = boot.date(29 * MIN), boot.date(31 * MIN)
    half_past = NINE + 30 * MIN
    assert on_time.latest_ms is not None
    assert late.earliest_ms is not None
    assert on_time.latest_ms < half_past < late.earliest_ms


def test_the_history_shows_every_dating_since_it_came() -> None:
    """A later anchor adds a dating; the ones before stay."""
    early = dating.Evidence(Kind.EARLIER, NINE, low_ms=NINE - DAY)
    boot = Boot([early, evidence(60 * S, 62 * S, NINE, NINE + H), evidence(H, H + S, NINE + H - 61 * S, NINE + 2 * H)])
    history = boot.history(30 * MIN, NINE + 45 * MIN)
    assert [one.known_ms for one in history] == [NINE + 45 * MIN, NINE + H, NINE + 2 * H]
    assert [one.interval.reason for one in history] == [Reason.BETWEEN, Reason.ANCHORED, Reason.ANCHORED]
    assert time_bounds.nested(history)
    assert history[-1].interval == boot.date(30 * MIN, NINE + 45 * MIN)


def test_evidence_that_contradicts_itself_is_said_to() -> None:
    """Two answers an hour apart on a clock that counted a minute: as wide as either allows, and never narrower."""
    boot = Boot([evidence(0, S, NINE), evidence(MIN, MIN + S, NINE + H)])
    interval = boot.date(30 * S)
    assert interval.reason is Reason.CONTRADICTED
    assert interval.earliest_ms is not None
    assert interval.latest_ms is not None
    assert interval.earliest_ms < NINE + 30 * S < NINE + H - 30 * S < interval.latest_ms


def test_a_record_was_made_before_it_came() -> None:
    """An answer that took a minute says less than the arrival."""
    boot = Boot([evidence(0, MIN, NINE)])
    assert boot.date(MIN, NINE + S).latest_ms == NINE + S + 3


def test_another_machines_punch_was_before_it_was_taken_over() -> None:
    """R6.2: its own clock is not ours to vouch for."""
    boot = Boot([evidence(0, S, NINE)])
    interval = boot.date(MIN, NINE + H).elsewhere()
    assert interval == Interval(None, boot.date(MIN, NINE + H).latest_ms, Reason.ELSEWHERE)
    assert not interval.disputes(NINE - 30 * DAY)
    assert interval.disputes(NINE + H)


RATES = st.integers(-anchors.DRIFT_PPM, anchors.DRIFT_PPM)


@given(
    rate=RATES,
    asked=st.integers(0, 30 * DAY),
    there=st.integers(0, 30 * S),
    back=st.integers(0, 30 * S),
    at=st.integers(0, 30 * DAY),
)
def test_truth_is_inside_for_any_steady_crystal_and_any_way(
    rate: int, asked: int, there: int, back: int, at: int
) -> None:
    """`asked`, `there`, `back` and `at` in true milliseconds since the boot, which was at nine."""

    def count(true_ms: int) -> int:
        return true_ms * (1_000_000 + rate) // 1_000_000

    one = evidence(count(asked), count(asked + there + back), NINE + asked + there)
    interval = Boot([one]).date(count(at))
    assert time_bounds.holds(interval, NINE + at)
    assert interval.bound_ms is not None
    assert interval.bound_ms <= (there + back) / 2 + drift_ms(at - asked) + drift_ms(there + back) + 8


@given(st.permutations(range(6)), st.integers(0, 6 * H))
def test_the_order_in_which_evidence_is_given_says_nothing(order: list[int], at_ms: int) -> None:
    pieces = [evidence(n * H, n * H + 300 * n, NINE + n * H) for n in range(5)]
    pieces.append(Evidence(Kind.LATER, NINE, high_at_ms=6 * H, high_ms=NINE + 7 * H))
    assert Boot(pieces[n] for n in order).date(at_ms) == Boot(pieces).date(at_ms)


@given(st.integers(1, 40), st.integers(0, 40 * H))
def test_anchors_further_away_say_nothing_that_nearer_ones_do_not(n: int, at_ms: int) -> None:
    """With ways of the same length; so a boot of months costs no more to date than one of a day."""
    pieces = [evidence(k * H, k * H + 500, NINE + k * H + 250) for k in range(n)]
    everything = dating._date(at_ms, None, pieces)
    assert Boot(pieces).date(at_ms) == everything


def test_true_time_is_never_outside_the_bound() -> None:
    """S2, S10: simulated terminals; at most two seconds, as a rule, with one anchor in the boot."""
    tally = time_bounds.run(SHORT, seed=5, a_log=500)
    assert tally.punches == SHORT
    assert (tally.outside, tally.first_wrong) == (0, "")
    assert statistics.median(tally.one_anchor_ms) <= time_bounds.MEDIAN_LIMIT_MS
    assert {Reason.ANCHORED, Reason.BETWEEN, Reason.BEFORE} == set(tally.reasons)
    assert min(tally.steps, tally.redated, tally.disputed) > 0


def test_the_simulation_notices_a_bound_that_is_too_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dating, "drift_ms", lambda elapsed_ms: abs(elapsed_ms) * 40 // 1_000_000)
    assert time_bounds.run(3000, seed=5, a_log=500).outside > 0
